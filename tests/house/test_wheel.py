"""What ships works where nothing else is: the wheel with [servers], in an empty environment, outside the checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from house.modules import ROOT

WHEELS = sorted((ROOT / "dist").glob("trustid-*.whl"))
pytestmark = [
    pytest.mark.skipif(not WHEELS, reason="no wheel in dist/; run `make wheel`"),
    pytest.mark.timeout(300),
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel in it; returns its bin folder."""
    place = tmp_path_factory.mktemp("elsewhere")
    run([sys.executable, "-m", "venv", str(place / "venv")], place)
    pip = [
        str(place / "venv" / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    run([*pip, "--constraint", str(ROOT / "constraints.txt"), f"{WHEELS[-1]}[servers]"], place)
    return place / "venv" / "bin"


def run(command: list[str], folder: Path, *, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command away from the checkout, with none of its paths and settings."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TRUSTID_", "PYTHON", "VIRTUAL_ENV", "COV_"))
    }
    done = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == status, f"{command}: {done.stdout}\n{done.stderr}"
    return done


def test_it_is_abi3_and_complete(installed: Path) -> None:
    assert "-abi3-" in WHEELS[-1].name
    listing = run([str(installed / "python"), "-m", "zipfile", "-l", str(WHEELS[-1])], installed).stdout
    for name in ("trustid/_core.abi3.so", "trustid/py.typed", "issuer_app/app.py", "verifier_app/app.py"):
        assert name in listing
    assert "__pycache__" not in listing
    assert "LICENSE" in listing


def test_the_readme_example_runs(installed: Path, tmp_path: Path) -> None:
    example = re.search(r"```python\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    (tmp_path / "example.py").write_text(example[1], encoding="utf-8")
    done = run([str(installed / "python"), "example.py"], tmp_path)
    assert "revoked" in done.stdout


@pytest.mark.parametrize("command", ["trustid", "trustid-issuer", "trustid-verifier"])
def test_each_command_starts(installed: Path, tmp_path: Path, command: str) -> None:
    assert "Usage" in run([str(installed / command), "--help"], tmp_path).stdout


@pytest.mark.parametrize("command", ["trustid-issuer", "trustid-verifier"])
def test_a_server_without_settings_refuses_in_one_line(installed: Path, tmp_path: Path, command: str) -> None:
    refused = run([str(installed / command)], tmp_path, status=2)
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "TRUSTID_" in refused.stderr


def test_the_demo_runs_on_it(installed: Path, tmp_path: Path) -> None:
    """Two workers of each server, one of each killed with -9 on the way: the demo still ends right."""
    for name in ("demo.py", "servers.py"):
        shutil.copy(ROOT / "tools" / name, tmp_path / name)
    done = run([str(installed / "python"), "demo.py", "--kill"], tmp_path)
    assert '"issued": 40, "presented": 40, "accepted": 37, "revoked": 3, "refused": 3' in done.stdout
