"""What tests of registries and their epochs begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_under_test import World, memory_folder, world


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory: the stores and folders of registries are flushed often."""
    yield from memory_folder()


@pytest.fixture
def made(tmp_path: Path) -> World:
    """A registry with four members, and epoch 0 published."""
    return world(tmp_path)


@pytest.fixture
def rotated(made: World) -> World:
    """Four epochs: the first key signs 0 to 2 and hands over in 2, the second signs 3."""
    made.publish(made.slots[0])
    made.hand_over()
    made.publish()
    made.publish()
    return made
