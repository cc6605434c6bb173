"""Pre-authorized codes and transaction codes: B205 to B212."""

from __future__ import annotations

import pytest

from issuer_under_test import PRE_AUTHORIZED, IssuerUnderTest, error_of
from trustid.protocols.offering import OFFER_SECONDS, TX_CODE_ATTEMPTS


def wrong(tx_code: str) -> str:
    return f"{(int(tx_code) + 1) % 1_000_000:06}"


def test_B205_code_used_twice(issuer: IssuerUnderTest) -> None:
    code = issuer.code(issuer.offer())
    assert issuer.token(code).status_code == 200
    before = issuer.rows()
    assert error_of(issuer.token(code)) == (400, "invalid_grant")
    assert issuer.rows() == before
    assert before["token"] == 1


def test_B206_wrong_tx_code_leaves_the_code_alive(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer(tx_code=True)
    code = issuer.code(offer)
    before = issuer.rows()
    assert error_of(issuer.token(code, tx_code=wrong(offer["tx_code"]))) == (400, "invalid_grant")
    assert issuer.rows() == before
    assert issuer.token(code, tx_code=offer["tx_code"]).status_code == 200


def test_B207_five_wrong_tx_codes_kill_the_code(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer(tx_code=True)
    code = issuer.code(offer)
    for _ in range(TX_CODE_ATTEMPTS):
        assert error_of(issuer.token(code, tx_code=wrong(offer["tx_code"]))) == (400, "invalid_grant")
    assert error_of(issuer.token(code, tx_code=offer["tx_code"])) == (400, "invalid_grant")
    assert issuer.rows()["token"] == 0
    shown = issuer.admin("GET", f"/api/issuances/{offer['issuance_id']}").json or {}
    assert shown["state"] == "locked"
    # Four wrong ones and then the right one: the twin.
    other = issuer.offer(tx_code=True)
    code = issuer.code(other)
    for _ in range(TX_CODE_ATTEMPTS - 1):
        assert error_of(issuer.token(code, tx_code=wrong(other["tx_code"]))) == (400, "invalid_grant")
    assert issuer.token(code, tx_code=other["tx_code"]).status_code == 200


def test_B207_a_fresh_offer_gives_no_fresh_tries(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer(tx_code=True)
    claim = offer["claim_url"].removeprefix("https://school.example")
    program = {"Accept": "application/json"}
    for _ in range(TX_CODE_ATTEMPTS):
        fresh = issuer.client().get(claim, headers=program).json or {}
        assert error_of(issuer.token(issuer.code(fresh), tx_code=wrong(offer["tx_code"]))) == (
            400,
            "invalid_grant",
        )
    assert error_of(issuer.client().get(claim, headers=program)) == (409, "already_collected")
    renewed = issuer.admin("POST", f"/api/issuances/{offer['issuance_id']}/renew").json or {}
    assert issuer.token(issuer.code(renewed), tx_code=renewed["tx_code"]).status_code == 200


@pytest.mark.parametrize("asked", [True, False])
def test_B209_tx_code_missing_or_not_asked_for(issuer: IssuerUnderTest, asked: bool) -> None:
    offer = issuer.offer(tx_code=asked)
    code = issuer.code(offer)
    right = {"tx_code": offer["tx_code"]} if asked else {}
    bad = {} if asked else {"tx_code": "123456"}
    for _ in range(TX_CODE_ATTEMPTS + 1):
        # A malformed request is not a guess: it costs no try.
        assert error_of(issuer.token(code, **bad)) == (400, "invalid_request")
    assert issuer.rows()["token"] == 0
    assert issuer.token(code, **right).status_code == 200


def test_B210_code_expired(issuer: IssuerUnderTest) -> None:
    code, other = issuer.code(issuer.offer()), issuer.code(issuer.offer())
    issuer.clock.now += OFFER_SECONDS - 1
    assert issuer.token(other).status_code == 200
    issuer.clock.now += 1
    assert error_of(issuer.token(code)) == (400, "invalid_grant")


@pytest.mark.parametrize("place", [0, 20, 42])
def test_B210_code_altered_in_one_character(issuer: IssuerUnderTest, place: int) -> None:
    code = issuer.code(issuer.offer())
    altered = code[:place] + ("A" if code[place] != "A" else "E") + code[place + 1 :]
    assert error_of(issuer.token(altered)) == (400, "invalid_grant")
    assert issuer.token(code).status_code == 200


def test_B211_offer_by_reference_until_redeemed(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    code = issuer.code(offer)
    assert issuer.code(offer) == code  # wallets fetch it more than once
    assert issuer.token(code).status_code == 200
    reference = offer["credential_offer_uri"].rpartition("%2F")[2]
    assert error_of(issuer.client().get(f"/offers/{reference}")) == (404, "not_found")


def test_B212_the_claim_page_names_the_institution_and_asks_for_the_second_code(
    issuer: IssuerUnderTest,
) -> None:
    with_code = issuer.offer(tx_code=True)["claim_url"].removeprefix("https://school.example")
    without = issuer.offer()["claim_url"].removeprefix("https://school.example")
    asking, plain = issuer.client().get(with_code), issuer.client().get(without)
    assert (asking.status_code, plain.status_code) == (200, 200)
    assert "Only go on if your wallet shows <strong>Example School</strong>" in asking.text
    assert "Your wallet will ask for the code that Example School gave you separately" in asking.text
    assert "ask for the code" not in plain.text


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"pre-authorized_code": None}, "invalid_request"),
        ({"pre-authorized_code": "x" * 513}, "invalid_request"),
        ({"authorization_details": "{}"}, "invalid_request"),
        ({"authorization_details": '[{"type":"openid_credential"}]'}, "invalid_request"),
        (
            {
                "authorization_details": '[{"type":"openid_credential","credential_configuration_id":"vaccination"}]'
            },
            "invalid_request",
        ),
    ],
)
def test_token_request_malformed(issuer: IssuerUnderTest, change: dict[str, str | None], code: str) -> None:
    pre_authorized = issuer.code(issuer.offer())
    good = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": pre_authorized}
    bad = {name: value for name, value in (good | change).items() if value is not None}
    before = issuer.rows()
    assert error_of(issuer.client().post("/oid4vci/token", data=bad)) == (400, code)
    assert issuer.rows() == before
    extras = {"user_pin": "", "resource": "https://school.example", "tx_code": ""}
    assert issuer.client().post("/oid4vci/token", data=good | extras).status_code == 200


def test_token_request_repeats_a_field(issuer: IssuerUnderTest) -> None:
    code = issuer.code(issuer.offer())
    form = f"grant_type={PRE_AUTHORIZED}&pre-authorized_code={code}"
    kind = "application/x-www-form-urlencoded"
    twice = issuer.client().post(
        "/oid4vci/token", data=f"{form}&pre-authorized_code={code}", content_type=kind
    )
    assert error_of(twice) == (400, "invalid_request")
    assert issuer.client().post("/oid4vci/token", data=form, content_type=kind).status_code == 200


def test_authorization_details_bring_identifiers(issuer: IssuerUnderTest) -> None:
    details = '[{"type":"openid_credential","credential_configuration_id":"degree"}]'
    offer = issuer.offer()
    answer = issuer.token(issuer.code(offer), authorization_details=details).json or {}
    [identifier] = answer["authorization_details"][0]["credential_identifiers"]
    by_identifier = issuer.ask(
        answer["access_token"],
        issuer.proof(),
        credential_configuration_id=None,
        credential_identifier=identifier,
    )
    assert by_identifier.status_code == 200
    by_configuration = issuer.ask(answer["access_token"], issuer.proof())
    assert by_configuration.status_code == 200
    assert "authorization_details" not in (issuer.token(issuer.code(issuer.offer())).json or {})


def test_one_offer_collects_even_when_several_were_opened(issuer: IssuerUnderTest) -> None:
    offer = issuer.offer()
    claim = offer["claim_url"].removeprefix("https://school.example")
    fresh = issuer.client().get(claim, headers={"Accept": "application/json"}).json or {}
    first, second = (issuer.token(issuer.code(one)).json or {} for one in (offer, fresh))
    assert issuer.ask(first["access_token"], issuer.proof()).status_code == 200
    before = issuer.rows()
    assert error_of(issuer.ask(second["access_token"], issuer.proof(claims={"nonce": issuer.nonce()}))) == (
        401,
        "invalid_token",
    )
    assert issuer.rows() == before


def test_by_value_carries_the_whole_offer(issuer: IssuerUnderTest) -> None:
    from trustid.protocols.openid4vci import CredentialOffer, parse_offer_uri

    found = parse_offer_uri(issuer.offer(by_value=True, tx_code=True)["credential_offer_uri"])
    assert isinstance(found, CredentialOffer)
    assert found.configuration_ids == ("degree",)
    assert found.tx_code is not None
    assert found.tx_code.length == 6
    assert found.pre_authorized_code is not None
    assert issuer.offer()["credential_offer_uri"].startswith(
        "openid-credential-offer://?credential_offer_uri=https%3A"
    )
