"""The wallet's folder: durable, sealed, and the same as the wallet in memory."""

from __future__ import annotations

import json
import multiprocessing
import stat
from pathlib import Path

import pytest

from protocols.wallet_peers import NOW, Http, School
from trustid.errors import KeystoreError, ProtocolError, StoreError
from trustid.keys.keystore import Keystore
from trustid.keys.sealing import SealingKey
from trustid.protocols.holding import HeldCredential, Holder, WalletStore
from trustid.stores.wallet_folder import WalletFolder
from trustid.stores.wallet_memory import MemoryWallet

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path) -> WalletStore:
    return WalletFolder.open(tmp_path / "wallet", PASSPHRASE) if request.param == "folder" else MemoryWallet()


def collect(store: WalletStore) -> HeldCredential:
    holder = Holder.open(store, Http(), clock=lambda: NOW)  # type: ignore[arg-type]
    (held,) = holder.accept(holder.read_offer(School(holder.http).link()))  # type: ignore[arg-type]
    return held


def test_what_was_added_is_there_with_its_keys(store) -> None:
    held = collect(store)
    (found,) = store.credentials()
    assert found.claims() == held.claims()
    assert [copy.text for copy in found.copies] == [copy.text for copy in held.copies]
    message = b"message"
    for copy, original in zip(found.copies, held.copies, strict=True):
        original.key.public_key.verify(copy.key.sign(message), message)


def test_copies_are_used_in_turn(store) -> None:
    held = collect(store)
    used = [store.use_copy(held.id).text for _ in range(6)]
    assert used == [copy.text for copy in held.copies] * 2
    assert store.credentials()[0].fresh_copies == 0


def test_removing(store) -> None:
    held = collect(store)
    store.remove(held.id)
    assert store.credentials() == ()
    for call in (store.remove, store.use_copy):
        with pytest.raises(ProtocolError) as refusal:
            call(held.id)
        assert refusal.value.code == "not_found"


def test_verifiers_are_remembered(store) -> None:
    assert store.known_verifier("x509_san_dns:shop.example") is None
    store.remember_verifier("x509_san_dns:shop.example", "thumb")
    store.remember_verifier("x509_san_dns:other.example", "other")
    assert store.known_verifier("x509_san_dns:shop.example") == "thumb"


def test_it_is_all_there_after_opening_again(tmp_path) -> None:
    store = WalletFolder.open(tmp_path / "w", PASSPHRASE)
    held = collect(store)
    store.use_copy(held.id)
    store.remember_verifier("x", "thumb")
    again = WalletFolder.open(tmp_path / "w", PASSPHRASE)
    assert [copy.uses for copy in again.credentials()[0].copies] == [1, 0, 0]
    assert again.known_verifier("x") == "thumb"


def test_another_passphrase_is_refused(tmp_path) -> None:
    WalletFolder.open(tmp_path / "w", PASSPHRASE)
    with pytest.raises(KeystoreError) as refusal:
        WalletFolder.open(tmp_path / "w", b"another passphrase")
    assert refusal.value.code == "key_unseal_failed"


def test_nothing_of_the_person_can_be_read_from_the_files(tmp_path) -> None:
    held = collect(WalletFolder.open(tmp_path / "w", PASSPHRASE))
    for path in (tmp_path / "w").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
        if path.is_file():
            content = path.read_bytes()
            assert b"Rossi" not in content
            assert held.copies[0].text.encode()[:40] not in content


def test_changed_swapped_and_shortened_files_are_refused(tmp_path) -> None:
    store = WalletFolder.open(tmp_path / "w", PASSPHRASE)
    collect(store)
    assert len(store.credentials()) == 1
    (path,) = (tmp_path / "w" / "credentials").glob("*.sealed")
    good = path.read_bytes()
    swapped = path.with_name(f"{'0' * 16}.sealed")
    for bad in (good[:-1] + bytes([good[-1] ^ 1]), good[:10], b""):
        path.write_bytes(bad)
        with pytest.raises(StoreError) as refusal:
            store.credentials()
        assert refusal.value.code == "store_tampered"
    path.write_bytes(good)
    swapped.write_bytes(good)
    with pytest.raises(StoreError) as refusal:
        store.credentials()
    assert refusal.value.code == "store_tampered"
    swapped.unlink()
    assert len(store.credentials()) == 1


def test_files_that_are_no_credentials_are_left_alone(tmp_path) -> None:
    store = WalletFolder.open(tmp_path / "w", PASSPHRASE)
    collect(store)
    (tmp_path / "w" / "credentials" / ".x.sealed.tmp").write_bytes(b"left over by a crash")
    (tmp_path / "w" / "credentials" / "note.sealed").write_bytes(b"x")
    assert len(store.credentials()) == 1


def _use(path: Path, credential_id: str) -> None:
    store = WalletFolder.open(path, PASSPHRASE)
    for _ in range(5):
        store.use_copy(credential_id)


def test_two_processes_never_lose_a_use(tmp_path) -> None:
    path = tmp_path / "w"
    held = collect(WalletFolder.open(path, PASSPHRASE))
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_use, args=(path, held.id)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(50)
    assert [worker.exitcode for worker in workers] == [0, 0]
    copies = WalletFolder.open(path, PASSPHRASE).credentials()[0].copies
    assert sum(copy.uses for copy in copies) == 10


def test_what_a_version_before_slots_stored_is_read(tmp_path) -> None:
    store = WalletFolder.open(tmp_path / "w", PASSPHRASE)
    held = collect(store)
    keystore = Keystore.open(tmp_path / "w" / "keystore.json", PASSPHRASE)
    key, context = SealingKey(keystore.secret("wallet-sealing")), f"wallet/credential/{held.id}".encode()
    place = tmp_path / "w" / "credentials" / f"{held.id}.sealed"
    record = json.loads(key.open(place.read_bytes(), context))
    assert record.pop("version") == 3
    del record["registry"], record["format"]
    for copy in record["copies"]:
        del copy["status_secrets"]
    place.write_bytes(key.seal(json.dumps(record | {"version": 1}).encode(), context))
    (found,) = WalletFolder.open(tmp_path / "w", PASSPHRASE).credentials()
    assert (found.claims(), found.slot) == (held.claims(), None)
    place.write_bytes(key.seal(json.dumps(record | {"version": 4}).encode(), context))
    with pytest.raises(StoreError) as refusal:
        store.credentials()
    assert refusal.value.code == "store_version"
