"""A registry, and a verifier that believes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from registry_under_test import World, memory_folder, world
from trustid.did.resolver import Resolver
from trustid.protocols.presentation import Sources
from trustid.protocols.trust import IssuerMetadata
from trustid.status.check import StatusChecker
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.memory import MemorySeenStatements


@pytest.fixture(scope="module")
def registry() -> Iterator[World]:
    for folder in memory_folder():
        yield world(folder)


@pytest.fixture(scope="module")
def sources(registry: World) -> Sources:
    epochs = EpochTrust([registry.trust], registry.source, MemorySeenStatements(), clock=registry.clock)
    nothing: Any = None
    return Sources(
        Resolver(nothing, clock=registry.clock),
        IssuerMetadata(nothing, clock=registry.clock),
        StatusChecker(nothing, clock=registry.clock),
        epochs,
    )
