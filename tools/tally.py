"""Counting what test runs show: a pytest plugin for tools/vectors.py and tools/interop.py."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

__all__ = ["ROOT", "Tally", "Topic", "run_python"]

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", "-o", "addopts=")


@dataclass
class Topic:
    """One row of the table.

    Attributes:
        cases: Cases that were run.
        passed: Those of them that hold.
        not_run: Reason -> how many cases it keeps from being run.
    """

    cases: int = 0
    passed: int = 0
    not_run: Counter[str] = field(default_factory=Counter)


class Tally:
    """A pytest plugin: keeps the tests of a table, and counts their cases.

    Args:
        tests: Topic -> patterns of the tests that run its cases, below tests/.
    """

    def __init__(self, tests: Mapping[str, Sequence[str]]) -> None:
        self.tests = tests
        self.topics: dict[str, Topic] = {}
        self.matched: set[str] = set()
        self._told: list[tuple[int, str]] = []

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the tests of the table."""
        kept = [item for item in items if self._topic(item.nodeid) is not None]
        told = sys.modules.get("vectors_at")
        self._told = told.TOLD if told else []
        items[:] = kept

    def pytest_runtest_setup(self) -> None:
        """A test begins with nothing told."""
        self._told.clear()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the cases of a test that has ended."""
        topic = self._topic(report.nodeid)
        if topic is None or not (report.when == "call" or report.failed or report.skipped):
            return
        row = self.topics.setdefault(topic, Topic())
        if report.skipped:
            row.not_run[str(report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped")] += 1
            return
        for count, reason in self._told:
            if reason:
                row.not_run[reason] += count
        run = sum(count for count, reason in self._told if not reason)
        run = run or (0 if self._told else 1)
        row.cases += run
        row.passed += run if report.passed else 0

    def _topic(self, nodeid: str) -> str | None:
        for topic, patterns in self.tests.items():
            for pattern in patterns:
                if re.match("tests/" + pattern, nodeid):
                    self.matched.add(pattern)
                    return topic
        return None

    def unmatched(self) -> list[str]:
        """Patterns that no test answers to any more."""
        return [
            pattern for patterns in self.tests.values() for pattern in patterns if pattern not in self.matched
        ]


def run_python(tally: Tally) -> None:
    """Run the tests of the table, in this process; pytest prints to stdout."""
    files = sorted({pattern.partition("::")[0] for patterns in tally.tests.values() for pattern in patterns})
    paths = [str(ROOT / "tests" / name) for name in files]
    pytest.main([*OPTIONS, "--import-mode=importlib", *paths], plugins=[tally])
