"""Certificates with slots, over real connections: two servers with workers, the manager's command, the wallet's command."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tools.servers import Servers, call
from trustid.catalogue import load
from trustid.cli import trustid
from trustid.errors import TrustidError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.protocols.holding import Holder
from trustid.stores.wallet_memory import MemoryWallet

pytestmark = pytest.mark.timeout(120)

KIND = load()["vaccination"]
EXIT_REFUSED = 1
EXIT_UNREACHABLE = 3
WALLETS = 12
TRIES = 5


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("registry") / "data", registry=True) as running:
        yield running


class Wallet:
    """`trustid wallet` with a folder of its own, as a person runs it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        passphrase = folder / "passphrase"
        passphrase.write_text(secrets.token_hex(8))
        passphrase.chmod(0o600)
        self.environment = {
            "TRUSTID_WALLET": str(folder / "wallet"),
            "TRUSTID_WALLET_PASSPHRASE_FILE": str(passphrase),
            "TRUSTID_ALLOW_HTTP": "1",
        }

    def run(self, *arguments: str, status: int = 0) -> Any:
        done = CliRunner().invoke(trustid, ["wallet", *arguments, "--json"], env=self.environment)
        assert done.exit_code == status, (arguments, done.output, done.exception)
        return json.loads(done.stdout)


def offer(servers: Servers) -> Any:
    body = {"credential_configuration_id": "vaccination", "claims": dict(KIND.sample_claims)}
    status, answer = call("POST", f"{servers.issuer_url}/api/offers", body, token=servers.admin_token)
    assert status == 201, answer
    return answer


def ask(servers: Servers) -> Any:
    question = next(one for one in KIND.questions if one.id == "dose")
    body = {"dcql_query": question.query([KIND.vct(servers.issuer_url)]), "response_mode": "direct_post.jwt"}
    status, answer = call("POST", f"{servers.verifier_url}/api/requests", body, token=servers.admin_token)
    assert status == 201, answer
    return answer


def result(servers: Servers, asked: Any) -> Any:
    return call("GET", asked["result_url"], token=servers.admin_token)[1]


def refresh_verifier(servers: Servers) -> None:
    status, answer = call("POST", f"{servers.verifier_url}/api/status/refresh", token=servers.admin_token)
    assert status == 200
    assert {one["state"] for one in answer["lists"] if "/revocation/" in one["uri"]} == {"renewed"}


def test_from_the_desk_to_the_counter_and_back(servers: Servers, tmp_path: Path) -> None:
    """Collect, show, revoke, publish with the command, refuse; the wallet learns it by its own refresh."""
    wallet = Wallet(tmp_path / "person")
    made = offer(servers)
    [held] = wallet.run("accept", made["credential_offer_uri"])["accepted"]
    assert (held["copies"], held["registry"]) == (10, servers.registry_uri)
    [listed] = wallet.run("list")["credentials"]
    asked = ask(servers)
    wallet.run("present", asked["request_uri"], "--yes")
    found = result(servers, asked)
    assert found["state"] == "verified"
    [shown] = found["epochs"]["credential"]
    assert listed["slot"] == f"not revoked in epoch {shown['epoch']}"
    url = f"{servers.issuer_url}/api/issuances/{made['issuance_id']}"
    assert call("POST", f"{url}/revoke", token=servers.admin_token)[1]["revoked_epoch"] is None
    epoch = servers.publish()
    assert epoch == shown["epoch"] + 1
    assert call("GET", url, token=servers.admin_token)[1]["revoked_epoch"] == epoch
    refresh_verifier(servers)
    asked = ask(servers)
    assert (
        wallet.run("present", asked["request_uri"], "--yes", status=EXIT_REFUSED)["error"]
        == "verifier_refused"
    )
    assert result(servers, asked)["checks"][-1] == {
        "name": "not_revoked",
        "ok": False,
        "code": "acc_epoch_stale",
    }
    [entry] = wallet.run("refresh", status=EXIT_REFUSED)["credentials"]
    assert entry["state"] == "revoked"
    assert [one["slot"] for one in wallet.run("list")["credentials"]] == ["revoked"]
    assert wallet.run("show", entry["id"])["slot"] == "revoked"
    # It is known now: the timer of each day does not fail for it any more.
    assert wallet.run("refresh")["credentials"] == [entry]
    asked = ask(servers)
    assert wallet.run("present", asked["request_uri"], "--yes", status=EXIT_REFUSED)["error"] == "revoked"
    assert result(servers, asked)["state"] == "pending"


def test_an_offline_wallet_shows_what_it_fetched_before(servers: Servers, tmp_path: Path) -> None:
    """Between refreshes the registry's host is not needed; `refresh` without it says so and keeps what there is."""
    wallet = Wallet(tmp_path / "person")
    wallet.run("accept", offer(servers)["credential_offer_uri"])
    servers.publish()
    refresh_verifier(servers)
    [entry] = wallet.run("refresh")["credentials"]
    assert entry["state"] == "current"
    published = (servers.registry or Path()) / "published"
    hidden = published.with_name("hidden")
    published.rename(hidden)
    try:
        [entry] = wallet.run("refresh", status=EXIT_UNREACHABLE)["credentials"]
        assert entry["state"] == "status_unavailable"
        asked = ask(servers)
        wallet.run("present", asked["request_uri"], "--yes")
        assert result(servers, asked)["state"] == "verified"
    finally:
        hidden.rename(published)


def test_tickets_are_given_once_by_all_workers_while_workers_die(servers: Servers) -> None:
    """Many wallets at once, a worker killed (-9) among them: every slot belongs to one certificate."""
    policy = FetchPolicy(allow_http_hosts=frozenset({f"localhost:{servers.issuer_port}"}))

    def collect(_number: int) -> int:
        holder = Holder.open(MemoryWallet(), Fetcher(policy), copies=10)
        for _ in range(TRIES):
            try:
                [held] = holder.accept(holder.read_offer(offer(servers)["credential_offer_uri"]))
                return len(held.copies)
            except (OSError, TrustidError):
                continue  # the worker died under the request: another offer, as a person asks for one
        raise AssertionError("nothing was collected")

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(collect, number) for number in range(WALLETS)]
        os.kill(servers.workers("issuer")[0], signal.SIGKILL)
        assert [one.result() for one in running] == [10] * WALLETS
    with sqlite3.connect(servers.data / "issuer" / "store.db") as connection:
        [given] = connection.execute(
            "SELECT count(*), count(DISTINCT slot), count(DISTINCT issuance_id) FROM ticket"
            " WHERE issuance_id IS NOT NULL"
        )
        [listed] = connection.execute("SELECT count(*) FROM credential WHERE list_id IS NOT NULL")
    connection.close()
    assert given[0] == given[1] == given[2] >= WALLETS
    assert listed == (0,)
