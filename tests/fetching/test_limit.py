"""How much one peer may make a fetcher fetch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from raw_servers import RawServer, reply
from trustid.errors import ConfigurationError, FetchError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.fetching.limit import WINDOW_SECONDS, PeerLimit

JSON = "application/json"


def test_B108_a_thousand_hosts_for_one_peer() -> None:
    asked: list[str] = []

    def resolver(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["10.0.0.1"]

    with RawServer(reply()) as server:
        pair = f"127.0.0.1:{server.port}"
        fetcher = Fetcher(
            FetchPolicy(allow_http_hosts=frozenset({pair}), peer_requests=20), resolver=resolver
        )
        codes: list[str] = []
        with fetcher.on_behalf_of("203.0.113.7"):
            for number in range(1000):
                with pytest.raises(FetchError) as caught:
                    fetcher.get(f"https://status-{number}.example/", accept=JSON)
                codes.append(caught.value.code)
        assert codes == ["fetch_blocked"] * 20 + ["fetch_limited"] * 980
        assert len(asked) == 20
        # Others are not affected, nor is what nobody asked for.
        with fetcher.on_behalf_of("203.0.113.8"):
            assert fetcher.get(f"http://{pair}/", accept=JSON).status == 200
        assert fetcher.get(f"http://{pair}/", accept=JSON).status == 200
        with fetcher.on_behalf_of("203.0.113.7"), pytest.raises(FetchError) as caught:
            fetcher.get(f"http://{pair}/", accept=JSON)
        assert (caught.value.code, caught.value.http_status, server.connections) == ("fetch_limited", 429, 2)


def test_B108_the_window_slides() -> None:
    limit = PeerLimit(2)
    limit.spend("a", 0)
    limit.spend("a", 30)
    with pytest.raises(FetchError) as caught:
        limit.spend("a", WINDOW_SECONDS - 1)
    assert caught.value.code == "fetch_limited"
    limit.spend("a", WINDOW_SECONDS)
    with pytest.raises(FetchError):
        limit.spend("a", WINDOW_SECONDS)
    limit.spend("b", WINDOW_SECONDS)


def test_peers_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trustid.fetching.limit.PEERS_MAX", 2)
    limit = PeerLimit(1)
    for peer in ("a", "b", "c", "a"):
        limit.spend(peer, 0)
    with pytest.raises(FetchError):
        limit.spend("c", 0)


def test_policy_refuses_a_limit_of_nothing() -> None:
    with pytest.raises(ConfigurationError) as caught:
        FetchPolicy(peer_requests=0)
    assert caught.value.code == "setting_unsafe"
