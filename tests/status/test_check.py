"""Whether a credential was taken back: fetching, keeping and believing status lists."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from loopback import Loopback, loopback
from trustid import keys
from trustid.encoding import JsonObject
from trustid.errors import FetchError, StatusUnknownError, TrustError, TrustidError
from trustid.fetching import Fetched
from trustid.keys import PublicKey
from trustid.status import list_token
from trustid.status.check import MemoryStatusCache, StatusChecker, StatusPolicy, StatusReference
from trustid.status.token_list import TokenStatusList

NOW = 1_800_000_000
ISSUER = "did:web:school.example"
KEY = keys.generate("P-256")
MEDIA_TYPE = "application/statuslist+jwt"


class Desk:
    """A verifier with one list server, and a clock that the test turns."""

    def __init__(self, server: Loopback) -> None:
        self.server = server
        self.now = NOW
        self.cache = MemoryStatusCache()
        self.uri = server.url("/1")
        self.key: PublicKey = KEY.public_key
        self.checker = self.new_checker()

    def new_checker(self, **policy: int) -> StatusChecker:
        fetcher = self.server.fetcher(timeout_seconds=1.0)
        return StatusChecker(fetcher, self.cache, clock=lambda: self.now, policy=StatusPolicy(**policy))

    def publish(
        self, statuses: dict[int, int] | None = None, *, path: str = "/1", bits: int = 4, **changes: object
    ) -> str:
        listed = TokenStatusList(bits, 64)
        for index, status in (statuses or {}).items():
            listed.set(index, status)
        options = {"uri": self.uri, "key": KEY, "issued_at": self.now, "ttl": 300, **changes}
        token = list_token.issue(listed, list_token.ListSigning(**options))  # type: ignore[arg-type]
        self.server.pages[path] = (200, MEDIA_TYPE, token.encode())
        return token

    def check(self, index: object = 0, *, uri: str | None = None, issuer: str = ISSUER):
        reference = {"status_list": {"idx": index, "uri": uri or self.uri}}
        return self.checker.check(reference, issuer=issuer, key_of=lambda _header, _now: self.key)

    def code(self, index: object = 0, **options: str) -> str:
        return self.refusal(index, **options).code

    def refusal(self, index: object = 0, **options: str) -> TrustidError:
        with pytest.raises(TrustidError) as refused:
            self.check(index, **options)
        return refused.value


@pytest.fixture
def desk() -> Iterator[Desk]:
    with loopback() as server:
        yield Desk(server)


def test_valid_and_how_old(desk: Desk) -> None:
    desk.publish(issued_at=NOW - 40)
    result = desk.check(5)
    assert (result.value, result.age_seconds, result.uri) == (0, 40, desk.uri)


def test_a_fresh_list_is_not_fetched_again(desk: Desk) -> None:
    desk.publish({7: 1})
    for index in range(7):
        desk.check(index)
    assert desk.code(7) == "revoked"
    desk.now += 299
    desk.check()
    assert desk.server.asked == ["/1"]
    desk.now += 1
    desk.check()
    assert desk.server.asked == ["/1", "/1"]


def test_another_process_uses_the_same_cache(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.checker = desk.new_checker()
    desk.check()
    assert desk.server.asked == ["/1"]


def test_a_list_renewed_by_another_process_counts_here(desk: Desk) -> None:
    desk.publish()
    desk.check(3)
    other = desk.new_checker()
    desk.now += 1
    desk.publish({3: 1})
    other.refresh(desk.uri, issuer=ISSUER, key_of=lambda _header, _now: KEY.public_key, force=True)
    assert desk.code(3) == "revoked"


def test_a_token_from_the_cache_is_verified_again(desk: Desk) -> None:
    """Somebody who can write to the store cannot make a revoked credential valid."""
    desk.publish({3: 1})
    assert desk.code(3) == "revoked"
    stored = desk.cache.load(ISSUER, desk.uri)
    forged = list_token.issue(
        TokenStatusList(4, 64),
        list_token.ListSigning(uri=desk.uri, key=keys.generate("P-256"), issued_at=NOW + 1),
    )
    desk.cache.save(ISSUER, desk.uri, type(stored)(forged, NOW + 1, NOW + 1, NOW + 9999))
    assert desk.code(3) == "revoked"
    desk.checker = desk.new_checker()
    assert desk.code(3) == "status_rollback"  # it can only make this verifier refuse


def test_many_at_once_cause_one_fetch(desk: Desk) -> None:
    desk.publish()
    threads = [threading.Thread(target=desk.check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.server.asked == ["/1"]


@pytest.mark.parametrize(
    ("index", "code"),
    [(-1, "status_range"), ("7", "status_malformed"), (1 << 40, "status_range"), (64, "status_range"),
     (True, "status_malformed"), (1.0, "status_malformed"), (None, "status_malformed")],
)  # fmt: skip
def test_B088_index(desk: Desk, index: object, code: str) -> None:
    desk.publish()
    desk.check(63)
    assert desk.code(index) == code


@pytest.mark.parametrize("reference", [None, [], {}, {"status_list": 1}, {"status_list": {"idx": 0}}])
def test_reference_malformed(reference: object) -> None:
    assert StatusReference.parse({"idx": 0, "uri": "https://a.example"}).index == 0
    with pytest.raises(StatusUnknownError) as refused:
        StatusReference.parse(reference)
    assert refused.value.code == "status_malformed"


def test_B124_each_status_has_its_own_answer(desk: Desk) -> None:
    desk.publish({1: 0x01, 2: 0x02, 3: 0x03, 15: 0x0F})
    desk.check(0)
    assert [desk.code(index) for index in (1, 2, 3, 15)] == [
        "revoked",
        "suspended",
        "status_application",
        "status_application",
    ]


def test_B118_signed_by_another_issuer(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.cache.__init__()
    desk.checker = desk.new_checker()
    desk.key = keys.generate("P-256").public_key
    assert desk.code() == "status_untrusted"
    assert desk.cache.load(ISSUER, desk.uri) is None


def test_B118_unsigned(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.now += 300
    desk.server.pages["/1"] = (200, MEDIA_TYPE, b'{"status_list":{"bits":1,"lst":"eNpjAAAAAQAB"}}')
    assert desk.code() == "status_malformed"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a.b.c", b"{}"])
def test_what_is_no_token(desk: Desk, body: bytes) -> None:
    desk.publish()
    desk.check()
    desk.now += 300
    desk.server.pages["/1"] = (200, MEDIA_TYPE, body)
    assert desk.code() == "status_malformed"


def test_a_list_is_another_list_for_another_issuer(desk: Desk) -> None:
    """What one issuer signed says nothing about the credentials of another."""
    desk.publish()
    desk.check()
    desk.key = keys.generate("P-256").public_key
    assert desk.code(issuer="did:web:mill.example") == "status_untrusted"
    desk.key = KEY.public_key
    desk.check()


def test_an_issuer_without_key_for_the_list(desk: Desk) -> None:
    desk.publish(kid="#stranger")

    def key_of(header: JsonObject, _now: int) -> PublicKey:
        raise TrustError("issuer_key_unknown", f"no key {header['kid']}")

    with pytest.raises(StatusUnknownError) as refused:
        desk.checker.refresh(desk.uri, issuer=ISSUER, key_of=key_of)
    assert refused.value.code == "status_untrusted"
    desk.check()


def test_B119_list_a_served_at_url_b(desk: Desk) -> None:
    desk.publish(path="/2")
    desk.publish()
    desk.check()
    assert desk.code(uri=desk.server.url("/2")) == "status_mismatch"


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/statuslist+cwt", ""])
def test_B120_content_type(desk: Desk, content_type: str) -> None:
    token = desk.publish()
    desk.server.pages["/2"] = (200, content_type, token.encode())
    desk.check()
    assert desk.code(uri=desk.server.url("/2")) == "typ_mismatch"
    desk.now += 300
    desk.server.pages["/1"] = (200, "Application/StatusList+JWT; charset=utf-8", token.encode())
    desk.check()


def test_B120_typ(desk: Desk) -> None:
    desk.publish()
    desk.check()
    desk.now += 300
    from trustid.credentials import jose

    other = jose.sign({"typ": "JWT"}, jose.parse(desk.publish()).claims(), KEY)
    desk.server.pages["/1"] = (200, MEDIA_TYPE, other.encode())
    assert desk.code() == "typ_mismatch"


def test_B121_host_down_and_errors(desk: Desk) -> None:
    desk.publish()
    desk.check()
    for status in (404, 500, 503):
        desk.server.pages["/2"] = (status, "text/plain", b"")
        desk.now += 60
        refusal = desk.refusal(uri=desk.server.url("/2"))
        assert refusal.code == "status_unavailable"
        assert refusal.__cause__.code == "fetch_failed"
    with loopback() as gone:
        fetcher = gone.fetcher(timeout_seconds=1.0)
    checker = StatusChecker(fetcher, clock=lambda: NOW)
    for uri in (gone.url("/1"), "https://no-such-host.invalid/1"):
        with pytest.raises(StatusUnknownError) as refused:
            checker.check({"idx": 0, "uri": uri}, issuer=ISSUER, key_of=lambda _header, _now: KEY.public_key)
        assert refused.value.code == "status_unavailable"


def test_B121_tls_error(desk: Desk) -> None:
    desk.publish()
    desk.check()
    refusal = desk.refusal(uri=desk.uri.replace("http:", "https:"))
    assert refusal.code == "status_unavailable"
    assert refusal.__cause__.code in ("tls_invalid", "fetch_failed")


def test_an_outage_costs_one_attempt_and_not_one_for_each_presentation(desk: Desk) -> None:
    for _ in range(5):
        assert desk.code() == "status_unavailable"
    assert desk.server.asked == ["/1"]
    desk.now += 10
    desk.publish()
    desk.check()


def test_B108_a_peer_over_its_limit_says_nothing_about_a_list(desk: Desk) -> None:
    desk.publish()
    fetcher = desk.server.fetcher(peer_requests=1)
    checker = StatusChecker(fetcher, clock=lambda: NOW)

    def check() -> None:
        checker.check(
            {"status_list": {"idx": 0, "uri": desk.uri}},
            issuer=ISSUER,
            key_of=lambda _header, _now: KEY.public_key,
        )

    with fetcher.on_behalf_of("203.0.113.7"):
        with pytest.raises(FetchError):
            fetcher.get(desk.server.url("/other"), accept="*/*")
        with pytest.raises(StatusUnknownError) as refused:
            check()
        assert refused.value.code == "status_unavailable"
    with fetcher.on_behalf_of("203.0.113.8"):
        check()


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", MEDIA_TYPE)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b"a")
        handler.wfile.flush()
        time.sleep(0.1)


def lie(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", MEDIA_TYPE)
    handler.send_header("Content-Length", str(10 * 1024**3))
    handler.end_headers()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", MEDIA_TYPE)
    handler.end_headers()
    block = b"a" * 65536
    for _ in range(10 * 1024**3 // len(block)):
        handler.wfile.write(block)


@pytest.mark.parametrize(
    ("page", "code", "cause"),
    [
        (drip, "status_unavailable", "fetch_timeout"),
        (lie, "limit_exceeded", None),
        (endless, "limit_exceeded", None),
    ],
)
def test_B091_slow_and_endless_servers(desk: Desk, page: object, code: str, cause: str | None) -> None:
    desk.publish()
    desk.check()
    desk.server.pages["/2"] = page  # type: ignore[assignment]
    started = time.monotonic()
    refusal = desk.refusal(uri=desk.server.url("/2"))
    assert refusal.code == code
    assert getattr(refusal.__cause__, "code", None) == cause
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "target", ["/2", "http://127.0.0.1:1/", "http://169.254.169.254/", "http://school.example/1"]
)
def test_B092_redirects(desk: Desk, target: str) -> None:
    def redirect(to: str):
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(301)
            handler.send_header("Location", to)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return answer

    uri = desk.server.url("/2")
    desk.publish(path="/3", uri=uri)
    desk.server.pages["/2"] = redirect("/3")
    desk.check(uri=uri)
    desk.now += 300
    desk.server.pages["/2"] = redirect(target)
    refusal = desk.refusal(uri=uri)
    assert refusal.code == "status_stale"  # the copy at hand is over and cannot be renewed
    assert refusal.__cause__.__cause__.code == "fetch_blocked"


@pytest.mark.parametrize(
    ("ttl", "fresh_for"), [(0, 60), (-1, 60), (1, 60), (300, 300), (10**12, 86400), (None, 3600)]
)
def test_B093_ttl_is_clamped(desk: Desk, ttl: int | None, fresh_for: int) -> None:
    desk.publish(ttl=ttl)
    desk.check()
    desk.now += fresh_for - 1
    desk.check()
    assert desk.server.asked == ["/1"]
    desk.now += 1
    desk.check()
    assert desk.server.asked == ["/1", "/1"]


def test_B093_exp_ends_freshness_before_ttl(desk: Desk) -> None:
    desk.publish(ttl=86400, expires_at=NOW + 100)
    desk.check()
    desk.now += 100
    assert desk.code() == "status_stale"
    assert desk.server.asked == ["/1", "/1"]


def test_B122_cached_list_is_over_and_network_down(desk: Desk) -> None:
    desk.publish(expires_at=NOW + 300)
    desk.check()
    del desk.server.pages["/1"]
    desk.now += 300
    assert desk.code() == "status_stale"
    # The good twin: a verifier that decided to bridge outages for ten minutes, and sees how old it is.
    desk.checker = desk.new_checker(outage_grace_seconds=600)
    assert desk.check().age_seconds == 300
    desk.now += 599
    assert desk.check().age_seconds == 899
    desk.now += 1
    assert desk.code() == "status_stale"


def test_B122_grace_does_not_make_a_revoked_credential_valid(desk: Desk) -> None:
    desk.checker = desk.new_checker(outage_grace_seconds=600)
    desk.publish({3: 1})
    assert desk.code(3) == "revoked"
    del desk.server.pages["/1"]
    desk.now += 301
    assert desk.code(3) == "revoked"
    desk.check(4)


def test_a_list_that_the_issuer_signed_long_ago(desk: Desk) -> None:
    desk.checker = desk.new_checker(max_age_seconds=1000)
    desk.publish(issued_at=NOW - 1000)
    desk.check()
    desk.now += 1
    assert desk.code() == "status_stale"


def test_B123_rollback(desk: Desk) -> None:
    desk.publish(issued_at=NOW - 10)
    before = desk.server.pages["/1"]
    desk.publish({3: 1}, issued_at=NOW - 5)
    assert desk.code(3) == "revoked"
    desk.server.pages["/1"] = before
    desk.now += 300
    assert desk.code(3) == "status_rollback"
    desk.publish({3: 1}, issued_at=NOW - 5)  # the same again is no rollback
    assert desk.code(3) == "revoked"


def test_B123_rollback_is_noticed_by_another_process(desk: Desk) -> None:
    desk.publish(issued_at=NOW - 10)
    before = desk.server.pages["/1"]
    desk.publish({3: 1}, issued_at=NOW - 5)
    assert desk.code(3) == "revoked"
    desk.server.pages["/1"] = before
    desk.checker = desk.new_checker()
    desk.now += 300
    assert desk.code(3) == "status_rollback"


def test_B123_rollback_to_a_list_that_ends_later(desk: Desk) -> None:
    """The newer list is over and no longer believed, but it is remembered."""
    desk.publish(issued_at=NOW - 10)
    before = desk.server.pages["/1"]
    desk.publish({3: 1}, issued_at=NOW - 5, expires_at=NOW + 100)
    assert desk.code(3) == "revoked"
    desk.server.pages["/1"] = before
    desk.checker = desk.new_checker()
    desk.now += 100
    assert desk.code(3) == "status_rollback"


def test_refresh_all(desk: Desk) -> None:
    desk.publish()
    desk.check(3)
    desk.now += 1
    desk.publish({3: 1})
    assert desk.checker.refresh_all() == ((desk.uri, None),)
    desk.check(3)  # still fresh: nothing was fetched
    assert desk.checker.refresh_all(force=True) == ((desk.uri, None),)
    assert desk.code(3) == "revoked"
    desk.now += 300
    del desk.server.pages["/1"]
    ((uri, problem),) = desk.checker.refresh_all(force=True)
    assert (uri, problem.code) == (desk.uri, "status_stale")
    desk.server.pages["/1"] = (200, "text/html", b"<p>")
    ((uri, problem),) = desk.checker.refresh_all(force=True)
    assert (uri, problem.code) == (desk.uri, "typ_mismatch")


def test_lists_are_renewed_before_a_presentation_needs_them(desk: Desk) -> None:
    desk.publish(ttl=300)
    desk.check()
    desk.now += 250
    desk.checker.refresh_all(ahead_seconds=50)
    assert len(desk.server.asked) == 2
    desk.now += 100
    desk.check()
    assert len(desk.server.asked) == 2


def test_memory_of_opened_lists_is_bounded(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    monkeypatch.setattr("trustid.status.keeping.MAX_OPEN_BYTES", 64)
    for number in range(1, 6):
        uri = desk.server.url(f"/{number}")
        desk.publish(path=f"/{number}", uri=uri)
        desk.check(uri=uri)
    assert len(desk.checker._tokens._open) == 2
    desk.check()  # opened again from the cache
    assert desk.server.asked == ["/1", "/2", "/3", "/4", "/5"]


def test_cache_keeps_the_newer_list() -> None:
    from trustid.status.check import StoredList

    cache = MemoryStatusCache()
    assert cache.version(ISSUER, "u") is None
    cache.save(ISSUER, "u", StoredList("new", 2, 2, 2))
    cache.save(ISSUER, "u", StoredList("old", 1, 3, 3))
    assert cache.load(ISSUER, "u").token == "new"


def test_tables_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    monkeypatch.setattr("trustid.status.keeping.MEMORY_LISTS_MAX", 2)
    monkeypatch.setattr("trustid.status.cache.MEMORY_LISTS_MAX", 2)
    for number in range(2, 6):
        assert desk.code(uri=desk.server.url(f"/{number}")) == "status_unavailable"
        desk.publish(path=f"/{number}0", uri=desk.server.url(f"/{number}0"))
        desk.check(uri=desk.server.url(f"/{number}0"))
    assert len(desk.checker._tokens._failed_at) == len(desk.cache._lists) == 2


def test_nothing_is_fetched_without_a_reference() -> None:
    class Closed:
        def get(self, *_args: object, **_options: object) -> Fetched:
            raise AssertionError("fetched")

    checker = StatusChecker(Closed(), clock=lambda: NOW)
    with pytest.raises(StatusUnknownError):
        checker.check(
            {"status_list": {"idx": -1, "uri": "https://a.example"}},
            issuer=ISSUER,
            key_of=lambda _header, _now: KEY.public_key,
        )
