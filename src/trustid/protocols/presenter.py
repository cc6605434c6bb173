"""Who shows credentials: presentations of the W3C data model, in every form that they come in.

A presentation is opened here and its credentials are read elsewhere, each in
the verifying order; at the step that belongs to the holder, the presenter is
asked whether the one whom the credential is about made this presentation, for
this request.

Reference:
    VC Data Model 2.0, section 4.13; VC-JOSE-COSE, section 3; VC Data Integrity 1.0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from trustid.credentials import cose, jose
from trustid.credentials.cose import CoseSign1
from trustid.credentials.data_integrity import Expectation, verify_document
from trustid.credentials.data_integrity.proof import check_options, split_proofs
from trustid.credentials.enveloping import Envelope
from trustid.credentials.issuer_keys import DidSource, key_source
from trustid.credentials.jwt_vc_json import JwtVpJson
from trustid.credentials.model import Presentation
from trustid.credentials.vc_cose import VP_COSE_TYPE, VpCose
from trustid.credentials.vc_jose import VP_JWT_TYP, VpJwt
from trustid.credentials.vc_sd_jwt import VP_SD_JWT_TYP, VpSdJwt
from trustid.encoding import JsonObject, b64url_decode
from trustid.errors import HolderBindingError, MalformedError, SignatureError
from trustid.keys import PublicKey
from trustid.protocols.presentation import Sources
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import STATUS_PROOF, STATUS_PROOF_TERM

__all__ = [
    "COSE_SIGN1",
    "AskedFor",
    "DataIntegrityPresenter",
    "Presenter",
    "TokenPresenter",
    "open_presentation",
    "types_of",
]

COSE_SIGN1: Final = b"\xd2"
"""How a COSE_Sign1 with its tag (18) begins."""

PRESENTATION_TYPE: Final = "VerifiablePresentation"
ENVELOPED_PRESENTATION: Final = "EnvelopedVerifiablePresentation"


@dataclass(frozen=True, slots=True)
class AskedFor:
    """What a presentation must answer; None where nobody asked for it.

    Attributes:
        audience: What the verifier calls itself.
        nonce: The nonce of the request.
    """

    audience: str | None
    nonce: str | None


class Presenter(Protocol):
    """A presentation, read.

    Attributes:
        credentials: What it shows, each as it is read by itself.
    """

    @property
    def credentials(self) -> tuple[str | JsonObject, ...]:
        """See above."""
        ...

    def status_proof(self) -> Any:
        """What the holder's proof says of an accumulator; None without it. Not yet checked."""
        ...

    def signers(self) -> frozenset[str]:
        """Who claims to present: the DIDs that the presentation names, all of them."""
        ...

    def check(self, asked: AskedFor, policy: TrustPolicy, sources: Sources, now: int) -> PublicKey:
        """Check that one signer made all of it, now and for this request, and give back their key.

        Resolves the signer's DID, which a stranger may have chosen: hold
        `signers` against what a trusted issuer signed first.
        """
        ...


def open_presentation(anything: str | JsonObject) -> Presenter | None:
    """Read a presentation; None where it is something else, a credential for instance.

    Raises:
        MalformedError: `malformed` or `claim_type_invalid`.
        TrustidError: A rule of the format is broken.
    """
    if not isinstance(anything, str):
        return _of_json(anything)
    if "~" in anything:
        typ = jose.parse(anything.partition("~")[0]).header.get("typ")
        return _of_token(VpSdJwt.parse(anything)) if _short(typ) == VP_SD_JWT_TYP else None
    if "." in anything:
        token = jose.parse(anything)
        if _short(token.header.get("typ")) == VP_JWT_TYP:
            return _of_token(VpJwt.parse(anything))
        return _of_token(JwtVpJson.parse(anything)) if "vp" in token.claims() else None
    return _of_cose(b64url_decode(anything))


def types_of(document: Mapping[str, Any]) -> list[str]:
    """The types of a document, as far as they are text."""
    types = document.get("type")
    return [name for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)]


def _of_json(document: JsonObject) -> Presenter | None:
    types = types_of(document)
    if ENVELOPED_PRESENTATION in types:
        url = document.get("id")
        if type(url) is not str:
            raise MalformedError("malformed", "expected an envelope whose id is a data URL")
        return _of_envelope(Envelope.parse(url))
    return DataIntegrityPresenter(Presentation.read(document)) if PRESENTATION_TYPE in types else None


def _of_envelope(envelope: Envelope) -> Presenter:
    match envelope.media_type:
        case "application/vp+jwt":
            return _of_token(VpJwt.parse(envelope.content))
        case "application/vp+sd-jwt":
            return _of_token(VpSdJwt.parse(envelope.content))
        case "application/vp+cose":
            return _of_token(VpCose.parse(envelope.to_bytes()))
    raise MalformedError("malformed", "expected a presentation in the envelope")


def _of_cose(data: bytes) -> Presenter | None:
    if data[:1] != COSE_SIGN1 or CoseSign1.parse(data).protected.get(cose.TYPE) != VP_COSE_TYPE:
        return None
    return _of_token(VpCose.parse(data))


def _of_token(token: VpJwt | VpSdJwt | VpCose | JwtVpJson) -> TokenPresenter:
    if isinstance(token, JwtVpJson):
        return TokenPresenter(token, token.tokens)
    return TokenPresenter(token, tuple(envelope.to_json() for envelope in token.envelopes()))


def _short(typ: Any) -> str | None:
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


class SignedPresentation(Protocol):
    """What the tokens have in common."""

    @property
    def holder(self) -> str | None:
        """Whom it names."""
        ...

    @property
    def key_name(self) -> object:
        """How it names the holder's key."""
        ...

    @property
    def claims(self) -> JsonObject:
        """What it says."""
        ...

    def verify(self, key: PublicKey, *, algorithms: Collection[str]) -> None:
        """The signature."""
        ...

    def check_time(self, now: int, skew_seconds: int) -> None:
        """The times of the signature."""
        ...

    def check_expected(self, *, audience: str, nonce: str) -> None:
        """For whom it was made."""
        ...


@dataclass(frozen=True, slots=True)
class TokenPresenter:
    """A presentation in an envelope: vp+jwt, vp+sd-jwt, vp+cose, or a JWT of version 1.1."""

    token: SignedPresentation
    credentials: tuple[str | JsonObject, ...]

    def status_proof(self) -> Any:
        """See `Presenter`."""
        return self.token.claims.get(STATUS_PROOF)

    def signers(self) -> frozenset[str]:
        """See `Presenter`."""
        return frozenset() if self.token.holder is None else frozenset({self.token.holder})

    def check(self, asked: AskedFor, policy: TrustPolicy, sources: Sources, now: int) -> PublicKey:
        """See `Presenter`."""
        name = self.token.key_name
        source = key_source({} if name is None else {"kid": name}, self.token.holder or "")
        if not isinstance(source, DidSource):
            raise HolderBindingError("holder_mismatch", "expected the holder to be a DID")
        key = sources.resolver.public_key(source.did_url, "authentication")
        self.check_with(key, asked, policy, now)
        return key

    def check_with(self, key: PublicKey, asked: AskedFor, policy: TrustPolicy, now: int) -> None:
        """The same with a key in hand: the one that the credential is bound to."""
        try:
            self.token.verify(key, algorithms=policy.algorithms)
        except SignatureError as err:
            if err.code != "signature_invalid":
                raise
            raise HolderBindingError("kb_signature", "expected the holder's signature") from err
        self.token.check_time(now, policy.clock_skew_seconds)
        claims = self.token.claims
        self.token.check_expected(
            audience=_wanted(asked.audience, claims.get("aud")),
            nonce=_wanted(asked.nonce, claims.get("nonce")),
        )


def _wanted(asked: str | None, found: Any) -> Any:
    """What nobody asked for may be anything, also missing."""
    return (found[0] if isinstance(found, list) and found else found) if asked is None else asked


@dataclass(frozen=True, slots=True)
class DataIntegrityPresenter:
    """A presentation with proofs inside; its credentials may be in envelopes."""

    presentation: Presentation

    @property
    def credentials(self) -> tuple[str | JsonObject, ...]:
        """See `Presenter`."""
        shown = self.presentation.document.get("verifiableCredential", [])
        return tuple(shown) if isinstance(shown, list) else (shown,)

    def status_proof(self) -> Any:
        """See `Presenter`."""
        proofs = split_proofs(self.presentation.document)[1]
        return next((proof[STATUS_PROOF_TERM] for proof in proofs if STATUS_PROOF_TERM in proof), None)

    def signers(self) -> frozenset[str]:
        """See `Presenter`."""
        found = {method.partition("#")[0] for method in self._methods()}
        return frozenset(found if self.presentation.holder is None else found | {self.presentation.holder})

    def check(self, asked: AskedFor, policy: TrustPolicy, sources: Sources, now: int) -> PublicKey:
        """See `Presenter`."""
        signers = self.signers()
        if len(signers) != 1:
            raise HolderBindingError("holder_mismatch", "expected the holder to have made every proof")
        keys = [sources.resolver.public_key(method, "authentication") for method in self._methods()]
        if not {key.algorithm for key in keys} <= set(policy.algorithms):
            raise SignatureError("alg_not_allowed", "expected an algorithm that the verifier accepts")
        expected = Expectation(
            "authentication",
            datetime.fromtimestamp(now, UTC),
            challenge=asked.nonce,
            domain=asked.audience,
            controller=next(iter(signers)),
            skew_seconds=policy.clock_skew_seconds,
        )
        verify_document(
            self.presentation.document, resolver=sources.resolver, suites=sources.suites, expected=expected
        )
        return keys[0]

    def _methods(self) -> list[str]:
        proofs = split_proofs(self.presentation.document)[1]
        for proof in proofs:
            check_options(proof)
        return [proof["verificationMethod"] for proof in proofs]
