"""The resolver: methods, keys, cache."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_servers import RawServer, reply
from trustid.did import jwk, key, web
from trustid.did.document import DidDocument
from trustid.did.resolver import NEGATIVE_SECONDS_MAX, Resolution, Resolver, failure_to_json
from trustid.did.syntax import Did
from trustid.errors import (
    ConfigurationError,
    FetchError,
    ResolutionError,
    TrustError,
    TrustidError,
    UnsupportedError,
)
from trustid.fetching import Fetcher, FetchPolicy
from trustid.keys import PublicKey, generate

OLD, NEW = generate("P-256").public_key, generate("P-256").public_key
ED = generate("Ed25519").public_key


class Clock:
    """A clock that tests turn by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> int:
        return self.now


class Place:
    """A did:web on a loopback server, and a resolver that may reach it."""

    def __init__(self, server: RawServer, cache_seconds: int = 300) -> None:
        self.server = server
        self.clock = Clock()
        pair = f"127.0.0.1:{server.port}"
        self.did = web.create(f"http://{pair}")
        policy = FetchPolicy(allow_http_hosts=frozenset({pair}), timeout_seconds=1)
        self.resolver = Resolver(Fetcher(policy), cache_seconds=cache_seconds, clock=self.clock)

    def serve(self, keys: Mapping[str, PublicKey]) -> None:
        self.server.answer = reply(json.dumps(web.document_for(self.did, keys)).encode())


@pytest.fixture
def place() -> Any:
    with RawServer(reply(b"", status="404 Not Found")) as server:
        yield Place(server)


OFFLINE = Resolver(None, clock=Clock())


def test_local_methods() -> None:
    did = key.create(ED)
    assert OFFLINE.public_key(f"{did}#{did[8:]}", "assertionMethod") == ED
    did = jwk.create(OLD)
    assert OFFLINE.public_key(f"{did}#0", "authentication") == OLD


@pytest.mark.parametrize(
    ("did", "code"),
    [
        ("did:example:1", "did_method_unsupported"),
        ("did:ethr:0x00", "did_method_unsupported"),
        ("did:web:host.example", "did_unreachable"),
        ("did:key:zO0Il", "did_malformed"),
        ("did:jwk:AAAA", "did_malformed"),
        ("nonsense", "did_malformed"),
        pytest.param(f"{key.create(ED)}#x", "did_malformed", id="a DID URL"),
    ],
)
def test_dids_that_do_not_resolve(did: str, code: str) -> None:
    with pytest.raises((ResolutionError, UnsupportedError)) as caught:
        OFFLINE.resolve(did)
    assert caught.value.code == code
    assert OFFLINE.resolve(key.create(ED)).document.id == key.create(ED)


@pytest.mark.parametrize("tail", ["", "#", "?x=1", "/p"])
def test_a_key_is_named_by_a_fragment(tail: str) -> None:
    did = jwk.create(OLD)
    with pytest.raises(TrustError) as caught:
        OFFLINE.verification_method(did + tail, "assertionMethod")
    assert caught.value.code == "issuer_key_unknown"
    assert OFFLINE.verification_method(f"{did}#0", "assertionMethod").public_key == OLD


def test_x25519_key_of_a_did_key_is_not_for_signing() -> None:
    document = OFFLINE.resolve(key.create(ED)).document
    agreement = document.to_json()["keyAgreement"][0]
    with pytest.raises(TrustError) as caught:
        OFFLINE.public_key(agreement, "assertionMethod")
    assert caught.value.code == "issuer_key_unknown"
    with pytest.raises(UnsupportedError) as unsupported:
        OFFLINE.public_key(agreement, "keyAgreement")
    assert unsupported.value.code == "unsupported"


def test_result_as_json(place: Place) -> None:
    place.serve({"a": OLD})
    result = place.resolver.resolve(place.did).to_json()
    assert result["didDocument"] == web.document_for(place.did, {"a": OLD})
    assert result["didResolutionMetadata"] == {
        "contentType": "application/did",
        "retrieved": "2027-01-15T08:00:00Z",
    }
    assert result["didDocumentMetadata"] == {}
    local = OFFLINE.resolve(key.create(ED)).to_json()
    assert local["didResolutionMetadata"] == {"contentType": "application/did"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("did_malformed", "INVALID_DID"),
        ("did_not_found", "NOT_FOUND"),
        ("did_method_unsupported", "METHOD_NOT_SUPPORTED"),
        ("did_document_invalid", "INVALID_DID_DOCUMENT"),
        ("did_document_mismatch", "INVALID_DID_DOCUMENT"),
        ("did_unreachable", "INTERNAL_ERROR"),
    ],
)
def test_failure_as_json(code: str, name: str) -> None:
    result = failure_to_json(ResolutionError(code, "detail"))
    assert result["didDocument"] is None
    assert result["didDocumentMetadata"] == {}
    error = result["didResolutionMetadata"]["error"]
    assert error["type"] == f"https://www.w3.org/ns/did#{name}"
    assert error["detail"] == f"{code}: detail"


def test_B103_key_is_rotated_and_removed(place: Place) -> None:
    place.serve({"old": OLD})
    assert place.resolver.public_key(f"{place.did}#old", "assertionMethod") == OLD
    # Rotated, the old key still listed: old credentials hold.
    place.serve({"old": OLD, "new": NEW})
    place.clock.now += 301
    assert place.resolver.public_key(f"{place.did}#new", "assertionMethod") == NEW
    assert place.resolver.public_key(f"{place.did}#old", "assertionMethod") == OLD
    # Removed: refused, as soon as the document is fetched again.
    place.serve({"new": NEW})
    place.clock.now += 301
    with pytest.raises(TrustError) as caught:
        place.resolver.public_key(f"{place.did}#old", "assertionMethod")
    assert caught.value.code == "issuer_key_unknown"
    assert place.resolver.public_key(f"{place.did}#new", "assertionMethod") == NEW


def test_B103_same_name_for_another_key(place: Place) -> None:
    place.serve({"key": OLD})
    assert place.resolver.public_key(f"{place.did}#key", "assertionMethod") == OLD
    place.serve({"key": NEW})
    place.clock.now += 301
    assert place.resolver.public_key(f"{place.did}#key", "assertionMethod") == NEW


def test_cache_lasts_its_age_and_no_longer(place: Place) -> None:
    place.serve({"a": OLD})
    for _ in range(3):
        place.resolver.resolve(place.did)
    assert place.server.connections == 1
    place.clock.now += 299
    place.resolver.resolve(place.did)
    assert place.server.connections == 1
    place.clock.now += 1
    place.resolver.resolve(place.did)
    assert place.server.connections == 2
    # A clock that goes back makes nothing young again.
    place.clock.now -= 10
    place.resolver.resolve(place.did)
    assert place.server.connections == 3


def test_cache_can_be_switched_off() -> None:
    with RawServer(reply()) as server:
        place = Place(server, cache_seconds=0)
        place.serve({"a": OLD})
        place.resolver.resolve(place.did)
        place.resolver.resolve(place.did)
        assert server.connections == 2


def test_B109_a_failure_is_not_cached_as_valid_and_not_for_long(place: Place) -> None:
    place.server.answer = reply(b'{"id":"did:web:evil.example"}')
    for _ in range(3):
        with pytest.raises(ResolutionError) as caught:
            place.resolver.resolve(place.did)
        assert caught.value.code == "did_document_mismatch"
    assert place.server.connections == 1
    place.serve({"a": OLD})
    place.clock.now += NEGATIVE_SECONDS_MAX
    assert NEGATIVE_SECONDS_MAX <= 60
    assert place.resolver.public_key(f"{place.did}#a", "assertionMethod") == OLD
    assert place.server.connections == 2


def test_B109_an_old_document_is_not_used_when_the_new_one_cannot_be_had(place: Place) -> None:
    place.serve({"a": OLD})
    place.resolver.resolve(place.did)
    place.server.answer = reply(b"", status="500 Oops")
    place.clock.now += 301
    with pytest.raises(ResolutionError) as caught:
        place.resolver.resolve(place.did)
    assert caught.value.code == "did_unreachable"
    place.serve({"a": OLD})
    place.clock.now += 60
    assert place.resolver.resolve(place.did).document.id == place.did


def test_B109_the_failure_of_one_did_is_not_that_of_another(place: Place) -> None:
    with pytest.raises(ResolutionError) as caught:
        place.resolver.resolve(f"{place.did}:bob")
    assert caught.value.code == "did_not_found"
    place.serve({"a": OLD})
    assert place.resolver.resolve(place.did).document.id == place.did
    with pytest.raises(ResolutionError) as again:
        place.resolver.resolve(f"{place.did}:bob")
    assert again.value.code == "did_not_found"
    assert again.value is not caught.value


def test_B108_B109_the_limit_of_one_peer_is_not_remembered_for_others() -> None:
    with RawServer(reply()) as server:
        pair = f"127.0.0.1:{server.port}"
        did = web.create(f"http://{pair}")
        server.answer = reply(json.dumps(web.document_for(did, {"a": OLD})).encode())
        fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({pair}), peer_requests=1))
        resolver = Resolver(fetcher, clock=Clock())
        with fetcher.on_behalf_of("203.0.113.7"):
            fetcher.get(f"http://{pair}/", accept="application/json")
            with pytest.raises(FetchError) as caught:
                resolver.resolve(did)
        assert caught.value.code == "fetch_limited"
        with fetcher.on_behalf_of("203.0.113.8"):
            assert resolver.resolve(did).document.id == did


def test_cache_is_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trustid.did.resolver.CACHE_ENTRIES_MAX", 2)
    for name in ("a", "b", "c", "a"):
        with pytest.raises(ResolutionError):
            place.resolver.resolve(f"{place.did}:{name}")
    assert place.server.connections == 4


def test_a_kept_method_is_good_for_its_own_name_and_use_only() -> None:
    resolver = Resolver(None, clock=Clock())
    did, other = key.create(ED), key.create(OLD)
    name = f"{did}#{did[8:]}"
    for _ in range(2):
        assert resolver.verification_method(name, "assertionMethod").public_key == ED
        for wrong, use in ((name, "keyAgreement"), (f"{did}#{other[8:]}", "assertionMethod")):
            with pytest.raises(TrustError) as caught:
                resolver.verification_method(wrong, use)
            assert caught.value.code == "issuer_key_unknown"


def test_kept_methods_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trustid.did.resolver.LOCAL_METHODS_MAX", 2)
    read: list[str] = []

    def reading(did: Did) -> DidDocument:
        read.append(did.identifier)
        return key.resolve(did)

    resolver = Resolver(None, clock=Clock())
    monkeypatch.setitem(resolver._local, "key", reading)
    a, b, c = (key.create(public) for public in (ED, OLD, NEW))
    for did in (a, a, b, b, c, c, b, a):
        assert resolver.verification_method(f"{did}#{did[8:]}", None).controller == did
    assert read == [did[8:] for did in (a, b, c, a)]


def test_a_method_of_ones_own_is_asked_again_whatever_its_name() -> None:
    asked: list[Did] = []

    def resolve(did: Did) -> Resolution:
        asked.append(did)
        return Resolution(key.resolve(did), {}, 0)

    resolver = Resolver(None, cache_seconds=0, clock=Clock(), methods={"key": resolve})
    did = key.create(ED)
    for _ in range(2):
        assert resolver.public_key(f"{did}#{did[8:]}", "assertionMethod") == ED
    assert len(asked) == 2


def test_B094_blocked_host_through_the_resolver() -> None:
    resolver = Resolver(Fetcher(), clock=Clock())
    for _ in range(2):
        with pytest.raises(FetchError) as caught:
            resolver.resolve("did:web:169.254.169.254")
        assert caught.value.code == "fetch_blocked"


@pytest.mark.parametrize(
    ("mark", "revoked"),
    [
        ({"deactivated": True}, True),
        ({"deactivated": "yes"}, True),
        ({"deactivated": False}, False),
        ({}, False),
    ],
)
def test_deactivated_did_has_no_keys(mark: dict[str, Any], revoked: bool) -> None:
    def lookup(did: Did) -> Resolution:
        method = {
            "id": f"{did}#a",
            "type": "Multikey",
            "controller": str(did),
            "publicKeyMultibase": ED.to_multikey(),
        }
        document = {"id": str(did), "verificationMethod": [method], "assertionMethod": [f"{did}#a"]}
        return Resolution(DidDocument.from_json(document, str(did)), mark)

    resolver = Resolver(None, clock=Clock(), methods={"example": lookup})
    assert resolver.resolve("did:example:1").to_json()["didDocumentMetadata"] == mark
    if revoked:
        with pytest.raises(TrustError) as caught:
            resolver.public_key("did:example:1#a", "assertionMethod")
        assert caught.value.code == "issuer_revoked"
    else:
        assert resolver.public_key("did:example:1#a", "assertionMethod") == ED


@pytest.mark.parametrize("seconds", [-1, 24 * 3600 + 1])
def test_cache_age_has_bounds(seconds: int) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Resolver(None, cache_seconds=seconds, clock=Clock())
    assert caught.value.code == "setting_unsafe"
    Resolver(None, cache_seconds=24 * 3600, clock=Clock())


@given(st.text() | st.from_regex(r"did:(key|jwk|web|x):[ -~]{0,30}", fullmatch=True))
def test_only_our_errors_come_out_of_any_did(text: str) -> None:
    for call in (OFFLINE.resolve, lambda did_url: OFFLINE.public_key(did_url, "assertionMethod")):
        try:
            call(text)
        except TrustidError:
            continue
