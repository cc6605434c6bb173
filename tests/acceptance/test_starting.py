"""The servers as an operator starts them, and `make run` as a newcomer does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import World
from tests.acceptance.stranger import get
from tools.servers import free_port

ROOT = Path(__file__).parents[2]


def start(module: str, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected not to start."""
    passphrase = folder / "passphrase"
    passphrase.write_text("a long passphrase")
    passphrase.chmod(0o600)
    settings = {
        "TRUSTID_STORE": f"sqlite:///{folder}/store.db",
        "TRUSTID_PUBLIC_URL": "http://localhost:8001",
        "TRUSTID_ADMIN_TOKEN": "t" * 24,
        "TRUSTID_KEYSTORE": str(folder / "keystore.json"),
        "TRUSTID_KEYSTORE_PASSPHRASE_FILE": str(passphrase),
        "TRUSTID_ALLOW_HTTP": "1",
        "TRUSTID_PORT": str(free_port()),
    } | changes
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRUSTID_")}
    return subprocess.run(
        [sys.executable, "-m", module],
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=20,
        cwd=ROOT,
        check=False,
    )


def is_one_line(done: subprocess.CompletedProcess[str], setting: str) -> None:
    assert done.returncode not in (0, -signal.SIGTERM), done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert setting in lines[0]


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    for module in ("issuer_app", "verifier_app"):
        is_one_line(start(module, tmp_path, TRUSTID_ADMIN_TOKEN=""), "TRUSTID_ADMIN_TOKEN")
    no_store = f"sqlite:///{tmp_path}/passphrase"
    is_one_line(start("issuer_app", tmp_path, TRUSTID_STORE=no_store), "TRUSTID_STORE")
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    wrong.chmod(0o600)
    other = start("verifier_app", tmp_path, TRUSTID_KEYSTORE_PASSPHRASE_FILE=str(wrong))
    is_one_line(other, "TRUSTID_KEYSTORE")


def test_two_servers_do_not_take_one_file(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        is_one_line(start("issuer_app", tmp_path, TRUSTID_PORT=port), "TRUSTID_PORT")
        is_one_line(start("verifier_app", tmp_path, TRUSTID_PORT=port), "TRUSTID_STORE")


def test_run_says_ready_ends_cleanly_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    data, ports = tmp_path / "not" / "there", (free_port(), free_port())
    environment = os.environ | {
        "TRUSTID_DATA": str(data),
        "ISSUER_PORT": str(ports[0]),
        "VERIFIER_PORT": str(ports[1]),
        "TRUSTID_ADMIN_TOKEN": "a-token-that-is-long-enough",
    }
    bearer = "Bearer a-token-that-is-long-enough"
    counted = []
    for _ in range(2):
        run = subprocess.Popen(
            [sys.executable, "tools/run.py"], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert run.stdout is not None
            lines = list(iter(run.stdout.readline, "ready\n"))
            assert str(ports[0]) in "".join(lines)
            for port in ports:
                assert get(f"http://localhost:{port}/health").status == 200
            page = get(f"http://localhost:{ports[0]}/api/issuances?limit=200", Authorization=bearer)
            counted.append([issuance["issuance_id"] for issuance in page.json["issuances"]])
        finally:
            run.send_signal(signal.SIGTERM)
            assert run.wait(20) == 0
            run.stdout.close()  # type: ignore[union-attr]
        for port in ports:
            with pytest.raises(OSError):
                get(f"http://localhost:{port}/health")
    assert counted[0] and counted[0] == counted[1]
    assert (data.stat().st_mode & 0o077) == 0


def test_the_documents_at_openapi_json_are_valid(world: World) -> None:
    from openapi_spec_validator import validate

    for server in (world.issuer, world.verifier):
        document = get(f"{server}/openapi.json")
        assert document.status == 200
        validate(document.json)
        assert document.json["servers"][0]["url"] == server


def test_nothing_answers_500_to_odd_requests(world: World) -> None:
    begun = time.monotonic()
    odd = ["/%00", "/..%2f..%2fetc/passwd", "//", "/" + "a" * 10_000, "/api/issuances/%ff", "/status/%f0%28",
           "/vct/../../x", "/oid4vp/requests/%00", "/api/requests/" + "x" * 5000, "/console", "/metrics", "/?%ff=%ff",
           "/static/../app.py", "/static/%2e%2e/app.py", "/.git/config", "/claim/%ed%a0%80"]  # fmt: skip
    for server in (world.issuer, world.verifier):
        for place in odd:
            answer = get(server + place)
            assert answer.status < 500, place
            assert b"Traceback" not in answer.body
    assert time.monotonic() - begun < 20
