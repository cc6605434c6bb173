"""Published vectors of BLS signatures and of hashing to the groups, refusals included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trustid import _core
from trustid.errors import TrustidError
from trustid.keys import bls
from trustid.keys.bls import ProvenKey, PublicKey, SecretKey, Signature, Suite
from vectors_at import ran

VECTORS = Path(__file__).parents[1] / "vectors"
ETHEREUM = VECTORS / "bls" / "ethereum"
WYCHEPROOF = VECTORS / "bls" / "wycheproof"
HASH_TO_CURVE = VECTORS / "hash-to-curve"

# The official cases give keys without proofs of possession. The scheme's own functions take only proven
# keys, so these cases are run where a proof can be made: their secret keys are published in `sign`.


def hex_bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def cases(*folders: str) -> list[Any]:
    found = []
    for folder in folders:
        for path in sorted((ETHEREUM / folder).glob("*.json")):
            found.append(pytest.param(json.loads(path.read_text()), id=path.stem[:60]))
    assert found
    return found


def published_keys() -> dict[bytes, SecretKey]:
    keys = {}
    for path in (ETHEREUM / "sign").glob("*.json"):
        secret = hex_bytes(json.loads(path.read_text())["input"]["privkey"])
        if any(secret):
            key = SecretKey.from_bytes(secret)
            keys[bytes(key.public_key())] = key
    # The three keys behind all cases; `sign` of this selection does not show each of them.
    for secret_hex in (
        "263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3",
        "47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138",
        "328388aff0d4a5b7dc9205abd374e7e98f3cd9f3418edb4eafda5fb16473d216",
        "0000000000000000000000000000000000000000000000000000000000000001",
    ):
        key = SecretKey.from_bytes(bytes.fromhex(secret_hex))
        keys[bytes(key.public_key())] = key
    return keys


KEYS = published_keys()


def proven(public: str) -> ProvenKey:
    """The key of a case, with a proof made from its published secret."""
    key = PublicKey.from_bytes(hex_bytes(public))
    return ProvenKey.prove(key, KEYS[bytes(key)].prove_possession())


def holds(check: Any) -> bool:
    """Whether `check` passes; whatever it raises must come from the one error tree."""
    try:
        check()
    except TrustidError:
        return False
    return True


@pytest.mark.parametrize("case", cases("sign"))
def test_sign(case: dict[str, Any]) -> None:
    secret, message = (hex_bytes(case["input"][name]) for name in ("privkey", "message"))
    if case["output"] is None:
        with pytest.raises(TrustidError) as caught:
            SecretKey.from_bytes(secret)
        assert caught.value.code == "key_invalid"
    else:
        assert bytes(SecretKey.from_bytes(secret).sign(message)) == hex_bytes(case["output"])


@pytest.mark.parametrize("case", cases("verify"))
def test_verify(case: dict[str, Any]) -> None:
    key, message, signature = (hex_bytes(case["input"][name]) for name in ("pubkey", "message", "signature"))
    found = holds(lambda: PublicKey.from_bytes(key).verify(Signature.from_bytes(signature), message))
    assert found == case["output"]


@pytest.mark.parametrize("case", cases("aggregate"))
def test_aggregate(case: dict[str, Any]) -> None:
    parts = [Signature.from_bytes(hex_bytes(part)) for part in case["input"]]
    if case["output"] is None:
        with pytest.raises(TrustidError) as caught:
            bls.aggregate(parts)
        assert caught.value.code == "aggregate_invalid"
    else:
        assert bytes(bls.aggregate(parts)) == hex_bytes(case["output"])


@pytest.mark.parametrize("case", cases("aggregate_verify"))
def test_aggregate_verify(case: dict[str, Any]) -> None:
    given = case["input"]

    def check() -> None:
        signature = Signature.from_bytes(hex_bytes(given["signature"]))
        keys = [proven(key) for key in given["pubkeys"]]
        bls.verify_aggregate(signature, keys, [hex_bytes(message) for message in given["messages"]])

    assert holds(check) == case["output"]


@pytest.mark.parametrize("case", cases("fast_aggregate_verify"))
def test_fast_aggregate_verify(case: dict[str, Any]) -> None:
    given = case["input"]

    def check() -> None:
        signature = Signature.from_bytes(hex_bytes(given["signature"]))
        keys = [proven(key) for key in given["pubkeys"]]
        bls.fast_aggregate_verify(signature, keys, hex_bytes(given["message"]))

    assert holds(check) == case["output"]


@pytest.mark.parametrize("case", cases("batch_verify"))
def test_each_of_a_forged_batch_is_refused(case: dict[str, Any]) -> None:
    given = case["input"]
    rows = zip(given["pubkeys"], given["messages"], given["signatures"], strict=True)
    for key, message, signature in rows:
        with pytest.raises(TrustidError) as caught:
            PublicKey.from_bytes(hex_bytes(key)).verify(
                Signature.from_bytes(hex_bytes(signature)), hex_bytes(message)
            )
        assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize("case", cases("deserialization_G1", "deserialization_G2"))
def test_deserialization(case: dict[str, Any]) -> None:
    """Points are read as the vectors say, save that the identity is neither a key nor a signature."""
    ((kind, text),) = case["input"].items()
    read = PublicKey.from_bytes if kind == "pubkey" else Signature.from_bytes
    data = hex_bytes(text)
    with pytest.raises(TrustidError) as caught:
        read(data)
    if case["output"]:
        assert data == b"\xc0" + bytes(len(data) - 1)
        assert caught.value.code == {"pubkey": "key_invalid", "signature": "signature_invalid"}[kind]
    else:
        assert caught.value.code.startswith("point_")


def compressed(point: dict[str, str]) -> bytes:
    """A point of the vectors in compressed form: flags, then x with its higher coefficient first."""
    field = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
    x, y = ([int(part, 16) for part in point[name].split(",")] for name in "xy")
    highest = next((part for part in reversed(y) if part), 0)
    data = bytearray(b"".join(part.to_bytes(48, "big") for part in reversed(x)))
    data[0] |= 0x80 | (0x20 if highest > (field - 1) // 2 else 0)
    return bytes(data)


@pytest.mark.parametrize("case", cases("hash_to_G2"))
def test_ethereum_hash_to_g2(case: dict[str, Any]) -> None:
    tag = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
    message = case["input"]["msg"].encode()
    assert _core.hash_to_g2(message, tag) == compressed(case["output"])


@pytest.mark.parametrize("path", sorted(HASH_TO_CURVE.glob("BLS*.json")), ids=lambda path: path.stem)
def test_rfc_9380_suites(path: Path) -> None:
    suite = json.loads(path.read_text())
    function = {
        "BLS12381G1_XMD:SHA-256_SSWU_RO_": _core.hash_to_g1,
        "BLS12381G2_XMD:SHA-256_SSWU_NU_": _core.encode_to_g2,
    }[suite["ciphersuite"]]
    assert suite["vectors"]
    ran(len(suite["vectors"]))
    for vector in suite["vectors"]:
        found = function(vector["msg"].encode(), suite["dst"].encode())
        assert found == compressed(vector["P"]), vector["msg"][:20]


def wycheproof(name: str) -> list[Any]:
    document = json.loads((WYCHEPROOF / name).read_text())
    found = [
        pytest.param(group, test, id=f"{test['tcId']}-{test['result']}")
        for group in document["testGroups"]
        for test in group["tests"]
    ]
    assert len(found) == document["numberOfTests"]
    return found


@pytest.mark.parametrize(("group", "case"), wycheproof("bls_hash_to_g2_test.json"))
def test_wycheproof_hash_to_g2(group: dict[str, Any], case: dict[str, Any]) -> None:
    found = _core.hash_to_g2(bytes.fromhex(case["msg"]), group["dst"].encode())
    assert (found == bytes.fromhex(case["expected"])) == (case["result"] == "valid")


@pytest.mark.parametrize(("group", "case"), wycheproof("bls_sig_g2_basic_verify_test.json"))
def test_wycheproof_basic_verify(group: dict[str, Any], case: dict[str, Any]) -> None:
    assert group["ciphersuite"] == Suite.MIN_PK_BASIC.id
    key = bytes.fromhex(group["publicKey"]["pk"])
    signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])

    def check() -> None:
        public = PublicKey.from_bytes(key, Suite.MIN_PK_BASIC)
        public.verify(Signature.from_bytes(signature, Suite.MIN_PK_BASIC), message)

    assert holds(check) == (case["result"] == "valid"), case["comment"]


def test_every_file_of_the_folder_is_read() -> None:
    read = {"sign", "verify", "aggregate", "aggregate_verify", "fast_aggregate_verify", "batch_verify"}
    read |= {"deserialization_G1", "deserialization_G2", "hash_to_G2", "formats"}
    assert {path.name for path in ETHEREUM.iterdir()} == read
    names = {path.name for path in WYCHEPROOF.iterdir()}
    assert names == {"bls_hash_to_g2_test.json", "bls_sig_g2_basic_verify_test.json"}


def test_key_generation_of_eip_2333() -> None:
    """EIP-2333, test case 0: the master secret is KeyGen with the salt of version 4, the default here."""
    seed = bytes.fromhex(
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141"
        "630c7a3c4ab7c81b2f001698e7463b04"
    )
    master = 6083874454709270928345386274498605044986640685124978867557563392430687146096
    assert int.from_bytes(SecretKey.derive(seed).to_bytes(), "big") == master
