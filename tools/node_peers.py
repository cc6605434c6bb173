"""The third-party issuers and verifiers of tests/interop/formats, as one Node process.

Tests hold formats against them, and benchmarks measure beside them. They need
Node and `npm install` in that folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["FOLDER", "NodePeers", "PeerError", "missing", "version"]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "interop" / "formats"
CONTEXTS = ROOT / "src" / "trustid" / "credentials" / "contexts"


class PeerError(Exception):
    """A peer refused; the message is its own."""


def missing() -> str | None:
    """Why the peers cannot run here, or None."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (FOLDER / "node_modules").is_dir():
        return "run `npm install` in tests/interop/formats"
    return None


def version(package: str) -> str:
    """The installed version of a peer."""
    about = json.loads((FOLDER / "node_modules" / package / "package.json").read_text(encoding="utf-8"))
    return f"{package} {about['version']}"


class NodePeers:
    """One Node process that carries out orders, one at a time.

    Example:
        with NodePeers() as peers:
            peers("sd_jwt_vc_verify", key=jwk, text=text)
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(FOLDER / "peers.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self("contexts", folder=str(CONTEXTS))

    def __call__(self, do: str, **order: Any) -> Any:
        """Carry out an order of `peers.mjs`.

        Raises:
            PeerError: The peer refused.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise PeerError("the process has no pipes")
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process has ended"}
        if "error" in answer:
            raise PeerError(answer["error"])
        return answer["ok"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()
