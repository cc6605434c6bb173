"""Change valid inputs at random and give them to every parser: only typed errors may come out.

    python -m tools.fuzz [--seconds 60] [--seed N] [TARGET ...]

Each target starts from inputs that it accepts (the project's vectors, and what
the library writes), cuts, repeats, swaps and splices them, and checks a law of
its own where an input is accepted. What breaks a law, or raises anything but a
`TrustidError`, is printed as base64 with the seed. The Rust decoders have
targets of their own in rust/fuzz, guided by coverage; these are not.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.fuzz_selective import base_values, check_base, check_derived, derived_values
from trustid.credentials import jose
from trustid.credentials.cose import CoseMac0, CoseSign1
from trustid.credentials.mdoc import DeviceResponse, Mdoc
from trustid.credentials.model import Credential
from trustid.credentials.sd_jwt import SdJwt
from trustid.did.document import DidDocument
from trustid.did.key import resolve as resolve_did_key
from trustid.did.syntax import Did, DidUrl
from trustid.encoding import (
    canonicalize,
    cbor_decode,
    cbor_encode,
    dump_json,
    parse_json,
    parse_json_object,
)
from trustid.errors import TrustidError
from trustid.protocols.dcql_query import DcqlQuery
from trustid.status.bitstring import Bitstring
from trustid.status.token_list import TokenStatusList

__all__ = ["TARGETS", "Target", "fuzz", "mutated"]

VECTORS = Path(__file__).resolve().parents[1] / "tests" / "vectors"
SEED_BYTES_MAX = 1 << 14
INTERESTING = (
    b"",
    b"\0",
    b"\xff",
    b"~",
    b".",
    b"=",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"-1",
    b"1e999",
    b"{}",
    b"[" * 70,
    b"\xf6",
    b"\x9f",
)
CHANGES_MAX = 4


@dataclass(frozen=True)
class Target:
    """A parser, and inputs that it accepts.

    Attributes:
        check: Reads one input; may assert what must hold for an accepted one.
        seeds: Where to start from.
    """

    check: Callable[[bytes], object]
    seeds: Callable[[], Iterator[bytes]]


def mutated(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """One input from another: some bytes changed, cut, repeated, or taken from elsewhere."""
    for _ in range(chance.randint(1, CHANGES_MAX)):
        start = chance.randint(0, len(data))
        end = min(len(data), start + chance.choice((0, 1, 1, 2, 4, 16, 64)))
        other = chance.choice(others)
        place = chance.randint(0, len(other))
        part = chance.choice(
            (
                b"",
                bytes([chance.randrange(256)]),
                chance.choice(INTERESTING),
                data[start:end] * 2,
                bytes(byte ^ (1 << chance.randrange(8)) for byte in data[start:end]),
                other[place : place + chance.choice((1, 4, 16, 64))],
            )
        )
        data = data[:start] + part + data[end:]
    return data


# --- seeds ----------------------------------------------------------------------


def _files(*patterns: str) -> Iterator[bytes]:
    for pattern in patterns:
        for path in sorted(VECTORS.glob(pattern)):
            data = path.read_bytes().strip()
            if 0 < len(data) <= SEED_BYTES_MAX:
                yield data


def _texts(*patterns: str, start: str, least: int = 40) -> Iterator[bytes]:
    """Every string of JSON files that begins so."""
    for pattern in patterns:
        for path in sorted(VECTORS.glob(pattern)):
            for text in _strings(parse_json(path.read_bytes(), max_bytes=1 << 24)):
                if text.startswith(start) and least <= len(text) <= SEED_BYTES_MAX and text.isascii():
                    yield text.encode("ascii")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _hexadecimal(*patterns: str) -> Iterator[bytes]:
    for pattern in patterns:
        for path in sorted(VECTORS.glob(pattern)):
            for text in _strings(parse_json(path.read_bytes(), max_bytes=1 << 24)):
                try:
                    data = bytes.fromhex(text)
                except ValueError:
                    continue
                if 8 < len(data) <= SEED_BYTES_MAX:
                    yield data


def _dids() -> Iterator[bytes]:
    yield from _texts("did-key/*.json", "did-peer/*.json", "did-web/*.json", start="did:", least=10)
    yield b"did:web:school.example%3A8443:a?versionId=1&x=%20#key-1"


def _status_lists() -> Iterator[bytes]:
    for vector in parse_json((VECTORS / "token-status-list" / "short-lists.json").read_bytes()):
        yield dump_json(vector["json"])


def _issuer_signed() -> Iterator[bytes]:
    yield from (bytes.fromhex(path.read_text()) for path in VECTORS.glob("mdoc/isomdl/issuer_signed.cbor"))


# --- what must hold ---------------------------------------------------------------


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _json(data: bytes) -> None:
    value = parse_json(data)
    try:
        text = canonicalize(value)
    except TrustidError:
        return  # an integer beyond 2^53 is JSON, and has no canonical form
    assert canonicalize(parse_json(text)) == text


def _cbor(data: bytes) -> None:
    cbor_encode(cbor_decode(data))


def _jws(data: bytes) -> None:
    jws = jose.parse(_text(data))
    assert jws.compact() == _text(data)
    jws.claims()


def _sd_jwt(data: bytes) -> None:
    parsed = SdJwt.parse(_text(data))
    assert parsed.serialize() == _text(data)
    parsed.claims()


def _did_url(data: bytes) -> None:
    assert str(DidUrl.parse(_text(data))) == _text(data)


def _did_key(data: bytes) -> None:
    did = Did.parse(_text(data))
    document = resolve_did_key(did).to_json()
    DidDocument.from_json(document, str(did))


def _cose(data: bytes) -> None:
    for kind in (CoseSign1, CoseMac0):
        try:
            kind.parse(data).to_bytes()
        except TrustidError:
            continue


def _mdoc(data: bytes) -> None:
    Mdoc.parse(data).claims()


def _device_response(data: bytes) -> None:
    for document in DeviceResponse.parse(data).documents:
        document.mdoc.claims()
        document.device_claims()


def _credential(data: bytes) -> None:
    Credential.read(parse_json_object(data))


def _dcql(data: bytes) -> None:
    DcqlQuery.parse(parse_json(data))


def _status_token(data: bytes) -> None:
    found = TokenStatusList.from_claim(parse_json(data))
    assert TokenStatusList.from_claim(found.to_claim()) == found


TARGETS: dict[str, Target] = {
    "cbor": Target(_cbor, lambda: _hexadecimal("cbor/*.json", "mdoc/*.json")),
    "cose": Target(
        _cose, lambda: _hexadecimal("cose/sign*/*.json", "cose/mac0*/*.json", "cose/RFC8152/*.json")
    ),
    "credential": Target(_credential, lambda: _files("di-eddsa/unsigned.json", "vcdm2/**/*.json")),
    "dcql": Target(_dcql, lambda: _files("openid4vp/query_lang/*.json")),
    "device_response": Target(_device_response, lambda: _hexadecimal("mdoc/*.json")),
    "did_key": Target(_did_key, lambda: _texts("did-key/*.json", start="did:key:")),
    "did_url": Target(_did_url, _dids),
    "json": Target(_json, lambda: _files("jcs/input/*.json", "vcdm2/**/*.json")),
    "jws": Target(
        _jws,
        lambda: _texts(
            "token-status-list/tokens.json", "wycheproof/json_web_signature_test.json", start="ey"
        ),
    ),
    "mdoc": Target(_mdoc, _issuer_signed),
    "sd_base_proof": Target(check_base, base_values),
    "sd_derived_proof": Target(check_derived, derived_values),
    "sd_jwt": Target(_sd_jwt, lambda: _texts("sd-jwt/*.json", "sd-jwt-vc/*.json", start="ey")),
    "status_bitstring": Target(
        lambda data: Bitstring.decode(_text(data)), lambda: _texts("bitstring-status-list/*.json", start="uH")
    ),
    "status_token": Target(_status_token, _status_lists),
}


def fuzz(
    target: Target, *, seed: int, seconds: float | None = None, count: int | None = None
) -> tuple[int, int]:
    """Run one target, for so many seconds or so many inputs.

    Returns:
        How many inputs were tried, and how many of them were accepted.

    Raises:
        AssertionError: An input broke a law, or raised what no caller expects;
            the message holds it.
    """
    chance = random.Random(seed)
    seeds = list(target.seeds())
    if not seeds:
        raise AssertionError("expected inputs to start from")
    pool = list(seeds)
    tried = accepted = 0
    end = None if seconds is None else time.monotonic() + seconds
    while (count is None or tried < count) and (end is None or time.monotonic() < end):
        data = seeds[tried] if tried < len(seeds) else mutated(chance.choice(pool), seeds, chance)
        tried += 1
        try:
            target.check(data)
        except TrustidError:
            continue
        except Exception as err:
            raise AssertionError(f"seed {seed}, input {b64encode(data).decode()}: {err!r}") from err
        accepted += 1
        # What is accepted is worth starting from, as long as the pool stays small.
        if len(data) <= SEED_BYTES_MAX:
            pool.append(data)
            if len(pool) > 4 * len(seeds) + 64:
                pool.pop(chance.randrange(len(seeds), len(pool)))
    return tried, accepted


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the targets one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args(arguments)
    failed = False
    for name in options.targets or TARGETS:
        try:
            tried, accepted = fuzz(TARGETS[name], seed=options.seed, seconds=options.seconds)
            print(f"{name:<20}{tried:>10} tried{accepted:>10} accepted", flush=True)
        except AssertionError as err:
            failed = True
            traceback.print_exception(err)
            print(f"{name:<20}FAILED", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
