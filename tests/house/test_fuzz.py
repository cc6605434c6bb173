"""A short run of every fuzz target with a fixed seed; `make fuzz` runs them longer."""

from __future__ import annotations

import pytest

from tools.fuzz import TARGETS, Target, fuzz

INPUTS = 300


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_only_typed_errors_come_out(name: str) -> None:
    tried, accepted = fuzz(TARGETS[name], seed=1, count=INPUTS)
    assert tried == INPUTS
    # Half of nothing would be tested if no input were accepted any more.
    assert accepted > 0


def test_a_parser_that_breaks_is_found() -> None:
    def broken(data: bytes) -> None:
        assert b"\xff" not in data

    with pytest.raises(AssertionError, match="seed 1, input "):
        fuzz(Target(broken, lambda: iter([b"abc"])), seed=1, count=5000)
    assert fuzz(Target(bytes, lambda: iter([b"abc"])), seed=1, count=50) == (50, 50)
