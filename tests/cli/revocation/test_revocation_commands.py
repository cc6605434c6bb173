"""`trustid revocation` as an operator uses it, over its own folder and a real issuer's store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.revocation.commands import KEY, join, revoked_epochs, run, told
from registry_under_test import TICKET_KEY, URI
from trustid import cli_output
from trustid.encoding import b64url_encode
from trustid.keys import public_key_from_jwk
from trustid.keys.sealing import OpeningKey
from trustid.protocols.ports_issuer import SlotState
from trustid.status.epochs.statement import keys_by_thumbprint, read_statement
from trustid.status.tickets import open_ticket
from trustid.stores.sqlite import SqliteStore
from trustid.stores.sqlite_tickets import SqliteTicketStore


def test_a_registry_from_beginning_to_end(home: Path, issuer: SqliteTicketStore, tmp_path: Path) -> None:
    made = told("init", URI, "--capacity", "100")
    assert (made["registry"], made["capacity"]) == (URI, 100)
    slots = join(issuer)
    [row] = issuer.query("SELECT slot, sealed FROM ticket WHERE slot = ?", (slots[0],))
    assert open_ticket(TICKET_KEY, URI, row["slot"], row["sealed"])
    first = told("publish")
    assert (first["epoch"], first["requests"], first["waiting"]) == (0, 0, 0)
    assert told("revoke", str(slots[0]), str(slots[1])) == {"asked": 2, "waiting": 2}
    assert told("revoke", str(slots[0])) == {"asked": 0, "waiting": 2}
    second = told("publish")
    keys = keys_by_thumbprint(public_key_from_jwk(made["statement_key"]))
    statements = [read_statement(one["statement"], keys, registry=URI) for one in (first, second)]
    assert statements[1].statement.previous == statements[0].hash
    state = told("status")
    assert [state[name] for name in ("joined", "members", "waiting", "epoch", "begun")] == [3, 1, 0, 1, None]
    epochs = told("history", "--replay")["epochs"]
    assert [(one["epoch"], one["revoked"], one["published"]) for one in epochs] == [
        (0, 0, True),
        (1, 2, True),
    ]
    checked = told("serve-check")
    assert (checked["epoch"], checked["statements"], checked["blocks"], checked["rows"]) == (1, 2, 1, 16)
    told("export", str(tmp_path / "audit.json"))
    audit = json.loads((tmp_path / "audit.json").read_text())
    assert [one.token for one in statements] == audit["statements"]
    assert audit["keys"] == [made["statement_key"]]


def test_people_get_words(home: Path, issuer: SqliteTicketStore, tmp_path: Path) -> None:
    output = run("init", URI, "--capacity", "100").output
    assert "Back up now" in output
    assert "keystore.json" in output
    assert "none yet" in run("status").output
    slots = join(issuer)
    run("publish")
    assert "trustid revocation publish" in run("revoke", str(slots[0])).output
    assert "Epoch 1 is published" in run("publish").output
    assert "In order" in run("serve-check").output
    assert "Every value follows" in run("history", "--replay").output
    assert "2 statements" in run("export", str(tmp_path / "audit.json")).output


def test_what_a_desk_revoked_is_executed(issuer: SqliteTicketStore, tmp_path: Path) -> None:
    told("init", URI, "--capacity", "100")
    slots = join(issuer)
    told("publish")
    with issuer.transaction() as work:
        work.execute(
            "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, attempts_left, created_at)"
            " VALUES ('one', 'vaccination', 'revoked', x'00', x'00', 0, 1)"
        )
        work.execute("UPDATE ticket SET issuance_id = 'one', requested_at = 1 WHERE slot = ?", (slots[1],))
    published = told("publish")
    assert (published["epoch"], published["requests"]) == (1, 1)
    assert issuer.requested_slots(URI) == []
    assert issuer.slot_state("one") == SlotState(URI, True, 1)
    issuer.close()
    moved = issuer.path.rename(tmp_path / "away.db")
    lost = told("publish", exit_code=4)
    assert (lost["epoch"], lost["unreachable"]) == (2, [str(issuer.path)])
    # The store has moved, with a request in it: its name is its key, so it may still revoke what it was given.
    with SqliteTicketStore(moved).transaction() as work:
        work.execute(
            "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, attempts_left, created_at)"
            " VALUES ('two', 'vaccination', 'revoked', x'00', x'01', 0, 1)"
        )
        work.execute("UPDATE ticket SET issuance_id = 'two', requested_at = 1 WHERE slot = ?", (slots[2],))
    told("join", "--issuer-store", str(moved), "--ticket-key", KEY, "--count", "1")
    again = told("publish")
    assert (again["requests"], again["unreachable"]) == (1, [])
    assert revoked_epochs(SqliteTicketStore(moved)) == {slots[1]: 1, slots[2]: 3}


def test_a_store_with_a_new_key_keeps_what_its_old_key_got(issuer: SqliteTicketStore) -> None:
    told("init", URI, "--capacity", "100")
    join(issuer)
    other = OpeningKey(bytes(32))
    told(
        "join",
        "--issuer-store",
        str(issuer.path),
        "--ticket-key",
        b64url_encode(other.public_key),
        "--count",
        "2",
    )
    slots = [row["slot"] for row in issuer.query("SELECT slot FROM ticket ORDER BY id")]
    with issuer.transaction() as work:
        for number, slot in enumerate((slots[0], slots[4])):
            work.execute(
                "INSERT INTO issuance (id, configuration_id, state, sealed, link_hash, attempts_left, created_at)"
                " VALUES (?, 'vaccination', 'revoked', x'00', ?, 0, 1)",
                (str(number), bytes([number])),
            )
            work.execute(
                "UPDATE ticket SET issuance_id = ?, requested_at = 1 WHERE slot = ?", (str(number), slot)
            )
    result = run("publish")
    assert "never given" not in result.output
    assert issuer.requested_slots(URI) == []


def test_many_are_revoked_from_a_file(issuer: SqliteTicketStore, tmp_path: Path) -> None:
    told("init", URI, "--capacity", "100")
    slots = join(issuer, 30)
    file = tmp_path / "slots.txt"
    for bad in ("1\n\n2", "-1", "x", "1 2", "9" * 20, "\u0661"):
        file.write_text(f"{slots[0]}\n{bad}\n", encoding="utf-8")
        assert told("revoke", "--from", str(file), exit_code=1)["error"] == "malformed"
    file.write_text(f"{slots[0]}\n100\n")
    assert told("revoke", "--from", str(file), exit_code=1)["error"] == "not_member"
    file.write_text("\n".join(map(str, slots[:20])))
    assert told("revoke", "--from", str(file)) == {"asked": 20, "waiting": 20}
    assert told("publish")["epoch"] == 1  # epoch 0 was begun before, and comes first
    assert told("status")["members"] == 10
    assert [one["revoked"] for one in told("history")["epochs"]] == [0, 20]


def test_refusals_say_what_to_do(home: Path, issuer: SqliteTicketStore, tmp_path: Path) -> None:
    for command in (("status",), ("publish",), ("revoke", "1"), ("history",), ("serve-check",)):
        assert told(*command, exit_code=4)["error"] == "registry_missing"
    assert not home.exists()
    assert told("init", "https://hospital.example/", exit_code=1)["error"] == "malformed"
    assert not home.exists()
    told("init", URI, "--capacity", "10")
    assert told("init", URI, "--capacity", "10", exit_code=4)["error"] == "registry_exists"
    assert told("init", URI, "--capacity", "11", exit_code=4)["error"] == "registry_exists"
    assert told("revoke", "3", exit_code=1)["error"] == "not_member"
    store = ("--issuer-store", str(issuer.path))
    for key in ("abc", "?", b64url_encode(bytes(32))):
        assert (
            told("join", *store, "--ticket-key", key, "--count", "1", exit_code=1)["error"] == "key_invalid"
        )
    assert told("join", *store, "--ticket-key", KEY, "--count", "11", exit_code=1)["error"] == "registry_full"
    assert told("join", *store, "--ticket-key", KEY, "--count", "10") == {"delivered": 10, "free": 10}
    (tmp_path / "there.json").write_text("{}")
    for command in ("serve-check", "export"):
        unpublished = (command, str(tmp_path / "new.json")) if command == "export" else (command,)
        assert told(*unpublished, exit_code=3)["error"] == "status_unavailable"
    told("publish")
    assert told("export", str(tmp_path / "there.json"), exit_code=4)["error"] == "file_exists"
    nowhere = str(tmp_path / "nowhere" / "new.json")
    assert told("export", nowhere, exit_code=4)["error"] == "store_unavailable"
    assert told("export", str(tmp_path / "new.json"))["statements"] == 1
    run("revoke", exit_code=2)
    run("serve-check", "--registry", URI, exit_code=2)


def test_only_an_issuers_store_gets_tickets(home: Path, issuer: SqliteTicketStore, tmp_path: Path) -> None:
    """A file that was mistaken for it costs no slot, and nothing is written into it."""
    told("init", URI, "--capacity", "100")
    (tmp_path / "text").write_text("not a database, but long enough to be read as the head of one" * 20)
    SqliteStore(tmp_path / "other.db", component="other", migrations=())
    before = {name: (tmp_path / name).read_bytes() for name in ("text", "other.db")}
    for file in (tmp_path / "text", tmp_path / "other.db", home / "registry.db"):
        command = ("join", "--issuer-store", str(file), "--ticket-key", KEY, "--count", "1")
        assert told(*command, exit_code=4)["error"] == "store_unavailable"
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert told("status")["joined"] == 0
    assert len(join(issuer, 1)) == 1
    [entry] = told("status")["issuers"]
    assert entry == {"store": str(issuer.path), "free": 1}
    issuer.close()
    issuer.path.unlink()
    assert told("status")["issuers"] == [{"store": str(issuer.path), "free": None}]
    assert "cannot be read" in run("status").output


def test_commands_stand_in_the_order_of_a_registrys_life() -> None:
    lines = run("--help").output.splitlines()
    listed = [line.split()[0] for line in lines[lines.index("Commands:") + 1 :] if line.startswith("  ")]
    assert listed[:4] == ["init", "join", "revoke", "publish"]
    assert not [line for line in lines if line.endswith("...") and "Usage" not in line], (
        "a description that is cut off"
    )


def test_passphrases(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("too short")
    assert told("init", URI, exit_code=4)["error"] == "setting_unsafe"
    passphrase.write_text("correct horse battery staple")
    told("init", URI, "--capacity", "10")
    passphrase.write_text("another horse battery staple")
    assert told("status", exit_code=4)["error"] == "key_unseal_failed"
    monkeypatch.delenv("TRUSTID_REVOCATION_PASSPHRASE_FILE")
    assert told("status", exit_code=4)["error"] == "setting_missing"


def test_long_work_shows_a_bar_to_people_only(
    home: Path, monkeypatch: pytest.MonkeyPatch, issuer: SqliteTicketStore
) -> None:
    told("init", URI, "--capacity", "5000")
    monkeypatch.setattr(cli_output, "PROGRESS_AFTER_SECONDS", -1.0)
    assert "blocks" not in run("publish").stderr
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "blocks" in run("publish").stderr
    assert run("publish", "--json").stderr == ""


def test_nothing_secret_is_printed(home: Path, issuer: SqliteTicketStore) -> None:
    told("init", URI, "--capacity", "100")
    slots = join(issuer, 5)
    texts = [
        run(*command).output for command in (("status",), ("publish",), ("history",), ("status", "--json"))
    ]
    for slot in slots:
        assert all(f'"{slot}"' not in text and f" {slot} " not in text for text in texts if slot > 9)
    assert (home / "keystore.json").stat().st_mode & 0o077 == 0
    assert (home / "registry.db").stat().st_mode & 0o077 == 0
    assert home.stat().st_mode & 0o077 == 0
