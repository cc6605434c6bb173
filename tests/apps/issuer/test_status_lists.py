"""Status lists as they are served: true to the store, cacheable, never older than before."""

from __future__ import annotations

import pytest

from issuer_under_test import PUBLIC_URL, IssuerUnderTest, error_of
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.protocols.status_lists import LIST_SECONDS, LIST_SIZE
from trustid.status import list_change, list_token
from trustid.stores import issuer_statements


def place(credential: str) -> tuple[str, int]:
    status = SdJwtVc.parse(credential).status
    assert status is not None
    return status["status_list"]["uri"].removeprefix(PUBLIC_URL), status["status_list"]["idx"]


def read(issuer: IssuerUnderTest, path: str) -> list_token.StatusListToken:
    response = issuer.client().get(path)
    assert response.status_code == 200
    token = list_token.parse(response.get_data())
    key = issuer.engine.identity.credential.key.public_key
    return list_token.verify(token, key, uri=f"{PUBLIC_URL}{path}", now=issuer.clock.now)


def test_unchanged_list_is_the_same_bytes_and_not_sent_again(issuer: IssuerUnderTest) -> None:
    _, [credential] = issuer.collect()
    path, _ = place(credential)
    first = issuer.client().get(path)
    issuer.clock.now += 3600
    again = issuer.client().get(path)
    assert again.data == first.data
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in first.headers
    known = issuer.client().get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    other = issuer.client().get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_list_changes_when_somebody_is_revoked_and_only_then(issuer: IssuerUnderTest) -> None:
    name, [credential] = issuer.collect()
    path, index = place(credential)
    before = issuer.client().get(path).headers["ETag"]
    issuer.collect()
    assert issuer.client().get(path).headers["ETag"] == before
    assert read(issuer, path).statuses.get(index) == 0
    issuer.engine.revoking.revoke(name)
    assert issuer.client().get(path, headers={"If-None-Match": before}).status_code == 200
    assert read(issuer, path).statuses.get(index) == 1


def test_suspension_stands_in_the_list_and_goes_again(issuer: IssuerUnderTest) -> None:
    """Two bits an entry: 2 for suspended, 1 for revoked, which stays whatever else happens."""
    name, credentials = issuer.collect(2)
    places = [place(credential) for credential in credentials]
    path = places[0][0]
    revoking = issuer.engine.revoking
    for act, status in (
        (revoking.suspend, 2),
        (revoking.resume, 0),
        (revoking.suspend, 2),
        (revoking.revoke, 1),
    ):
        act(name)
        statuses = read(issuer, path).statuses
        assert statuses.bits == 2
        assert [statuses.get(index) for _, index in places] == [status, status]
        assert len(list(statuses.set_entries())) == (2 if status else 0)


def test_while_suspended_no_further_copy_is_collected(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    token = (issuer.token(issuer.code(offer)).json or {})["access_token"]
    assert issuer.ask(token, issuer.proof()).status_code == 200
    issuer.engine.revoking.suspend(offer["issuance_id"])
    assert error_of(issuer.ask(token, issuer.proof())) == (401, "invalid_token")
    issuer.engine.revoking.resume(offer["issuance_id"])
    assert issuer.ask(token, issuer.proof()).status_code == 200


def test_changes_lead_from_a_list_that_was_served_to_the_newest(issuer: IssuerUnderTest) -> None:
    name, [credential] = issuer.collect()
    path, index = place(credential)
    key = issuer.engine.identity.credential.key.public_key
    first = read(issuer, path)
    assert first.changes
    issuer.engine.revoking.revoke(name)
    issuer.clock.now += 60
    followed = first
    for number_set in (1, 1):
        change_path = list_change.change_uri(followed).removeprefix(PUBLIC_URL)
        answer = issuer.client().get(change_path, headers={"Accept": list_change.CHANGE_MEDIA_TYPE})
        assert (answer.status_code, answer.content_type) == (200, list_change.CHANGE_MEDIA_TYPE)
        assert answer.headers["Cache-Control"] == "public, max-age=60"
        token = list_change.parse(answer.get_data())
        followed = list_change.apply(followed, token, key, now=issuer.clock.now)
        assert len(list(followed.statuses.set_entries())) == number_set
    assert followed.statuses == read(issuer, path).statuses
    assert followed.statuses.get(index) == 1
    assert followed.issued_at == issuer.clock.now
    for wrong in ("nothing", "*", "A" * 43):
        assert error_of(issuer.client().get(f"{path}/changes/{wrong}")) == (404, "not_found")
    assert error_of(issuer.client().get("/status/nothing/changes/AA")) == (404, "not_found")


def test_only_so_many_changes_are_kept(issuer: IssuerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_statements, "CHANGES_KEPT", 4)
    collected = [issuer.collect() for _ in range(4)]
    path, _ = place(collected[0][1][0])
    first = list_change.change_uri(read(issuer, path)).removeprefix(PUBLIC_URL)
    revoking = issuer.engine.revoking
    for act in (revoking.suspend, revoking.resume):
        act(collected[0][0])
        read(issuer, path)
    # Back where it was: a list is named by its content, so a change leads on from there.
    assert issuer.client().get(first).status_code == 200
    for name, _ in collected:
        revoking.revoke(name)
        read(issuer, path)
    assert issuer.sql("SELECT count(*) FROM status_change") == [(4,)]
    assert issuer.client().get(first).status_code == 404


def test_list_is_signed_anew_before_it_ends(issuer: IssuerUnderTest) -> None:
    _, [credential] = issuer.collect()
    path, _ = place(credential)
    first = read(issuer, path)
    assert first.expires_at == first.issued_at + LIST_SECONDS
    issuer.clock.now += LIST_SECONDS // 2 + 1
    second = read(issuer, path)
    assert second.issued_at == issuer.clock.now


def test_date_of_a_list_never_goes_back(issuer: IssuerUnderTest) -> None:
    name, [credential] = issuer.collect()
    path, _ = place(credential)
    first = read(issuer, path)
    issuer.clock.now -= 30
    issuer.engine.revoking.revoke(name)
    assert read(issuer, path).issued_at == first.issued_at


@pytest.mark.parametrize("name", ["nothing", "x" * 100, "..", "%2e%2e%2fissuer.db"])
def test_unknown_list(issuer: IssuerUnderTest, name: str) -> None:
    _, [credential] = issuer.collect()
    path, _ = place(credential)
    assert issuer.client().get(f"/status/{name}").status_code == 404
    assert error_of(issuer.client().get("/status/nothing")) == (404, "not_found")
    assert issuer.client().get(path).status_code == 200


def test_accept(issuer: IssuerUnderTest) -> None:
    _, [credential] = issuer.collect()
    path, _ = place(credential)
    for good in (
        "application/statuslist+jwt",
        "*/*",
        "application/statuslist+cwt, application/statuslist+jwt;q=0.5",
    ):
        assert issuer.client().get(path, headers={"Accept": good}).status_code == 200
    refused = issuer.client().get(path, headers={"Accept": "application/statuslist+cwt"})
    assert error_of(refused) == (406, "http_406")


def test_places_are_distinct_and_not_in_order(issuer: IssuerUnderTest) -> None:
    found = [place(credential) for _ in range(8) for credential in issuer.collect(5)[1]]
    indexes = [index for _, index in found]
    assert len({path for path, _ in found}) == 1
    assert len(set(indexes)) == len(indexes) == 40
    assert all(0 <= index < LIST_SIZE for index in indexes)
    assert indexes != sorted(indexes)


def test_a_full_list_is_followed_by_a_new_one(issuer: IssuerUnderTest) -> None:
    _, [first] = issuer.collect()
    issuer.engine.issuing._places.list_size = 8
    issuer.engine.store.query("SELECT 1")
    with issuer.engine.store.transaction() as work:
        work.execute("UPDATE status_list SET allocated = size - 2")
    batches = [issuer.collect(number)[1] for number in (2, 5, 3)]
    paths = [{place(credential)[0] for credential in batch} for batch in batches]
    assert [len(batch) for batch in paths] == [1, 1, 1]
    assert paths[0] == {place(first)[0]}
    assert paths[1] == paths[2] != paths[0]
    small = read(issuer, paths[1].pop())
    assert small.statuses.get(7) == 0
