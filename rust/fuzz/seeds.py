"""Fill the fuzz targets' corpora from the project's vectors: `python rust/fuzz/seeds.py`."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trustid.keys.bls import KeyStore, SecretKey
from trustid.status.accumulator import Manager

FUZZ = Path(__file__).parent
VECTORS = FUZZ.parents[1] / "tests" / "vectors" / "bls"
LENGTHS = {32, 47, 48, 49, 95, 96, 97, 192}


def texts(value: Any) -> Iterator[str]:
    """Every string of a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict):
        yield from texts(list(value.values()))


def save(target: str, data: bytes) -> None:
    """Put one input into a target's corpus, under its digest."""
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(data).hexdigest()[:32]).write_bytes(data)


def points() -> None:
    """Points and keys of the vectors, good and bad ones, and keys with their proofs."""
    for path in VECTORS.rglob("*.json"):
        for text in texts(json.loads(path.read_text())):
            try:
                data = bytes.fromhex(text.removeprefix("0x"))
            except ValueError:
                continue
            if len(data) in LENGTHS:
                save("bls_points", data)
    secret = SecretKey.derive(b"f" * 32)
    save("bls_points", bytes(secret.public_key()) + bytes(secret.prove_possession()))


def stores() -> None:
    """Small key stores, and their keys without the header."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (0, 1, 3, 9):
            secrets = [SecretKey.derive(b"f" * 32, info=bytes([index])) for index in range(count)]
            path = Path(folder) / "keys"
            KeyStore.build(path, b"".join(bytes(secret.public_key()) for secret in secrets), None)
            data = path.read_bytes()
            save("bls_store", data)
            save("bls_store", data[64:])


def membership() -> None:
    """Parameters, values, commitments, openings and proofs of the accumulator's own vectors."""
    path = FUZZ.parents[1] / "tests" / "own_vectors" / "revocation" / "membership.json"
    for text in texts(json.loads(path.read_text())):
        save("membership", bytes.fromhex(text))


def rows() -> None:
    """The file of rows that the target itself makes, without rows, and cut short."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        Manager._create_derand(bytes([7] * 64), b"registry", 8).write_rows(path)
        data = path.read_bytes()
        for seed in (data, bytes(8 * 48) + data[8 * 48 :], data[:-1]):
            save("rows", seed)


def readers() -> None:
    """Documents, disclosures, identifiers and statements of the vectors."""
    vectors = FUZZ.parents[1] / "tests" / "vectors"
    for path in (vectors / "sd-jwt").glob("*.json"):
        for text in texts(json.loads(path.read_text())):
            for part in text.split("~"):
                save("text", part.encode())
    for path in [*(vectors / "jcs" / "input").glob("*.json"), *(vectors / "vcdm2").rglob("*.json")]:
        save("text", path.read_bytes())
        save("rdf", path.read_bytes())
    # What the target makes an SD-JWT of: `#1` stands for the digest of the next disclosure.
    save("text", b'{"_sd":["#1"],"_sd_alg":"sha-256"}\0["s","n",{"_sd":["#1"],"o":1}]\0["s","m",[1]]')
    save("text", b'{"l":[1,{"...":"#1"},{"...":"decoy"}],"i":{"_sd":[]}}\0["s",{"a":[]}]')
    save("text", b'{"a":{"b":[1,{"c":2}]},"d":3}\0[["a"],["a","b",null],["a","b",1,"c"],["d"]]')
    for path in (vectors / "rdfc10").rglob("*.nq"):
        save("rdf", path.read_bytes())


if __name__ == "__main__":
    readers()
    points()
    stores()
    membership()
    rows()
