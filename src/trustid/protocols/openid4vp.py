"""The messages of OpenID for Verifiable Presentations, as a verifier speaks them.

    link       openid4vp://?client_id=…&request_uri=…        shown as a QR code
    request    a signed JWT (typ oauth-authz-req+jwt) that the wallet fetches
    response   a form: vp_token and state, or `response` with a JWE around both
    error      a form: error, error_description, state

Nothing here keeps state, and nothing here decides whether a presentation
holds; `trustid.protocols.presenting` does.

Reference:
    OpenID4VP 1.0 Final, sections 5 (request), 8 (response) and 11 (metadata);
    HAIP 1.0 for the algorithms of encrypted responses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args
from urllib.parse import urlencode, urlsplit

from trustid.credentials.jose import sign
from trustid.encoding import JsonObject, b64_encode, b64url_encode, parse_json_object, sha256
from trustid.errors import (
    ConfigurationError,
    LimitExceededError,
    MalformedError,
    ProtocolError,
    SignatureError,
)
from trustid.keys import SigningKey
from trustid.keys.jose import EncryptionKey
from trustid.keys.x509 import leaf_names

__all__ = [
    "ClientIdPrefix",
    "PresentationRequest",
    "REQUEST_MEDIA_TYPE",
    "ResponseMode",
    "VerifierIdentity",
    "WalletAnswer",
    "WalletRefusal",
    "read_response",
    "request_link",
]

ResponseMode = Literal["direct_post", "direct_post.jwt"]
ClientIdPrefix = Literal["x509_san_dns", "x509_hash", "decentralized_identifier"]

RESPONSE_MODES: Final[tuple[ResponseMode, ...]] = get_args(ResponseMode)
CLIENT_ID_PREFIXES: Final[tuple[ClientIdPrefix, ...]] = get_args(ClientIdPrefix)

REQUEST_TYP: Final = "oauth-authz-req+jwt"
REQUEST_MEDIA_TYPE: Final = "application/oauth-authz-req+jwt"
STATIC_AUDIENCE: Final = "https://self-issued.me/v2"
"""The audience of every request to a wallet that was not discovered (section 5.8)."""

ENC_VALUES: Final = ("A128GCM", "A256GCM")
"""Content encryption that HAIP 1.0 section 5 asks a verifier to support."""
SIGNATURE_ALGORITHMS: Final = ("ES256", "EdDSA")
COSE_ALGORITHMS: Final = (-7, -9, -8, -19)
"""ES256 and EdDSA in COSE, each with its fully specified name (RFC 9864)."""
VP_FORMATS: Final[JsonObject] = {
    "dc+sd-jwt": {
        "sd-jwt_alg_values": list(SIGNATURE_ALGORITHMS),
        "kb-jwt_alg_values": list(SIGNATURE_ALGORITHMS),
    },
    "mso_mdoc": {
        "issuerauth_alg_values": list(COSE_ALGORITHMS),
        "deviceauth_alg_values": list(COSE_ALGORITHMS),
    },
}
"""What a wallet presents and a verifier reads (appendices B.2.2, B.3.4)."""

WALLET_NONCE_MAX: Final = 1024
RESPONSE_MAX: Final = 512 * 1024
RESPONSE_DEPTH_MAX: Final = 16
STATE_MAX: Final = 256
ERROR_MAX: Final = 64
ERROR_DESCRIPTION_MAX: Final = 200
JWE_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class VerifierIdentity:
    """Who the verifier is towards wallets, and the key it proves that with.

    Args:
        public_url: Where the world reaches the verifier; no slash at the end.
        key: Signs the request objects.
        certificates: DER, leaf first, for the x509 prefixes. The anchor stays
            out (HAIP 1.0, section 5): whoever trusts it has it.
        did: The verifier's DID, or None when it has none.
        key_id: DID URL of the key in the DID's document.
    """

    public_url: str
    key: SigningKey
    certificates: tuple[bytes, ...] = ()
    did: str | None = None
    key_id: str | None = None

    @property
    def prefixes(self) -> tuple[ClientIdPrefix, ...]:
        """The client identifier prefixes that this verifier can use."""
        found: list[ClientIdPrefix] = []
        if self.certificates:
            if self._host in self._dns_names():
                found.append("x509_san_dns")
            found.append("x509_hash")
        if self.did is not None and self.key_id is not None:
            found.append("decentralized_identifier")
        return tuple(found)

    def check(self) -> None:
        """Refuse an identity that no wallet would accept; call it before serving.

        Raises:
            ConfigurationError: `setting_unsafe`: the certificate names another host than the public URL.

        Reference:
            OpenID4VP 1.0, section 5.9.3: the host of `response_uri` must be
            the dNSName that the client identifier carries.
        """
        if self.certificates and self._host not in self._dns_names():
            raise ConfigurationError(
                "setting_unsafe",
                f"the verifier's certificate must name {self._host}, the host of TRUSTID_PUBLIC_URL, "
                f"as dNSName; it names {', '.join(self._dns_names()) or 'none'}"[:200],
            )

    def client_id(self, prefix: ClientIdPrefix) -> str:
        """The full client identifier, prefix included (sections 5.9.1 and 14.7).

        Raises:
            ProtocolError: `invalid_request`: this verifier cannot use the prefix.
        """
        if prefix not in self.prefixes:
            known = ", ".join(self.prefixes)
            raise ProtocolError("invalid_request", f"client_id_prefix: expected one of {known}")
        if prefix == "x509_san_dns":
            return f"x509_san_dns:{self._host}"
        if prefix == "x509_hash":
            return f"x509_hash:{b64url_encode(sha256(self.certificates[0]))}"
        return f"decentralized_identifier:{self.did}"

    def header(self, prefix: ClientIdPrefix) -> JsonObject:
        """The JOSE header that lets a wallet find the key (section 5.9.3)."""
        if prefix == "decentralized_identifier":
            return {"typ": REQUEST_TYP, "kid": self.key_id}
        return {"typ": REQUEST_TYP, "x5c": [b64_encode(certificate) for certificate in self.certificates]}

    @property
    def _host(self) -> str:
        return urlsplit(self.public_url).hostname or ""

    def _dns_names(self) -> tuple[str, ...]:
        return tuple(leaf_names([b64_encode(der) for der in self.certificates]).dns_names)


@dataclass(frozen=True, slots=True)
class PresentationRequest:
    """An authorization request, ready to be signed.

    Args:
        prefix: How the verifier names itself.
        response_uri: Where the wallet posts; different for each session.
        nonce: Binds the presentations to this request.
        state: Comes back beside them.
        encryption_key: The session's own key, for "direct_post.jwt".
    """

    prefix: ClientIdPrefix
    response_uri: str
    response_mode: ResponseMode
    nonce: str = field(repr=False)
    state: str = field(repr=False)
    dcql_query: Mapping[str, Any] = field(repr=False)
    issued_at: int
    expires_at: int
    encryption_key: EncryptionKey | None = field(default=None, repr=False)

    def sign(self, identity: VerifierIdentity, *, wallet_nonce: str | None = None) -> str:
        """The request object: a signed JWT.

        Args:
            identity: Signs it.
            wallet_nonce: What the wallet sent along when it fetched the request
                by POST; comes back so that the wallet knows it is fresh.

        Raises:
            LimitExceededError: The wallet's nonce is over `WALLET_NONCE_MAX` characters.
            ProtocolError: The identity cannot use the prefix.

        Reference:
            OpenID4VP 1.0, sections 5.1, 5.8 and 5.10. No `scope`, `redirect_uri`
            or `client_id_scheme`: the first excludes `dcql_query`, the second
            `response_uri`, the third is of an older draft.
        """
        payload: JsonObject = {
            "aud": STATIC_AUDIENCE,
            "iat": self.issued_at,
            "exp": self.expires_at,
            "response_type": "vp_token",
            "response_mode": self.response_mode,
            "client_id": identity.client_id(self.prefix),
            "response_uri": self.response_uri,
            "nonce": self.nonce,
            "state": self.state,
            "dcql_query": dict(self.dcql_query),
            "client_metadata": self.client_metadata(),
        }
        if wallet_nonce is not None:
            if len(wallet_nonce) > WALLET_NONCE_MAX:
                raise LimitExceededError(
                    "limit_exceeded", f"wallet_nonce: expected at most {WALLET_NONCE_MAX} characters"
                )
            payload["wallet_nonce"] = wallet_nonce
        return sign(identity.header(self.prefix), payload, identity.key)

    def client_metadata(self) -> JsonObject:
        """What the wallet needs to know to answer (section 11.1)."""
        metadata: JsonObject = {"vp_formats_supported": VP_FORMATS}
        if self.encryption_key is not None:
            metadata["jwks"] = {"keys": [self.encryption_key.public_jwk()]}
            metadata["encrypted_response_enc_values_supported"] = list(ENC_VALUES)
        return metadata


@dataclass(frozen=True, slots=True)
class WalletAnswer:
    """What a wallet presents: the VP Token, an object whose shape the question decides."""

    vp_token: JsonObject = field(repr=False)
    state: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class WalletRefusal:
    """A wallet that does not present says why.

    Attributes:
        error: The code, e.g. "access_denied"; written by a stranger.
        description: Text for a developer; written by a stranger: show it as text.
    """

    error: str
    description: str
    state: str | None = field(repr=False)


def request_link(client_id: str, request_uri: str, *, method: Literal["get", "post"] = "get") -> str:
    """The link that opens a wallet.

    Args:
        client_id: The full client identifier, the same as in the request object.
        request_uri: Where the wallet fetches the request object.
        method: "post" invites the wallet to send a nonce of its own; one that
            does not know this fetches by GET (section 5.1, request_uri_method).
    """
    parameters = {"client_id": client_id, "request_uri": request_uri}
    if method == "post":
        parameters["request_uri_method"] = "post"
    return f"openid4vp://?{urlencode(parameters)}"


def read_response(
    fields: Mapping[str, str], *, response_mode: ResponseMode, encryption_key: EncryptionKey | None
) -> WalletAnswer | WalletRefusal:
    """Read what a wallet posted to the `response_uri`.

    Args:
        fields: The form's fields; unknown ones are ignored.
        response_mode: What the request asked for. Where it asked for
            encryption, an answer in the clear, or only signed, is refused; an
            error may come in the clear (section 8.3.1).
        encryption_key: The session's key, for "direct_post.jwt".

    Raises:
        SignatureError: `enc_not_allowed`, `decrypt_failed`.
        MalformedError: The form, the JSON or the VP Token has another shape.
        ProtocolError: `invalid_request`: neither an answer nor an error.
    """
    if "error" in fields and "vp_token" not in fields and "response" not in fields:
        return _refusal(fields)
    if response_mode == "direct_post.jwt":
        return _encrypted(fields, encryption_key)
    if "response" in fields:
        raise ProtocolError(
            "invalid_request", "response: this request asked for direct_post, without encryption"
        )
    if "vp_token" not in fields:
        raise ProtocolError("invalid_request", "vp_token: missing")
    token = parse_json_object(fields["vp_token"], max_bytes=RESPONSE_MAX, max_depth=RESPONSE_DEPTH_MAX)
    return WalletAnswer(token, _state(fields))


def _encrypted(fields: Mapping[str, str], key: EncryptionKey | None) -> WalletAnswer | WalletRefusal:
    response = fields.get("response")
    if response is None or key is None:
        raise SignatureError(
            "enc_not_allowed", "expected `response` with a JWE, found an answer in the clear"
        )
    if len(response) > RESPONSE_MAX:
        raise LimitExceededError("limit_exceeded", f"response: expected at most {RESPONSE_MAX} characters")
    parts = response.count(".") + 1
    if parts == JWE_PARTS - 2:
        raise SignatureError(
            "enc_not_allowed", "expected a JWE of five parts, found a JWT that is only signed"
        )
    try:
        opened = key.decrypt(response)
    except SignatureError as err:
        raise _not_to_us(err) from err
    content = parse_json_object(opened.plaintext, max_bytes=RESPONSE_MAX, max_depth=RESPONSE_DEPTH_MAX)
    # The parameters stand inside as top-level members (section 8.3); what stands
    # beside the JWE in the form was not encrypted and does not count.
    if "error" in content and "vp_token" not in content:
        return _refusal(content)
    token = content.get("vp_token")
    if not isinstance(token, dict):
        raise MalformedError("malformed", "vp_token: expected an object")
    return WalletAnswer(token, _state(content))


def _not_to_us(err: SignatureError) -> SignatureError:
    """Whoever encrypts otherwise than asked, or to another session's key, is told so in these words."""
    if err.code == "alg_not_allowed":
        return SignatureError("enc_not_allowed", err.message)
    if err.code == "key_not_found":
        return SignatureError("decrypt_failed", "expected the answer to be encrypted to this session's key")
    return err


def _refusal(values: Mapping[str, Any]) -> WalletRefusal:
    return WalletRefusal(
        error=_text(values.get("error"), ERROR_MAX) or "unknown",
        description=_text(values.get("error_description"), ERROR_DESCRIPTION_MAX),
        state=_state(values),
    )


def _state(values: Mapping[str, Any]) -> str | None:
    state = values.get("state")
    if state is None:
        return None
    if not isinstance(state, str) or len(state) > STATE_MAX:
        raise MalformedError("malformed", f"state: expected a string of at most {STATE_MAX} characters")
    return state


def _text(value: object, most: int) -> str:
    """A stranger's words: one line, bounded, without characters that steer a terminal or turn text around."""
    if not isinstance(value, str):
        return ""
    return "".join(character for character in value[:most] if character.isprintable())
