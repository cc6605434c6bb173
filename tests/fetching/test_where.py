"""Where a fetcher connects: hosts, addresses, ports, redirects, proxies."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_servers import Authority, RawServer, by_path, raw, reply
from trustid.errors import ConfigurationError, FetchError, TrustidError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.fetching.addresses import checked_addresses
from trustid.fetching.deadline import deadline_after

JSON = "application/json"
PUBLIC_V4 = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"


class Names:
    """A resolver that answers from a list, in order, and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def admitting(*pairs: str, **settings: object) -> FetchPolicy:
    return FetchPolicy(allow_http_hosts=frozenset(pairs), **settings)  # type: ignore[arg-type]


BLOCKED_HOSTS = [
    "127.0.0.1",
    "localhost",
    "LOCALHOST",
    "x.localhost",
    "[::1]",
    "[::]",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "017700000001",
    "127.1",
    "127.0.0.1.",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "metadata.google.internal",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "[fc00::1]",
    "[fe80::1%25eth0]",
    "[fe80::1]",
    "100.64.0.1",
    "8.8.8.8",
    "printer.local",
    "router",
    "a..b.example",
    ".example.org",
    "example.org.",
    "-a.example.org",
    "a_b.example.org",
    "ex%61mple.org",
]


@pytest.mark.parametrize("host", BLOCKED_HOSTS)
def test_B094_host_names_this_machine_or_network(host: str) -> None:
    names = Names([PUBLIC_V4])
    with RawServer(reply()) as server:
        fetcher = Fetcher(FetchPolicy(allowed_ports=frozenset({server.port})), resolver=names)
        with pytest.raises(FetchError) as caught:
            fetcher.get(f"https://{host}:{server.port}/did.json", accept=JSON)
        assert (caught.value.code, server.connections, names.asked) == ("fetch_blocked", 0, [])
        # The twin: the same server under the one configured name.
        twin = Fetcher(admitting(f"127.0.0.1:{server.port}"), resolver=names)
        assert twin.get(f"http://127.0.0.1:{server.port}/did.json", accept=JSON).body == b"{}"
        assert server.connections == 1


BLOCKED_ADDRESSES = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "192.88.99.1",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2606:2800:220:1::1%eth0",
    "not an address",
]


@pytest.mark.parametrize("address", BLOCKED_ADDRESSES)
def test_B094_name_resolves_to_an_inner_address(address: str) -> None:
    with RawServer(reply()) as server:
        policy = FetchPolicy(allowed_ports=frozenset({server.port}), timeout_seconds=1)
        with pytest.raises(FetchError) as caught:
            Fetcher(policy, resolver=Names([address])).get(
                f"https://status.example:{server.port}/", accept=JSON
            )
        assert (caught.value.code, server.connections) == ("fetch_blocked", 0)
        twin = Fetcher(admitting(f"status.example:{server.port}"), resolver=Names(["127.0.0.1"]))
        assert twin.get(f"http://status.example:{server.port}/", accept=JSON).status == 200


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC_V4,
        PUBLIC_V6,
        f"::ffff:{PUBLIC_V4}",
        "64:ff9b::5db8:d822",
        "172.32.0.1",
        "100.128.0.1",
        "11.0.0.1",
    ],
)
def test_B094_public_addresses_are_taken_in_every_form(address: str) -> None:
    found = checked_addresses(
        "status.example",
        443,
        resolver=Names([address, address]),
        loopback_admitted=False,
        deadline=deadline_after(1),
    )
    assert [str(item) for item in found] == [str(ipaddress.ip_address(address))]


def test_B094_loopback_in_its_mapped_form_is_admitted_with_its_host() -> None:
    with RawServer(reply()) as server:
        pair = f"mapped.example:{server.port}"
        fetcher = Fetcher(admitting(pair), resolver=Names(["::ffff:127.0.0.1"]))
        assert fetcher.get(f"http://{pair}/", accept=JSON).status == 200


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0"])
def test_B094_an_admitted_host_opens_loopback_only(address: str) -> None:
    pair = "status.example:8001"
    with pytest.raises(FetchError) as caught:
        Fetcher(admitting(pair), resolver=Names([address])).get(f"http://{pair}/", accept=JSON)
    assert caught.value.code == "fetch_blocked"


@pytest.mark.parametrize("port", [22, 25, 6379, 80, 8443, 0])
def test_B095_port_is_not_allowed(port: int) -> None:
    names = Names([PUBLIC_V4])
    with pytest.raises(FetchError) as caught:
        Fetcher(resolver=names).get(f"https://host.example:{port}/", accept=JSON)
    assert (caught.value.code, names.asked) == ("port_not_allowed", [])
    with RawServer(reply()) as server:
        twin = Fetcher(admitting(f"host.example:{server.port}"), resolver=Names(["127.0.0.1"]))
        assert twin.get(f"http://host.example:{server.port}/", accept=JSON).status == 200
        # The pair is exact: the same host on another port stays closed.
        with pytest.raises(FetchError) as caught:
            twin.get(f"https://host.example:{port}/", accept=JSON)
        assert caught.value.code == "port_not_allowed"


def test_B097_name_is_resolved_once_and_the_checked_address_is_used() -> None:
    with (
        RawServer(reply(b'{"at":1}')) as first,
        RawServer(reply(), address="127.0.0.2", port=first.port) as second,
    ):
        pair = f"rebind.example:{first.port}"
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        answer = Fetcher(admitting(pair), resolver=names).get(f"http://{pair}/", accept=JSON)
        assert (answer.body, len(names.asked)) == (b'{"at":1}', 1)
        assert (first.connections, second.connections) == (1, 0)
        # Not admitted: a public answer first, loopback second. The second is never asked for.
        names = Names(["127.0.0.1"])
        closed = Fetcher(FetchPolicy(allowed_ports=frozenset({first.port})), resolver=names)
        with pytest.raises(FetchError) as caught:
            closed.get(f"https://{pair}/", accept=JSON)
        assert (caught.value.code, first.connections) == ("fetch_blocked", 1)


@pytest.mark.parametrize("answers", [[PUBLIC_V4, "::1"], [PUBLIC_V6, "10.0.0.1"], ["fe80::1", PUBLIC_V4]])
def test_B098_one_inner_address_among_public_ones(answers: list[str]) -> None:
    with RawServer(reply()) as server:
        pair = f"mixed.example:{server.port}"
        with pytest.raises(FetchError) as caught:
            Fetcher(FetchPolicy(allowed_ports=frozenset({server.port})), resolver=Names(answers)).get(
                f"https://{pair}/", accept=JSON
            )
        assert (caught.value.code, server.connections) == ("fetch_blocked", 0)
        twin = Fetcher(admitting(pair), resolver=Names(["127.0.0.1", "127.0.0.1"]))
        assert twin.get(f"http://{pair}/", accept=JSON).status == 200


def test_first_address_that_answers_is_used() -> None:
    with RawServer(reply()) as server:
        pair = f"two.example:{server.port}"
        names = Names(["::1", "127.0.0.3", "127.0.0.1"])
        assert Fetcher(admitting(pair), resolver=names).get(f"http://{pair}/", accept=JSON).status == 200


def redirect(location: str, status: str = "302 Found") -> object:
    return reply(b"", status=status, headers=[("Location", location)])


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
def test_B099_redirects_are_refused_unless_asked_for(status: str) -> None:
    with RawServer(reply()) as server:
        pair = f"127.0.0.1:{server.port}"
        server.answer = by_path({"/a": redirect("/b", status), "/b": redirect("/c"), "/c": reply()})  # type: ignore[dict-item]
        fetcher = Fetcher(admitting(pair))
        for path, hops, code in [
            ("/a", 0, "fetch_blocked"),
            ("/a", 1, "fetch_blocked"),
            ("/a", 9, "fetch_blocked"),
        ]:
            with pytest.raises(FetchError) as caught:
                fetcher.get(f"http://{pair}{path}", accept=JSON, max_redirects=hops)
            assert caught.value.code == code
        before = server.connections
        answer = fetcher.get(f"http://{pair}/b", accept=JSON, max_redirects=1)
        assert (answer.status, answer.url, server.connections - before) == (200, f"http://{pair}/c", 2)


@pytest.mark.parametrize(
    "location",
    [
        "https://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:1/",
        "https://localhost/",
        "ftp://example.org/",
        "//user@example.org/",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_B099_a_redirect_is_checked_anew(location: str) -> None:
    with RawServer(redirect(location)) as server:  # type: ignore[arg-type]
        fetcher = Fetcher(admitting(f"127.0.0.1:{server.port}"))
        with pytest.raises(FetchError) as caught:
            fetcher.get(f"http://127.0.0.1:{server.port}/", accept=JSON, max_redirects=1)
        assert (caught.value.code, server.connections) == ("fetch_blocked", 1)


def test_B099_no_redirect_from_https_to_http(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with (
        RawServer(reply()) as plain,
        RawServer(reply(), tls=authority.server_context("secure.example")) as server,
    ):
        pairs = (f"secure.example:{server.port}", f"plain.example:{plain.port}")
        fetcher = Fetcher(admitting(*pairs, ca_file=str(authority.file)), resolver=Names(["127.0.0.1"]))
        server.answer = redirect(f"http://{pairs[1]}/")  # type: ignore[assignment]
        with pytest.raises(FetchError) as caught:
            fetcher.get(f"https://{pairs[0]}/", accept=JSON, max_redirects=1)
        assert (caught.value.code, plain.connections) == ("fetch_blocked", 0)
        server.answer = by_path({"/": redirect("/b"), "/b": reply()})  # type: ignore[dict-item]
        assert fetcher.get(f"https://{pairs[0]}/", accept=JSON, max_redirects=1).status == 200


def test_B099_headers_are_not_carried_to_another_origin() -> None:
    with RawServer(reply()) as other, RawServer(redirect(f"http://127.0.0.1:{other.port}/")) as server:  # type: ignore[arg-type]
        fetcher = Fetcher(admitting(f"127.0.0.1:{server.port}", f"127.0.0.1:{other.port}"))
        fetcher.get(
            f"http://127.0.0.1:{server.port}/",
            accept=JSON,
            max_redirects=1,
            headers={"Authorization": "Bearer x"},
        )
        assert b"Bearer" in server.requests[0]
        assert b"Bearer" not in other.requests[0]


def test_B099_a_post_is_never_redirected() -> None:
    with RawServer(redirect("/b", "307 Temporary")) as server:  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{server.port}/"
        policy = admitting(f"127.0.0.1:{server.port}", max_redirects=1)
        with pytest.raises(FetchError) as caught:
            Fetcher(policy).post(
                url, body=b"x=1", content_type="application/x-www-form-urlencoded", accept=JSON
            )
        assert (caught.value.code, server.connections) == ("fetch_blocked", 1)
        server.answer = reply()
        answer = Fetcher(policy).post(url, body=b"x=1", content_type="text/plain", accept=JSON)
        assert answer.status == 200
        assert server.requests[1].endswith(b"\r\n\r\nx=1")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/offer",
        "https://[::1]/request.jwt",
        "https://169.254.169.254/jwks",
        "https://metadata.google.internal/logo.png",
        "http://10.0.0.1/vct",
        "http://status.example/list",
        "file:///etc/passwd",
        "gopher://x.example/",
        "ftp://x.example/",
        "javascript:alert(1)",
        "data:application/json,{}",
        "//example.org/",
        "/etc/passwd",
        "",
        "https://",
        "https:///x",
        "https://user@example.org/",
        "https://user:pw@example.org/",
        "https://example.org\\@127.0.0.1/",
        "https://example.org/\r\nX: y",
        "https://example.org/ x",
        "https://example.org/a\\b",
        "https://exämple.org/",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://example.org/" + "a" * 2048,
    ],
)
def test_B105_urls_of_strangers_that_lead_inside(url: str) -> None:
    names = Names(["127.0.0.1"])
    with pytest.raises(FetchError) as caught:
        Fetcher(resolver=names).get(url, accept=JSON)
    assert (caught.value.code, names.asked) == ("fetch_blocked", [])
    with RawServer(reply()) as server:
        twin = Fetcher(admitting(f"127.0.0.1:{server.port}"))
        assert twin.get(f"http://127.0.0.1:{server.port}/offer?a=b#c", accept=JSON).status == 200
        assert server.requests[0].startswith(b"GET /offer?a=b HTTP/1.1\r\n")


def test_B107_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(reply(b'"proxy"')) as proxy, RawServer(reply(b'"server"')) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        fetcher = Fetcher(admitting(f"127.0.0.1:{server.port}"))
        answer = fetcher.get(f"http://127.0.0.1:{server.port}/", accept=JSON)
        assert (answer.body, proxy.connections, server.connections) == (b'"server"', 0, 1)


def test_name_that_does_not_exist() -> None:
    def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    for resolver in (nowhere, Names([])):
        with pytest.raises(FetchError) as caught:
            Fetcher(resolver=resolver).get("https://nowhere.example/", accept=JSON)
        assert caught.value.code == "fetch_failed"


def test_slow_look_up_ends_at_the_deadline() -> None:
    def slow(_host: str, _port: int) -> Sequence[str]:
        time.sleep(1)
        return [PUBLIC_V4]

    started = time.monotonic()
    with pytest.raises(FetchError) as caught:
        Fetcher(FetchPolicy(timeout_seconds=0.2), resolver=slow).get("https://slow.example/", accept=JSON)
    assert caught.value.code == "fetch_timeout"
    assert time.monotonic() - started < 0.8


@pytest.mark.parametrize("pair", ["", "host:port", "http://host:1", "host:1/x", "user@host:1", "host:70000"])
def test_policy_refuses_pairs_that_are_none(pair: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FetchPolicy(allow_http_hosts=frozenset({pair}))
    assert caught.value.code == "setting_unsafe"
    assert FetchPolicy(allow_http_hosts=frozenset({"host:1"})).admits("host", 1)
    assert FetchPolicy(allow_http_hosts=frozenset({"host", "[::1]:8001"})).admits("::1", 8001)


@pytest.mark.parametrize("settings", [{"max_bytes": 0}, {"timeout_seconds": 0}, {"max_redirects": 2}])
def test_policy_refuses_unsafe_limits(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        FetchPolicy(**settings)  # type: ignore[arg-type]
    assert caught.value.code == "setting_unsafe"
    FetchPolicy(max_bytes=1, timeout_seconds=0.1, max_redirects=1)


def test_missing_file_of_authorities(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Fetcher(FetchPolicy(ca_file=str(tmp_path / "none.pem")))
    assert caught.value.code == "setting_unsafe"
    Fetcher(FetchPolicy(ca_file=str(Authority(tmp_path).file)))


@given(st.text() | st.from_regex(r"https?://[ -~]{0,40}", fullmatch=True))
def test_only_our_errors_come_out_of_any_url(url: str) -> None:
    with pytest.raises(TrustidError):
        _OFFLINE.get(url, accept=JSON)


_OFFLINE = Fetcher(resolver=lambda _host, _port: ["127.0.0.1"])


def test_raw_answers_work_too() -> None:
    with RawServer(raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[1]")) as server:
        fetcher = Fetcher(admitting(f"127.0.0.1:{server.port}"))
        assert fetcher.get(f"http://127.0.0.1:{server.port}/", accept=JSON).body == b"[1]"
