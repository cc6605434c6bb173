"""The example in docs/dids.md runs."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "dids.md"


def test_the_example_runs() -> None:
    found = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    for example in found:
        exec(compile(example, str(PAGE), "exec"), {})
