"""Run the cross-checks with software that nobody here wrote, and print a table.

    python -m tools.interop

They verify what is issued here, and what they issue is verified here; each
acceptance has its refusal. A peer that is not installed is named with the
reason. The exit code is not zero when a check fails.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as python_version

from tools.tally import ROOT, Tally, Topic, run_python

FORMATS, WALLET, CREDO = (f"tests/interop/{name}" for name in ("formats", ".", "credo"))

PEERS: dict[str, tuple[str, str, Sequence[str]]] = {
    "@sd-jwt/sd-jwt-vc": (FORMATS, "SD-JWT VC", ["interop/test_formats.py::.*sd_jwt_vc"]),
    "@digitalbazaar/vc": (
        FORMATS,
        "eddsa-rdfc-2022: credentials, presentations",
        ["interop/test_formats.py::.*(rdfc|presentation)"],
    ),
    "@owf/mdoc": (FORMATS, "ISO mdoc", ["interop/test_formats.py::.*mdoc"]),
    "@openid4vc/openid4vp": (WALLET, "a wallet at both servers", ["interop/test_third_party_wallet.py::"]),
    "@credo-ts/core": (CREDO, "an agent at both servers", ["interop/test_credo.py::"]),
    "didkit": ("", "Data Integrity over statements", ["credentials/test_didkit_peer.py::"]),
    "openvc-core": ("", "SD-JWT VC, Data Integrity, JWT, mdoc", ["interop/test_openvc.py::"]),
    "pymdoccbor": ("", "ISO mdoc", ["credentials/mdoc/test_mdoc_peer.py::"]),
    "sd-jwt": ("", "SD-JWT", ["credentials/test_sd_jwt_peer.py::"]),
}
"""Package -> (its npm folder, or "" for PyPI; what is checked; patterns of the tests)."""


def version(package: str, folder: str) -> str:
    """The installed version, or a dash."""
    if not folder:
        try:
            return python_version(package)
        except PackageNotFoundError:
            return "-"
    about = ROOT / folder / "node_modules" / package / "package.json"
    return str(json.loads(about.read_text(encoding="utf-8"))["version"]) if about.is_file() else "-"


def main() -> int:
    """Run, print, and tell by the exit code whether all is well."""
    tally = Tally({package: patterns for package, (_, _, patterns) in PEERS.items()})
    run_python(tally)
    print(f"\n{'peer':<24}{'version':<10}{'checks':>7}{'passed':>8}  what")
    for package, (folder, what, _) in PEERS.items():
        row = tally.topics.get(package, Topic())
        print(f"{package:<24}{version(package, folder):<10}{row.cases:>7}{row.passed:>8}  {what}")
        for reason, count in row.not_run.items():
            print(f"{'':<51}not run, {count}: {reason}")
    return int(any(row.cases != row.passed for row in tally.topics.values()))


if __name__ == "__main__":
    sys.exit(main())
