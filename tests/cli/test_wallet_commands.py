"""The wallet's commands against the real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.running_servers import Servers, running_servers
from trustid.cli import trustid
from trustid.stores.wallet_folder import WalletFolder

PASSPHRASE = "passphrase of the wallet"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with running_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture
def wallet(tmp_path, monkeypatch) -> Path:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE)
    passphrase.chmod(0o600)
    monkeypatch.setenv("TRUSTID_WALLET", str(tmp_path / "wallet"))
    monkeypatch.setenv("TRUSTID_WALLET_PASSPHRASE_FILE", str(passphrase))
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "1")
    return tmp_path / "wallet"


def run(*arguments: str, exit_code: int = 0, text: str | None = None):
    result = CliRunner().invoke(trustid, list(arguments), input=text)
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


def run_json(*arguments: str, exit_code: int = 0):
    return json.loads(run(*arguments, "--json", exit_code=exit_code).stdout)


def accept(servers: Servers, **claims):
    (held,) = run_json("wallet", "accept", servers.offer(**claims)["credential_offer_uri"])["accepted"]
    return held


def test_accept_list_show_present(servers, wallet) -> None:
    offer = servers.offer(tx_code=True)
    result = run("wallet", "accept", offer["credential_offer_uri"], "--tx-code", offer["tx_code"])
    assert "University degree" in result.output
    assert "certificate of an unknown authority" in result.output
    (held,) = run_json("wallet", "list")["credentials"]
    assert (held["title"], held["issuer"], held["copies"], held["unused_copies"]) == (
        "University degree",
        servers.issuer,
        10,
        10,
    )
    shown = run_json("wallet", "show", held["id"])
    assert shown["claims"]["family_name"] == "Rossi"
    question = servers.ask()
    result = run("wallet", "present", question["request_uri"], "--yes")
    assert "localhost" in result.output
    assert "Physics" in result.output
    assert "Rossi" not in result.output
    outcome = servers.call(question["result_url"])
    assert outcome["state"] == "verified"
    assert outcome["claims"] == {"d": [{"degree": {"name": "Physics"}}]}
    assert "9 of 10" in run("wallet", "list").output


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize(
    ("prefix", "proof"),
    [("x509_san_dns", "first-use"), ("x509_hash", "first-use"), ("decentralized_identifier", "did")],
)
def test_every_way_to_ask_is_answered(servers, wallet, mode, prefix, proof) -> None:
    accept(servers)
    question = servers.ask(mode=mode, prefix=prefix)
    answer = run_json("wallet", "present", question["request_uri"], "--yes")
    assert answer["asker"]["proof"] == proof
    assert answer["sent"] is True
    assert answer["shown"][0]["claims"] == {"degree": {"name": "Physics"}}
    assert servers.call(question["result_url"])["state"] == "verified"


def test_a_trust_anchor_names_the_authority(servers, wallet) -> None:
    offer = servers.offer()["credential_offer_uri"]
    (held,) = run_json("wallet", "accept", offer, "--trust-anchor", str(servers.ca_file))["accepted"]
    assert held["issuer_proof"] == "certificate"


def test_nothing_is_sent_without_a_yes(servers, wallet) -> None:
    accept(servers)
    question = servers.ask()
    plan = run_json("wallet", "present", question["request_uri"], exit_code=1)
    assert plan["sent"] is False
    assert plan["shown"][0]["claims"] == {"degree": {"name": "Physics"}}
    assert servers.call(question["result_url"])["state"] == "pending"
    result = run("wallet", "present", question["request_uri"], exit_code=1, text="n\n")
    assert "decline" in result.output
    assert servers.call(question["result_url"])["state"] == "refused"
    question = servers.ask()
    run("wallet", "present", question["request_uri"], text="y\n")
    assert servers.call(question["result_url"])["state"] == "verified"


def test_a_revoked_credential_is_refused_at_the_counter(servers, wallet) -> None:
    offer = servers.offer()
    run("wallet", "accept", offer["credential_offer_uri"])
    question = servers.ask()
    run("wallet", "present", question["request_uri"], "--yes")
    assert servers.call(question["result_url"])["state"] == "verified"
    servers.call(f"{servers.issuer}/api/issuances/{offer['issuance_id']}/revoke", {})
    servers.call(f"{servers.verifier}/api/status/refresh", {})
    question = servers.ask()
    assert (
        run_json("wallet", "present", question["request_uri"], "--yes", exit_code=1)["error"]
        == "verifier_refused"
    )
    outcome = servers.call(question["result_url"])
    assert outcome["state"] == "refused", outcome
    assert [check["code"] for check in outcome["checks"] if not check["ok"]] == ["revoked"]


def test_an_offer_is_accepted_once(servers, wallet) -> None:
    offer = servers.offer()["credential_offer_uri"]
    run("wallet", "accept", offer)
    error = run_json("wallet", "accept", offer, exit_code=1)
    assert error["error"] == "offer_unusable"
    assert len(run_json("wallet", "list")["credentials"]) == 1


def test_the_claim_link_that_a_person_gets_is_accepted(servers, wallet, monkeypatch) -> None:
    link = servers.offer()["claim_url"]
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "0")
    assert "set TRUSTID_ALLOW_HTTP=1" in run("wallet", "accept", link, exit_code=1).output
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "1")
    assert len(run_json("wallet", "accept", link)["accepted"]) == 1
    assert run_json("wallet", "accept", link, exit_code=1)["error"] == "offer_unusable"


def test_a_missing_and_a_wrong_code_are_told_apart(servers, wallet) -> None:
    offer = servers.offer(tx_code=True)
    uri, code = offer["credential_offer_uri"], offer["tx_code"]
    wrong = "000000" if code != "000000" else "111111"
    assert run_json("wallet", "accept", uri, exit_code=1)["error"] == "tx_code_needed"
    assert run_json("wallet", "accept", uri, "--tx-code", wrong, exit_code=1)["error"] == "invalid_grant"
    assert run_json("wallet", "accept", uri, "--tx-code", code)["accepted"]


def test_several_credentials_can_be_chosen_and_removed(servers, wallet) -> None:
    first, second = accept(servers), accept(servers, degree={"name": "History"})
    question = servers.ask()
    answer = run_json("wallet", "present", question["request_uri"], "--yes", "--credential", first["id"])
    assert answer["shown"][0]["claims"] == {"degree": {"name": "Physics"}}
    assert (
        run_json(
            "wallet", "present", servers.ask()["request_uri"], "--yes", "--credential", "0" * 16, exit_code=1
        )["error"]
        == "not_found"
    )
    run("wallet", "remove", first["id"], exit_code=1, text="n\n")
    assert len(run_json("wallet", "list")["credentials"]) == 2
    run("wallet", "remove", first["id"], "--yes")
    assert [one["id"] for one in run_json("wallet", "list")["credentials"]] == [second["id"]]


def test_http_is_open_for_the_hosts_given_and_only_when_asked(servers, wallet, monkeypatch) -> None:
    offer = servers.offer()["credential_offer_uri"]
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "0")
    assert run_json("wallet", "accept", offer, exit_code=1)["error"] == "fetch_blocked"
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "yes")
    assert run_json("wallet", "accept", offer, exit_code=4)["error"] == "setting_unsafe"
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "1")
    assert run_json("wallet", "accept", offer)["accepted"]


def test_the_wallets_settings_are_checked(servers, wallet, monkeypatch, tmp_path) -> None:
    assert run_json("wallet", "list") == {"credentials": []}
    assert not wallet.exists()
    assert "empty" in run("wallet", "list").output
    uri = servers.ask()["request_uri"]
    assert run_json("wallet", "present", uri, exit_code=4)["error"] == "setting_missing"
    accept(servers)
    (tmp_path / "passphrase").write_text("another passphrase")
    assert run_json("wallet", "list", exit_code=4)["error"] == "key_unseal_failed"
    (tmp_path / "passphrase").chmod(0o644)
    assert run_json("wallet", "list", exit_code=4)["error"] == "setting_unsafe"
    monkeypatch.delenv("TRUSTID_WALLET_PASSPHRASE_FILE")
    assert run_json("wallet", "list", exit_code=4)["error"] == "setting_missing"


def test_a_credential_file_is_verified_for_a_named_issuer(servers, wallet, tmp_path) -> None:
    held = accept(servers)
    file = tmp_path / "degree.txt"
    file.write_text(run("wallet", "show", held["id"], "--raw").stdout)
    trusted = ("--issuer", servers.issuer, "--trust-anchor", str(servers.ca_file))
    verified = run_json("credential", "verify", str(file), *trusted)
    assert verified["verified"] is True
    assert verified["claims"]["family_name"] == "Rossi"
    assert verified["status"] == "valid"
    assert "✓" in run("credential", "verify", str(file), *trusted).output
    assert "✓" in run("credential", "verify", "-", *trusted, text=file.read_text()).output
    stranger = run_json("credential", "verify", str(file), exit_code=1)
    assert stranger["error"] == "issuer_not_trusted"
    assert "signature holds" in stranger["message"]
    other = run_json("credential", "verify", str(file), "--issuer", "https://other.example", exit_code=1)
    assert other["error"] == "issuer_not_trusted"
    other_type = run_json("credential", "verify", str(file), *trusted, "--type", "urn:other", exit_code=1)
    assert other_type["error"] == "issuer_not_trusted"
    file.write_text(file.read_text()[:-30] + "~")
    assert run_json("credential", "verify", str(file), *trusted, exit_code=1)["error"].startswith(
        "disclosure_"
    )


def test_a_presentation_is_verified_with_its_holder(servers, wallet, tmp_path) -> None:
    accept(servers)
    (held,) = WalletFolder.open(wallet, PASSPHRASE.encode()).credentials()
    from trustid.credentials.sd_jwt import SdJwt

    sd_jwt = SdJwt.parse(held.copies[0].text).select([("degree", "name")])
    file = tmp_path / "presentation.txt"
    file.write_text(sd_jwt.bind(held.copies[0].key, audience="me", nonce="n-1", issued_at=int(time.time())))
    trusted = ("--issuer", servers.issuer, "--trust-anchor", str(servers.ca_file), "--audience", "me")
    assert run_json("credential", "verify", str(file), *trusted, "--nonce", "n-1")["verified"]
    assert (
        run_json("credential", "verify", str(file), *trusted, "--nonce", "n-2", exit_code=1)["error"]
        == "kb_nonce"
    )
    run("credential", "verify", str(file), *trusted, exit_code=2)


def test_a_did_web_is_resolved(servers, wallet) -> None:
    did = "did:web:" + servers.issuer.removeprefix("http://").replace(":", "%3A")
    resolution = run_json("did", "resolve", did)
    assert resolution["didDocument"]["id"] == did


def test_as_a_real_process(servers, wallet) -> None:
    environment = os.environ | {"COLUMNS": "200"}

    def process(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-m", "trustid.cli", *arguments]
        return subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    done = process("wallet", "accept", servers.offer()["credential_offer_uri"], "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"]
    question = servers.ask()
    done = process("wallet", "present", question["request_uri"], "--yes")
    assert done.returncode == 0, done.stderr
    assert servers.call(question["result_url"])["state"] == "verified"
    refused = process("wallet", "present", question["request_uri"], "--yes")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
