"""Reading a question that somebody sent to a wallet, and finding out who asks.

    link -> request object (by value, by GET or by POST) -> who signed it -> the question

A wallet must not show anything to somebody who only claims a name. What a name
is worth depends on how it was proved (`Asker.proof`), and the person sees that
before anything is shown.

Reference:
    OpenID4VP 1.0, sections 5 (request), 5.9 (client identifiers), 5.10
    (request_uri by POST) and 8.2 (direct_post); RFC 9101.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from trustid.credentials import jose
from trustid.credentials.jose import Jws
from trustid.did.resolver import Resolver
from trustid.did.syntax import DidUrl
from trustid.encoding import JsonObject, b64_decode, b64url_encode, dump_json, parse_json_object, sha256
from trustid.errors import MalformedError, ProtocolError, TrustError
from trustid.keys import PublicKey
from trustid.keys.x509 import check_x5c, leaf_key, leaf_names
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.openid4vp import (
    CLIENT_ID_PREFIXES,
    REQUEST_MEDIA_TYPE,
    REQUEST_TYP,
    RESPONSE_MODES,
    SIGNATURE_ALGORITHMS,
    STATIC_AUDIENCE,
    VP_FORMATS,
    ResponseMode,
)
from trustid.protocols.wallet_http import FORM, HttpClient, fetch, web_host

__all__ = ["Asker", "ReceivedRequest", "RequestReader", "read_link"]

LINK_MAX: Final = 64 * 1024
NONCE_MAX: Final = 1024
CLOCK_SKEW_SECONDS: Final = 60
CLIENT_ID_MAX: Final = 2048

_URL_SAFE: Final = re.compile(r"[A-Za-z0-9._~-]+")
# Sections 5.2: nonce and state hold ASCII URL safe characters only.


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks.

    Attributes:
        client_id: The full client identifier, the audience of what is shown.
        name: The part that people can read: a host, a DID, a hash.
        proof: "certificate" (from an authority that the wallet trusts),
            "did", "known" (the same key as at an earlier question),
            "first-use" (a certificate from an unknown authority, never seen
            before) or "unsigned" (anybody could have made the question).
        key_thumbprint: Of the key that signed; None for "unsigned".
    """

    client_id: str
    name: str
    proof: str
    key_thumbprint: str | None


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A question that follows the rules, from somebody whose name was looked into.

    Attributes:
        asker: Who asks.
        query: What is asked.
        response_uri: Where the answer goes.
        response_mode: How it goes.
        nonce: Binds the answer to this question.
        state: Goes back beside it.
        metadata: The verifier's `client_metadata`.
    """

    asker: Asker
    query: DcqlQuery
    response_uri: str
    response_mode: ResponseMode
    nonce: str = field(repr=False)
    state: str | None = field(repr=False)
    metadata: JsonObject = field(repr=False)

    @property
    def response_host(self) -> str:
        """The host that receives the answer."""
        return web_host(self.response_uri)


@dataclass(frozen=True, slots=True)
class Link:
    """The parameters of a link that asks a wallet."""

    client_id: str
    parameters: Mapping[str, str] = field(repr=False)


def read_link(uri: str) -> Link:
    """Read `openid4vp://?…`, or any URL with the same query.

    Raises:
        MalformedError: No such link, or a parameter stands twice.
    """
    if len(uri) > LINK_MAX:
        raise MalformedError("malformed", f"expected a link of at most {LINK_MAX} characters")
    try:
        query = urlsplit(uri.strip()).query
        found = parse_qs(query, keep_blank_values=True, strict_parsing=True, max_num_fields=40)
    except ValueError as err:
        raise MalformedError("malformed", "expected a link with a query") from err
    if any(len(values) != 1 for values in found.values()):
        raise MalformedError("malformed", "expected each parameter of the link once")
    parameters = {name: values[0] for name, values in found.items()}
    client_id = parameters.get("client_id", "")
    if not 0 < len(client_id) <= CLIENT_ID_MAX:
        raise MalformedError("malformed", "client_id: missing from the link, or too long")
    return Link(client_id, parameters)


@dataclass(frozen=True, slots=True)
class RequestReader:
    """Reads questions.

    Attributes:
        http: The door to the network.
        resolver: Resolves the verifier's DID.
        trust_anchors: Certificates (DER) that verifier certificates must lead to.
        first_use: Whether, without trust anchors, a certificate of an unknown
            authority is taken at first use. The asker's `proof` then says so.
    """

    http: HttpClient
    resolver: Resolver
    trust_anchors: Sequence[bytes] = ()
    first_use: bool = True

    def read(self, uri: str, *, now: int, known: Mapping[str, str]) -> ReceivedRequest:
        """Read a link, fetch what it points to, and check who asks.

        Args:
            uri: What was scanned or clicked.
            now: Epoch seconds.
            known: Key thumbprints of verifiers that were answered before, by client identifier.

        Raises:
            TrustError: `verifier_unknown`, `verifier_changed`, `x5c_invalid`, `issuer_key_unknown`.
            ProtocolError: `request_invalid`.
            SignatureError: The request object is not signed by who asks.
            FetchError: `fetch_blocked` and others.
        """
        link = read_link(uri)
        prefix, _, rest = link.client_id.partition(":")
        if prefix == "redirect_uri":
            return _unsigned(link, rest)
        if prefix not in CLIENT_ID_PREFIXES:
            raise TrustError(
                "verifier_unknown", f"expected a client_id prefix among {', '.join(CLIENT_ID_PREFIXES)}"
            )
        text, wallet_nonce = self._request_object(link)
        request = jose.parse(text)
        key, proof = self._key(prefix, rest, request, now)
        jose.verify(request, key, algorithms=jose.DEFAULT_ALGORITHMS, typ=REQUEST_TYP)
        payload = request.claims()
        _check_envelope(payload, link, wallet_nonce, now)
        asker = Asker(
            link.client_id, rest, _familiar(proof, known.get(link.client_id), key), key.thumbprint()
        )
        received = _read_payload(payload, asker)
        if prefix == "x509_san_dns" and urlsplit(received.response_uri).hostname != rest.lower():
            raise ProtocolError("request_invalid", "response_uri: expected the host that the client_id names")
        return received

    def _request_object(self, link: Link) -> tuple[str, str | None]:
        """Fetch the request object, or take it from the link; with the nonce that must come back."""
        parameters = link.parameters
        method = parameters.get("request_uri_method", "get")
        if ("request" in parameters) == ("request_uri" in parameters):
            raise ProtocolError("request_invalid", "expected request or request_uri, one of them")
        if method not in ("get", "post") or ("request_uri_method" in parameters and "request" in parameters):
            raise ProtocolError(
                "request_invalid", "request_uri_method: expected get or post, beside request_uri"
            )
        if "request" in parameters:
            return parameters["request"], None
        url = parameters["request_uri"]
        if method == "get":
            found = fetch(self.http, url, accept=REQUEST_MEDIA_TYPE, refusal="session_unknown")
            return _text(found), None
        nonce = secrets.token_urlsafe(16)
        metadata = {
            "vp_formats_supported": VP_FORMATS,
            "client_id_prefixes_supported": [*CLIENT_ID_PREFIXES, "redirect_uri"],
            "request_object_signing_alg_values_supported": list(SIGNATURE_ALGORITHMS),
        }
        form = urlencode({"wallet_metadata": dump_json(metadata).decode(), "wallet_nonce": nonce}).encode()
        answer = self.http.post(url, body=form, content_type=FORM, accept=REQUEST_MEDIA_TYPE)
        if answer.status >= 300:
            raise ProtocolError("verifier_refused", f"request_uri: the verifier answered {answer.status}")
        return _text(answer.body), nonce

    def _key(self, prefix: str, name: str, request: Jws, now: int) -> tuple[PublicKey, str]:
        if prefix == "decentralized_identifier":
            kid = request.header.get("kid")
            # Section 5.9.3: kid names the key, and it is a key of that very DID.
            if not isinstance(kid, str) or str(DidUrl.parse(kid).did) != name:
                raise TrustError("verifier_unknown", "kid: expected a key of the DID in client_id")
            return self.resolver.public_key(kid, None), "did"
        chain = request.header.get("x5c")
        names = leaf_names(chain)
        if prefix == "x509_san_dns" and name.lower() not in names.dns_names:
            raise TrustError("verifier_unknown", "x5c: the certificate does not name the host in client_id")
        if prefix == "x509_hash" and not _is_hash_of(name, chain):
            raise TrustError("verifier_unknown", "x5c: the certificate is not the one that client_id names")
        if self.trust_anchors:
            return check_x5c(
                chain, trust_anchors=self.trust_anchors, now=now, anchor_in_chain=True
            ), "certificate"
        if not self.first_use:
            raise TrustError("verifier_unknown", "the wallet trusts no certificate authority")
        return leaf_key(chain, now=now), "first-use"


def _is_hash_of(name: str, chain: object) -> bool:
    """Whether `name` is the hash of the leaf (section 5.9.3, x509_hash)."""
    leaf = b64_decode(chain[0]) if isinstance(chain, list) else b""
    return hmac.compare_digest(name.encode(), b64url_encode(sha256(leaf)).encode())


def _familiar(proof: str, before: str | None, key: PublicKey) -> str:
    """Hold the key of an unknown authority against the one of last time."""
    if proof != "first-use" or before is None:
        return proof
    if before != key.thumbprint():
        raise TrustError("verifier_changed", "expected the key that this verifier had before")
    return "known"


def _text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as err:
        raise MalformedError("malformed", "expected a request object in ASCII") from err


def _check_envelope(payload: JsonObject, link: Link, wallet_nonce: str | None, now: int) -> None:
    """What surrounds the question: that it is for this wallet, now, and from who the link says."""
    if payload.get("client_id") != link.client_id:
        # Section 5.10.1: MUST be identical, prefix included.
        raise ProtocolError("request_invalid", "client_id: the link and the request object differ")
    if payload.get("aud") not in (STATIC_AUDIENCE, [STATIC_AUDIENCE]):
        raise ProtocolError("request_invalid", f"aud: expected {STATIC_AUDIENCE}")
    if wallet_nonce is not None and payload.get("wallet_nonce") != wallet_nonce:
        raise ProtocolError("request_invalid", "wallet_nonce: expected the one that the wallet sent")
    expires_at, not_before = jose.numeric_date(payload, "exp"), jose.numeric_date(payload, "nbf")
    if expires_at is not None and now >= expires_at + CLOCK_SKEW_SECONDS:
        raise ProtocolError("request_invalid", "exp: the question is too old")
    if not_before is not None and now < not_before - CLOCK_SKEW_SECONDS:
        raise ProtocolError("request_invalid", "nbf: the question is not valid yet")


def _unsigned(link: Link, response_uri: str) -> ReceivedRequest:
    """A question that only says where its answer goes (section 5.9.3, redirect_uri)."""
    if "request" in link.parameters or "request_uri" in link.parameters:
        raise ProtocolError("request_invalid", "a request with the prefix redirect_uri cannot be signed")
    payload: JsonObject = dict(link.parameters)
    for name in ("dcql_query", "client_metadata"):
        if name in payload:
            payload[name] = parse_json_object(payload[name])
    if payload.setdefault("response_uri", response_uri) != response_uri:
        raise ProtocolError("request_invalid", "response_uri: expected the URL in client_id")
    return _read_payload(payload, Asker(link.client_id, web_host(response_uri), "unsigned", None))


def _read_payload(payload: Mapping[str, Any], asker: Asker) -> ReceivedRequest:
    if payload.get("response_type") != "vp_token":
        raise ProtocolError("request_invalid", "response_type: expected vp_token")
    mode = next((mode for mode in RESPONSE_MODES if mode == payload.get("response_mode")), None)
    if mode is None:
        raise ProtocolError("request_invalid", f"response_mode: expected one of {', '.join(RESPONSE_MODES)}")
    for name in ("redirect_uri", "transaction_data", "scope"):
        # Sections 8.2 (no redirect_uri), 5.1 (a wallet without transaction data refuses), 5.1 (no scope beside the query).
        if name in payload:
            raise ProtocolError("request_invalid", f"{name}: not allowed, or not supported, in this question")
    response_uri, metadata = payload.get("response_uri"), payload.get("client_metadata", {})
    if not isinstance(response_uri, str) or not isinstance(metadata, dict):
        raise ProtocolError(
            "request_invalid", "expected response_uri as a string and client_metadata as an object"
        )
    web_host(response_uri)
    return ReceivedRequest(
        asker=asker,
        query=DcqlQuery.parse(payload.get("dcql_query")),
        response_uri=response_uri,
        response_mode=mode,
        nonce=_url_safe(payload, "nonce"),
        state=_url_safe(payload, "state") if "state" in payload else None,
        metadata=metadata,
    )


def _url_safe(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or len(value) > NONCE_MAX or not _URL_SAFE.fullmatch(value):
        raise ProtocolError("request_invalid", f"{name}: expected URL-safe characters, at most {NONCE_MAX}")
    return value
