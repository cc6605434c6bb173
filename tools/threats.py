"""Print which numbered bad inputs of docs/threats.md are covered by tests.

    python tools/threats.py           a summary by section, then the numbers
    python tools/threats.py --json    one object: covered, not_covered, not_applicable

A number counts as covered when a Python test's name begins with `test_Bnnn` (several numbers may follow one
another: `test_B013_B014_...`) or a Rust test's with `bnnn_`. Exit 1 when a row is both tested and declared not
applicable, or when a test names a number that the page does not have.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "threats.md"
ROW = re.compile(r"^\| (B\d{3}) \| (.*)$")
SECTION = re.compile(r"^### (2\.\d+ .*)$")
RUST_TEST = re.compile(r"fn ((?:b\d{3}_)+)\w*\(")
NUMBER = re.compile(r"B\d{3}", re.IGNORECASE)


def rows() -> tuple[dict[str, str], dict[str, str]]:
    """The page's numbers: each with its section, and those declared not applicable with their reason."""
    sections: dict[str, str] = {}
    not_applicable: dict[str, str] = {}
    section, exempt = "", False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if match := SECTION.match(line):
            section = match[1]
        elif line.startswith("## 3."):
            exempt = True
        elif match := ROW.match(line):
            if exempt:
                not_applicable[match[1]] = match[2].rstrip("| ")
            else:
                sections[match[1]] = section
    return sections, not_applicable


def tested() -> dict[str, list[str]]:
    """The numbers that test names carry, each with the places of its tests."""
    found: dict[str, list[str]] = {}
    for place, name in test_names():
        prefix = re.match(r"(?:test_)?((?:b\d{3}_?)+)", name, re.IGNORECASE)
        for number in NUMBER.findall(prefix[1] if prefix else ""):
            found.setdefault(number.upper(), []).append(place)
    return found


def test_names() -> Iterator[tuple[str, str]]:
    """Every test function of the Python and Rust tests."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_B"):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.name
    for path in sorted((ROOT / "rust").rglob("*.rs")):
        if "target" not in path.parts:
            for match in RUST_TEST.finditer(path.read_text(encoding="utf-8")):
                yield str(path.relative_to(ROOT)), match[1]


def main() -> int:
    sections, not_applicable = rows()
    places = tested()
    covered = sorted(number for number in sections if number in places)
    open_rows = sorted(number for number in sections if number not in places and number not in not_applicable)
    contradictory = sorted(set(not_applicable) & set(places))
    unknown = sorted(set(places) - set(sections))
    if "--json" in sys.argv[1:]:
        answer = {
            "covered": covered,
            "not_covered": open_rows,
            "not_applicable": not_applicable,
            "tests": places,
        }
        print(json.dumps(answer))
    else:
        for section in dict.fromkeys(sections.values()):
            numbers = [number for number in sections if sections[number] == section]
            done = sum(number in places for number in numbers)
            exempt = sum(number in not_applicable for number in numbers)
            print(
                f"{section:<58} {done:>3} covered {len(numbers) - done - exempt:>3} open {exempt:>3} not applicable"
            )
        print(f"\ncovered ({len(covered)}): {' '.join(covered)}")
        print(f"\nnot covered yet ({len(open_rows)}): {' '.join(open_rows)}")
        print(f"\nnot applicable ({len(not_applicable)}):")
        for number, reason in sorted(not_applicable.items()):
            print(f"  {number}  {reason}")
    for number in contradictory:
        print(f"{number} is declared not applicable and yet tested: {places[number]}", file=sys.stderr)
    for number in unknown:
        print(f"{number} is tested but stands nowhere in docs/threats.md: {places[number]}", file=sys.stderr)
    return 1 if contradictory or unknown else 0


if __name__ == "__main__":
    raise SystemExit(main())
