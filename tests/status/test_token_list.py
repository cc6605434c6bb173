"""The byte array of a Token Status List, its encodings and its signed tokens."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustid import keys
from trustid.credentials import jose
from trustid.encoding import CborTag, b64url_encode, cbor_decode, cbor_encode
from trustid.errors import LimitExceededError, SignatureError, StatusUnknownError, TrustidError
from trustid.status import list_token
from trustid.status.cwt import issue_cwt, parse_cwt, verify_cwt
from trustid.status.token_list import BITS, MAX_LIST_BYTES, TokenStatusList

VECTORS = Path(__file__).parent.parent / "vectors" / "token-status-list"
URI = "https://school.example/status/1"
NOW = 1_800_000_000
KEY = keys.generate("P-256")
LISTS = json.loads((VECTORS / "test-vectors.json").read_text())
SHORT = json.loads((VECTORS / "short-lists.json").read_text())
TOKENS = json.loads((VECTORS / "tokens.json").read_text())


def read_vector(vector: dict) -> TokenStatusList:
    if vector["encoding"] == "json":
        return TokenStatusList.from_claim(vector["encoded"])
    return TokenStatusList.from_cbor_claim(cbor_decode(bytes.fromhex(vector["encoded"])))


@pytest.mark.parametrize("vector", LISTS, ids=[f"{v['bits']}-{v['encoding']}" for v in LISTS])
def test_vector_long_list(vector: dict) -> None:
    """Decoding gives exactly the statuses over all 2**20 places, and encoding gives them back."""
    expected = {int(index): status for index, status in vector["statuses"].items()}
    statuses = read_vector(vector)
    assert len(statuses) == vector["size"] == 1 << 20
    assert dict(statuses.set_entries()) == {index: status for index, status in expected.items() if status}
    built = TokenStatusList(vector["bits"], vector["size"])
    for index, status in expected.items():
        built.set(index, status)
    assert built == statuses
    again = (
        TokenStatusList.from_claim(built.to_claim())
        if vector["encoding"] == "json"
        else TokenStatusList.from_cbor_claim(cbor_decode(cbor_encode(built.to_cbor_claim())))
    )
    assert again == statuses


@pytest.mark.parametrize("vector", SHORT, ids=["1-bit", "2-bits"])
def test_B125_vector_short_list(vector: dict) -> None:
    content = bytes.fromhex(vector["byte_array"])
    statuses = TokenStatusList.from_claim(vector["json"])
    assert statuses.to_bytes() == content
    assert TokenStatusList.from_cbor_claim(cbor_decode(bytes.fromhex(vector["cbor"]))) == statuses
    # 0x78 0xda is the header of the highest level, which the draft recommends.
    assert TokenStatusList.from_bytes(content, bits=vector["bits"]).compress()[:2] == b"\x78\xda"


def test_B125_bits_are_least_significant_first() -> None:
    """The worked examples of the draft, section 4.1; the first and last bit of one byte."""
    one = TokenStatusList.from_bytes(bytes.fromhex("b9a3"), bits=1)
    assert [one.get(index) for index in range(16)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    two = TokenStatusList.from_bytes(bytes.fromhex("c944f9"), bits=2)
    assert [two.get(index) for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    empty = TokenStatusList(1, 8)
    empty.set(0, 1)
    assert empty.to_bytes() == b"\x01"
    empty.set(7, 1)
    assert empty.to_bytes() == b"\x81"


def test_vector_jwt() -> None:
    """The key of the example is not published, so the claims are compared and the signature is not."""
    jws = list_token.parse(TOKENS["status_list_jwt"])
    claims = jws.claims()
    read = list_token.read_claims(*(claims.get(name) for name in ("sub", "iat", "exp", "ttl", "iss")))
    assert read == {
        "uri": "https://example.com/statuslists/1",
        "issued_at": 1686920170,
        "expires_at": 2291720170,
        "ttl": 43200,
        "issuer": "https://example.com",
    }
    assert TokenStatusList.from_claim(claims["status_list"]).to_bytes() == bytes.fromhex("b9a3")
    with pytest.raises(StatusUnknownError) as refused:
        list_token.verify(jws, KEY.public_key, uri="https://example.com/statuslists/1", now=NOW)
    assert refused.value.code == "status_untrusted"


def test_vector_cwt() -> None:
    token = parse_cwt(bytes.fromhex(TOKENS["status_list_cwt_hex"]))
    assert (token.message.algorithm, token.key_id) == ("ES256", b"12")
    claims = cbor_decode(token.message.payload)
    assert claims[2] == "https://example.com/statuslists/1"
    assert (claims[6], claims[4], claims[65534]) == (1686920170, 2291720170, 43200)
    assert TokenStatusList.from_cbor_claim(claims[65533]).to_bytes() == bytes.fromhex("b9a3")
    with pytest.raises(StatusUnknownError) as refused:
        verify_cwt(token, KEY.public_key, uri=claims[2], now=NOW)
    assert refused.value.code == "status_untrusted"


def test_vector_referenced_cwt() -> None:
    """A credential that names place 0 of the list above; itself no status list."""
    data = bytes.fromhex(TOKENS["referenced_token_cwt_hex"])
    claims = cbor_decode(cbor_decode(data).value[2])
    assert claims[65535] == {"status_list": {"idx": 0, "uri": "https://example.com/statuslists/1"}}
    with pytest.raises(SignatureError) as refused:
        parse_cwt(data)
    assert refused.value.code == "typ_mismatch"


@given(
    bits=st.sampled_from(BITS),
    changes=st.dictionaries(st.integers(0, 4095), st.integers(0, 255), max_size=40),
)
def test_law_list_is_a_mapping(bits: int, changes: dict[int, int]) -> None:
    """What was set is read back, everything else is valid, and every encoding keeps it."""
    kept = {index: status % (1 << bits) for index, status in changes.items()}
    statuses = TokenStatusList(bits, 4096)
    for index, status in kept.items():
        statuses.set(index, status)
    assert [statuses.get(index) for index in range(4096)] == [kept.get(index, 0) for index in range(4096)]
    assert dict(statuses.set_entries()) == {index: status for index, status in kept.items() if status}
    assert TokenStatusList.from_claim(statuses.to_claim()) == statuses
    assert TokenStatusList.from_cbor_claim(statuses.to_cbor_claim()) == statuses


@given(bits=st.sampled_from(BITS), indexes=st.sets(st.integers(0, 511)))
def test_law_one_by_one_is_all_at_once(bits: int, indexes: set[int]) -> None:
    together, single = TokenStatusList(bits, 512), TokenStatusList(bits, 512)
    together.set_many(indexes, 1)
    for index in indexes:
        single.set(index, 1)
    assert together == single


def test_set_many_changes_nothing_if_one_index_does_not_fit() -> None:
    statuses = TokenStatusList(1, 8)
    with pytest.raises(StatusUnknownError) as refused:
        statuses.set_many([1, 8], 1)
    assert refused.value.code == "status_range"
    assert statuses.to_bytes() == b"\x00"
    statuses.set_many([1, 7], 1)
    assert statuses.to_bytes() == b"\x82"


@pytest.mark.parametrize(("bits", "status"), [(1, 2), (2, 4), (4, 16), (8, 256), (1, -1)])
def test_a_status_has_to_fit(bits: int, status: int) -> None:
    statuses = TokenStatusList(bits, 8)
    with pytest.raises(ValueError, match="bits"):
        statuses.set(0, status)
    with pytest.raises(ValueError, match="bits"):
        statuses.set_many([0], status)
    statuses.set(0, (1 << bits) - 1)


@pytest.mark.parametrize("bits", [3, 0, 16, -1, "1", True, None, 1.0])
def test_B088_bits(bits: object) -> None:
    good = TokenStatusList(1, 16).to_claim()
    assert len(TokenStatusList.from_claim(good)) == 16
    with pytest.raises(StatusUnknownError) as refused:
        TokenStatusList.from_claim({**good, "bits": bits})
    assert refused.value.code == "status_malformed"
    with pytest.raises(StatusUnknownError) as refused:
        TokenStatusList.from_cbor_claim({"bits": bits, "lst": TokenStatusList(1, 16).compress()})
    assert refused.value.code == "status_malformed"


@pytest.mark.parametrize(
    "lst",
    [
        b64url_encode(bytes(16)),
        b64url_encode(zlib.compress(bytes(16))[:-1]),
        b64url_encode(zlib.compress(b"")),
        b64url_encode(zlib.compress(bytes(16), wbits=-15)),
        b64url_encode(zlib.compress(bytes(16), wbits=31)),
        "",
        "====",
        "a b",
        None,
        7,
    ],
)
def test_B088_lst_is_not_zlib(lst: object) -> None:
    assert len(TokenStatusList.from_claim({"bits": 1, "lst": b64url_encode(zlib.compress(bytes(16)))})) == 128
    with pytest.raises(StatusUnknownError) as refused:
        TokenStatusList.from_claim({"bits": 1, "lst": lst})
    assert refused.value.code == "status_malformed"


@pytest.mark.parametrize("index", [-1, 16, 1 << 40])
def test_B088_index_out_of_range(index: int) -> None:
    statuses = TokenStatusList(1, 16)
    assert statuses.get(15) == 0
    with pytest.raises(StatusUnknownError) as refused:
        statuses.get(index)
    assert refused.value.code == "status_range"
    with pytest.raises(StatusUnknownError) as refused:
        statuses.set(index, 1)
    assert refused.value.code == "status_range"


BOMB = """
import resource, sys, time, zlib
from trustid.errors import LimitExceededError
from trustid.status.token_list import TokenStatusList

deflater = zlib.compressobj(9, wbits=-15)
block = deflater.compress(bytes(1 << 24)) + deflater.flush(zlib.Z_FULL_FLUSH)
bomb = bytes.fromhex("78da") + block * 640
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    TokenStatusList.decompress(bomb, bits=1)
except LimitExceededError as err:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(err.code, len(bomb), grown // 1024, time.process_time() - started)
"""


def test_B090_bomb() -> None:
    """10 GiB of zeros in 10 MiB: refused within 100 MiB and two seconds."""
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, check=True, text=True)
    code, size, mebibytes, seconds = done.stdout.split()
    assert code == "limit_exceeded"
    assert int(size) > 10_000_000
    assert int(mebibytes) < 100
    assert float(seconds) < 2


def test_B090_the_largest_list() -> None:
    largest = zlib.compress(bytes(MAX_LIST_BYTES), 1)
    assert TokenStatusList.decompress(largest, bits=1).byte_length == MAX_LIST_BYTES
    with pytest.raises(LimitExceededError) as refused:
        TokenStatusList.decompress(zlib.compress(bytes(MAX_LIST_BYTES + 1), 1), bits=1)
    assert refused.value.code == "limit_exceeded"


@pytest.mark.parametrize("garbage", [b"\x00", zlib.compress(b"x"), b"trailing"])
def test_B090_trailing_garbage(garbage: bytes) -> None:
    stream = zlib.compress(bytes(16))
    assert len(TokenStatusList.decompress(stream, bits=1)) == 128
    with pytest.raises(StatusUnknownError) as refused:
        TokenStatusList.decompress(stream + garbage, bits=1)
    assert refused.value.code == "status_malformed"


@given(st.binary(max_size=200), st.sampled_from(BITS))
def test_law_any_bytes_are_read_or_refused(data: bytes, bits: int) -> None:
    for read in (
        lambda: TokenStatusList.decompress(data, bits=bits),
        lambda: parse_cwt(data),
        lambda: list_token.parse(data),
    ):
        with suppress(TrustidError):
            read()


def test_a_million_entries_take_no_time() -> None:
    started = time.monotonic()
    statuses = TokenStatusList(1, 1 << 20)
    statuses.set_many(range(0, 1 << 20, 100), 1)
    assert TokenStatusList.from_claim(statuses.to_claim()) == statuses
    assert time.monotonic() - started < 1


def issue(**changes: object) -> str:
    options = {"uri": URI, "key": KEY, "issued_at": NOW, "expires_at": NOW + 3600, "ttl": 300, **changes}
    return list_token.issue(TokenStatusList(1, 16), list_token.ListSigning(**options))


def verify(token: str, **changes: object) -> list_token.StatusListToken:
    options = {"uri": URI, "now": NOW + 10, **changes}
    return list_token.verify(list_token.parse(token), options.pop("key", KEY.public_key), **options)


def code_of(token: str, **changes: object) -> str:
    with pytest.raises(TrustidError) as refused:
        verify(token, **changes)
    return refused.value.code


@pytest.mark.parametrize("kind", keys.KINDS)
def test_issue_and_verify(kind: str) -> None:
    key = keys.generate(kind)
    token = verify(issue(key=key, issuer="did:example:school", kid="#1"), key=key.public_key)
    assert (token.uri, token.issued_at, token.expires_at, token.ttl) == (URI, NOW, NOW + 3600, 300)
    assert token.issuer == "did:example:school"
    header = list_token.parse(issue(x5c=["AA=="], jwk=KEY.public_key.to_jwk())).header
    assert header["typ"] == "statuslist+jwt"
    assert header["x5c"] == ["AA=="]
    assert header["jwk"] == KEY.public_key.to_jwk()


@pytest.mark.parametrize("kind", keys.KINDS)
def test_issue_and_verify_cwt(kind: str) -> None:
    key = keys.generate(kind)
    statuses = TokenStatusList(2, 16)
    statuses.set(5, 2)
    data = issue_cwt(statuses, uri=URI, key=key, issued_at=NOW, expires_at=NOW + 9, ttl=300, key_id=b"1")
    token = verify_cwt(parse_cwt(data), key.public_key, uri=URI, now=NOW)
    assert token.statuses == statuses
    assert (token.uri, token.issued_at, token.expires_at, token.ttl) == (URI, NOW, NOW + 9, 300)
    bare = issue_cwt(statuses, uri=URI, key=key, issued_at=NOW)
    assert verify_cwt(parse_cwt(bare), key.public_key, uri=URI, now=NOW).expires_at is None


def test_B118_cwt_is_believed_only_with_its_signature() -> None:
    data = issue_cwt(TokenStatusList(1, 8), uri=URI, key=KEY, issued_at=NOW)
    protected, unprotected, payload, signature = cbor_decode(data).value

    def code(parts: list[object], **changes: object) -> str:
        with pytest.raises(TrustidError) as refused:
            token = parse_cwt(cbor_encode(CborTag(18, parts)))
            verify_cwt(token, KEY.public_key, **{"uri": URI, "now": NOW, **changes})
        return refused.value.code

    verify_cwt(parse_cwt(data), KEY.public_key, uri=URI, now=NOW)
    flipped = bytes([signature[0] ^ 1]) + signature[1:]
    assert code([protected, unprotected, payload, flipped]) == "status_untrusted"
    assert (
        code([protected, unprotected, payload.replace(b"school", b"schoul"), signature]) == "status_untrusted"
    )
    typ = "application/statuslist+cwt"
    assert code([cbor_encode({16: typ}), {1: -7}, payload, signature]) == "status_malformed"
    assert code([cbor_encode({1: 5, 16: typ}), {}, payload, signature]) == "alg_not_allowed"
    assert code([cbor_encode({1: -8, 16: typ}), {}, payload, signature]) == "status_untrusted"
    assert code([cbor_encode({1: -7, 16: typ, 2: [4]}), {}, payload, signature]) == "crit_unsupported"
    assert code([cbor_encode({1: -7, 16: "application/cwt"}), {}, payload, signature]) == "typ_mismatch"
    assert code([protected, unprotected, payload]) == "status_malformed"
    assert (
        code([protected, unprotected, payload, signature], uri="https://other.example/1") == "status_mismatch"
    )


def test_B118_jwt_signed_by_another() -> None:
    token = issue()
    verify(token)
    assert code_of(token, key=keys.generate("P-256").public_key) == "status_untrusted"
    assert code_of(token, key=keys.generate("Ed25519").public_key) == "status_untrusted"
    assert code_of(token, algorithms=("EdDSA",)) == "status_untrusted"


def test_B118_unsigned() -> None:
    head, payload, _ = issue().split(".")
    nobody = b64url_encode(b'{"alg":"none","typ":"statuslist+jwt"}')
    verify(issue())
    for unsigned, code in (
        (json.dumps({"status_list": TokenStatusList(1, 8).to_claim()}), "status_malformed"),
        (f"{nobody}.{payload}.", "alg_not_allowed"),
        (f"{head}.{payload}.", "status_untrusted"),
        (f"{head}.{payload}", "status_malformed"),
    ):
        assert code_of(unsigned) == code


def test_B119_list_for_another_address() -> None:
    token = issue()
    verify(token)
    assert code_of(token, uri="https://school.example/status/2") == "status_mismatch"


@pytest.mark.parametrize("typ", ["JWT", "dc+sd-jwt", None])
def test_B120_typ(typ: str | None) -> None:
    claims = jose.parse(issue()).claims()
    header = {} if typ is None else {"typ": typ}
    verify(jose.sign({"typ": "statuslist+jwt"}, claims, KEY))
    assert code_of(jose.sign(header, claims, KEY)) == "typ_mismatch"


@pytest.mark.parametrize(
    ("ttl", "clamped"), [(0, 60), (-1, 60), (1, 60), (59, 60), (60, 60), (86400, 86400), (10**12, 86400)]
)
def test_B093_ttl_is_clamped(ttl: int, clamped: int) -> None:
    assert verify(issue(ttl=ttl)).ttl == clamped


def test_B093_times() -> None:
    verify(issue())
    assert code_of(issue(expires_at=NOW - 1)) == "status_stale"  # ends before it begins
    assert code_of(issue(), now=NOW + 3600) == "status_stale"
    verify(issue(), now=NOW + 3599)
    verify(issue(), now=NOW + 3600, grace_seconds=1)
    assert code_of(issue(issued_at=NOW + 71)) == "status_malformed"
    verify(issue(issued_at=NOW + 70))  # within the clock skew


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": 7},
        {"sub": None},
        {"iat": "now"},
        {"iat": None},
        {"iat": True},
        {"exp": "x"},
        {"ttl": "1"},
        {"iss": 1},
    ],
)
def test_claims_of_a_wrong_type(claims: dict[str, object]) -> None:
    good = jose.parse(issue()).claims()
    verify(jose.sign({"typ": "statuslist+jwt"}, good, KEY))
    assert code_of(jose.sign({"typ": "statuslist+jwt"}, {**good, **claims}, KEY)) == "status_malformed"


def test_the_list_is_not_inflated_before_the_signature_holds() -> None:
    """A bomb by somebody else costs a signature check, not memory."""
    claims = {**jose.parse(issue()).claims(), "status_list": {"bits": 1, "lst": "bomb"}}
    stranger = jose.sign({"typ": "statuslist+jwt"}, claims, keys.generate("P-256"))
    assert code_of(stranger) == "status_untrusted"
    assert code_of(jose.sign({"typ": "statuslist+jwt"}, claims, KEY)) == "status_malformed"


def test_payload_that_is_no_object() -> None:
    verify(issue())
    assert code_of(jose.sign({"typ": "statuslist+jwt"}, b"[]", KEY)) == "status_malformed"


@pytest.mark.parametrize("protected", [b"", b"\xff", cbor_encode([1]), cbor_encode("x")])
def test_cwt_header_that_is_no_map(protected: bytes) -> None:
    parse_cwt(issue_cwt(TokenStatusList(1, 8), uri=URI, key=KEY, issued_at=NOW))
    with pytest.raises(StatusUnknownError) as refused:
        parse_cwt(cbor_encode([protected, {}, b"", b""]))
    assert refused.value.code == "status_malformed"


@pytest.mark.parametrize(
    "claims", [[], {2: URI, 6: float("inf")}, {2: URI, 6: NOW, 65533: {"bits": 1, "lst": "x"}}]
)
def test_cwt_claims(claims: object) -> None:
    typ = "application/statuslist+cwt"
    protected = cbor_encode({1: -7, 16: typ})

    def code(content: object) -> str | None:
        payload = cbor_encode(content)
        signature = KEY.sign(cbor_encode(["Signature1", protected, b"", payload]))
        token = parse_cwt(cbor_encode([protected, {}, payload, signature]))
        try:
            verify_cwt(token, KEY.public_key, uri=URI, now=NOW)
        except TrustidError as err:
            return err.code
        return None

    assert code({2: URI, 6: NOW, 65533: TokenStatusList(1, 8).to_cbor_claim()}) is None
    assert code(claims) == "status_malformed"


def test_arguments_of_a_programmer() -> None:
    for bits, size in ((3, 8), (1, 0), (8, MAX_LIST_BYTES + 1)):
        with pytest.raises(ValueError, match="expected"):
            TokenStatusList(bits, size)
    assert TokenStatusList(1, 9).byte_length == 2
    assert TokenStatusList(1, 8) != 1
    for content, bits in ((b"", 1), (b"x", 3)):
        with pytest.raises(StatusUnknownError):
            TokenStatusList.from_bytes(content, bits=bits)
