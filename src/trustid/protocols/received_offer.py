"""Reading an offer's link before anything is accepted: OpenID4VCI 1.0, section 4.1, from the wallet's side."""

from __future__ import annotations

import re

from trustid.encoding import parse_json_object
from trustid.protocols.openid4vci import CredentialOffer, parse_offer_uri
from trustid.protocols.openid4vci_offer import OFFER_URI_MAX, text_member
from trustid.protocols.wallet_http import JSON, HttpClient, fetch

__all__ = ["read_offer"]

_CLAIM_LINK = re.compile(r"https?://[^?#\s]{1,2048}")
# An address without a query cannot be an offer; asked for JSON, a claim link answers with the offer's link.


def read_offer(uri: str, http: HttpClient) -> CredentialOffer:
    """Read an offer's link, and fetch the offer where the link only points to it.

    Args:
        uri: An offer's link, or the claim link of our issuers, which leads to one.
        http: The door to the network.

    Raises:
        MalformedError: Not an offer.
        ProtocolError: `offer_unusable`: the link was used, withdrawn or never made.
        FetchError: It cannot be fetched, or must not be (`fetch_blocked`).

    Reference:
        OpenID4VCI 1.0, section 4.1.
    """
    if _CLAIM_LINK.fullmatch(uri.strip()):
        answer = parse_json_object(fetch(http, uri.strip(), accept=JSON, refusal="offer_unusable"))
        uri = text_member(answer, "credential_offer_uri", OFFER_URI_MAX)
    offer = parse_offer_uri(uri)
    if isinstance(offer, str):
        offer = CredentialOffer.from_json(
            parse_json_object(fetch(http, offer, accept=JSON, refusal="offer_unusable"))
        )
    return offer
