"""A proof in a credential, checked from docs/revocation.md alone: JSON, base64, SHA-256, Ed25519 and py_ecc.

Nothing of this project is used but the vectors, and the formulas that the sister module wrote down on py_ecc.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from py_ecc.bls.point_compression import decompress_G2
from py_ecc.optimized_bls12_381 import G2, add, curve_order, multiply, neg, normalize, pairing

from oracle.test_membership_py_ecc import challenge, g1, generator, numbers, read_g1

FILE = Path(__file__).parents[1] / "own_vectors" / "revocation" / "credential.json"
Json = dict[str, Any]


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def payload(jwt: str) -> Json:
    found: Json = json.loads(unb64(jwt.split(".")[1]))
    return found


def check_signature(jwt: str, jwk: Json) -> None:
    signed, _, signature = jwt.rpartition(".")
    Ed25519PublicKey.from_public_bytes(unb64(jwk["x"])).verify(unb64(signature), signed.encode())


@pytest.fixture(scope="module")
def vectors() -> Json:
    loaded: Json = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def case(vectors: Json) -> Json:
    """What a verifier hashes, gathered from credential, statement and its own request."""
    credential = vectors["presentation"].split("~")[0]
    statement = payload(vectors["statement"])
    params = bytes.fromhex(vectors["params"])
    return {
        "capacity": int.from_bytes(params[208:216], "big"),
        "params": params,
        "registry": statement["sub"].encode(),
        "accumulator": statement["epoch"].to_bytes(8, "big") + unb64(statement["value"]),
        "commitment": unb64(payload(credential)["status"]["accumulator"]["commitment"]),
        "verifier": vectors["audience"].encode(),
        "nonce": vectors["nonce"].encode(),
        "credential_hash": hashlib.sha256(credential.encode()).digest(),
    }


def test_signatures_and_what_they_tie_together(vectors: Json) -> None:
    credential, binding = vectors["presentation"].split("~")
    check_signature(credential, vectors["issuer_jwk"])
    check_signature(binding, payload(credential)["cnf"]["jwk"])
    check_signature(vectors["statement"], vectors["manager_jwk"])
    assert vectors["credential_response_entry"]["credential"] == f"{credential}~"
    said, bound = payload(vectors["statement"]), payload(binding)
    entry = payload(credential)["status"]["accumulator"]
    assert entry["registry"] == said["sub"] == bytes.fromhex(vectors["params"])[216:].decode()
    assert unb64(said["params"]) == hashlib.sha256(bytes.fromhex(vectors["params"])).digest()
    assert (bound["aud"], bound["nonce"]) == (vectors["audience"], vectors["nonce"])
    assert bound["status_proof"].keys() == {"epoch", "proof"}
    assert bound["status_proof"]["epoch"] == said["epoch"]


def test_the_secrets_open_the_commitment_and_answer_the_row(vectors: Json, case: Json) -> None:
    secrets = vectors["credential_response_entry"]["status_secrets"]
    assert secrets.keys() == {"slot", "y", "rho"}
    (y,), (rho,) = numbers(unb64(secrets["y"])), numbers(unb64(secrets["rho"]))
    assert g1(add(multiply(generator(b"G"), y), multiply(generator(b"H"), rho))) == case["commitment"]
    row, value = read_g1(bytes.fromhex(vectors["row"])), read_g1(case["accumulator"][8:])
    assert pairing(public_key(case), row) == pairing(G2, add(value, neg(multiply(row, y))))


def public_key(case: Json) -> Any:
    data = case["params"][112:208]
    return decompress_G2((int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big")))


def proof_of(vectors: Json) -> bytes:
    return unb64(payload(vectors["presentation"].split("~")[1])["status_proof"]["proof"])


def test_the_proof_is_the_one_that_the_formulas_give(vectors: Json, case: Json) -> None:
    secrets = vectors["credential_response_entry"]["status_secrets"]
    (y,), (rho,) = numbers(unb64(secrets["y"])), numbers(unb64(secrets["rho"]))
    r, mask_r, mask_y, mask_rho = numbers(bytes.fromhex(vectors["randomness"]))
    row, value = read_g1(bytes.fromhex(vectors["row"])), read_g1(case["accumulator"][8:])
    a = multiply(row, r)
    b = add(multiply(value, r), neg(multiply(a, y)))
    t1 = add(multiply(value, mask_r), neg(multiply(a, mask_y)))
    t2 = add(multiply(generator(b"G"), mask_y), multiply(generator(b"H"), mask_rho))
    points = [g1(point) for point in (a, b, t1, t2)]
    c = challenge(case, points)
    responses = [mask_r + c * r, mask_y + c * y, mask_rho + c * rho]
    made = b"".join(points) + b"".join((number % curve_order).to_bytes(32, "big") for number in responses)
    assert made == proof_of(vectors)


def test_B177_the_proof_holds_for_this_credential_and_no_other(vectors: Json, case: Json) -> None:
    proof = proof_of(vectors)
    sent = [proof[48 * index : 48 * index + 48] for index in range(4)]
    a, b, t1, t2 = (read_g1(point) for point in sent)
    randomizer, y, rho = numbers(proof[192:])
    value, k = read_g1(case["accumulator"][8:]), read_g1(case["commitment"])
    assert pairing(public_key(case), a) == pairing(G2, b)
    other = hashlib.sha256(b"another credential").digest()
    for changes, fits in (({}, True), ({"credential_hash": other}, False), ({"verifier": b"x"}, False)):
        c = challenge({**case, **changes}, sent)
        left = add(multiply(value, randomizer), neg(multiply(a, y)))
        assert fits == (normalize(left) == normalize(add(t1, multiply(b, c))))
        left = add(multiply(generator(b"G"), y), multiply(generator(b"H"), rho))
        assert fits == (normalize(left) == normalize(add(t2, multiply(k, c))))
