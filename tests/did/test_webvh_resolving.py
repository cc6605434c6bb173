"""did:webvh over the network: fetching, caching, key history, moved and deactivated DIDs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from did.webvh_forging import KEYS, P256, START, joined
from raw_servers import Answer, RawServer, by_path, reply
from trustid.did import webvh
from trustid.did.resolver import Resolver, failure_to_json
from trustid.did.webvh import Changes, Log, WitnessRule
from trustid.errors import FetchError, LimitExceededError, ResolutionError, TrustError, TrustidError
from trustid.fetching import Fetcher, FetchPolicy

FIRST, SECOND, WITNESS = KEYS[0], KEYS[1], KEYS[2]
NOW = START + 1_000_000


class Place:
    """A host on loopback, and a resolver that may reach it."""

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self.now = NOW
        pair = f"localhost:{server.port}"
        self.url = f"http://{pair}"
        policy = FetchPolicy(allow_http_hosts=frozenset({pair}), timeout_seconds=2)
        self.resolver = Resolver(Fetcher(policy), clock=lambda: self.now)
        self.log = webvh.create(
            self.url,
            key=FIRST,
            methods={"key-1": P256.public_key},
            now=START,
            changes=Changes(portable=True, ttl=100),
        )

    def serve(self, log: Log, **files: bytes) -> None:
        answers: dict[str, Answer] = {
            "/.well-known/did.jsonl": reply(joined(log.lines), content_type="text/jsonl")
        }
        answers |= {f"/.well-known/{name}": reply(data) for name, data in files.items()}
        self.server.answer = by_path(answers)


@pytest.fixture
def place() -> Iterator[Place]:
    with RawServer(reply(b"", status="404 Not Found")) as server:
        yield Place(server)


def refused(place: Place, did: str) -> TrustidError:
    with pytest.raises(TrustidError) as caught:
        place.resolver.resolve(did)
    return caught.value


def test_fetch_and_cache(place: Place) -> None:
    place.serve(place.log)
    resolution = place.resolver.resolve(place.log.did)
    assert resolution.document.id == place.log.did
    assert resolution.retrieved == NOW
    assert resolution.to_json()["didResolutionMetadata"]["retrieved"] == "2025-06-27T04:53:20Z"
    assert resolution.metadata["ttl"] == "100"
    asked = place.server.connections
    place.now += 99
    place.resolver.resolve(place.log.did)
    assert place.server.connections == asked
    place.now += 1  # the controller's ttl has passed, though the resolver would keep it longer
    place.resolver.resolve(place.log.did)
    assert place.server.connections == asked + 1


def test_not_there(place: Place) -> None:
    error = refused(place, place.log.did)
    assert error.code == "did_not_found"
    assert failure_to_json(error)["didResolutionMetadata"]["error"]["type"].endswith("#NOT_FOUND")


def test_a_log_that_does_not_hold_is_not_kept(place: Place) -> None:
    changed = joined((place.log.lines[0].replace(b"key-1", b"key-2"),))
    place.server.answer = by_path({"/.well-known/did.jsonl": reply(changed)})
    error = refused(place, place.log.did)
    assert error.code == "did_log_invalid"
    assert failure_to_json(error)["didResolutionMetadata"]["error"]["type"].endswith("#INVALID_DID")
    place.serve(place.log)
    assert place.resolver.resolve(place.log.did)


def test_B102_a_log_of_another_did(place: Place) -> None:
    other = webvh.create(place.url, key=SECOND, methods={"key-1": P256.public_key}, now=START)
    place.serve(other)
    assert place.resolver.resolve(other.did)
    assert refused(place, place.log.did).code == "did_log_invalid"


def test_B101_a_log_that_is_too_large(place: Place) -> None:
    place.server.answer = reply(b"x" * (2 * 1024 * 1024 + 1), content_type="text/jsonl")
    with pytest.raises(LimitExceededError):
        place.resolver.resolve(place.log.did)


def test_B099_no_redirect(place: Place) -> None:
    place.server.answer = reply(b"", status="302 Found", headers=[("Location", f"{place.url}/x")])
    with pytest.raises(FetchError) as caught:
        place.resolver.resolve(place.log.did)
    assert caught.value.code == "fetch_blocked"


def test_B094_private_hosts_are_blocked(place: Place) -> None:
    resolver = Resolver(Fetcher(), clock=lambda: NOW)
    with pytest.raises(FetchError) as caught:
        resolver.resolve(place.log.did)
    assert caught.value.code == "fetch_blocked"
    assert place.server.connections == 0


def test_without_a_fetcher(place: Place) -> None:
    with pytest.raises(ResolutionError) as caught:
        Resolver(None, clock=lambda: NOW).resolve(place.log.did)
    assert caught.value.code == "did_unreachable"


def test_witnesses_are_fetched(place: Place) -> None:
    rule = WitnessRule(1, (f"did:key:{WITNESS.public_key.to_multikey()}",))
    log = webvh.create(
        place.url, key=FIRST, methods={"k": P256.public_key}, now=START, changes=Changes(witness=rule)
    )
    proof = webvh.approve(log.current.version_id, WITNESS, created="2025-06-16T00:00:00Z")
    place.serve(log, **{"did-witness.json": webvh.witness_file({log.current.version_id: [proof]})})
    resolution = place.resolver.resolve(log.did)
    assert resolution.metadata["witness"] == rule.to_json() | {"threshold": "1"}
    place.now += 10_000
    place.serve(log, **{"did-witness.json": b"[]"})
    assert refused(place, log.did).code == "did_log_invalid"
    place.serve(log)
    assert refused(place, log.did).code == "did_not_found"


def test_B103_key_history(place: Place) -> None:
    log = webvh.update(place.log, key=FIRST, now=START + 500, methods={"key-2": SECOND.public_key})
    place.serve(log)
    old, new = f"{log.did}#key-1", f"{log.did}#key-2"
    for now in (None, START + 500, NOW):
        assert place.resolver.public_key(new, "assertionMethod", at=now) == SECOND.public_key
        with pytest.raises(TrustError) as caught:
            place.resolver.public_key(old, "assertionMethod", at=now)
        assert caught.value.code == "issuer_key_unknown"
    for then in (START, START + 499):
        assert place.resolver.public_key(old, "assertionMethod", at=then) == P256.public_key
        with pytest.raises(TrustError) as caught:
            place.resolver.public_key(new, "assertionMethod", at=then)
        assert caught.value.code == "issuer_key_unknown"
    with pytest.raises(TrustError) as caught:
        place.resolver.public_key(old, "assertionMethod", at=START - 1)
    assert caught.value.code == "issuer_key_unknown"
    with pytest.raises(TrustError) as caught:
        place.resolver.public_key(old, "keyAgreement", at=START)
    assert caught.value.code == "issuer_key_unknown"


def test_deactivated_dids_have_no_keys(place: Place) -> None:
    place.serve(place.log)
    name = f"{place.log.did}#key-1"
    assert place.resolver.public_key(name, "assertionMethod") == P256.public_key
    place.serve(webvh.deactivate(place.log, key=FIRST, now=START + 500))
    place.now += 101
    for then in (None, START, NOW):
        with pytest.raises(TrustError) as caught:
            place.resolver.public_key(name, "assertionMethod", at=then)
        assert caught.value.code == "issuer_revoked"


def test_moved_dids(place: Place) -> None:
    moved = webvh.move(place.log, "https://elsewhere.example", key=FIRST, now=START + 500)
    place.serve(moved)
    resolution = place.resolver.resolve(place.log.did)
    assert resolution.document.id == moved.did
    assert resolution.metadata["canonicalId"] == moved.did
    # The old name's keys: as long as it was the name, and not under it any more.
    old = f"{place.log.did}#key-1"
    assert place.resolver.public_key(old, "assertionMethod", at=START) == P256.public_key
    with pytest.raises(TrustError) as caught:
        place.resolver.public_key(old, "assertionMethod")
    assert caught.value.code == "issuer_key_mismatch"
