"""W3C credentials in an envelope (vc+jwt, vc+sd-jwt, vc+cose, jwt_vc_json): the verifying order for them.

One credential, alone or in a presentation of its holder. A type counts as the
term that stands there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trustid.credentials import jose
from trustid.credentials.enveloping import Envelope
from trustid.credentials.issuer_keys import DidSource, IssuerKeySource, X5cSource, key_source
from trustid.credentials.jwt_vc_json import JwtVcJson, JwtVpJson
from trustid.credentials.key_binding import check_key_binding, holder_key
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.vc_cose import VcCose
from trustid.credentials.vc_jose import VC_JWT_TYP, VP_JWT_TYP, VcJwt, VpJwt
from trustid.credentials.vc_sd_jwt import VcSdJwt
from trustid.encoding import JsonObject, b64url_encode, canonicalize, sha256
from trustid.errors import HolderBindingError, MalformedError, SignatureError, TrustError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_jwk
from trustid.protocols.dcql import CredentialView
from trustid.protocols.finding_keys import certified_key, published_key
from trustid.protocols.presentation import LINKABLE_BY_SIGNATURE, Expected, Membership, Sources
from trustid.protocols.presentation_sd_jwt_vc import key_binding_membership
from trustid.protocols.presentation_w3c import BASE_TYPE, accumulator_entry, list_keys_of, listed_entries
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import STATUS_PROOF, credential_hash
from trustid.status.check import KeyOf

__all__ = ["PresentedEnveloped"]

Secured = VcJwt | VcSdJwt | VcCose | JwtVcJson
SecuredPresentation = VpJwt | JwtVpJson

_FORMATS: dict[type[Secured], str] = {
    VcJwt: "vc+jwt",
    VcSdJwt: "vc+sd-jwt",
    VcCose: "vc+cose",
    JwtVcJson: "jwt_vc_json",
}


@dataclass(slots=True)
class PresentedEnveloped:
    """See `trustid.protocols.presentation.Presented`."""

    secured: Secured
    presentation: SecuredPresentation | None
    source: IssuerKeySource
    format: str
    issuer: str = ""
    subject: str | None = None
    linkability: str = LINKABLE_BY_SIGNATURE
    holder_key_thumbprint: str | None = None
    _certified_key: PublicKey | None = None
    _trusted_types: tuple[str, ...] = ()
    _document: JsonObject = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, text: str) -> PresentedEnveloped:
        """Read a credential as a JWT or SD-JWT, or a presentation of exactly one.

        Raises:
            MalformedError: `malformed` or `claim_type_invalid`.
            UnsupportedError: Several credentials, or a kind that is not spoken.
            TrustidError: A rule of the format is broken.
        """
        if "~" in text:
            return cls.of_sd_jwt(SdJwt.parse(text))
        typ = _short(jose.parse(text).header.get("typ"))
        if typ == VP_JWT_TYP:
            return cls._presented(VpJwt.parse(text))
        if typ == VC_JWT_TYP:
            return cls._of(VcJwt.parse(text), None)
        if "vp" in jose.parse(text).claims():
            return cls._presented(JwtVpJson.parse(text))
        return cls._of(JwtVcJson.parse(text), None)

    @classmethod
    def of_sd_jwt(cls, presented: SdJwt) -> PresentedEnveloped:
        """Look at an SD-JWT as a W3C credential."""
        return cls._of(VcSdJwt.of(presented), None)

    @classmethod
    def of_cose(cls, data: bytes) -> PresentedEnveloped:
        """Read a credential as a COSE_Sign1; as `read`."""
        return cls._of(VcCose.parse(data), None)

    @classmethod
    def read_envelope(cls, document: JsonObject) -> PresentedEnveloped:
        """Read an enveloped credential or presentation, which is a data URL in JSON; as `read`."""
        url = document.get("id")
        if type(url) is not str:
            raise MalformedError("malformed", "expected an envelope whose id is a data URL")
        envelope = Envelope.parse(url)
        if envelope.media_type == "application/vc+cose":
            return cls.of_cose(envelope.to_bytes())
        if envelope.media_type in ("application/vp+sd-jwt", "application/vp+cose"):
            raise UnsupportedError("unsupported", "expected a presentation as JWT")
        found = cls.read(envelope.content)
        kind = f"vp+{VP_JWT_TYP[3:]}" if found.presentation is not None else found.format
        if envelope.media_type != f"application/{kind}":
            raise MalformedError("malformed", "expected what the media type says")
        return found

    @classmethod
    def _of(cls, secured: Secured, presentation: SecuredPresentation | None) -> PresentedEnveloped:
        return cls(secured, presentation, secured.key_source(), _FORMATS[type(secured)])

    @classmethod
    def _presented(cls, presentation: SecuredPresentation) -> PresentedEnveloped:
        if isinstance(presentation, JwtVpJson):
            inner: list[Secured] = [JwtVcJson.parse(token) for token in presentation.tokens[:2]]
        else:
            inner = [_open(envelope) for envelope in presentation.envelopes()[:2]]
        if len(inner) != 1:
            raise UnsupportedError("unsupported", "expected a presentation of one credential")
        return cls._of(inner[0], presentation)

    @property
    def credential_type(self) -> str:
        """The last type that is not the base type: by custom the most specific one."""
        types = self.secured.credential.types
        return next((name for name in reversed(types) if name != BASE_TYPE), BASE_TYPE)

    def check_trust(self, policy: TrustPolicy, now: int) -> None:
        """Trust by certificate where the policy has an anchor for a type, otherwise by name."""
        issuer = self.secured.credential.issuer
        own = [name for name in self.secured.credential.types if name != BASE_TYPE]
        trusted = [name for name in own if self._trusts(policy, issuer, name, now)]
        if not trusted:
            raise TrustError("issuer_not_trusted", "the issuer is not trusted for this type of credential")
        self.issuer = issuer
        self._trusted_types = (BASE_TYPE, *trusted)
        if self._certified_key is None and isinstance(self.source, X5cSource):
            # Trusted by name: then the key comes from where that name leads, not from the chain.
            self.source = key_source(_without_chain(self.secured), issuer)

    def _trusts(self, policy: TrustPolicy, issuer: str, name: str, now: int) -> bool:
        try:
            if isinstance(self.source, X5cSource) and policy.anchors_for(name):
                key = certified_key(self.source, policy.anchors_for(name), now)
                if policy.names_issuers(name):
                    policy.check_issuer(issuer, [name])
                self._certified_key = key
            else:
                policy.check_issuer(issuer, [name])
        except TrustError as err:
            if err.code != "issuer_not_trusted":
                raise
            return False
        return True

    def find_key(self, sources: Sources) -> PublicKey:
        """The certified key, or the one that the issuer publishes."""
        return self._certified_key or published_key(self.source, sources)

    def check_signature(self, key: PublicKey, policy: TrustPolicy, now: int) -> JsonObject:  # noqa: ARG002
        """Signature and types of the envelope."""
        self.secured.verify(key, algorithms=policy.algorithms)
        self._document = self.secured.document if isinstance(self.secured, JwtVcJson) else self.secured.claims
        subjects = self.secured.credential.subjects
        self.subject = subjects[0] if len(subjects) == 1 else None
        return self._document

    def check_time(self, policy: TrustPolicy, now: int) -> None:
        """The times of the signature and of the credential."""
        self.secured.check_time(now, policy.clock_skew_seconds)

    def status_reference(self) -> JsonObject | None:
        """The entries of `credentialStatus`; each must be of a kind that is understood."""
        return listed_entries(self.secured.credential)

    def membership(self) -> Membership | None:
        """The entry of that type, and the proof in the holder's JWT."""
        entry = accumulator_entry(self.secured.credential)
        if entry is None:
            return None
        if isinstance(self.secured, VcSdJwt) and self.presentation is None:
            return key_binding_membership(self.secured.sd_jwt, entry)
        proof = None if self.presentation is None else self.presentation.jws.claims().get(STATUS_PROOF)
        return Membership(entry, proof, credential_hash(_signed(self.secured)))

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:  # noqa: ARG002
        """Keys that the issuer's DID document lists for stating facts."""
        return list_keys_of(self.issuer, sources.resolver)

    def check_holder(
        self, policy: TrustPolicy, sources: Sources, now: int, expected: Expected | None, *, required: bool
    ) -> bool:
        """The key binding of an SD-JWT, or the presentation by the one whom the credential is about."""
        bound = isinstance(self.secured, VcSdJwt) and self.secured.sd_jwt.key_binding is not None
        if expected is None or (self.presentation is None and not bound):
            if required:
                raise HolderBindingError("kb_required", "expected a presentation for this request")
            return False
        if self.presentation is None:
            return self._check_key_binding(policy, now, expected)
        key = self._presenter_key(self.presentation, sources)
        try:
            self.presentation.verify(key, algorithms=policy.algorithms)
        except SignatureError as err:
            if err.code != "signature_invalid":
                raise
            raise HolderBindingError("kb_signature", "expected the holder's signature") from err
        self.presentation.check_time(now, policy.clock_skew_seconds)
        self.presentation.check_expected(audience=expected.audience, nonce=expected.nonce)
        self.holder_key_thumbprint = key.thumbprint()
        return True

    def _check_key_binding(self, policy: TrustPolicy, now: int, expected: Expected) -> bool:
        if not isinstance(self.secured, VcSdJwt):
            raise HolderBindingError("kb_required", "expected a presentation for this request")
        check_key_binding(
            self.secured.sd_jwt,
            audience=expected.audience,
            nonce=expected.nonce,
            now=now,
            max_age_seconds=policy.key_binding_max_age_seconds,
            skew_seconds=policy.clock_skew_seconds,
            algorithms=policy.algorithms,
        )
        self.holder_key_thumbprint = holder_key(self.secured.sd_jwt).thumbprint()
        return True

    def _presenter_key(self, presentation: SecuredPresentation, sources: Sources) -> PublicKey:
        """The key that the credential is bound to: in `cnf`, otherwise one of its subject's DID.

        The holder is compared before the holder's DID is resolved: only a DID
        that a trusted issuer signed leads to a connection.
        """
        confirmation = self._document.get("cnf")
        if isinstance(confirmation, dict) and isinstance(confirmation.get("jwk"), dict):
            return public_key_from_jwk(confirmation["jwk"])
        holder = presentation.holder if isinstance(presentation, JwtVpJson) else _holder(presentation)
        if holder is None or {holder} != set(self.secured.credential.subjects):
            raise HolderBindingError("holder_mismatch", "expected the holder to be the subject")
        source = key_source({"kid": presentation.jws.header.get("kid")}, holder)
        if not isinstance(source, DidSource):
            raise HolderBindingError("holder_mismatch", "expected the holder to be a DID")
        return sources.resolver.public_key(source.did_url, "authentication")

    def view(self, *, holder_bound: bool) -> CredentialView:
        """The credential as it is shown."""
        return CredentialView(
            id=b64url_encode(sha256(canonicalize(self._document))),
            format=self.format,
            credential_types=self._trusted_types,
            claims=self._document,
            holder_bound=holder_bound,
        )


def _open(envelope: Envelope) -> Secured:
    match envelope.media_type:
        case "application/vc+jwt":
            return VcJwt.parse(envelope.content)
        case "application/vc+sd-jwt":
            return VcSdJwt.parse(envelope.content)
        case "application/vc+cose":
            return VcCose.parse(envelope.to_bytes())
    raise UnsupportedError("unsupported", "expected a credential in the presentation")


def _signed(secured: Secured) -> str | bytes:
    """The credential as its issuer signed it."""
    if isinstance(secured, VcCose):
        return secured.message.to_bytes()
    jws = secured.sd_jwt.issuer_jwt if isinstance(secured, VcSdJwt) else secured.jws
    return jws.compact()


def _short(typ: Any) -> str | None:
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def _holder(presentation: VpJwt) -> str | None:
    named = presentation.presentation.holder or presentation.claims.get("iss")
    return named if isinstance(named, str) else None


def _without_chain(secured: Secured) -> JsonObject:
    """The part of the header that names a key."""
    if isinstance(secured, VcCose):
        return {}
    header = secured.sd_jwt.issuer_jwt.header if isinstance(secured, VcSdJwt) else secured.jws.header
    return {"kid": header["kid"]} if "kid" in header else {}
