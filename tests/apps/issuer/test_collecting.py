"""The whole way of a credential: offer, token, nonce, credential, revocation."""

from __future__ import annotations

from typing import Any

from issuer_under_test import PUBLIC_URL, IssuerUnderTest
from trustid import keys
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.status import list_token


def entry(credential: str) -> dict[str, Any]:
    status = SdJwtVc.parse(credential).status
    assert status is not None
    return dict(status["status_list"])


def test_one_credential_goes_all_the_way(issuer: IssuerUnderTest) -> None:
    holder = keys.generate("Ed25519")
    offer = issuer.offer()
    answer = issuer.token(issuer.code(offer))
    assert answer.headers["Cache-Control"] == "no-store"
    response = issuer.ask((answer.json or {})["access_token"], issuer.proof(holder))
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    credential = SdJwtVc.parse((response.json or {})["credentials"][0]["credential"])
    credential.verify(issuer.engine.identity.credential.key.public_key)
    claims = credential.claims()
    assert {name: claims[name] for name in issuer.claims()} == issuer.claims()
    assert credential.issuer == PUBLIC_URL
    assert credential.vct == f"{PUBLIC_URL}/vct/degree/1"
    assert credential.holder_key == holder.public_key
    shown = issuer.admin("GET", f"/api/issuances/{offer['issuance_id']}").json or {}
    assert (shown["state"], shown["credentials"]) == ("issued", 1)


def test_revoking_shows_in_the_status_list(issuer: IssuerUnderTest) -> None:
    kept, [other] = issuer.collect()
    revoked, copies = issuer.collect(3)
    assert issuer.admin("POST", f"/api/issuances/{revoked}/revoke").status_code == 200
    name = entry(other)["uri"].rsplit("/", 1)[1]
    response = issuer.client().get(f"/status/{name}")
    assert (response.status_code, response.content_type) == (200, "application/statuslist+jwt")
    token = list_token.parse(response.get_data(as_text=True))
    found = list_token.verify(
        token,
        issuer.engine.identity.credential.key.public_key,
        uri=entry(other)["uri"],
        now=issuer.clock.now,
    )
    assert [found.statuses.get(entry(copy)["idx"]) for copy in copies] == [1, 1, 1]
    assert found.statuses.get(entry(other)["idx"]) == 0
    assert (issuer.admin("GET", f"/api/issuances/{kept}").json or {})["state"] == "issued"
