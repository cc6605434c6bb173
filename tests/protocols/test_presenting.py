"""The presenting engine without a web framework: what no two sessions may share, and the verdict."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import json_objects
from trustid.errors import CODES, Check
from trustid.protocols import ports, presenting
from trustid.protocols.asking import Inquiry
from trustid.protocols.conversation import seal_context
from trustid.protocols.ports import random_token
from trustid.protocols.presenting import PresentationDesk
from trustid.protocols.results import ProvedCredential, Result, declined, of_verified, unanswered
from trustid.stores.sqlite_verifier import SqliteVerifierStore
from verifier_under_test import NOW, QUERY, make_bench


class RecordingStore:
    """Keeps what sessions are made of, without a disk."""

    def __init__(self) -> None:
        self.sessions: list[Any] = []

    def add_session(self, session: Any) -> None:
        self.sessions.append(session)


def desk_over(store: Any, folder: Path) -> PresentationDesk:
    engine = make_bench(folder).app.extensions["trustid_verifier"]
    return PresentationDesk(
        store=store,
        identity=engine.keys.identity,
        sealing=engine.keys.sealing,
        policy=engine.policy,
        sources=engine.desk._sources,
        clock=lambda: NOW,
    )


@pytest.mark.slow
def test_B148_B151_no_two_sessions_share_a_key_a_nonce_a_state_or_a_link(tmp_path: Path) -> None:
    store = RecordingStore()
    desk = desk_over(store, tmp_path)
    inquiry = Inquiry.parse({"dcql_query": QUERY, "response_mode": "direct_post.jwt"})
    count = 10_000
    for _ in range(count):
        desk.create(inquiry)
    opened = [
        json.loads(desk._sealing.open(one.sealed_conversation, seal_context("conversation", one.id)))
        for one in store.sessions
    ]
    assert len({one.id for one in store.sessions}) == count
    assert len({one.request_hash for one in store.sessions}) == count
    for secret in ("nonce", "state", "request_id", "link"):
        assert len({one[secret] for one in opened}) == count
    assert len({one["encryption_key"]["d"] for one in opened}) == count
    assert len({one["encryption_key"]["x"] for one in opened}) == count


def test_B151_nonces_are_drawn_from_256_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ports.SECRET_BYTES * 8 >= 128
    assert len({random_token() for _ in range(100_000)}) == 100_000
    # Every secret of a session comes from this one function.
    assert presenting.random_token is random_token


def test_unknown_things_are_unknown(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    desk = bench.app.extensions["trustid_verifier"].desk
    with refused("session_unknown"):
        desk.request_object("x")
    with refused("session_unknown"):
        desk.accept("x" * 1000, {})
    with refused("not_found"):
        desk.result("x", admin=True)
    with refused("session_mismatch"):
        desk.finish("x", browser="b", response_code="c")
    created = desk.create(Inquiry.parse({"dcql_query": QUERY}), browser="b")
    for browser in (None, "", "c"):
        with refused("not_found"):
            desk.result(created.session_id, browser=browser)
    assert desk.result(created.session_id, browser="b").state == "pending"
    assert desk.link(created.session_id, browser="b") == created.link


checks = st.lists(
    st.builds(
        Check,
        st.sampled_from(["readable", "issuer_trusted", "time"]),
        st.booleans(),
        st.sampled_from(sorted(CODES)),
        st.text(max_size=20),
    ),
    max_size=5,
).map(tuple)
results = st.builds(
    Result,
    st.sampled_from(["pending", "verified", "refused"]),
    checks,
    st.lists(
        st.builds(
            ProvedCredential, st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), json_objects
        ),
        max_size=2,
    ).map(tuple),
    st.none() | st.tuples(st.text(max_size=5), st.text(max_size=5)),
    st.integers(0, 2**40),
)


@given(results)
def test_results_come_back_from_their_bytes(result: Result) -> None:
    assert Result.from_bytes(result.to_bytes(), state=result.state) == result
    other = "verified" if result.state != "verified" else "refused"
    with refused("store_tampered"):
        Result.from_bytes(result.to_bytes(), state=other)  # type: ignore[arg-type]


@given(st.lists(checks, min_size=1, max_size=4))
def test_the_verdict_is_the_and_of_all_parts(groups: list[tuple[Check, ...]]) -> None:
    """CVE-2024-21669: a result must not say verified while a part of it says no."""

    class One:
        issuer = credential_type = "x"
        status_epoch = None

        class view:  # noqa: N801
            claims: ClassVar[dict[str, Any]] = {}

        def __init__(self, group: tuple[Check, ...]) -> None:
            self.checks = group

    from trustid.protocols.dcql import DcqlQuery

    result = of_verified(DcqlQuery.parse(QUERY), {"degree": [One(group) for group in groups]}, now=NOW)  # type: ignore[list-item]
    everything = all(check.ok for group in groups for check in group)
    assert (result.state == "verified") == everything
    assert all(check.ok for check in result.checks) == everything
    assert bool(result.credentials) == everything


def test_results_without_an_answer() -> None:
    assert declined("e", "d", now=NOW).to_json()["checks"] == [
        {"name": "answered", "ok": False, "code": "wallet_declined"}
    ]
    assert unanswered(NOW).to_json() == {
        "state": "refused",
        "claims": {},
        "checks": [{"name": "answered", "ok": False, "code": "session_expired"}],
    }


def test_leases_and_attempts(tmp_path: Path) -> None:
    one, two = SqliteVerifierStore(tmp_path / "v.db"), SqliteVerifierStore(tmp_path / "v.db")
    assert one.acquire_lease("work", now=100, seconds=10)
    assert not two.acquire_lease("work", now=109, seconds=10)
    assert two.acquire_lease("other", now=109, seconds=10)
    assert two.acquire_lease("work", now=110, seconds=10)
    assert [store.count_attempt("b", 100, 60) for store in (one, two, one)] == [1, 2, 3]
    assert one.count_attempt("c", 100, 60) == 1
    assert one.count_attempt("b", 120, 60) == 1
