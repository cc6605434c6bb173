"""Bitstring Status Lists of W3C credentials: bits, entries, lists signed as credentials, the check."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopback import Loopback, loopback
from refusing import refused
from trustid import did, keys
from trustid.credentials.presentation import issue_credential
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, dump_json, multibase_decode, multibase_encode
from trustid.errors import TrustidError
from trustid.protocols.presentation import Sources
from trustid.protocols.presentation_w3c import list_keys_of
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import verify_presentation
from trustid.status.bitstring import MIN_ENTRIES, Bitstring, issue
from trustid.status.bitstring_entry import BitstringStatusListEntry
from trustid.status.check import MemoryStatusCache, StatusChecker, StatusPolicy, StatusResult
from trustid.status.inflating import MAX_LIST_BYTES
from vectors_at import ran

EXAMPLES = json.loads(
    (Path(__file__).parents[1] / "vectors" / "bitstring-status-list" / "spec-examples.json").read_text()
)
NOW = 1_800_000_000
KEY = keys.generate("Ed25519")
ISSUER = did.key.create(KEY.public_key)
MESSAGES = [{"status": f"0x{value:X}", "message": f"word {value}"} for value in range(4)]


def method(name: str) -> str:
    return f"{name}#{name.removeprefix('did:key:')}"


# --- the list ----------------------------------------------------------------


def test_B125_first_index_is_the_leftmost_bit() -> None:
    statuses = Bitstring()
    statuses.set(0, 1)
    assert statuses.to_bytes()[:2] == b"\x80\x00"
    statuses.set(7, 1)
    assert statuses.to_bytes()[:2] == b"\x81\x00"
    statuses.set(8, 1)
    assert statuses.to_bytes()[:2] == b"\x81\x80"
    last = Bitstring.from_bytes(bytes(MIN_ENTRIES // 8 - 1) + b"\x01")
    assert (last.get(MIN_ENTRIES - 1), last.get(MIN_ENTRIES - 2)) == (1, 0)


def test_entries_of_several_bits_may_cross_a_byte() -> None:
    statuses = Bitstring(size=3)
    statuses.set(2, 0b101, size=3)
    assert statuses.to_bytes()[:2] == bytes([0b00000010, 0b10000000])
    assert [statuses.get(index, size=3) for index in range(4)] == [0, 0, 5, 0]


@settings(max_examples=40, deadline=None)
@given(
    size=st.integers(1, 8),
    changes=st.dictionaries(st.integers(0, MIN_ENTRIES - 1), st.integers(0, 255), max_size=8),
)
def test_what_was_set_is_read_again(size: int, changes: dict[int, int]) -> None:
    """Against a second way to say it: one large number, entries from the left."""
    statuses = Bitstring(size=size)
    number, bits = 0, size * MIN_ENTRIES
    for index, status in changes.items():
        value = status % (1 << size)
        statuses.set(index, value, size=size)
        number |= value << (bits - size * (index + 1))
    assert statuses.to_bytes() == number.to_bytes(bits // 8, "big")
    again = Bitstring.decode(statuses.encode())
    assert all(again.get(index, size=size) == status % (1 << size) for index, status in changes.items())


def test_set_many_changes_all_or_nothing() -> None:
    statuses = Bitstring()
    with refused("status_range"):
        statuses.set_many([1, MIN_ENTRIES], 1)
    assert not any(statuses.to_bytes())
    statuses.set_many(range(0, MIN_ENTRIES, 1024), 1)
    assert sum(statuses.to_bytes()) == 128 * (MIN_ENTRIES // 1024)
    for call in (
        lambda: statuses.set(0, 2),
        lambda: statuses.set(0, 0, size=9),
        lambda: Bitstring(MIN_ENTRIES - 1),
        lambda: Bitstring(size=9),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


def test_B089_length_and_range() -> None:
    enough = Bitstring.from_bytes(bytes(16 * 1024))
    assert enough.get(MIN_ENTRIES - 1) == 0
    with refused("status_range"):
        enough.get(MIN_ENTRIES)
    with refused("status_range"):
        enough.get(-1)
    with refused("status_list_length"):
        Bitstring.from_bytes(bytes(16 * 1024 - 1)).get(0)
    with refused("status_list_length"):  # long enough for single bits, not for two
        enough.get(0, size=2)


def test_the_encoded_list_of_the_recommendation() -> None:
    encoded = EXAMPLES[2]["credentialSubject"]["encodedList"]
    statuses = Bitstring.decode(encoded)
    assert statuses.to_bytes() == bytes(MIN_ENTRIES // 8)
    assert Bitstring.decode(Bitstring().encode()).to_bytes() == statuses.to_bytes()


def test_B090_what_cannot_be_inflated() -> None:
    content = gzip.compress(bytes(16384), mtime=0)
    assert Bitstring.decode(multibase_encode(content, "u")).byte_length == 16384
    for data in (content[:-1], content + b"x", content + content, b"", bytes(16384)):
        with refused("status_malformed"):
            Bitstring.decode(multibase_encode(data, "u"))
    for text in (multibase_encode(content, "m"), multibase_encode(content, "u")[1:], "u=", "", None, 1, []):
        with refused("status_malformed"):
            Bitstring.decode(text)
    with refused("limit_exceeded"):
        Bitstring.decode(multibase_encode(gzip.compress(bytes(MAX_LIST_BYTES + 1), 1), "u"))


# --- entries -----------------------------------------------------------------


def entry(**changes: object) -> JsonObject:
    made = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": "https://school.example/lists/1",
        **changes,
    }
    return {name: value for name, value in made.items() if value is not ...}


def test_the_seven_examples_of_the_recommendation() -> None:
    """Lists expand to 16 KiB; entries parse, but for the one that the text abbreviates with an ellipsis."""
    ran(len(EXAMPLES))
    lists = entries = 0
    for example in EXAMPLES:
        status = example.get("credentialStatus")
        if status is None:
            assert Bitstring.decode(example["credentialSubject"]["encodedList"]).byte_length == 16384
            lists += 1
            continue
        for one in status if isinstance(status, list) else [status]:
            if one["statusPurpose"] == "message":
                with refused("status_malformed"):  # three messages for two bits
                    BitstringStatusListEntry.parse(one)
                one["statusMessage"].append({"status": "0x3", "message": "..."})
            read = BitstringStatusListEntry.parse(one)
            assert (str(read.index), read.purpose) == (one["statusListIndex"], one["statusPurpose"])
            entries += 1
    assert (len(EXAMPLES), lists) == (7, 2)
    assert entries >= 5


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"statusListIndex": 7}, "status_malformed"),
        ({"statusListIndex": "-1"}, "status_malformed"),
        ({"statusListIndex": "٧"}, "status_malformed"),
        ({"statusListIndex": True}, "status_malformed"),
        ({"statusListIndex": ""}, "status_malformed"),
        ({"statusListIndex": ...}, "status_malformed"),
        ({"statusListIndex": "9" * 5000}, "status_range"),
        ({"statusPurpose": ...}, "status_malformed"),
        ({"statusPurpose": ["revocation"]}, "status_malformed"),
        ({"statusListCredential": "lists/1"}, "status_malformed"),
        ({"statusListCredential": ...}, "status_malformed"),
        ({"statusListCredential": "https://school.example/" + "x" * 2048}, "status_malformed"),
        ({"id": "https://school.example/lists/1"}, "status_malformed"),
        ({"id": 1}, "status_malformed"),
        ({"statusSize": 0}, "status_malformed"),
        ({"statusSize": "1"}, "status_malformed"),
        ({"statusSize": True}, "status_malformed"),
        ({"statusSize": 2}, "status_malformed"),
        ({"statusSize": 9, "statusMessage": []}, "status_unsupported"),
        ({"statusSize": 2, "statusMessage": MESSAGES[:3]}, "status_malformed"),
        ({"statusSize": 2, "statusMessage": [*MESSAGES[:3], MESSAGES[0]]}, "status_malformed"),
        (
            {"statusSize": 2, "statusMessage": [*MESSAGES[:3], {"status": "3", "message": ""}]},
            "status_malformed",
        ),
        ({"statusMessage": "no list"}, "status_malformed"),
        ({"type": "StatusList2021Entry"}, "status_unsupported"),
        ({"type": ["BitstringStatusListEntry", "Other"]}, "status_unsupported"),
        ({"type": ...}, "status_unsupported"),
    ],
)
def test_entry_refused(changes: dict[str, Any], code: str) -> None:
    assert BitstringStatusListEntry.parse(entry(id="https://school.example/lists/1#7")).index == 7
    with refused(code):
        BitstringStatusListEntry.parse(entry(**changes))


def test_entry_with_messages() -> None:
    read = BitstringStatusListEntry.parse(entry(statusSize=2, statusMessage=MESSAGES))
    assert (read.size, dict(read.messages)[2]) == (2, "word 2")
    with refused("status_malformed"):
        BitstringStatusListEntry.parse("no object")


# --- the check ---------------------------------------------------------------


class Desk:
    """A verifier with one list server, and a clock that the test turns."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.now = NOW
        self.uri = server.url("/1")
        self.cache = MemoryStatusCache()
        self.resolver = Resolver(None, clock=lambda: self.now)
        self.checker = self.new_checker()

    def new_checker(self, **policy: Any) -> StatusChecker:
        fetcher = self.server.fetcher(timeout_seconds=1.0)
        return StatusChecker(fetcher, self.cache, clock=lambda: self.now, policy=StatusPolicy(**policy))

    def document(
        self, statuses: dict[int, int] | None = None, *, size: int = 1, **changes: Any
    ) -> JsonObject:
        listed = Bitstring(size=size)
        for index, status in (statuses or {}).items():
            listed.set(index, status, size=size)
        options = {
            "uri": self.uri,
            "issuer": ISSUER,
            "purpose": "revocation",
            "key": KEY,
            "verification_method": method(ISSUER),
            "issued_at": self.now,
            "ttl_seconds": 300,
            **changes,
        }
        return issue(listed, **options)

    def serve(
        self, document: JsonObject | bytes, media_type: str = "application/vc", path: str = "/1"
    ) -> None:
        body = document if isinstance(document, bytes) else dump_json(document)
        self.server.pages[path] = (200, media_type, body)

    def publish(self, statuses: dict[int, int] | None = None, **changes: Any) -> None:
        self.serve(self.document(statuses, **changes))

    def sign(self, document: JsonObject, **changes: Any) -> JsonObject:
        """Sign a changed document again."""
        bare = {name: value for name, value in document.items() if name != "proof"} | changes
        return issue_credential(
            bare, key=KEY, verification_method=method(ISSUER), created=datetime.fromtimestamp(self.now, UTC)
        )

    def check(self, *entries: JsonObject, issuer: str = ISSUER, **options: Any) -> StatusResult:
        named = [{**(entries[0] if entries else entry()), "statusListCredential": self.uri}, *entries[1:]]
        return self.checker.check(
            {"credentialStatus": named}, issuer=issuer, key_of=list_keys_of(issuer, self.resolver), **options
        )

    def code(self, *entries: JsonObject, **options: Any) -> str:
        with pytest.raises(TrustidError) as caught:
            self.check(*entries, **options)
        return caught.value.code


@pytest.fixture
def desk() -> Iterator[Desk]:
    with loopback() as server:
        yield Desk(server)


def test_valid_and_how_old(desk: Desk) -> None:
    desk.publish()
    desk.now += 30
    found = desk.check()
    assert (found.value, found.age_seconds, found.uri) == (0, 30, desk.uri)
    assert [(one.purpose, one.value, one.message) for one in found.entries] == [("revocation", 0, None)]
    desk.check()
    assert desk.server.asked == ["/1"]


@pytest.mark.parametrize(
    ("purpose", "code"),
    [("revocation", "revoked"), ("suspension", "suspended"), ("other", "status_application")],
)
def test_B124_each_purpose_has_its_own_answer(desk: Desk, purpose: str, code: str) -> None:
    desk.publish({8: 1}, purpose=purpose)
    desk.check(entry(statusPurpose=purpose))
    assert desk.code(entry(statusPurpose=purpose, statusListIndex="8")) == code


def test_refresh_does_not_invalidate(desk: Desk) -> None:
    desk.publish({8: 1}, purpose="refresh")
    found = desk.check(entry(statusPurpose="refresh", statusListIndex="8"))
    assert [(one.purpose, one.value) for one in found.entries] == [("refresh", 1)]


def test_messages_pass_only_where_the_verifier_says_so(desk: Desk) -> None:
    desk.publish({8: 2}, purpose="message", size=2)
    named = {"statusPurpose": "message", "statusSize": 2, "statusMessage": MESSAGES}
    assert desk.check(entry(**named)).entries[0].message == "word 0"
    assert desk.code(entry(**named, statusListIndex="8")) == "status_application"
    desk.checker = desk.new_checker(accept_messages=True)
    assert desk.check(entry(**named, statusListIndex="8")).entries[0].message == "word 2"


def test_several_entries_each_count(desk: Desk) -> None:
    desk.publish(purpose=["revocation", "suspension"])
    second = desk.server.url("/2")
    desk.serve(desk.document({9: 1}, uri=second, purpose="suspension"), path="/2")
    other = entry(statusPurpose="suspension", statusListCredential=second)
    assert len(desk.check(entry(), other).entries) == 2
    assert desk.code(entry(), {**other, "statusListIndex": "9"}) == "suspended"
    assert desk.code(*[entry()] * 9) == "status_malformed"
    with refused("status_malformed"):
        desk.checker.check(
            {"credentialStatus": []}, issuer=ISSUER, key_of=list_keys_of(ISSUER, desk.resolver)
        )


def test_an_entry_that_cannot_be_read_opens_no_connection(desk: Desk) -> None:
    assert desk.code(entry(), entry(type="Other")) == "status_unsupported"
    assert desk.server.asked == []


def test_B089_index_length_purpose_size(desk: Desk) -> None:
    desk.publish()
    desk.check(entry(statusListIndex=str(MIN_ENTRIES - 1)))
    assert desk.code(entry(statusListIndex=str(MIN_ENTRIES))) == "status_range"
    assert desk.code(entry(statusPurpose="suspension")) == "status_purpose_mismatch"
    assert desk.code(entry(statusSize=2, statusMessage=MESSAGES)) == "status_list_length"
    subject = desk.document()["credentialSubject"]
    for size, code in ((1, None), (2, "status_size_mismatch")):
        desk.cache = MemoryStatusCache()
        desk.checker = desk.new_checker()
        desk.serve(desk.sign(desk.document(), credentialSubject={**subject, "statusSize": size}))
        if code is None:
            desk.check()
        else:
            assert desk.code() == code
    short = multibase_encode(gzip.compress(bytes(16 * 1024 - 1)), "u")
    desk.checker = desk.new_checker()
    desk.now += 301
    desk.serve(desk.sign(desk.document(), credentialSubject={**subject, "encodedList": short}))
    assert desk.code() == "status_list_length"


def test_B118_signed_by_another_issuer_or_by_nobody(desk: Desk) -> None:
    other_key = keys.generate("Ed25519")
    other = did.key.create(other_key.public_key)
    good = desk.document()
    desk.serve(good)
    desk.check()
    theirs = {"issuer": other, "key": other_key, "verification_method": method(other)}
    bare = {name: value for name, value in good.items() if name != "proof"}
    forged = {**desk.document(**theirs), "issuer": ISSUER}
    tampered = {**good, "validUntil": "2099-01-01T00:00:00Z"}
    for document in (desk.document(**theirs), bare, forged, tampered, {**good, "proof": []}):
        desk.cache = MemoryStatusCache()
        desk.checker = desk.new_checker()
        desk.serve(document)
        assert desk.code() == "status_untrusted"


def test_B118_purpose_of_the_proof_and_algorithms(desk: Desk) -> None:
    good = desk.document()
    desk.serve({**good, "proof": {**good["proof"], "proofPurpose": "authentication"}})
    assert desk.code() == "status_untrusted"
    desk.serve(good)
    desk.checker = desk.new_checker(algorithms=("ES256",))
    assert desk.code() == "status_untrusted"
    desk.checker = desk.new_checker()
    desk.check()


def test_B119_a_list_at_another_address(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.checker = desk.new_checker()
    desk.now += 301
    desk.publish(uri="https://school.example/lists/2")
    assert desk.code() == "status_mismatch"
    nameless = {name: value for name, value in desk.document().items() if name != "id"}
    desk.serve(desk.sign(nameless))
    assert desk.code() == "status_mismatch"


@pytest.mark.parametrize(
    ("media_type", "code"),
    [
        ("application/vc", None),
        ("application/ld+json; charset=utf-8", None),
        ("application/json", None),
        ("text/html", "typ_mismatch"),
        ("application/statuslist+jwt", "typ_mismatch"),
    ],
)
def test_B120_content_type(desk: Desk, media_type: str, code: str | None) -> None:
    desk.serve(desk.document(), media_type)
    if code is None:
        desk.check()
    else:
        assert desk.code() == code


def test_what_is_no_list(desk: Desk) -> None:
    good = desk.document()
    subject = good["credentialSubject"]
    desk.serve(desk.sign(good, type=["VerifiableCredential"]))
    assert desk.code() == "status_malformed"
    changes: list[dict[str, Any]] = [
        {"type": "Other"},
        {"statusPurpose": []},
        {"statusPurpose": 1},
        {"encodedList": "zzz"},
        {"ttl": -1},
        {"ttl": "1"},
        {"statusSize": True},
    ]
    for change in changes:
        desk.serve(desk.sign(good, credentialSubject={**subject, **change}))
        assert desk.code() == "status_malformed"
    for body in (b"", b"{", b"[]", b"\xff", b"{}", b'{"a":1,"a":1}'):
        desk.serve(body)
        assert desk.code() == "status_malformed"
    desk.serve(good)
    desk.check()


def test_B121_B122_outage(desk: Desk) -> None:
    assert desk.code() == "status_unavailable"
    desk.now += 11
    desk.publish()
    desk.check()
    desk.server.pages.clear()
    desk.now += 301
    assert desk.code() == "status_stale"
    desk.now += 11
    desk.checker = desk.new_checker(outage_grace_seconds=3600)
    desk.check()


def test_validity_of_the_list(desk: Desk) -> None:
    desk.publish(expires_at=NOW + 100)
    desk.now = NOW + 99
    desk.check()
    desk.now = NOW + 100
    assert desk.code() == "status_stale"
    desk.now = NOW
    desk.publish(issued_at=NOW + 61)
    desk.cache = MemoryStatusCache()
    desk.checker = desk.new_checker()
    assert desk.code() == "status_untrusted"  # a proof from the future
    desk.cache = MemoryStatusCache()
    desk.checker = desk.new_checker()
    desk.publish(issued_at=NOW + 60)
    desk.check()
    desk.now = NOW + 61 + 7 * 24 * 3600
    desk.checker = desk.new_checker()
    assert desk.code() == "status_stale"  # signed too long ago, though it never ends


@pytest.mark.parametrize(("ttl", "fresh_for"), [(300, 300), (0, 60), (10**12, 86400), (None, 3600)])
def test_B093_ttl_is_clamped(desk: Desk, ttl: int | None, fresh_for: int) -> None:
    desk.publish(ttl_seconds=ttl)
    desk.check()
    stored = desk.cache.load(ISSUER, desk.uri)
    assert stored is not None
    assert stored.fresh_until == NOW + fresh_for


def test_B123_rollback(desk: Desk) -> None:
    old = desk.document()
    desk.now += 10
    desk.publish({7: 1})
    assert desk.code() == "revoked"
    desk.now += 301
    desk.serve(old)
    assert desk.code() == "status_rollback"
    desk.publish()
    desk.check()


def test_lists_of_both_kinds_are_renewed(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.now += 301
    assert desk.checker.refresh_all() == ((desk.uri, None),)
    assert desk.server.asked == ["/1", "/1"]


def test_only_our_errors(desk: Desk) -> None:
    document = dump_json(desk.document())
    for place in range(0, len(document), 7):
        desk.serve(document[:place] + b"\x00" + document[place + 1 :])
        with pytest.raises(TrustidError):
            desk.check()


def test_a_token_list_beside_it_is_not_overlooked(desk: Desk) -> None:
    desk.publish()
    named = {"credentialStatus": entry(statusListCredential=desk.uri)}
    key_of = list_keys_of(ISSUER, desk.resolver)
    desk.checker.check(named, issuer=ISSUER, key_of=key_of)
    both = named | {"status_list": {"idx": 0, "uri": desk.server.url("/tokens")}}
    with refused("status_unavailable"):
        desk.checker.check(both, issuer=ISSUER, key_of=key_of)
    assert desk.server.asked == ["/1", "/tokens"]


def test_it_needs_the_issuer_of_the_credential(desk: Desk) -> None:
    desk.publish()
    with refused("status_untrusted"):
        desk.check(issuer="did:web:other.example")
    assert multibase_decode(desk.document()["credentialSubject"]["encodedList"])[:2] == b"\x1f\x8b"


# --- in the verifying order --------------------------------------------------


def verify(desk: Desk, index: str) -> str:
    document = issue_credential(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": ISSUER,
            "credentialSubject": {"name": "Ada"},
            "credentialStatus": entry(statusListIndex=index, statusListCredential=desk.uri),
        },
        key=KEY,
        verification_method=method(ISSUER),
        created=datetime.fromtimestamp(NOW, UTC),
    )
    policy = TrustPolicy(issuers={"*": [ISSUER]}, require_key_binding=False, require_status=True)
    door = desk.server.fetcher()
    sources = Sources(desk.resolver, IssuerMetadata(door, clock=lambda: NOW), desk.checker)
    try:
        found = verify_presentation(document, policy=policy, sources=sources, now=desk.now)
    except TrustidError as err:
        return err.code
    assert [one.purpose for one in found.status_entries] == ["revocation"]
    return f"{found.status} {found.status_age_seconds}"


def test_in_a_presentation(desk: Desk) -> None:
    desk.publish({8: 1})
    desk.now += 5
    assert verify(desk, "7") == "valid 5"
    assert verify(desk, "8") == "revoked"
    desk.server.pages.clear()
    desk.checker, desk.cache = (
        StatusChecker(desk.server.fetcher(), clock=lambda: desk.now),
        MemoryStatusCache(),
    )
    assert verify(desk, "7") == "status_unavailable"
