"""The house rules: imports go down, each third-party package has its door, checks raise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from house.modules import ROOT, floor_of, imports, name_of, ours, sources

DOORS: dict[str, frozenset[str]] = {
    "nacl": frozenset({"trustid.keys.ed25519", "trustid.keys.sealing", "trustid.keys.x25519"}),
    "cryptography": frozenset({"trustid.keys.ec", "trustid.keys.x509"}),
    "jwcrypto": frozenset({"trustid.keys.jose"}),
    "pydid": frozenset({"trustid.did.document"}),
    "cbor2": frozenset({"trustid.encoding.cbor"}),
}
DOOR_PREFIXES: dict[str, tuple[str, ...]] = {
    "sqlite3": ("trustid.stores.",),
    "pymongo": ("trustid.stores.",),
    "flask": ("trustid.login_pages", "trustid.web", "issuer_app", "verifier_app"),
    "werkzeug": ("trustid.login_pages", "trustid.web", "issuer_app", "verifier_app"),
    "gunicorn": ("trustid.arriving", "trustid.serving"),
    "click": ("trustid.cli",),
    "rich": ("trustid.cli",),
    "segno": ("trustid.cli", "issuer_app", "verifier_app"),
    "http": ("trustid.fetching",),
    "urllib.request": (),
    "requests": (),
    "httpx": (),
}
TEXT_SUFFIXES = {".py", ".rs", ".md", ".toml", ".html", ".css", ".js", ".pyi", ".json", ".csv", ".yml", ""}


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_imports_only_go_down(path: Path) -> None:
    floor = floor_of(name_of(path))
    upward = [
        f"line {line}: {module}"
        for module, line in imports(path)
        if ours(module) and module != "trustid" and floor_of(module) > floor
    ]
    assert upward == []


def test_no_import_circle() -> None:
    graph: dict[str, set[str]] = {}
    names = {name_of(path) for path in sources()}
    for path in sources():
        found = {module for module, _ in imports(path) if ours(module)}
        edges = {module if module in names else module.rpartition(".")[0] for module in found}
        graph[name_of(path)] = {edge for edge in edges if edge in names and edge != name_of(path)}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for below in graph[module]:
                # A package's __init__ that re-exports its own modules is no circle for Python's reader.
                if not below.startswith(f"{module}.") and not module.startswith(f"{below}."):
                    walk(below, (*trail, module))
            done.add(module)

    for module in graph:
        walk(module, ())


def test_each_third_party_package_has_its_door() -> None:
    wrong = []
    for path in sources():
        module = name_of(path)
        for imported, line in imports(path):
            top = imported.split(".")[0]
            if top in DOORS and module not in DOORS[top]:
                wrong.append(f"{module}:{line} imports {imported}")
            for package, prefixes in DOOR_PREFIXES.items():
                same = imported == package or imported.startswith(f"{package}.")
                if (
                    same
                    and not module.startswith(prefixes)
                    and not (package == "http" and imported.startswith("http.HTTPStatus"))
                ):
                    wrong.append(f"{module}:{line} imports {imported}")
    assert wrong == []


def test_no_check_is_an_assert() -> None:
    """`python -O` removes asserts; a check must stay (CVE-2017-1000433)."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_nothing_is_imported_across_packages_with_an_underscore() -> None:
    wrong = []
    for path in sources():
        package = name_of(path).rpartition(".")[0]
        for imported, line in imports(path):
            owner, _, last = imported.rpartition(".")
            private = last.startswith("_") and last != "_core" and not last.endswith("__")
            if ours(imported) and private and not owner.startswith(package or "trustid"):
                wrong.append(f"{name_of(path)}:{line} imports {imported}")
    assert wrong == []


def test_every_public_function_has_a_docstring() -> None:
    missing = []
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and ast.get_docstring(node) is None:
                missing.append(f"{name_of(path)}.{node.name}")
        if ast.get_docstring(tree) is None and path.read_text(encoding="utf-8").strip():
            missing.append(name_of(path))
    assert missing == []


def test_the_project_stands_alone() -> None:
    """No path of a machine, no address of a package registry, nothing outside the checkout."""
    pattern = re.compile(
        r"(?<![\w.])/(?:work|root|home/\w+)/|artifactory|\.\./shared|subagent", re.IGNORECASE
    )
    folders = ("src", "issuer_app", "verifier_app", "tests", "tools", "benchmarks", "docs", "rust", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [
        path
        for path in ROOT.iterdir()
        if path.is_file() and path.name != "Cargo.lock" and not path.name.startswith(".coverage")
    ]
    wrong = [
        str(path.relative_to(ROOT))
        for path in files
        if path.suffix in TEXT_SUFFIXES
        and "__pycache__" not in path.parts
        and "target" not in path.parts
        and "node_modules" not in path.parts
        and (ROOT / "tests" / "vectors") not in path.parents
        and path != Path(__file__)
        and pattern.search(path.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert wrong == []
