"""SD-JWT: every rule of RFC 9901, section 7, broken once beside a twin that keeps it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import texts
from trustid.credentials import jose, sd_jwt_json
from trustid.credentials.disclosure import (
    HASHES,
    MAX_CLAIMS_DEPTH,
    MAX_DISCLOSURES,
    Disclosure,
    digests_of,
    parse_many,
)
from trustid.credentials.sd_jwt import SdJwt, check_key_binding, issue
from trustid.credentials.sd_jwt_issuing import conceal
from trustid.encoding import b64url_decode, b64url_encode, dump_json
from trustid.errors import TrustidError
from trustid.keys import SigningKey, generate

ISSUER = generate("P-256")
HOLDER = generate("P-256")
NOW = 1_800_000_000
AUDIENCE = "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk"
NONCE = "n-0S6_WzA2Mj"


def disclosure(*parts: Any) -> str:
    return b64url_encode(json.dumps(parts).encode())


def digest(text: str) -> str:
    return Disclosure(text, "", None, None).digest()


def token(payload: dict[str, Any], *disclosures: str, key: SigningKey = ISSUER) -> str:
    return "~".join([jose.sign({"typ": "example+sd-jwt"}, payload, key), *disclosures, ""])


def processed(text: str) -> Any:
    sd_jwt = SdJwt.parse(text)
    jose.verify(sd_jwt.issuer_jwt, ISSUER.public_key, algorithms=["ES256"], typ="example+sd-jwt")
    return sd_jwt.claims()


def refused(code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(TrustidError) as caught:
        call(*args, **options)
    assert caught.value.code == code
    assert len(str(caught.value)) < 260


AGE = disclosure("salt-of-age", "over_18", False)
NAME = disclosure("salt-of-name", "name", "Ada")
ELEMENT = disclosure("salt-of-element", "DE")
PAYLOAD = {
    "iss": "https://issuer.example",
    "_sd": [digest(AGE), digest(NAME)],
    "n": [{"...": digest(ELEMENT)}],
}


def test_twin() -> None:
    assert processed(token(PAYLOAD, AGE, NAME, ELEMENT)) == {
        "iss": "https://issuer.example",
        "over_18": False,
        "name": "Ada",
        "n": ["DE"],
    }


def test_B040_disclosure_changed() -> None:
    assert processed(token(PAYLOAD, AGE))["over_18"] is False
    refused("disclosure_unreferenced", processed, token(PAYLOAD, disclosure("salt-of-age", "over_18", True)))


def test_B041_disclosure_extra() -> None:
    assert processed(token(PAYLOAD, AGE))["over_18"] is False
    refused("disclosure_unreferenced", processed, token(PAYLOAD, AGE, disclosure("salt", "admin", True)))
    hidden = disclosure("salt", "inner", {"_sd": [digest(NAME)]})
    refused("disclosure_unreferenced", processed, token({"_sd": [digest(hidden)]}, NAME))


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": [digest(NAME), digest(NAME)]},
        {"_sd": [digest(NAME)], "inner": {"_sd": [digest(NAME)]}},
        {"_sd": [digest(NAME)], "n": [{"...": digest(NAME)}]},
        {"n": [{"...": digest(ELEMENT)}, {"...": digest(ELEMENT)}]},
        {"_sd": ["decoy", "decoy", digest(NAME)]},
    ],
)
def test_B042_digest_twice(payload: dict[str, Any]) -> None:
    assert processed(token({"_sd": [digest(NAME)]}, NAME)) == {"name": "Ada"}
    refused("digest_duplicate", processed, token(payload))


def test_B042_digest_twice_in_a_disclosure() -> None:
    inner = disclosure("salt", "inner", {"_sd": [digest(NAME)]})
    assert processed(token({"_sd": [digest(inner)]}, inner, NAME)) == {"inner": {"name": "Ada"}}
    refused("digest_duplicate", processed, token({"_sd": [digest(inner), digest(NAME)]}, inner, NAME))


def test_B043_disclosure_twice() -> None:
    assert processed(token(PAYLOAD, AGE, NAME))["name"] == "Ada"
    refused("disclosure_duplicate", processed, token(PAYLOAD, AGE, NAME, AGE))


def test_B044_disclosure_shape() -> None:
    assert processed(token({"_sd": [digest(NAME)]}, NAME)) == {"name": "Ada"}
    refused("disclosure_malformed", processed, token({"_sd": [digest(ELEMENT)]}, ELEMENT))
    refused("disclosure_malformed", processed, token({"n": [{"...": digest(NAME)}]}, NAME))
    shapes: list[Any] = [{"salt": 1}, ["s"], ["s", "n", 1, 2], [1, "n", 1], ["s", 1, 1], "text", None, []]
    for shape in shapes:
        text = b64url_encode(json.dumps(shape).encode())
        refused("disclosure_malformed", processed, token({"_sd": [digest(text)]}, text))
    for text in ("####", "WyJhIiwi", b64url_encode(b"\xff\xfe"), AGE + "=", AGE[:-1] + "B"):
        refused("disclosure_malformed", SdJwt.parse, token(PAYLOAD, text))
    double = b64url_encode(b'["s","n",{"a":1,"a":2}]')
    refused("duplicate_key", SdJwt.parse, token({"_sd": [digest(double)]}, double))


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_B045_reserved_name(name: str) -> None:
    bad = disclosure("salt", name, ["x"])
    refused("disclosure_name_forbidden", processed, token({"_sd": [digest(bad)]}, bad))
    good = disclosure("salt", name + "x", ["x"])
    assert processed(token({"_sd": [digest(good)]}, good)) == {name + "x": ["x"]}


@pytest.mark.parametrize("name", ["iss", "exp", "vct", "cnf", "status"])
def test_B046_name_collision(name: str) -> None:
    text = disclosure("salt", name, "attacker")
    assert processed(token({"_sd": [digest(text)]}, text)) == {name: "attacker"}
    refused("disclosure_name_collision", processed, token({name: "issuer", "_sd": [digest(text)]}, text))
    again = disclosure("salt2", name, "other")
    refused(
        "disclosure_name_collision", processed, token({"_sd": [digest(text), digest(again)]}, text, again)
    )


@pytest.mark.parametrize("algorithm", ["md5", "sha-1", "SHA-256", "sha-256 ", "", None, 256, ["sha-256"]])
def test_B049_hash_algorithm(algorithm: Any) -> None:
    assert processed(token({"_sd_alg": "sha-256", "_sd": [digest(NAME)]}, NAME)) == {"name": "Ada"}
    refused("hash_not_allowed", processed, token({"_sd_alg": algorithm, "_sd": [digest(NAME)]}, NAME))


def test_B049_hash_algorithm_misplaced() -> None:
    refused("hash_not_allowed", processed, token({"inner": {"_sd_alg": "sha-256"}}))
    twice = b'{"_sd_alg":"sha-256","_sd_alg":"sha-256"}'
    refused("duplicate_key", SdJwt.parse, jose.sign({"typ": "example+sd-jwt"}, twice, ISSUER) + "~")
    for name in ("sha-384", "sha-512"):
        strong = Disclosure.parse(NAME).digest(name)
        assert processed(token({"_sd_alg": name, "_sd": [strong]}, NAME)) == {"name": "Ada"}
        refused("disclosure_unreferenced", processed, token({"_sd_alg": name, "_sd": [digest(NAME)]}, NAME))


def test_B050_disclosure_spelled_anew() -> None:
    assert processed(token(PAYLOAD, NAME))["name"] == "Ada"
    spaced = b64url_encode(json.dumps(["salt-of-name", "name", "Ada"], indent=1).encode())
    refused("disclosure_unreferenced", processed, token(PAYLOAD, spaced))


def test_B051_depth() -> None:
    def chain(length: int) -> str:
        chained: list[str] = []
        inner: Any = "end"
        for number in range(length):
            text = disclosure(f"salt{number}", "c", inner)
            chained.append(text)
            inner = {"_sd": [digest(text)]}
        return token(inner, *chained)

    value = processed(chain(MAX_CLAIMS_DEPTH))
    for _ in range(MAX_CLAIMS_DEPTH):
        value = value["c"]
    assert value == "end"
    refused("limit_exceeded", processed, chain(1000))
    # A cycle would need a fixed point of SHA-256; two that name each other's guess stay unreferenced.
    one = disclosure("s", "a", {"_sd": ["guess"]})
    two = disclosure("s", "b", {"_sd": [digest(one)]})
    refused("disclosure_unreferenced", processed, token({"_sd": ["another"]}, one, two))


def test_limits() -> None:
    refused("limit_exceeded", SdJwt.parse, "a" * (1 << 20) + "~")
    refused("limit_exceeded", SdJwt.parse, token({}, *[NAME] * (MAX_DISCLOSURES + 1)))
    refused("limit_exceeded", Disclosure.parse, "A" * ((1 << 18) + 1))
    deep = b64url_encode(b'["s","n",' + b"[" * 40 + b"]" * 40 + b"]")
    refused("limit_exceeded", Disclosure.parse, deep)


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": "text"},
        {"_sd": {}},
        {"_sd": [1]},
        {"n": [{"...": 1}]},
        {"n": [{"...": "digest", "more": 1}]},
        {"inner": {"...": "digest"}},
    ],
)
def test_digest_places(payload: dict[str, Any]) -> None:
    """Section 4.1, rule 7: _sd and ... serve for digests only."""
    refused("disclosure_malformed", processed, token(payload))
    assert processed(token({"_sd": [], "n": [{"...": "digest"}], "inner": {"_sd": ["x"]}})) == {
        "n": [],
        "inner": {},
    }


def test_B052_decoys() -> None:
    claims = {"a": 1, "b": 2, "list": [1, 2], "inner": {"c": 3}}
    paths = [("a",), ("b",), ("list", None), ("inner", "c")]
    text = issue(claims, disclosable=paths, key=ISSUER, header={"typ": "example+sd-jwt"}, decoys=4)
    assert processed(text) == claims
    payload = SdJwt.parse(text).payload
    assert (len(payload["_sd"]), len(payload["list"]), len(payload["inner"]["_sd"])) == (6, 6, 5)
    assert payload["_sd"] == sorted(payload["_sd"])
    kept = SdJwt.parse(text).select([("a",)])
    assert processed(kept.serialize()) == {"a": 1, "list": [], "inner": {}}
    assert {len(one) for one in payload["_sd"]} == {43}
    for count in (-1, 65):
        refused("limit_exceeded", conceal, claims, paths, decoys=count)


def test_B053_salts() -> None:
    """Salts are made inside: none repeats, none has fewer than 128 bits, none counts."""
    claims = {f"claim{number}": number for number in range(500)}
    salts = []
    for _ in range(40):
        _, hidden = conceal(claims, [(name,) for name in claims])
        salts += [Disclosure.parse(text).salt for text in hidden.split("~")]
    assert len(set(salts)) == len(salts) == 20_000
    assert min(len(b64url_decode(salt[: len(salt) // 4 * 4])) for salt in salts) * 8 >= 128
    firsts = {salt[:4] for salt in salts}
    assert len(firsts) > 19_000


def test_B054_tildes() -> None:
    good = token(PAYLOAD, NAME)
    assert SdJwt.parse_issued(good).claims()["name"] == "Ada"
    refused("malformed", SdJwt.parse, good.rstrip("~"))
    refused("malformed", SdJwt.parse, good.split("~")[0])
    refused("malformed", SdJwt.parse, good + "~")
    refused("malformed", SdJwt.parse, good.replace("~", "~~", 1))
    refused("malformed", SdJwt.parse, "~" + good)
    refused("malformed", SdJwt.parse, "")
    bound = presentation()
    assert SdJwt.parse(bound).key_binding is not None
    refused("malformed", SdJwt.parse_issued, bound)


def test_B055_json_disclosures_beside_second_signature() -> None:
    text = token(PAYLOAD, NAME)
    second = token(PAYLOAD, key=HOLDER)
    general = sd_jwt_json.to_general(SdJwt.parse(text), [SdJwt.parse(second)])
    first, other = sd_jwt_json.from_json(general)
    assert first.claims() == other.claims()
    jose.verify(other.issuer_jwt, HOLDER.public_key, algorithms=["ES256"], typ="example+sd-jwt")
    for name, value in (("disclosures", []), ("kb_jwt", "a.b.c")):
        bad = json.loads(json.dumps(general))
        bad["signatures"][1]["header"] = {name: value}
        refused("malformed", sd_jwt_json.from_json, bad)


def test_B012_json_headers() -> None:
    good = sd_jwt_json.to_flattened(SdJwt.parse(token(PAYLOAD, NAME)))
    assert sd_jwt_json.from_json(good)[0].claims()["name"] == "Ada"
    header = good["header"]
    unsigned = b64url_encode(dump_json({"typ": "x"}))
    bad: list[dict[str, Any]] = [
        good | {"header": header | {"alg": "ES256"}},
        good | {"header": header | {"typ": "example+sd-jwt"}},
        good | {"header": header | {"alg": "ES256"}, "protected": unsigned},
        good | {"header": []},
        good | {"header": {"disclosures": "text"}},
        good | {"header": {"disclosures": [NAME + "~" + AGE]}},
        good | {"header": {"disclosures": [""]}},
        good | {"header": header | {"kb_jwt": ""}},
        good | {"signatures": [good]},
        {"payload": good["payload"], "signatures": []},
        {"payload": good["payload"], "signatures": "x"},
        {name: value for name, value in good.items() if name != "payload"},
    ]
    for value in bad:
        refused("malformed", sd_jwt_json.from_json, value)
    many = {"payload": good["payload"], "signatures": [{"protected": "a", "signature": "b"}] * 9}
    refused("limit_exceeded", sd_jwt_json.from_json, many)
    refused("limit_exceeded", sd_jwt_json.from_json, good | {"header": {"disclosures": [NAME] * 1025}})
    other = SdJwt.parse(token({"iss": "other"}))
    refused("malformed", sd_jwt_json.to_general, SdJwt.parse(token(PAYLOAD)), [other])


def test_B056_issuer_signature() -> None:
    text = token(PAYLOAD, NAME)
    assert processed(text)["name"] == "Ada"
    jws, rest = text.split("~", 1)
    head, payload, signature = jws.split(".")
    raw = bytearray(b64url_decode(signature))
    raw[10] ^= 1
    refused("signature_invalid", processed, f"{head}.{payload}.{b64url_encode(bytes(raw))}~{rest}")


# --- key binding


def bound_payload(jwk: dict[str, Any] | None = None) -> dict[str, Any]:
    return {**PAYLOAD, "cnf": {"jwk": jwk or HOLDER.public_key.to_jwk()}}


def presentation(**changes: Any) -> str:
    """A presentation with a proof, some of whose claims are other than they should be."""
    typ = changes.pop("typ", "kb+jwt")
    key = changes.pop("key", HOLDER)
    sd_jwt = SdJwt.parse(token(bound_payload(), NAME))
    claims: dict[str, Any] = {
        "iat": NOW,
        "aud": AUDIENCE,
        "nonce": NONCE,
        "sd_hash": sd_jwt.sd_hash(),
    } | changes
    claims = {name: value for name, value in claims.items() if value is not ...}
    return sd_jwt.presentation_text + jose.sign({"typ": typ}, claims, key)


def check(text: str, now: int = NOW, **changes: Any) -> None:
    options: dict[str, Any] = {"audience": AUDIENCE, "nonce": NONCE, "now": now}
    check_key_binding(SdJwt.parse(text), **(options | changes))


def test_bind_twin() -> None:
    sd_jwt = SdJwt.parse_issued(token(bound_payload(), NAME, AGE)).select([("name",)])
    text = sd_jwt.bind(
        HOLDER,
        audience=AUDIENCE,
        nonce=NONCE,
        issued_at=NOW,
        transaction_data_hashes=["h"],
        transaction_data_hashes_alg="sha-256",
        extra_claims={"membership": "proof", "aud": "overridden"},
    )
    check(text)
    received = SdJwt.parse(text)
    assert received.serialize() == text
    assert received.key_binding is not None
    claims = received.key_binding.claims()
    assert claims["transaction_data_hashes"] == ["h"]
    assert claims["transaction_data_hashes_alg"] == "sha-256"
    assert (claims["membership"], claims["aud"]) == ("proof", AUDIENCE)
    refused("holder_mismatch", sd_jwt.bind, ISSUER, audience=AUDIENCE, nonce=NONCE, issued_at=NOW)


def test_B058_kb_required() -> None:
    check(presentation())
    refused("kb_required", check, token(bound_payload(), NAME))


def test_B059_kb_sd_hash() -> None:
    check(presentation())
    other = SdJwt.parse(token(bound_payload(), NAME, AGE))
    refused("kb_sd_hash", check, presentation(sd_hash=other.sd_hash()))
    text = presentation()
    without = digest(SdJwt.parse(text).presentation_text.rstrip("~"))
    for wrong in (without, ..., None, 1, ""):
        refused("kb_sd_hash", check, presentation(sd_hash=wrong))
    # The holder's proof, moved to a presentation that shows less or more.
    issuer_jwt, shown, proof = text.split("~")
    refused("kb_sd_hash", check, f"{issuer_jwt}~{proof}")
    refused("kb_sd_hash", check, f"{issuer_jwt}~{shown}~{AGE}~{proof}")


@pytest.mark.parametrize(
    "audience",
    ["x509_hash:other", [AUDIENCE], AUDIENCE.removeprefix("x509_hash:"), AUDIENCE.upper(), ..., None, ""],
)
def test_B060_kb_aud(audience: Any) -> None:
    check(presentation())
    refused("kb_aud", check, presentation(aud=audience))


@pytest.mark.parametrize("nonce", ["other", "", ..., None, 1, [NONCE], NONCE + " "])
def test_B061_kb_nonce(nonce: Any) -> None:
    check(presentation())
    refused("kb_nonce", check, presentation(nonce=nonce))


def test_B062_kb_iat() -> None:
    year = 365 * 86_400
    for good in (NOW, NOW + 59, NOW + 60, NOW - 300, NOW - 359):
        check(presentation(iat=good))
    for bad in (NOW + year, NOW - year, ..., NOW + 61, NOW - 361, str(NOW), float(NOW), True, None):
        refused("kb_iat", check, presentation(iat=bad))
    check(presentation(iat=NOW - 10), max_age_seconds=10, skew_seconds=0)
    refused("kb_iat", check, presentation(iat=NOW - 11), max_age_seconds=10, skew_seconds=0)
    check(presentation(exp=NOW + 1, nbf=NOW))
    for extra in ({"exp": NOW - 60}, {"nbf": NOW + 61}, {"exp": "soon"}, {"nbf": None}, {"exp": True}):
        refused("kb_iat", check, presentation(**extra))


def test_B063_kb_signature() -> None:
    check(presentation())
    refused("kb_signature", check, presentation(key=ISSUER))
    text = presentation()
    head, _, signature = text.rpartition(".")
    raw = bytearray(b64url_decode(signature))
    raw[0] ^= 1
    refused("kb_signature", check, f"{head}.{b64url_encode(bytes(raw))}")
    for typ in ("jwt", "dc+sd-jwt", "kb+jwt2"):
        refused("typ_mismatch", check, presentation(typ=typ))
    refused("alg_not_allowed", check, presentation(), algorithms=["EdDSA"])
    refused("alg_not_allowed", check, presentation(key=generate("Ed25519")))
    none = b64url_encode(dump_json({"alg": "none", "typ": "kb+jwt"}))
    payload = text.rpartition("~")[2].split(".")[1]
    refused("alg_not_allowed", SdJwt.parse, f"{text.rpartition('~')[0]}~{none}.{payload}.")


def test_B063_no_holder_key() -> None:
    sd_jwt = SdJwt.parse(token(PAYLOAD, NAME))
    proof = jose.sign({"typ": "kb+jwt"}, {"iat": NOW}, HOLDER)
    refused("kb_signature", check, sd_jwt.presentation_text + proof)
    # A key that the holder brings along by a disclosure is nobody's key.
    smuggled = disclosure("salt", "cnf", {"jwk": HOLDER.public_key.to_jwk()})
    refused("kb_signature", check, token({"_sd": [digest(smuggled)]}, smuggled) + proof)
    refused("unsupported", check, token({"cnf": {"kid": "x"}}) + proof)
    refused("kb_signature", check, token({"cnf": "x"}) + proof)


def test_B064_minimal_cnf() -> None:
    jwk = HOLDER.public_key.to_jwk()
    assert set(jwk) == {"kty", "crv", "x", "y"}
    check(presentation())


# --- issuing and selecting


def test_issue_leaves_its_input_alone() -> None:
    claims = {"address": {"street": "x", "city": "y"}, "list": [{"a": 1}, 2]}
    before = json.dumps(claims)
    paths = [("address",), ("address", "street"), ("list", 0, "a"), ("list", None), ("absent",), ("list", 9)]
    text = issue(claims, disclosable=paths, key=ISSUER, header={"typ": "example+sd-jwt"})
    assert json.dumps(claims) == before
    assert processed(text) == claims
    assert SdJwt.parse(text).payload.keys() == {"_sd", "list", "_sd_alg"}


def test_nothing_disclosable() -> None:
    text = issue({"a": 1}, disclosable=[], key=ISSUER, header={"typ": "example+sd-jwt"})
    assert SdJwt.parse(text).payload == {"a": 1}


def test_issue_refusals() -> None:
    def attempt(claims: Any, paths: Any, **options: Any) -> str:
        return issue(claims, disclosable=paths, key=ISSUER, header={"typ": "example+sd-jwt"}, **options)

    assert attempt({"a": {"b": [1]}}, [("a", "b", 0)])
    for claims in ({"_sd": []}, {"a": {"...": 1}}, {"a": [{"_sd_alg": "x"}]}):
        refused("disclosure_name_forbidden", attempt, claims, [])
    refused("claim_not_disclosable", attempt, {"a": 1}, [("_sd",)])
    refused("malformed", attempt, {"a": 1}, [()])
    for paths in ([("a", 0)], [("a", None)], [(0,)], [("a", "b", "c")]):
        refused("claim_type_invalid", attempt, {"a": {"b": 1}}, paths)
    refused("claim_type_invalid", attempt, {1: 2}, [])
    refused("claim_type_invalid", attempt, {"a": [({1: 2},)]}, [])
    for path in (("a", -1), ("a", 1.5), ("a", False), "a"):
        refused("malformed", attempt, {"a": [1]}, [path])
    refused("malformed", attempt, {"a": "\ud800"}, [("a",)])
    refused("malformed", attempt, {"a": float("nan")}, [("a",)])
    refused("malformed", attempt, {"cnf": {}}, [], holder_jwk=HOLDER.public_key.to_jwk())
    refused("key_invalid", attempt, {}, [], holder_jwk={"kty": "EC", "d": "secret"})
    for paths in ([("cnf",)], [("cnf", "jwk")]):
        refused("claim_not_disclosable", attempt, {}, paths, holder_jwk=HOLDER.public_key.to_jwk())
    circle: dict[str, Any] = {}
    circle["a"] = circle
    refused("limit_exceeded", attempt, circle, [])
    deep: Any = 1
    for _ in range(MAX_CLAIMS_DEPTH + 2):
        deep = {"a": deep}
    refused("limit_exceeded", attempt, deep, [])
    wide = {"list": list(range(MAX_DISCLOSURES + 1))}
    refused("limit_exceeded", attempt, wide, [("list", None)])


def test_select() -> None:
    claims = {"a": {"b": {"c": 1, "d": 2}, "e": 3}, "list": [{"f": 4, "g": 5}, {"f": 6}], "open": 7}
    paths = [
        ("a",),
        ("a", "b"),
        ("a", "b", "c"),
        ("a", "b", "d"),
        ("list", None),
        ("list", None, "f"),
        ("list", 0, "g"),
    ]
    held = SdJwt.parse(issue(claims, disclosable=paths, key=ISSUER, header={"typ": "example+sd-jwt"}))

    def shown(*wanted: Any) -> Any:
        return processed(held.select(wanted).serialize())

    assert shown() == {"list": [], "open": 7}
    assert shown(("open",)) == {"list": [], "open": 7}
    assert shown(("a", "b", "c")) == {"a": {"b": {"c": 1}, "e": 3}, "list": [], "open": 7}
    assert shown(("a",)) == {"a": claims["a"], "list": [], "open": 7}
    assert shown(("list", 1, "f")) == {"list": [{"f": 6}], "open": 7}
    assert shown(("list", None, "f")) == {"list": [{"f": 4}, {"f": 6}], "open": 7}
    assert shown(("list", 0), ("a", "b", "d")) == {
        "list": [{"f": 4, "g": 5}],
        "a": {"b": {"d": 2}, "e": 3},
        "open": 7,
    }
    for wrong in (
        ("x",),
        ("a", 0),
        ("a", None),
        ("list", "f"),
        ("list", 2),
        ("open", "x"),
        (),
        ("list", True),
    ):
        refused("query_mismatch", held.select, [wrong])
    assert held.select([("a",)]).select([("a", "e")]).disclosures


def test_many_hashed_at_once() -> None:
    """One by one gives what all at once gives, for every hash and every length."""
    items = [b64url_encode(os.urandom(size)) for size in range(40)]
    for algorithm, hasher in HASHES.items():
        alone = [b64url_encode(hasher(item.encode()).digest()) for item in items]
        assert digests_of(items, algorithm) == alone
    assert digests_of([]) == []
    refused("hash_not_allowed", digests_of, ["text"], "md5")


def test_two_disclosures_cannot_come_as_one() -> None:
    """What separates disclosures is no part of one; its twin is two of them."""
    texts = [b64url_encode(b'["salt","a",1]'), b64url_encode(b'["salt","b",2]')]
    assert [one.name for one in parse_many(texts)] == ["a", "b"]
    refused("disclosure_malformed", parse_many, ["~".join(texts)])
    refused("disclosure_malformed", parse_many, ["~".join(texts), texts[0]])
    assert parse_many([]) == []


@given(st.lists(texts | st.binary().map(lambda raw: raw.decode("latin-1")), min_size=1, max_size=9))
def test_many_encoded_at_once(values: list[str]) -> None:
    """What stands between disclosures while they are encoded never stands within one."""
    names = {f"n{value}".replace("\0", "0"): value for value in values}
    _, encoded = conceal(names, [(name,) for name in names])
    read = [Disclosure.parse(text) for text in encoded.split("~")]
    assert {one.name: one.value for one in read} == names
    assert {len(one.salt) for one in read} == {24}
    _, encoded = conceal({"list": values}, [("list", None)])
    assert [Disclosure.parse(text).value for text in encoded.split("~")] == values
