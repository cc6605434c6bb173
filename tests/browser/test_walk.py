"""A clerk's day in a real browser: roster, links, counter, revocation. Needs Chromium, Node and `npm install` here."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

import pytest

from tools.servers import Servers, call
from trustid.catalogue import load
from trustid.fetching import Fetcher, FetchPolicy
from trustid.protocols.holding import Holder
from trustid.stores.wallet_folder import WalletFolder

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = HERE.parents[1] / "build" / "screenshots"
DONE = {"done": True, "before": "verified", "after": "refused"}
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules").is_dir(), reason="run `npm install` in tests/browser to drive Chromium"
    ),
    pytest.mark.timeout(180),
]


def test_roster_to_offer_to_counter_to_refusal(tmp_path: Path) -> None:
    samples = files("trustid.catalogue").joinpath("student_id/samples")
    lines = samples.joinpath("oneroster_users.csv").read_text(encoding="utf-8").splitlines()
    roster = tmp_path / "roster.csv"
    students = [line for line in lines[1:] if ",student," in line][:3]
    roster.write_text("\n".join([lines[0], *students]) + "\n", encoding="utf-8")
    bad_roster = tmp_path / "messy.csv"
    bad_roster.write_bytes(samples.joinpath("oneroster_users_messy.csv").read_bytes())
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with Servers(tmp_path / "data") as servers:
        holder = wallet_for(servers, tmp_path)
        setup = {
            "issuer": servers.issuer_url,
            "verifier": servers.verifier_url,
            "password": servers.staff_password,
            "roster": str(roster),
            "bad_roster": str(bad_roster),
        }
        assert walk("walk.mjs", setup, holder, servers) == DONE


def test_a_certificate_with_a_slot_from_the_counter_to_the_next_epoch(tmp_path: Path) -> None:
    """The pages say it in a clerk's words: how it was checked, from when on it is revoked, and what to do."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with Servers(tmp_path / "data", registry=True) as servers:
        kind = load()["vaccination"]
        body = {"credential_configuration_id": "vaccination", "claims": dict(kind.sample_claims)}
        _, made = call("POST", f"{servers.issuer_url}/api/offers", body, token=servers.admin_token)
        holder = wallet_for(servers, tmp_path)
        holder.accept(holder.read_offer(made["credential_offer_uri"]))
        [(_, refusal)] = holder.refresh()
        assert refusal is None
        setup = {
            "issuer": servers.issuer_url,
            "verifier": servers.verifier_url,
            "password": servers.staff_password,
            "issuance": made["issuance_id"],
        }
        assert walk("registry.mjs", setup, holder, servers) == DONE


def wallet_for(servers: Servers, folder: Path) -> Holder:
    """A wallet that may speak to both servers."""
    hosts = frozenset({f"localhost:{servers.issuer_port}", f"localhost:{servers.verifier_port}"})
    store = WalletFolder.open(folder / "wallet", secrets.token_bytes(16))
    return Holder.open(store, Fetcher(FetchPolicy(allow_http_hosts=hosts)))


def walk(script: str, setup: dict[str, str], holder: Holder, servers: Servers) -> Any:
    """Let Chromium walk; returns what the script says at the end."""
    with subprocess.Popen(
        ["node", str(HERE / script), str(CHROMIUM), str(SCREENSHOTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as browser:
        try:
            return converse(browser, setup, holder, servers)
        finally:
            browser.kill()


def converse(browser: subprocess.Popen[str], setup: dict[str, str], holder: Holder, servers: Servers) -> Any:
    """Play the wallet beside the browser until the walk is over; returns its last message."""
    talk, listen = pipe(browser.stdin), pipe(browser.stdout)
    print(json.dumps(setup), file=talk, flush=True)
    for line in listen:
        message = json.loads(line)
        if "offer" in message:
            assert len(holder.accept(holder.read_offer(message["offer"]))) == 1
        elif "request" in message:
            try_to_answer(holder, message["request"])
        elif "revoked" in message:
            if servers.registry is not None:
                servers.publish()
            call("POST", f"{servers.verifier_url}/api/status/refresh", token=servers.admin_token)
        else:
            return message
        print("{}", file=talk, flush=True)
    raise AssertionError(pipe(browser.stderr).read())


def try_to_answer(holder: Holder, link: str) -> None:
    """Answer; the counter page says what became of it."""
    from trustid.errors import TrustidError

    try:
        holder.send(holder.plan(holder.read_request(link)))
    except TrustidError as refusal:
        print(f"the verifier answered {refusal.code}")


def pipe(stream: IO[str] | None) -> IO[str]:
    """A pipe that is there."""
    assert stream is not None
    return stream
