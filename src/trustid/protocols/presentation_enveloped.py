"""W3C credentials in an envelope (vc+jwt, vc+sd-jwt, vc+cose, jwt_vc_json): the verifying order for them.

A credential, alone or in a presentation of its holder. A type counts as the
term that stands there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trustid.credentials import jose
from trustid.credentials.enveloping import Envelope
from trustid.credentials.issuer_keys import IssuerKeySource, X5cSource, key_source
from trustid.credentials.jwt_vc_json import JwtVcJson
from trustid.credentials.key_binding import check_key_binding, holder_key
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.vc_cose import VcCose
from trustid.credentials.vc_jose import VC_JWT_TYP, VcJwt
from trustid.credentials.vc_sd_jwt import VcSdJwt
from trustid.encoding import JsonObject, b64url_encode, canonicalize, sha256
from trustid.errors import HolderBindingError, MalformedError, TrustError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_jwk
from trustid.protocols.dcql import CredentialView
from trustid.protocols.finding_keys import certified_key, published_key
from trustid.protocols.presentation import LINKABLE_BY_SIGNATURE, Expected, Membership, Sources
from trustid.protocols.presentation_sd_jwt_vc import key_binding_membership
from trustid.protocols.presentation_w3c import BASE_TYPE, accumulator_entry, list_keys_of, listed_entries
from trustid.protocols.presenter import AskedFor, Presenter, TokenPresenter
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import credential_hash
from trustid.status.check import KeyOf

__all__ = ["PresentedEnveloped"]

Secured = VcJwt | VcSdJwt | VcCose | JwtVcJson

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
    presenter: Presenter | None
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
    def read(cls, text: str, presenter: Presenter | None) -> PresentedEnveloped:
        """Read a credential as a JWT, perhaps one that somebody presents.

        Raises:
            MalformedError: `malformed` or `claim_type_invalid`.
            TrustidError: A rule of the format is broken.
        """
        typ = jose.parse(text).header.get("typ")
        name = typ.lower().removeprefix("application/") if isinstance(typ, str) else None
        return cls._of(VcJwt.parse(text) if name == VC_JWT_TYP else JwtVcJson.parse(text), presenter)

    @classmethod
    def of_sd_jwt(cls, presented: SdJwt, presenter: Presenter | None) -> PresentedEnveloped:
        """Look at an SD-JWT as a W3C credential."""
        return cls._of(VcSdJwt.of(presented), presenter)

    @classmethod
    def of_cose(cls, data: bytes, presenter: Presenter | None) -> PresentedEnveloped:
        """Read a credential as a COSE_Sign1; as `read`."""
        return cls._of(VcCose.parse(data), presenter)

    @classmethod
    def read_envelope(cls, document: JsonObject, presenter: Presenter | None) -> PresentedEnveloped:
        """Read an enveloped credential, which is a data URL in JSON; as `read`."""
        url = document.get("id")
        if type(url) is not str:
            raise MalformedError("malformed", "expected an envelope whose id is a data URL")
        return cls._of(_open(Envelope.parse(url)), presenter)

    @classmethod
    def _of(cls, secured: Secured, presenter: Presenter | None) -> PresentedEnveloped:
        return cls(secured, presenter, secured.key_source(), _FORMATS[type(secured)])

    @property
    def subjects(self) -> frozenset[str]:
        """About whom it is."""
        return frozenset(self.secured.credential.subjects)

    def bound_key(self) -> PublicKey | None:
        """The key in `cnf`, if the credential is bound to one."""
        shown = self.secured.document if isinstance(self.secured, JwtVcJson) else self.secured.claims
        confirmation = shown.get("cnf")
        jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
        return public_key_from_jwk(jwk) if isinstance(jwk, dict) else None

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
        if isinstance(self.secured, VcSdJwt) and self.presenter is None:
            return key_binding_membership(self.secured.sd_jwt, entry)
        proof = None if self.presenter is None else self.presenter.status_proof()
        return Membership(entry, proof, credential_hash(_signed(self.secured)))

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:  # noqa: ARG002
        """Keys that the issuer's DID document lists for stating facts."""
        return list_keys_of(self.issuer, sources.resolver)

    def check_holder(
        self, policy: TrustPolicy, sources: Sources, now: int, expected: Expected | None, *, required: bool
    ) -> bool:
        """The key binding of an SD-JWT, or the presentation by the one whom the credential is about."""
        bound = isinstance(self.secured, VcSdJwt) and self.secured.sd_jwt.key_binding is not None
        if expected is None or (self.presenter is None and not bound):
            if required:
                raise HolderBindingError("kb_required", "expected a presentation for this request")
            return False
        if self.presenter is None:
            return self._check_key_binding(policy, now, expected)
        asked = AskedFor(expected.audience, expected.nonce)
        self.holder_key_thumbprint = self._check_presenter(self.presenter, asked, policy, sources, now)
        return True

    def _check_presenter(
        self, presenter: Presenter, asked: AskedFor, policy: TrustPolicy, sources: Sources, now: int
    ) -> str:
        """The key that the credential is bound to: in `cnf`, otherwise one of its subject's DID.

        The holder is compared before the holder's DID is resolved: only a DID
        that a trusted issuer signed leads to a connection.
        """
        own = self.bound_key()
        if own is not None and isinstance(presenter, TokenPresenter):
            presenter.check_with(own, asked, policy, now)
            return own.thumbprint()
        if presenter.signers() != self.subjects:
            raise HolderBindingError("holder_mismatch", "expected the holder to be the subject")
        key = presenter.check(asked, policy, sources, now)
        if own is not None and own.thumbprint() != key.thumbprint():
            raise HolderBindingError("holder_mismatch", "expected the key that the credential is bound to")
        return key.thumbprint()

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
    raise UnsupportedError("unsupported", "expected a credential in the envelope")


def _signed(secured: Secured) -> str | bytes:
    """The credential as its issuer signed it."""
    if isinstance(secured, VcCose):
        return secured.message.to_bytes()
    jws = secured.sd_jwt.issuer_jwt if isinstance(secured, VcSdJwt) else secured.jws
    return jws.compact()


def _without_chain(secured: Secured) -> JsonObject:
    """The part of the header that names a key."""
    if isinstance(secured, VcCose):
        return {}
    header = secured.sd_jwt.issuer_jwt.header if isinstance(secured, VcSdJwt) else secured.jws.header
    return {"kid": header["kid"]} if "kid" in header else {}
