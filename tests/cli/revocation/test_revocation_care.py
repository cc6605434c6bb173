"""`trustid revocation` beside the daily work: what strangers check, backups, another key."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.revocation.commands import KEY, join, run, told
from registry_under_test import URI
from trustid import cli_revocation, cli_revocation_check
from trustid.cli import trustid
from trustid.encoding import b64url_encode
from trustid.keys import public_key_from_jwk
from trustid.keys.bls import SecretKey
from trustid.keys.committee_file import read_committee
from trustid.keys.quorum import VoteCollector
from trustid.status.epochs.statement import keys_by_thumbprint, read_statement
from trustid.stores.sqlite_tickets import SqliteTicketStore


def test_B163_a_store_from_a_backup_is_refused_until_it_is_adopted(
    home: Path, issuer: SqliteTicketStore
) -> None:
    told("init", URI, "--capacity", "100")
    join(issuer)
    mark = (home / "registry.high-water").read_bytes()
    (home / "registry.high-water").write_bytes(mark.replace(b"1", b"2"))
    for command in (("status",), ("publish",), ("adopt", "--yes")):
        assert told(*command, exit_code=4)["error"] == "store_rolled_back"
    (home / "registry.high-water").unlink()
    assert told("status", exit_code=4)["error"] == "store_rolled_back"
    assert CliRunner().invoke(trustid, ["revocation", "adopt"], input="n\n").exit_code == 1
    assert told("status", exit_code=4)["error"] == "store_rolled_back"
    assert "Going on" in CliRunner().invoke(trustid, ["revocation", "adopt"], input="y\n").output
    assert (home / "registry.high-water").read_bytes() == mark
    assert told("publish")["epoch"] == 0
    # The folder remembers, too: `join` looks at it before a slot is given out.
    (home / "published" / "epochs" / "latest").write_text("not a statement")
    command = ("join", "--issuer-store", str(issuer.path), "--ticket-key", KEY, "--count", "1")
    assert told(*command, exit_code=1)["error"] == "malformed"
    assert told("status")["joined"] == 3


def test_the_key_of_statements_is_handed_over(home: Path, tmp_path: Path) -> None:
    made = told("init", URI, "--capacity", "100")
    (tmp_path / "first.jwk").write_text(json.dumps(made["statement_key"]))
    told("publish")
    told("export", str(tmp_path / "before.json"))
    rotated = told("rotate-key", "--key", "P-256")
    again = told("rotate-key")
    assert (rotated["made"], again["made"]) == (True, False)
    assert again["successor"] == rotated["successor"]
    assert told("status")["successor"] == rotated["successor"]
    told("publish")
    assert told("status")["statement_key"] == made["statement_key"]
    assert told("rotate-key")["made"] is False  # it was named, and has signed nothing yet
    told("publish")
    state = told("status")
    assert (state["statement_key"], state["successor"]) == (rotated["successor"], None)
    (tmp_path / "second.jwk").write_text(json.dumps(rotated["successor"]))
    stranger = ("serve-check", "--registry", URI, "--from", str(home / "published"))
    for key in ("first", "second"):
        assert told(*stranger, "--key", str(tmp_path / f"{key}.jwk"))["statements"] == 3
    assert told("serve-check", "--against", str(tmp_path / "before.json"))["compared"] == 1
    told("export", str(tmp_path / "after.json"))
    assert json.loads((tmp_path / "after.json").read_text())["keys"] == [
        made["statement_key"],
        rotated["successor"],
    ]
    assert "Back up" in run("rotate-key").output
    assert "its successor" in run("status").output
    told("history", "--replay")


def test_a_monitor_notices_an_epoch_that_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    told("init", URI, "--capacity", "10", "--interval-hours", "1")
    signed = told("publish")
    state = told("status")
    assert state["next_at"] - state["issued_at"] == 3600
    assert told("serve-check")["overdue"] is False
    for module in (cli_revocation, cli_revocation_check):
        monkeypatch.setattr(module, "system_clock", lambda: state["next_at"] + 1)
    found = told("serve-check", exit_code=1)
    assert (found["overdue"], found["epoch"]) == (True, signed["epoch"])
    assert "Overdue" in run("serve-check", exit_code=1).output
    assert "overdue" in run("status").output


def test_an_interrupted_init_is_repeated(home: Path) -> None:
    told("init", URI, "--capacity", "10")
    key = told("status")["thumbprint"]
    (home / "registry.db").unlink()  # as if it had died before the store was written
    for log in home.glob("registry.db-*"):
        log.unlink()
    assert told("init", URI, "--capacity", "10")["thumbprint"] == key


def test_strangers_check_what_is_published_elsewhere(home: Path, tmp_path: Path) -> None:
    made = told("init", URI, "--capacity", "100")
    told("publish", "--publish-to", str(tmp_path / "served"))
    (tmp_path / "key.jwk").write_text(json.dumps(made["statement_key"]))
    place = ("--registry", URI, "--key", str(tmp_path / "key.jwk"), "--from", str(tmp_path / "served"))
    assert told("serve-check", *place)["epoch"] == 0
    assert not (home / "published").exists()
    block = tmp_path / "served" / "epochs" / "0" / "blocks" / "0"
    data = block.read_bytes()
    block.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert told("serve-check", *place, exit_code=1)["error"] == "acc_update_invalid"
    (tmp_path / "key.jwk").write_text(json.dumps(TICKET_JWK))
    assert told("serve-check", *place, exit_code=1)["error"] == "acc_value_untrusted"


def test_B172_a_monitor_compares_with_mirrors_and_with_what_was_said_before(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told("init", URI, "--capacity", "100")
    told("publish")
    told("export", str(tmp_path / "audit.json"))
    shutil.copytree(home / "published", tmp_path / "mirror")
    told("publish")
    same = ("--against", str(tmp_path / "audit.json"), "--against", str(tmp_path / "mirror"))
    assert told("serve-check", *same)["compared"] == 2
    # The same manager starts again from a backup and signs another epoch 0.
    monkeypatch.setenv("TRUSTID_REVOCATION", str(tmp_path / "restored"))
    shutil.copytree(home, tmp_path / "restored", ignore=shutil.ignore_patterns("registry.*", "published"))
    told("init", URI, "--capacity", "100", "--interval-hours", "12")
    told("publish")
    for other in ("audit.json", "mirror"):
        assert (
            told("serve-check", "--against", str(tmp_path / other), exit_code=1)["error"]
            == "acc_equivocation"
        )
    (tmp_path / "audit.json").write_text("{}")
    assert told("serve-check", "--against", str(tmp_path / "audit.json"), exit_code=1)["error"] == "malformed"
    assert (
        told("serve-check", "--against", str(tmp_path / "nowhere"), exit_code=3)["error"]
        == "status_unavailable"
    )


TICKET_JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def test_a_committees_certificate_is_published_beside_its_epoch(home: Path, tmp_path: Path) -> None:
    secrets = [SecretKey.generate() for _ in range(3)]
    members = [
        {
            "public_key": b64url_encode(bytes(secret.public_key())),
            "proof_of_possession": b64url_encode(secret.prove_possession().to_bytes()),
        }
        for secret in secrets
    ]
    (tmp_path / "committee.json").write_text(json.dumps({"threshold": 2, "members": members}))
    committee = read_committee(tmp_path / "committee.json")
    made = told("init", URI, "--capacity", "100")
    file, command = tmp_path / "certificate", ("certify", "--committee", str(tmp_path / "committee.json"))
    file.write_bytes(b"none")
    assert told(*command, str(file), exit_code=3)["error"] == "status_unavailable"
    published = told("publish")
    keys = keys_by_thumbprint(public_key_from_jwk(made["statement_key"]))
    voted = read_statement(published["statement"], keys, registry=URI).voted
    check = ("serve-check", "--committee", str(tmp_path / "committee.json"))
    assert told(*check, exit_code=3)["error"] == "status_unavailable"
    assert told(*command, str(file), exit_code=1)["error"] == "malformed"
    for voted_on, code in ((b"another statement", "aggregate_invalid"), (voted, None)):
        votes = VoteCollector(committee, voted_on)
        for place in (0, 2):
            votes.add(place, committee.sign(secrets[place], voted_on))
        file.write_bytes(votes.certificate().to_bytes())
        found = told(*command, str(file), exit_code=0 if code is None else 1)
        assert found.get("error") == code
    assert (found["epoch"], found["weight"]) == (0, 2)
    assert told(*check)["epoch"] == 0
    assert told(*command, str(file), "--epoch", "1", exit_code=3)["error"] == "status_unavailable"
