"""The keystore: B249, and that no key is ever lost."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refusing import refused
from trustid import keys
from trustid.errors import TrustidError
from trustid.keys.jose import encrypt, generate_encryption_key
from trustid.keys.keystore import Keystore

PASSPHRASE = b"a passphrase of the tests"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def store(path):
    return Keystore.create(path, PASSPHRASE)


def test_every_kind_of_key_comes_back(store, path):
    signing = {kind: keys.generate(kind) for kind in (*keys.KINDS, "P-384")}
    encryption = generate_encryption_key("session")
    for kind, key in signing.items():
        store.add(kind, key)
    store.add("encryption", encryption)
    store.add("secret", b"\0\xff")
    again = Keystore.open(path, PASSPHRASE)
    assert again.names() == ("Ed25519", "P-256", "P-384", "encryption", "secret")
    for kind, key in signing.items():
        again.get(kind).public_key.verify(key.sign(b"m"), b"m")
        key.public_key.verify(again.get(kind).sign(b"m"), b"m")
    assert (
        again.encryption_key("encryption").decrypt(encrypt(b"x", encryption.public_jwk())).plaintext == b"x"
    )
    assert again.secret("secret") == b"\0\xff"
    assert again.has("secret")
    assert not again.has("other")


def test_kinds_and_names_do_not_mix(store):
    store.add("a", keys.generate("P-256"))
    store.add("b", b"secret")
    for ask in (store.secret, store.encryption_key):
        with refused("key_missing"):
            ask("a")
    for name in ("b", "c", ""):
        with refused("key_missing"):
            store.get(name)
    with refused("keystore_exists"):
        store.add("a", keys.generate("P-256"))
    assert store.get("a")
    for name in ("", "x" * 257):
        with refused("key_missing"):
            store.add(name, b"x")
    with refused("unsupported"):
        store.add("d", "text")
    assert store.names() == ("a", "b")


def test_get_or_add(store, path):
    made = store.get_or_add("a", lambda: keys.generate("Ed25519"))
    assert Keystore.open(path, PASSPHRASE).get("a").public_key == made.public_key
    assert store.get_or_add("a", lambda: pytest.fail("made twice")).public_key == made.public_key
    secret = store.secret_or_add("b")
    assert len(secret) == 32
    assert store.secret_or_add("c", lambda: b"made here") == b"made here"
    assert store.secret_or_add("c", lambda: pytest.fail("made twice")) == b"made here"
    assert store.secret_or_add("b") == secret == Keystore.open(path, PASSPHRASE).secret("b")


def test_open_or_create(path):
    first = Keystore.open_or_create(path, PASSPHRASE)
    first.add("a", b"x")
    assert Keystore.open_or_create(path, PASSPHRASE).secret("a") == b"x"
    with refused("keystore_unavailable"):
        Keystore.open_or_create(path.parent / "missing" / "keys.json", PASSPHRASE)
    with refused("key_unseal_failed"):
        Keystore.open_or_create(path, b"other")


def test_create_never_overwrites(store, path):
    store.add("a", b"x")
    with refused("keystore_exists"):
        Keystore.create(path, PASSPHRASE)
    assert Keystore.open(path, PASSPHRASE).secret("a") == b"x"
    with refused("keystore_missing"):
        Keystore.open(path.with_name("other.json"), PASSPHRASE)
    for call in (Keystore.create, Keystore.open):
        with refused("setting_unsafe"):
            call(path, b"")


def test_B249_wrong_passphrase(store, path):
    assert Keystore.open(path, PASSPHRASE).names() == ()
    for wrong in (b"b passphrase of the tests", PASSPHRASE + b" ", PASSPHRASE[:-1]):
        with refused("key_unseal_failed"):
            Keystore.open(path, wrong)


def test_B249_one_byte_changed(store, path):
    """A changed byte anywhere: in the seal, in the parameters, in the JSON around them."""
    store.add("a", b"x")
    good = path.read_bytes()
    assert Keystore.open(path, PASSPHRASE).secret("a") == b"x"
    for place in (*range(0, len(good), 5), len(good) - 1, len(good) - 2, len(good) - 3):
        for change in (1, 0x20):
            changed = bytearray(good)
            changed[place] ^= change
            path.write_bytes(changed)
            # The open store has its key already, so that each byte costs no stretching.
            with refused("key_unseal_failed"):
                store.names()
    with refused("key_unseal_failed"):
        Keystore.open(path, PASSPHRASE)
    for changed in (b"", good[:-1], good + b"\n", b" " + good, b"{}", b"[]", b"null", b"\xff", good * 2):
        path.write_bytes(changed)
        with refused("key_unseal_failed"):
            Keystore.open(path, PASSPHRASE)
    path.write_bytes(good)
    assert Keystore.open(path, PASSPHRASE).secret("a") == b"x"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": True},
        {"format": "other"},
        {"more": 1},
        {"kdf": {"memory_bytes": 8192}},
        {"kdf": {"memory_bytes": 1 << 40}},
        {"kdf": {"operations": 1}},
        {"kdf": {"operations": 2.0}},
        {"kdf": {"name": "scrypt"}},
        {"kdf": {"salt": "AAAA"}},
        {"kdf": None},
        {"sealed": ""},
        {"sealed": 1},
    ],
)
def test_B249_parameters_cannot_be_lowered_or_raised(store, path, change):
    value = json.loads(path.read_text())
    if isinstance(change.get("kdf"), dict):
        change = {"kdf": value["kdf"] | change["kdf"]}
    path.write_text(json.dumps(value | change, separators=(",", ":")) + "\n")
    with refused("key_unseal_failed"):
        Keystore.open(path, PASSPHRASE)
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")
    Keystore.open(path, PASSPHRASE)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o606, 0o777, 0o610])
def test_B249_a_file_that_others_can_read(store, path, mode):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(mode)
    with refused("keystore_unsafe"):
        Keystore.open(path, PASSPHRASE)
    with refused("keystore_unsafe"):
        store.add("a", b"x")
    path.chmod(0o400)
    Keystore.open(path, PASSPHRASE)


def test_B249_symbolic_links_are_not_followed(store, path, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(path)
    Keystore.open(path, PASSPHRASE)
    with refused("keystore_unsafe"):
        Keystore.open(link, PASSPHRASE)
    with refused("keystore_exists"):
        Keystore.create(link, PASSPHRASE)
    dangling = tmp_path / "dangling.json"
    dangling.symlink_to(tmp_path / "nowhere")
    with refused("keystore_exists"):
        Keystore.create(dangling, PASSPHRASE)
    with refused("keystore_unsafe"):
        Keystore.open_or_create(dangling, PASSPHRASE)
    assert not (tmp_path / "nowhere").exists()
    # The lock file is not followed either.
    (tmp_path / "fresh.json.lock").symlink_to(tmp_path / "elsewhere")
    with refused("keystore_unavailable"):
        Keystore.create(tmp_path / "fresh.json", PASSPHRASE)
    assert not (tmp_path / "elsewhere").exists()


def test_B249_what_is_no_plain_file(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o700)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for bad in (folder, pipe):
        with refused("keystore_unsafe"):
            Keystore.open(bad, PASSPHRASE)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_B249_a_file_of_another_user(store, path):
    Keystore.open(path, PASSPHRASE)
    os.chown(path, 65534, 65534)
    with refused("keystore_unsafe"):
        Keystore.open(path, PASSPHRASE)


def test_nothing_secret_is_readable_in_the_file(store, path):
    key = keys.generate("P-256")
    store.add("name-of-the-key", key)
    store.add("plain", b"very secret bytes")
    content = path.read_bytes()
    for secret in (
        b"name-of-the-key",
        b"very secret",
        key.to_bytes(),
        key.to_private_jwk()["d"].encode(),
        PASSPHRASE,
    ):
        assert secret not in content
    assert repr(store) == "<Keystore: secret>"


def test_a_failed_write_changes_nothing(store, path, monkeypatch):
    store.add("a", b"x")
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with refused("keystore_unavailable"):
            store.add("b", b"y")
    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["keys.json", "keys.json.lock"]
    assert store.names() == ("a",)
    store.add("b", b"y")
    assert Keystore.open(path, PASSPHRASE).names() == ("a", "b")


def test_a_replaced_keystore_is_noticed(store, path, tmp_path):
    other = Keystore.create(tmp_path / "other.json", PASSPHRASE)
    other.add("a", b"x")
    (tmp_path / "other.json").replace(path)
    with refused("key_unseal_failed"):
        store.names()


ADDING = """
import sys
from trustid import keys
from trustid.keys.keystore import Keystore
path, worker = sys.argv[1], sys.argv[2]
store = Keystore.open_or_create(path, b"a passphrase of the tests")
shared = store.get_or_add("shared", lambda: keys.generate("P-256"))
for number in range(12):
    store.add(f"{worker}-{number}", number.to_bytes(2, "big"))
print(shared.public_key.thumbprint())
"""


def test_keys_added_by_three_processes_at_once_are_all_there(path):
    """Started together on a file that does not exist yet, as workers are."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, str(path), str(worker)], stdout=subprocess.PIPE, text=True
        )
        for worker in range(3)
    ]
    answers = [worker.communicate(timeout=40)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    assert len(set(answers)) == 1
    store = Keystore.open(path, PASSPHRASE)
    expected = {f"{worker}-{number}" for worker in range(3) for number in range(12)} | {"shared"}
    assert set(store.names()) == expected
    assert store.secret("2-11") == b"\0\x0b"


def test_keys_added_by_two_threads_at_once_are_all_there(store, path):
    def add(worker):
        for number in range(10):
            store.add(f"{worker}-{number}", b"x")

    threads = [threading.Thread(target=add, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Keystore.open(path, PASSPHRASE).names()) == 20


@settings(max_examples=30)
@given(st.binary(max_size=300))
def test_any_bytes_as_a_keystore(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "keys.json"
    path.touch(mode=0o600)
    path.write_bytes(data)
    with pytest.raises(TrustidError) as caught:
        Keystore.open(path, PASSPHRASE)
    assert caught.value.code == "key_unseal_failed"
