"""What the house tests know about the source: its modules, their imports, their floors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (ROOT / "src" / "trustid", ROOT / "issuer_app", ROOT / "verifier_app")

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors", "encoding", "fetching", "_core"}),
    frozenset({"keys"}),
    frozenset({"did"}),
    frozenset({"credentials"}),
    frozenset({"status"}),
    frozenset({"protocols"}),
    frozenset({"stores", "catalogue"}),
    frozenset({"settings", "arriving", "serving", "web", "login_pages", "facade", "cli"}),
    frozenset({"issuer_app", "verifier_app", ""}),
)
"""From the ground up: a module may import its own floor and those below. "" is `trustid/__init__.py`."""


def sources() -> list[Path]:
    """Every Python file of the library and the two apps."""
    return sorted(path for package in PACKAGES for path in package.rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted name of a source file."""
    base = ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT
    parts = path.relative_to(base).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def floor_of(module: str) -> int:
    """The number of the floor that a module of ours stands on."""
    parts = module.split(".")
    unit = parts[0] if parts[0] != "trustid" else (parts[1] if len(parts) > 1 else "")
    unit = "cli" if unit.startswith("cli") else unit
    for number, floor in enumerate(FLOORS):
        if unit in floor:
            return number
    raise AssertionError(f"{module} stands on no floor; add it to FLOORS")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Each module that a file imports, with the line. Imports for type checking count as well."""
    module = name_of(path)
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def ours(module: str) -> bool:
    """Whether an imported name belongs to this project."""
    return module.split(".", maxsplit=1)[0] in {"trustid", "issuer_app", "verifier_app"}
