"""A published registry read a second time, from docs/revocation.md alone.

Hashes, base64url, JSON and one signature check from another library: nothing of
`trustid` reads here, it only publishes.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from registry_under_test import URI, memory_folder, world

BLOCK_ROWS = 4096
ROW_BYTES = 48


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def unpadded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def statement_of(token: str, key: Ed25519PublicKey) -> tuple[dict[str, Any], bytes]:
    """Claims and hash of a statement."""
    header, payload, signature = token.split(".")
    key.verify(unpadded(signature), f"{header}.{payload}".encode())
    assert json.loads(unpadded(header))["typ"] == "trustid-epoch+jwt"
    data = unpadded(payload)
    claims = json.loads(data)
    # JCS of ASCII names, ASCII texts and whole numbers is what this writes.
    assert json.dumps(claims, sort_keys=True, separators=(",", ":")).encode() == data
    return claims, sha256(b"TrustID-statement-1\n", data)


def root_from(leaf: bytes, index: int, count: int, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2."""
    node, last = leaf, count - 1
    for sibling in path:
        assert last > 0
        if index & 1 or index == last:
            node = sha256(b"\x01", sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = sha256(b"\x01", node, sibling)
        index, last = index >> 1, last >> 1
    assert last == 0
    return node


@pytest.fixture(scope="module")
def published() -> Iterator[tuple[Path, Ed25519PublicKey]]:
    for folder in memory_folder():
        made = world(folder, capacity=6 * BLOCK_ROWS + 5)
        made.publish(made.slots[0])
        made.publish()
        yield made.folder, Ed25519PublicKey.from_public_bytes(made.registry.statement_key.to_bytes())


def test_the_chain(published: tuple[Path, Ed25519PublicKey]) -> None:
    folder, key = published
    previous, issued_at = None, 0
    params = (folder / "params").read_bytes()
    for epoch in range(3):
        token = (folder / "epochs" / str(epoch) / "statement").read_text()
        claims, digest = statement_of(token, key)
        assert (claims["sub"], claims["epoch"]) == (URI, epoch)
        assert claims.get("previous") == previous
        assert unpadded(claims["params"]) == sha256(params)
        assert issued_at < claims["iat"] < claims["next"]
        previous, issued_at = b64url(digest), claims["iat"]
    assert (folder / "epochs" / "latest").read_text() == token
    header, payload, _ = token.split(".")
    with pytest.raises(InvalidSignature):
        statement_of(f"{header}.{payload}.{'A' * 86}", key)


def test_every_block_leads_to_the_root(published: tuple[Path, Ed25519PublicKey]) -> None:
    folder, key = published
    params = (folder / "params").read_bytes()
    capacity = int.from_bytes(params[208:216], "big")
    count = -(-capacity // BLOCK_ROWS)
    for epoch in (1, 2):
        claims, _ = statement_of((folder / "epochs" / str(epoch) / "statement").read_text(), key)
        accumulator = epoch.to_bytes(8, "big") + unpadded(claims["value"])
        for number in range(count):
            data = (folder / "epochs" / str(epoch) / "blocks" / str(number)).read_bytes()
            rows = data[len(data) - ROW_BYTES * min(BLOCK_ROWS, capacity - number * BLOCK_ROWS) :]
            path = data[: len(data) - len(rows)]
            block = sha256(b"TrustID-block-01", sha256(params), accumulator, number.to_bytes(8, "big"), rows)
            hashes = [path[at : at + 32] for at in range(0, len(path), 32)]
            assert root_from(sha256(b"\x00", block), number, count, hashes) == unpadded(claims["rows"])
    assert not (folder / "epochs" / "0" / "blocks").exists()


def test_keys_that_are_handed_over() -> None:
    """From the first key alone, forwards: each statement says who signs the next one, and where that was said."""
    for folder in memory_folder():
        made = world(folder)
        key = Ed25519PublicKey.from_public_bytes(made.registry.statement_key.to_bytes())
        for _ in range(2):
            made.publish()
            made.hand_over("Ed25519")
            made.publish()
        made.publish()
        signers, handover = [key], None
        for epoch in range(6):
            token = (made.folder / "epochs" / str(epoch) / "statement").read_text()
            claims, _ = statement_of(token, signers[-1])
            assert claims.get("handover") == handover
            kid = json.loads(unpadded(token.partition(".")[0]))["kid"]
            jwk = {"crv": "Ed25519", "kty": "OKP", "x": b64url(signers[-1].public_bytes_raw())}
            assert kid == b64url(sha256(json.dumps(jwk, separators=(",", ":")).encode()))
            if "successor" in claims:
                assert claims["successor"].keys() == jwk.keys()
                signers.append(Ed25519PublicKey.from_public_bytes(unpadded(claims["successor"]["x"])))
                handover = epoch
            elif len(signers) > 1:
                with pytest.raises(InvalidSignature):
                    statement_of(token, signers[-2])
        assert (len(signers), handover) == (3, 4)
