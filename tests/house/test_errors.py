"""The error tree: drawn as it is, each code raised somewhere, each raise with a listed code."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from house.modules import ROOT, name_of, sources
from trustid import errors
from trustid.errors import CODES, InternalError, SignatureError, TrustidError

CODE = re.compile(r"^[a-z0-9]+(?:_[a-z0-9]+)*$")


def classes() -> dict[str, type[TrustidError]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, TrustidError)
    }


def test_the_drawn_tree_is_the_tree() -> None:
    """Each class stands below its base in the module's drawing."""
    drawing = [
        line
        for line in (errors.__doc__ or "").splitlines()
        if line.strip().endswith("Error") or "Error " in line
    ]
    drawn: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in drawing:
        match = re.search(r"(\w+Error)", line)
        if match is None or not line.startswith("    "):
            continue
        depth = match.start()
        while stack and stack[-1][0] >= depth:
            stack.pop()
        drawn[match[1]] = stack[-1][1] if stack else ""
        stack.append((depth, match[1]))
    actual = {
        name: next((base.__name__ for base in kind.__bases__ if issubclass(base, TrustidError)), "")
        for name, kind in classes().items()
    }
    assert drawn == actual


def test_every_class_is_exported() -> None:
    assert {name for name in errors.__all__ if name.endswith("Error")} == set(classes())


def test_codes_are_well_formed() -> None:
    for code, info in CODES.items():
        assert CODE.match(code), code
        assert 400 <= info.http_status < 600, code
        assert info.public.endswith("."), code


def literal_codes() -> dict[str, list[str]]:
    """Every string literal in the sources (Python and Rust), with where it stands."""
    found: dict[str, list[str]] = {}
    for path in sources():
        if path.name == "errors.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.setdefault(node.value, []).append(name_of(path))
    for path in (ROOT / "rust" / "python").rglob("*.rs"):
        for code in re.findall(r'"([a-z0-9_]+)"', path.read_text(encoding="utf-8")):
            found.setdefault(code, []).append(path.name)
    return found


def test_each_code_is_used_somewhere() -> None:
    used = literal_codes()
    assert sorted(code for code in CODES if code not in used) == []


def test_each_raise_names_a_listed_code() -> None:
    wrong = []
    names = set(classes())
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in names
                and node.args
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    info = CODES.get(first.value)
                    if info is None or not issubclass(classes()[node.func.id], info.kind):
                        wrong.append(f"{name_of(path)}:{node.lineno} {node.func.id}({first.value!r})")
    assert wrong == []


def test_an_unlisted_code_is_our_bug() -> None:
    assert SignatureError("signature_invalid").code == "signature_invalid"
    with pytest.raises(InternalError):
        SignatureError("no_such_code")
    with pytest.raises(InternalError):
        SignatureError("expired")


def test_a_message_is_cut_and_never_carries_a_payload() -> None:
    assert len(SignatureError("signature_invalid", "x" * 10_000).message) == 200
