"""Many at once: batches, bulk reading and signing, key stores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustid import _core
from trustid.errors import TrustidError
from trustid.keys import bls
from trustid.keys.bls import KeyStore, ProofOfPossession, ProvenKey, PublicKey, SecretKey, Signature, Suite

VECTORS = Path(__file__).parents[1] / "vectors" / "bls" / "ethereum"
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
POSSESSION = (Suite.MIN_PK_POSSESSION, Suite.MIN_SIG_POSSESSION)


def signers(count: int, suite: Suite = Suite.MIN_PK_POSSESSION) -> list[SecretKey]:
    return [SecretKey.derive(b"s" * 32, suite, info=index.to_bytes(4, "big")) for index in range(count)]


def keys_of(secrets: list[SecretKey]) -> bytes:
    return b"".join(bytes(secret.public_key()) for secret in secrets)


def proofs_of(secrets: list[SecretKey]) -> bytes:
    return b"".join(bytes(secret.prove_possession()) for secret in secrets)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_batch_agrees_with_one_by_one() -> None:
    for suite in (Suite.MIN_PK_BASIC, Suite.MIN_SIG_AUGMENTED):
        secrets = signers(9, suite)
        keys = [secret.public_key() for secret in secrets]
        messages = [bytes([index]) for index in range(9)]
        good = [secret.sign(message) for secret, message in zip(secrets, messages, strict=True)]
        for threads in (1, 2):
            bls.verify_batch(keys, messages, good, threads=threads)
            assert bls.find_invalid(keys, messages, good, threads=threads) == []
            bad = list(good)
            for place in (2, 3, 8):
                bad[place] = secrets[place].sign(b"something else")
            assert bls.find_invalid(keys, messages, bad, threads=threads) == [2, 3, 8]
            with pytest.raises(TrustidError) as caught:
                bls.verify_batch(keys, messages, bad, threads=threads)
            assert caught.value.code == "signature_invalid"
            assert "index 2" in caught.value.message


@settings(max_examples=15, deadline=None)
@given(st.sets(st.integers(0, 15)), st.integers(1, 4))
def test_bisection_finds_exactly_the_bad_ones(bad: set[int], keys_in_use: int) -> None:
    """Whether keys differ or repeat, which takes other ways through the arithmetic."""
    for distinct in (16, keys_in_use):
        secrets = [signers(distinct)[index % distinct] for index in range(16)]
        messages = [bytes([index]) for index in range(16)]
        signed = [
            secret.sign(b"other" if index in bad else message)
            for index, (secret, message) in enumerate(zip(secrets, messages, strict=True))
        ]
        keys = [secret.public_key() for secret in secrets]
        assert bls.find_invalid(keys, messages, signed) == sorted(bad)
        same = [secret.sign(b"other" if index in bad else b"same") for index, secret in enumerate(secrets)]
        assert bls.find_invalid(keys, [b"same"] * 16, same) == sorted(bad)


def test_B135_signatures_that_cancel_each_other() -> None:
    """s1 + d and s2 - d: each wrong, their plain sum right; fresh coefficients tell them apart."""
    ada, bob = signers(2)
    keys, messages = [ada.public_key(), bob.public_key()], [b"red", b"blue"]
    good = [ada.sign(b"red"), bob.sign(b"blue")]
    shift = SecretKey.from_bytes((5).to_bytes(32, "big"))
    back = SecretKey.from_bytes((ORDER - 5).to_bytes(32, "big"))
    forged = [
        bls.aggregate([good[0], shift.sign(b"any")]),
        bls.aggregate([good[1], back.sign(b"any")]),
    ]
    assert bls.aggregate(forged) == bls.aggregate(good)
    proven = [ada.proven_key(), bob.proven_key()]
    bls.verify_aggregate(bls.aggregate(forged), proven, messages)
    for _ in range(20):
        with pytest.raises(TrustidError) as caught:
            bls.verify_batch(keys, messages, forged)
        assert caught.value.code == "signature_invalid"
    assert bls.find_invalid(keys, messages, forged) == [0, 1]
    bls.verify_batch(keys, messages, good)


def test_B135_official_vector() -> None:
    path = VECTORS / "batch_verify" / "batch_verify_invalid_forged_signature_set.json"
    given = {
        name: [bytes.fromhex(item.removeprefix("0x")) for item in items]
        for name, items in json.loads(path.read_text())["input"].items()
    }
    keys = PublicKey.read_many(b"".join(given["pubkeys"]))
    parts = Signature.read_many(b"".join(given["signatures"]))
    with pytest.raises(TrustidError) as caught:
        bls.verify_batch(keys, given["messages"], parts)
    assert caught.value.code == "signature_invalid"
    assert bls.find_invalid(keys, given["messages"], parts) == [0, 1]


def test_B136_batch_with_infinity() -> None:
    secrets = signers(3)
    keys, parts = keys_of(secrets), b"".join(bytes(secret.sign(b"red")) for secret in secrets)
    no_key = keys[:48] + b"\xc0" + bytes(47) + keys[96:]
    no_signature = parts[:96] + b"\xc0" + bytes(95) + parts[192:]
    for read, data, code in (
        (PublicKey.read_many, no_key, "key_invalid"),
        (Signature.read_many, no_signature, "signature_invalid"),
    ):
        with pytest.raises(TrustidError) as caught:
            read(data)
        assert caught.value.code == code
        assert "index 1" in caught.value.message
    bls.verify_batch(PublicKey.read_many(keys), [b"red"] * 3, Signature.read_many(parts))


def test_batches_of_nothing_and_of_two_lengths() -> None:
    ada = signers(1)[0]
    for arguments in (
        ([], [], []),
        ([ada.public_key()], [], []),
        ([ada.public_key()], [], [ada.sign(b"")]),
        ([], [b""], [ada.sign(b"")]),
    ):
        for check in (bls.verify_batch, bls.find_invalid):
            with pytest.raises(TrustidError) as caught:
                check(*arguments)
            assert caught.value.code == "aggregate_invalid"
    other = SecretKey.generate(Suite.MIN_SIG_BASIC)
    with pytest.raises(TrustidError) as caught:
        bls.verify_batch([ada.public_key()] * 2, [b""] * 2, [ada.sign(b""), other.sign(b"")])
    assert caught.value.code == "suite_mismatch"
    for threads in (0, 257):
        with pytest.raises(TrustidError) as caught:
            bls.verify_batch([ada.public_key()], [b""], [ada.sign(b"")], threads=threads)
        assert caught.value.code == "limit_exceeded"


def test_bulk_calls_agree_with_single_calls() -> None:
    secret = signers(1)[0]
    messages = [bytes([index]) * index for index in range(12)]
    for threads in (1, 3):
        assert secret.sign_many(messages, threads=threads) == b"".join(
            bytes(secret.sign(message)) for message in messages
        )
        for many, one in (
            (_core.hash_many_to_g1, _core.hash_to_g1),
            (_core.hash_many_to_g2, _core.hash_to_g2),
        ):
            assert many(messages, b"tag", threads=threads) == b"".join(one(m, b"tag") for m in messages)
    assert PublicKey.read_many(b"") == []
    assert secret.sign_many([]) == b""
    for data in (b"\x00", keys_of(signers(2))[:-1]):
        with pytest.raises(TrustidError) as caught:
            PublicKey.read_many(data)
        assert caught.value.code == "point_encoding"


@pytest.mark.parametrize("suite", POSSESSION)
def test_store_checks_signatures_of_many(folder: Path, suite: Suite) -> None:
    secrets = signers(20, suite)
    store = KeyStore.build(folder / "keys", keys_of(secrets), proofs_of(secrets), suite, threads=2)
    assert (len(store), store.proven, store.suite) == (20, True, suite)
    again = KeyStore.open(folder / "keys", suite, digest=store.digest)
    chosen = [1, 5, 19]
    bitmap = bytes(sum(1 << (place % 8) for place in chosen if place // 8 == byte) for byte in range(3))
    total = bls.aggregate([secrets[place].sign(b"epoch 7") for place in chosen])
    for opened in (store, again, KeyStore.open(str(folder / "keys"), suite)):
        assert opened.fast_aggregate_verify(total, b"epoch 7", places=chosen) == 3
        assert opened.fast_aggregate_verify(total, b"epoch 7", bitmap=bitmap, threads=2) == 3
        assert opened.proven_key(19) == secrets[19].proven_key()
        assert opened.key(0) == secrets[0].public_key()
    first_two = bls.aggregate([secrets[0].sign(b"red"), secrets[1].sign(b"red")])
    assert store.fast_aggregate_verify(first_two, b"red", stop=2) == 2
    bls.fast_aggregate_verify(total, [secrets[place].proven_key() for place in chosen], b"epoch 7")


def test_B137_store_with_another_bitmap(folder: Path) -> None:
    secrets = signers(9)
    store = KeyStore.build(folder / "keys", keys_of(secrets), proofs_of(secrets))
    total = bls.aggregate([secrets[place].sign(b"red") for place in (0, 3, 8)])
    assert store.fast_aggregate_verify(total, b"red", bitmap=b"\x09\x01") == 3
    for bitmap, code in (
        (b"\x08\x01", "aggregate_invalid"),  # one left out
        (b"\x0b\x01", "aggregate_invalid"),  # one added
        (b"\x09\x03", "malformed"),  # one that is not there
        (b"\x09", "malformed"),
        (b"\x09\x01\x00", "malformed"),
        (b"\x00\x00", "malformed"),
        (b"", "malformed"),
    ):
        with pytest.raises(TrustidError) as caught:
            store.fast_aggregate_verify(total, b"red", bitmap=bitmap)
        assert caught.value.code == code


def test_B134_store_with_one_place_twice(folder: Path) -> None:
    secrets = signers(3)
    store = KeyStore.build(folder / "keys", keys_of(secrets), proofs_of(secrets))
    twice = bls.aggregate([secrets[1].sign(b"red"), secrets[1].sign(b"red")])
    with pytest.raises(TrustidError) as caught:
        store.fast_aggregate_verify(twice, b"red", places=[1, 1])
    assert caught.value.code == "duplicate_signer"
    assert store.fast_aggregate_verify(secrets[1].sign(b"red"), b"red", places=[1]) == 1


def test_B128_store_of_keys_without_proofs(folder: Path) -> None:
    secrets = signers(3)
    store = KeyStore.build(folder / "keys", keys_of(secrets), None)
    assert not store.proven
    total = bls.aggregate([secret.sign(b"red") for secret in secrets])
    for act in (
        lambda: store.fast_aggregate_verify(total, b"red"),
        lambda: store.proven_key(0),
        lambda: KeyStore.build(folder / "proven", keys_of(secrets), proofs_of(secrets)).extend(
            folder / "more", keys_of(secrets), None
        ),
    ):
        with pytest.raises(TrustidError) as caught:
            act()
        assert caught.value.code == "pop_required"
    assert PublicKey.from_bytes(store.sum(stop=1)) == secrets[0].public_key()
    proven = KeyStore.build(folder / "proven", keys_of(secrets), proofs_of(secrets))
    assert proven.fast_aggregate_verify(total, b"red") == 3


def test_bad_input_names_its_place_and_changes_nothing(folder: Path) -> None:
    secrets = signers(6)
    keys, proofs = keys_of(secrets), proofs_of(secrets)
    path = folder / "keys"
    digest = KeyStore.build(path, keys, proofs).digest
    swapped = proofs[: 96 * 2] + proofs[96 * 3 : 96 * 4] + proofs[96 * 2 : 96 * 3] + proofs[96 * 4 :]
    outside = keys[: 48 * 4] + b"\x80" + bytes(47) + keys[48 * 5 :]
    for bad_keys, bad_proofs, code, place in (
        (keys, swapped, "pop_invalid", "index 2"),
        (outside, proofs, "point_not_in_subgroup", "index 4"),
        (outside, None, "point_not_in_subgroup", "index 4"),
        (keys[:-1], None, "point_encoding", "index 5"),
        (keys, proofs[:-96], "aggregate_invalid", ""),
    ):
        with pytest.raises(TrustidError) as caught:
            KeyStore.build(path, bad_keys, bad_proofs)
        assert caught.value.code == code
        assert place in caught.value.message
        assert os.listdir(folder) == ["keys"]
        assert KeyStore.open(path, digest=digest).digest == digest


def test_progress_is_told_and_can_cancel(folder: Path) -> None:
    secrets = signers(40)
    data = keys_of(secrets) * 150  # 6,000 keys: two steps
    seen: list[tuple[int, int]] = []
    store = KeyStore.build(
        folder / "keys", data, None, threads=2, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(4096, 6000), (6000, 6000)]
    assert len(store) == 6000

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        KeyStore.build(folder / "other", data, None, progress=cancel)
    assert os.listdir(folder) == ["keys"]


def test_keys_are_added_while_others_read(folder: Path) -> None:
    secrets = signers(12)
    path = folder / "keys"
    old = KeyStore.build(path, keys_of(secrets[:8]), proofs_of(secrets[:8]))
    new = old.extend(path, keys_of(secrets[8:]), proofs_of(secrets[8:]))
    assert (len(old), len(new), len(KeyStore.open(path))) == (8, 12, 12)
    assert old.sum() == new.sum(stop=8)
    assert new.digest == KeyStore.build(folder / "whole", keys_of(secrets), proofs_of(secrets)).digest
    old.check_digest()


def test_store_that_is_cut_short_is_refused_in_every_process(folder: Path) -> None:
    """A mapped file would end the process with SIGBUS here."""
    secrets = signers(30)
    path = folder / "keys"
    digest = KeyStore.build(path, keys_of(secrets), None).digest
    script = (
        "import os, sys\n"
        "from trustid.errors import StoreError\n"
        "from trustid.keys.bls import KeyStore\n"
        "store = KeyStore.open(sys.argv[1])\n"
        "store.sum()\n"
        "os.truncate(sys.argv[1], 1000)\n"
        "for act in (store.sum, lambda: store.key(29), store.check_digest):\n"
        "    try:\n"
        "        act()\n"
        "    except StoreError as error:\n"
        "        assert error.code == 'store_tampered'\n"
        "    else:\n"
        "        sys.exit('accepted')\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=30)
    with pytest.raises(TrustidError) as caught:
        KeyStore.open(path)
    assert caught.value.code == "store_tampered"
    KeyStore.build(path, keys_of(secrets), None)
    assert KeyStore.open(path, digest=digest).digest == digest


def test_who_may_be_trusted_with_a_store(folder: Path) -> None:
    secrets = signers(2)
    path = folder / "keys"
    digest = KeyStore.build(path, keys_of(secrets), None).digest
    folder.chmod(0o777)
    with pytest.raises(TrustidError) as caught:
        KeyStore.open(path)
    assert caught.value.code == "store_unsafe"
    assert KeyStore.open(path, digest=digest).digest == digest
    for wrong in (bytes(32), b"", digest + b"\0"):
        with pytest.raises(TrustidError) as caught:
            KeyStore.open(path, digest=wrong)
        assert caught.value.code == "store_tampered"
    folder.chmod(0o700)
    assert len(KeyStore.open(path)) == 2
    for other, code in (
        (folder / "nothing", "store_unavailable"),
        (folder, "malformed"),
        (Path(__file__), "malformed"),
    ):
        with pytest.raises(TrustidError) as caught:
            KeyStore.open(other, digest=digest)
        assert caught.value.code == code


def test_B253_junk_for_stores(folder: Path) -> None:
    junk = [None, "", b"", 1, -1, 2**70, [], [None], object(), b"\xff" * 1000, "\0", "a\0b"]
    for first in junk:
        for second in junk:
            try:
                KeyStore.build(folder / "keys", first, second)
                KeyStore.build(first, b"", second)
            except (TrustidError, TypeError, ValueError, OverflowError):
                continue
    secrets = signers(3)
    store = KeyStore.build(folder / "keys", keys_of(secrets), None)
    for name in ("start", "stop", "places", "bitmap", "threads"):
        for value in junk:
            try:
                store.sum(**{name: value})
            except (TrustidError, TypeError, ValueError, OverflowError):
                continue
    assert len(KeyStore.open(folder / "keys")) == 3


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 39), min_size=1))
def test_sums_agree_however_the_keys_are_named(places: set[int]) -> None:
    store = shared_store()
    bitmap = bytes(sum(1 << (place % 8) for place in places if place // 8 == byte) for byte in range(5))
    by_places = store.sum(places=sorted(places, reverse=True))
    assert by_places == store.sum(bitmap=bitmap)
    # In the MIN_SIG suites points of G1 are signatures, and those add up elsewhere.
    parts = [Signature.from_bytes(bytes(store.key(place)), Suite.MIN_SIG_BASIC) for place in places]
    assert by_places == bytes(bls.aggregate(parts))


_SHARED: list[KeyStore] = []


def shared_store() -> KeyStore:
    """One store for all examples of a law."""
    if not _SHARED:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            _SHARED.append(KeyStore.build(Path(folder) / "keys", keys_of(signers(40)), None))
    return _SHARED[0]


@pytest.mark.parametrize("suite", POSSESSION)
def test_B129_proofs_checked_together(suite: Suite) -> None:
    secrets = signers(6, suite)
    keys = [secret.public_key() for secret in secrets]
    proofs = [secret.prove_possession() for secret in secrets]
    for threads in (1, 2):
        assert ProvenKey.prove_many(keys, proofs, threads=threads) == [s.proven_key() for s in secrets]
        swapped = [*proofs[:3], proofs[4], proofs[3], proofs[5]]
        with pytest.raises(TrustidError) as caught:
            ProvenKey.prove_many(keys, swapped, threads=threads)
        assert caught.value.code == "pop_invalid"
        assert "index 3" in caught.value.message
    for bad_keys, bad_proofs in (([], []), (keys, []), (keys, proofs[1:])):
        with pytest.raises(TrustidError) as caught:
            ProvenKey.prove_many(bad_keys, bad_proofs)
        assert caught.value.code == "aggregate_invalid"
    other = SecretKey.generate(Suite.MIN_PK_BASIC).public_key()
    with pytest.raises(TrustidError) as caught:
        ProvenKey.prove_many([other], proofs[:1])
    assert caught.value.code == "suite_mismatch"


def test_aggregates_checked_by_several_threads() -> None:
    secrets = signers(20)
    keys, messages = [secret.proven_key() for secret in secrets], [bytes([i]) for i in range(20)]
    total = bls.aggregate([secret.sign(message) for secret, message in zip(secrets, messages, strict=True)])
    for threads in (1, 2, 20, 100):
        bls.verify_aggregate(total, keys, messages, threads=threads)
        with pytest.raises(TrustidError) as caught:
            bls.verify_aggregate(total, keys, messages[::-1], threads=threads)
        assert caught.value.code == "aggregate_invalid"


def test_proofs_in_bulk_and_one_by_one(folder: Path) -> None:
    secrets = signers(5)
    store = KeyStore.build(folder / "keys", keys_of(secrets), proofs_of(secrets))
    for place, secret in enumerate(secrets):
        proof = ProofOfPossession.from_bytes(bytes(secret.prove_possession()))
        assert store.proven_key(place) == ProvenKey.prove(secret.public_key(), proof)
