"""Statements: one form, the right signature, everything else refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from registry_under_test import DAY, START, URI, first_statement, manager_keys
from trustid import keys
from trustid.credentials import jose
from trustid.encoding import b64url_encode, canonicalize, dump_json
from trustid.errors import ConfigurationError, TrustidError
from trustid.status.accumulator import Accumulator
from trustid.status.epochs.statement import (
    MAX_STATEMENT_BYTES,
    STATEMENT_TYP,
    EpochStatement,
    check_registry_uri,
    keys_by_thumbprint,
    read_statement,
    sign_statement,
    statement_text,
)
from trustid.status.epochs.trust import EpochPolicy, RegistryTrust

SECRET = manager_keys(64)
KEY = SECRET.signing_keys[0]
KEYS = keys_by_thumbprint(KEY.public_key)
FIRST = first_statement(SECRET)
VALUE = FIRST.accumulator.value
SECOND = replace(
    FIRST,
    accumulator=Accumulator.from_bytes((1).to_bytes(8, "big") + VALUE),
    previous=sign_statement(FIRST, KEY).hash,
    issued_at=START + DAY,
    next_at=START + 2 * DAY,
)


def read(token: str) -> EpochStatement:
    return read_statement(token, KEYS, registry=URI).statement


def signed_payload(payload: bytes, *, typ: str = STATEMENT_TYP, key: Any = KEY) -> str:
    return jose.sign({"typ": typ, "kid": KEY.public_key.thumbprint()}, payload, key)


@pytest.mark.parametrize("kind", keys.KINDS)
@pytest.mark.parametrize("statement", [FIRST, SECOND], ids=["first", "second"])
def test_what_is_signed_is_read(kind: Any, statement: EpochStatement) -> None:
    key = keys.generate(kind)
    signed = sign_statement(statement, key)
    found = read_statement(signed.token, keys_by_thumbprint(key.public_key), registry=URI)
    assert found == signed
    assert found.hash == sign_statement(statement, key).hash
    assert EpochStatement.from_claims(statement.to_claims()) == statement
    named = sign_statement(statement, key, kid="did:web:hospital.example#1")
    assert read_statement(named.token, {"did:web:hospital.example#1": key.public_key}, registry=URI) == named


def test_B173_unsigned_or_signed_by_another_key() -> None:
    payload = canonicalize(FIRST.to_claims())
    assert read(signed_payload(payload)) == FIRST
    assert read(signed_payload(payload, typ="application/trustid-epoch+jwt")) == FIRST
    stranger = keys.generate("Ed25519")
    good = signed_payload(payload)
    header, body, signature = good.split(".")
    other_value = b64url_encode(canonicalize(FIRST.to_claims() | {"iat": START + 1}))
    bad = {
        "another key under the same name": signed_payload(payload, key=stranger),
        "another key under its own name": sign_statement(FIRST, stranger).token,
        "another type": signed_payload(payload, typ="statuslist+jwt"),
        "no type": jose.sign({"kid": KEY.public_key.thumbprint()}, payload, KEY),
        "no key named": jose.sign({"typ": STATEMENT_TYP}, payload, KEY),
        "another payload": f"{header}.{other_value}.{signature}",
        "another algorithm": signed_payload(payload, key=keys.generate("P-256")),
    }
    for name, token in bad.items():
        with refused("acc_value_untrusted") as caught:
            read(token)
        assert name
        assert URI not in str(caught.value)
    with refused("acc_value_untrusted"):
        read_statement(good, KEYS, registry=URI + "2")
    none = b64url_encode(dump_json({"alg": "none", "typ": STATEMENT_TYP}))
    with refused("alg_not_allowed"):
        read(f"{none}.{body}.")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"more": 1}, "malformed"),
        ({"previous": b64url_encode(bytes(32))}, "malformed"),
        ({"epoch": 1}, "malformed"),
        ({"epoch": -1}, "malformed"),
        ({"epoch": False}, "claim_type_invalid"),
        ({"epoch": 0.5}, "malformed"),
        ({"iat": "1"}, "claim_type_invalid"),
        ({"iat": -1}, "claim_type_invalid"),
        ({"next": START}, "malformed"),
        ({"next": None}, "claim_type_invalid"),
        ({"value": b64url_encode(VALUE[1:])}, "malformed"),
        ({"value": 7}, "malformed"),
        ({"value": b64url_encode(bytes([0xC0]) + bytes(47))}, "point_identity"),
        ({"value": b64url_encode(bytes(48))}, "point_encoding"),
        ({"rows": b64url_encode(bytes(31))}, "malformed"),
        ({"params": "===="}, "malformed"),
        ({"sub": None}, "malformed"),
        ({"sub": URI + "/"}, "malformed"),
    ],
)
def test_B173_B174_a_statement_of_another_form(change: dict[str, Any], code: str) -> None:
    claims = FIRST.to_claims()
    assert read(signed_payload(canonicalize(claims))) == FIRST
    with refused(code):
        read(signed_payload(canonicalize(claims | change)))


@pytest.mark.parametrize("name", sorted(SECOND.to_claims()))
def test_no_member_may_be_missing(name: str) -> None:
    claims = SECOND.to_claims()
    assert read(signed_payload(canonicalize(claims))) == SECOND
    del claims[name]
    with refused("malformed"):
        read(signed_payload(canonicalize(claims)))


def test_a_statement_has_one_form() -> None:
    """Otherwise one content could have two hashes, and a reader could be shown either."""
    claims = FIRST.to_claims()
    for payload in (dump_json(dict(reversed(claims.items()))), canonicalize(claims) + b" "):
        with refused("malformed"):
            read(signed_payload(payload))
    with refused("duplicate_key"):
        read(signed_payload(canonicalize(claims)[:-1] + b',"epoch":0}'))
    with refused("limit_exceeded"):
        read("a" * (MAX_STATEMENT_BYTES + 1))
    with refused("malformed"):
        statement_text("é".encode())


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "registry",
        "ftp://hospital.example/r",
        "https://hospital.example/",
        "https://hospital.example/r?x=1",
        "https://hospital.example/r#x",
        "https://ada@hospital.example/r",
        "https:///r",
        "https://hospital.example:x/r",
        "https://hospital.example/r\n",
        "https://hospital.example/a b",
        "https://hospitäl.example/r",
        "https://hospital.example/" + "r" * 1024,
        7,
    ],
)
def test_what_is_no_name_of_a_registry(uri: object) -> None:
    assert check_registry_uri(URI) == URI
    assert check_registry_uri("http://localhost:8001/r") == "http://localhost:8001/r"
    with refused("malformed"):
        check_registry_uri(uri)


def test_trust_without_a_key_and_ages_below_zero_are_refused() -> None:
    assert RegistryTrust(URI, KEYS).keys == KEYS
    assert EpochPolicy(previous_seconds=0).previous_seconds == 0
    with pytest.raises(ConfigurationError):
        RegistryTrust(URI, {})
    for bad in (
        {"max_age_seconds": 0},
        {"previous_seconds": -1},
        {"renew_seconds": -1},
        {"skew_seconds": -1},
    ):
        with pytest.raises(ConfigurationError):
            EpochPolicy(**bad)


@given(st.binary(max_size=300) | st.text(max_size=60).map(str.encode))
def test_only_our_errors_leave(payload: bytes) -> None:
    for token in (signed_payload(payload), payload.decode("latin-1")):
        with pytest.raises(TrustidError):
            read(token)
