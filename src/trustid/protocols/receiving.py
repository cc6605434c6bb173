"""Receiving a credential: OpenID4VCI 1.0 from the wallet's side.

    offer -> issuer metadata -> authorization server metadata -> access token
          -> nonce -> one proof for each key -> credentials -> check each -> keep

Nothing is kept unless all of it holds. The access token is thrown away at the
end; no key is used for two copies.

Reference:
    OpenID4VCI 1.0, sections 4, 6, 7, 8, 12.2 and appendix F.1.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did import jwk as did_jwk
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import (
    CODES,
    FetchError,
    MalformedError,
    ProtocolError,
    UnsupportedError,
)
from trustid.fetching import Fetched
from trustid.keys import PublicKey, SigningKey, generate
from trustid.protocols.issuer_keys import find_issuer_key
from trustid.protocols.openid4vci import (
    MDOC_FORMAT,
    PROOF_TYP,
    SD_JWT_VC_FORMAT,
    CredentialOffer,
    CredentialRequest,
    IssuedCopy,
    IssuerMetadata,
    TokenRequest,
    TokenResponse,
    credentials_of,
    well_known_url,
)
from trustid.protocols.ports import Clock
from trustid.protocols.ports_wallet import HeldCredential
from trustid.protocols.received_copies import CheckedCopies, check_copies, offered_registry
from trustid.protocols.received_mdocs import check_mdocs
from trustid.protocols.trust import IssuerMetadata as IssuerKeys
from trustid.protocols.wallet_http import FORM, JSON, HttpClient, error_of, printable, web_host
from trustid.status.accumulator_entry import ACCUMULATOR
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["Receiver", "make_proof"]

METADATA_BYTES_MAX: Final = 1024 * 1024
"""Issuer metadata grows with languages and types; real ones reach some hundred kilobytes."""
CREDENTIALS_BYTES_MAX: Final = 4 * 1024 * 1024
NONCE_MAX: Final = 1024
COPIES_DEFAULT: Final = 10
LOST_ANSWERS_MAX: Final = 2
"""How often a credential request is sent again when no answer comes back."""
LOSSES: Final = frozenset({"fetch_failed", "fetch_timeout"})
TITLE_MAX: Final = 200

KeyKind = Literal["Ed25519", "P-256"]
_KIND_OF_ALGORITHM: Final[Mapping[str, KeyKind]] = {
    "ES256": "P-256",
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
}

_ACCESS_TOKEN = re.compile(r"[!-~]+")
# RFC 6749, appendix A.12; it goes into a header, where a line break would begin another.


def make_proof(
    key: SigningKey,
    *,
    audience: str,
    nonce: str | None,
    issued_at: int,
    key_header: Mapping[str, Any] | None = None,
) -> str:
    """Prove to an issuer that the wallet has a key.

    Args:
        key: The holder's key.
        audience: The credential issuer's identifier.
        nonce: The issuer's `c_nonce`, where it gives one.
        issued_at: Epoch seconds.
        key_header: How the header names the key; as `jwk` by default.

    Reference:
        OpenID4VCI 1.0, appendix F.1.
    """
    # No iss: after anonymous access it MUST be absent.
    payload: JsonObject = {"aud": audience, "iat": issued_at}
    if nonce is not None:
        payload["nonce"] = nonce
    header = key_header if key_header is not None else {"jwk": key.public_key.to_jwk()}
    return jose.sign({"typ": PROOF_TYP, **header}, payload, key)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Accepts offers.

    Attributes:
        http: The door to the network.
        resolver: Resolves the issuer's DID.
        issuer_keys: Finds keys of issuers that are named by an https URL.
        clock: Epoch seconds.
        trust_anchors: Certificates (DER) that issuer certificates must lead
            to.
        first_use: Whether, without trust anchors, a certificate of an unknown
            authority is taken at first use; the credential is marked so.
        key_kind: What to make keys of, where the issuer accepts it.
        copies: How many one-time copies to ask for, at most.
    """

    http: HttpClient
    resolver: Resolver
    issuer_keys: IssuerKeys
    clock: Clock
    trust_anchors: Sequence[bytes] = ()
    key_kind: KeyKind = "P-256"
    copies: int = COPIES_DEFAULT
    first_use: bool = True

    def receive(self, offer: CredentialOffer, *, tx_code: str | None = None) -> tuple[HeldCredential, ...]:
        """Accept an offer: one held credential for each kind that is offered.

        Args:
            offer: From `read_offer`.
            tx_code: What the institution told the person by another way.

        Raises:
            ProtocolError: `tx_code_needed`, `offer_unusable`,
                `issuer_metadata_mismatch`, `credential_unexpected`,
                `issuer_refused`, or the issuer's own code.
            TrustidError: What was received does not hold.
        """
        if offer.pre_authorized_code is None:
            raise UnsupportedError("unsupported", "expected an offer with a pre-authorized code")
        _check_tx_code(offer, tx_code)
        metadata = self._issuer_metadata(offer)
        chosen = {name: _usable(metadata, name) for name in offer.configuration_ids}
        token_endpoint = self._token_endpoint(metadata)
        code = tx_code if offer.tx_code is not None else None
        request = TokenRequest(pre_authorized_code=offer.pre_authorized_code, tx_code=code, client_id=None)
        answer = self.http.post(token_endpoint, body=request.to_form(), content_type=FORM, accept=JSON)
        token = TokenResponse.from_json(_accepted(answer))
        if not _ACCESS_TOKEN.fullmatch(token.access_token):
            raise MalformedError("malformed", "access_token: expected printable ASCII without spaces")
        held: list[HeldCredential] = []
        for name, configuration in chosen.items():
            registry = offered_registry(configuration)
            held.extend(_Collection(self, metadata, token, name, configuration, registry).collect())
        return tuple(held)

    def _issuer_metadata(self, offer: CredentialOffer) -> IssuerMetadata:
        web_host(offer.credential_issuer)
        url = well_known_url(offer.credential_issuer, "openid-credential-issuer")
        body = self.http.get(url, accept=JSON, max_bytes=METADATA_BYTES_MAX).body
        document = parse_json_object(body, max_bytes=METADATA_BYTES_MAX)
        return IssuerMetadata.from_json(document, expected_issuer=offer.credential_issuer)

    def _token_endpoint(self, metadata: IssuerMetadata) -> str:
        """Find the token endpoint, in the metadata of the issuer's first authorization server (RFC 8414)."""
        server = (
            metadata.authorization_servers[0]
            if metadata.authorization_servers
            else metadata.credential_issuer
        )
        web_host(server)
        document = parse_json_object(
            self.http.get(well_known_url(server, "oauth-authorization-server"), accept=JSON).body
        )
        if document.get("issuer") != server:
            # RFC 8414, section 3.3: MUST be identical, else the metadata must not be used.
            raise ProtocolError(
                "issuer_metadata_mismatch", "issuer: expected the authorization server that was asked"
            )
        endpoint = document.get("token_endpoint")
        if not isinstance(endpoint, str):
            raise MalformedError("malformed", "token_endpoint: expected a URL")
        return endpoint


@dataclass(slots=True)
class _Collection:
    """Collecting the copies of one credential with one access token."""

    receiver: Receiver
    metadata: IssuerMetadata
    token: TokenResponse
    configuration_id: str
    configuration: JsonObject
    registry: RegistryTrust | None
    keys: list[SigningKey] = field(default_factory=list)

    def collect(self) -> list[HeldCredential]:
        held = []
        for identifier in self.token.identifiers.get(self.configuration_id, (None,)):
            self.keys = self._new_keys()
            answer = self._ask_until_heard(identifier)
            if answer.status == 400 and error_of(answer) == "invalid_nonce":
                # The nonce may have aged while keys were made; section 8.3.1.2: get a new one, once.
                answer = self._ask_until_heard(identifier)
            held.append(self._held(credentials_of(_accepted(answer, immediate=True))))
        return held

    def _new_keys(self) -> list[SigningKey]:
        proofs = self.configuration.get("proof_types_supported", {})
        values = (
            proofs.get("jwt", {}).get("proof_signing_alg_values_supported", [])
            if isinstance(proofs, dict)
            else []
        )
        kinds = [
            _KIND_OF_ALGORITHM[value]
            for value in values
            if isinstance(value, str) and value in _KIND_OF_ALGORITHM
        ]
        if not kinds:
            raise ProtocolError(
                "offer_unusable", "the issuer accepts no proof of a key that this wallet can make"
            )
        kind = self.receiver.key_kind if self.receiver.key_kind in kinds else kinds[0]
        count = max(1, min(self.receiver.copies, self.metadata.batch_size))
        return [generate(kind) for _ in range(count)]

    def _ask_until_heard(self, identifier: str | None) -> Fetched:
        """Ask again, for the same keys, when the answer was lost on the way: it may have been given."""
        for _ in range(LOST_ANSWERS_MAX):
            try:
                return self._ask(identifier)
            except FetchError as err:
                if err.code not in LOSSES:
                    raise
        return self._ask(identifier)

    def _ask(self, identifier: str | None) -> Fetched:
        nonce = self._nonce()
        proofs = tuple(self._proof(key, nonce) for key in self.keys)
        name = self.configuration_id if identifier is None else None
        # Where it is offered, the accumulator: no list index that says which copies are one person's.
        mechanism = None if self.registry is None else ACCUMULATOR
        request = CredentialRequest(name, identifier, proofs, mechanism)
        return self.receiver.http.post(
            self.metadata.credential_endpoint,
            body=dump_json(request.to_json()),
            content_type=JSON,
            accept=JSON,
            headers={"Authorization": f"Bearer {self.token.access_token}"},
            max_bytes=CREDENTIALS_BYTES_MAX,
        )

    def _nonce(self) -> str | None:
        endpoint = self.metadata.nonce_endpoint
        if endpoint is None:
            return None
        answer = _accepted(self.receiver.http.post(endpoint, body=b"", content_type=FORM, accept=JSON))
        nonce = answer.get("c_nonce")
        if not isinstance(nonce, str) or not 0 < len(nonce) <= NONCE_MAX:
            raise MalformedError("malformed", f"c_nonce: expected a string of at most {NONCE_MAX} characters")
        return nonce

    def _proof(self, key: SigningKey, nonce: str | None) -> str:
        return make_proof(
            key,
            audience=self.metadata.credential_issuer,
            nonce=nonce,
            issued_at=self.receiver.clock(),
            key_header=self._key_header(key.public_key),
        )

    def _key_header(self, key: PublicKey) -> JsonObject:
        methods = self.configuration.get("cryptographic_binding_methods_supported", ["jwk"])
        if "jwk" in methods or ("cose_key" in methods and self.configuration.get("format") == MDOC_FORMAT):
            return {"jwk": key.to_jwk()}
        if "did:jwk" in methods:
            return {"kid": f"{did_jwk.create(key)}#0"}
        if "did:key" in methods:
            did = did_key.create(key)
            return {"kid": f"{did}#{did.removeprefix('did:key:')}"}
        raise ProtocolError("offer_unusable", "the issuer binds credentials in no way that this wallet knows")

    def _held(self, received: Sequence[IssuedCopy]) -> HeldCredential:
        form = str(self.configuration.get("format"))
        kind = self.configuration.get("doctype" if form == MDOC_FORMAT else "vct")
        checked = self._checked_mdocs(received) if form == MDOC_FORMAT else self._checked(received)
        return HeldCredential(
            id=secrets.token_hex(8),
            issuer=checked.issuer,
            issuer_proof=checked.issuer_proof,
            source=self.metadata.credential_issuer,
            configuration_id=self.configuration_id,
            vct=str(kind),
            title=_title(self.configuration, self.configuration_id),
            received_at=self.receiver.clock(),
            expires_at=checked.expires_at,
            copies=checked.copies,
            registry=checked.registry,
            format=form,
        )

    def _checked(self, received: Sequence[IssuedCopy]) -> CheckedCopies:
        return check_copies(
            received,
            self.keys,
            vct=self.configuration.get("vct"),
            registry=self.registry,
            find_key=self._find_key,
            now=self.receiver.clock(),
        )

    def _checked_mdocs(self, received: Sequence[IssuedCopy]) -> CheckedCopies:
        return check_mdocs(
            received,
            self.keys,
            doc_type=self.configuration.get("doctype"),
            trust_anchors=self.receiver.trust_anchors,
            first_use=self.receiver.first_use,
            now=self.receiver.clock(),
        )

    def _find_key(self, credential: SdJwtVc) -> tuple[PublicKey, str, str]:
        return find_issuer_key(
            credential,
            resolver=self.receiver.resolver,
            metadata=self.receiver.issuer_keys,
            trust_anchors=self.receiver.trust_anchors,
            first_use=self.receiver.first_use,
            now=self.receiver.clock(),
        )


def _check_tx_code(offer: CredentialOffer, tx_code: str | None) -> None:
    """Refuse what the issuer would refuse anyway: wrong tries are counted there."""
    wanted = offer.tx_code
    if wanted is None:
        return
    if not tx_code:
        raise ProtocolError("tx_code_needed", "expected a transaction code")
    if wanted.length is not None and len(tx_code) != wanted.length:
        raise ProtocolError("tx_code_needed", f"expected a transaction code of {wanted.length} characters")
    if wanted.numeric and not (tx_code.isascii() and tx_code.isdigit()):
        raise ProtocolError("tx_code_needed", "expected a transaction code of digits")


def _usable(metadata: IssuerMetadata, name: str) -> JsonObject:
    configuration = metadata.configurations.get(name)
    if configuration is None:
        raise ProtocolError("offer_unusable", "the issuer's metadata does not know what the offer names")
    if configuration.get("format") not in (SD_JWT_VC_FORMAT, MDOC_FORMAT):
        raise ProtocolError("offer_unusable", f"expected the format {SD_JWT_VC_FORMAT} or {MDOC_FORMAT}")
    return configuration


def _accepted(answer: Fetched, *, immediate: bool = False) -> JsonObject:
    """The JSON of a good answer; the issuer's refusal otherwise."""
    if answer.status == 202 and immediate:
        raise UnsupportedError(
            "unsupported", "the issuer will issue later, which this wallet cannot wait for"
        )
    if answer.status < 300:
        return parse_json_object(answer.body, max_bytes=CREDENTIALS_BYTES_MAX)
    code = error_of(answer)
    if code in CODES and CODES[code].kind is ProtocolError:
        raise ProtocolError(code, f"the issuer answered {answer.status}")
    raise ProtocolError("issuer_refused", f"the issuer answered {answer.status} {code}".rstrip())


def _title(configuration: Mapping[str, Any], default: str) -> str:
    """The issuer's first name for it, as text that cannot steer a terminal."""
    metadata = configuration.get("credential_metadata", {})
    displays = metadata.get("display", []) if isinstance(metadata, dict) else []
    for display in displays if isinstance(displays, list) else []:
        if isinstance(display, dict) and isinstance(display.get("name"), str):
            return printable(display["name"], TITLE_MAX)
    return default
