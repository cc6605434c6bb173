"""ISO mdoc as a presentation: what each step of the verifying order means for it."""

from __future__ import annotations

from dataclasses import dataclass

from trustid.credentials.issuer_keys import X5cSource
from trustid.credentials.mdoc import DeviceResponse, Document, Mdoc
from trustid.credentials.mdoc.values import to_claim
from trustid.encoding import JsonObject, b64url_encode, sha256
from trustid.errors import (
    HolderBindingError,
    MalformedError,
    StatusUnknownError,
    TrustError,
    UnsupportedError,
)
from trustid.keys import PublicKey
from trustid.protocols.dcql import CredentialView
from trustid.protocols.finding_keys import ListKeys, certified_name
from trustid.protocols.presentation import LINKABLE_BY_SIGNATURE, Expected, Sources
from trustid.protocols.trust import TrustPolicy
from trustid.status.check import KeyOf

__all__ = ["PresentedMdoc"]

RESPONSE_OK = 0


@dataclass(slots=True)
class PresentedMdoc:
    """See `trustid.protocols.presentation.Presented`."""

    mdoc: Mdoc
    document: Document | None
    format: str = "mso_mdoc"
    issuer: str = ""
    subject: str | None = None
    linkability: str = LINKABLE_BY_SIGNATURE
    holder_key_thumbprint: str | None = None
    _key: PublicKey | None = None

    @classmethod
    def read(cls, data: bytes) -> PresentedMdoc:
        """Read a DeviceResponse with one document, or an IssuerSigned that nobody presents.

        Args:
            data: CBOR, which OpenID4VP and OpenID4VCI carry in base64url.

        Raises:
            MalformedError: `malformed`; also without a document.
            UnsupportedError: `unsupported`: several documents.

        Reference:
            OpenID4VP 1.0, appendix B.2.5; OpenID4VCI 1.0, appendix A.2.4.
        """
        try:
            return cls(Mdoc.parse(data), None)
        except MalformedError:
            response = DeviceResponse.parse(data)
        if response.status != RESPONSE_OK or not response.documents:
            raise MalformedError("malformed", "expected a device response with a document")
        if len(response.documents) != 1:
            raise UnsupportedError("unsupported", "expected one document in a presentation")
        return cls(response.documents[0].mdoc, response.documents[0])

    @property
    def credential_type(self) -> str:
        """The document type, as the issuer signed it."""
        return self.mdoc.security_object.doc_type

    def check_trust(self, policy: TrustPolicy, now: int) -> None:
        """Trust by certificate only; where issuers are named as well, both must fit."""
        anchors = policy.anchors_for(self.credential_type)
        if not anchors:
            raise TrustError("issuer_not_trusted", "no certificate authority is trusted for this document")
        self._key = self.mdoc.check_certificate(anchors, now)
        self.issuer = certified_name(self._source())
        if policy.names_issuers(self.credential_type):
            policy.check_issuer(self.issuer, [self.credential_type])

    def _source(self) -> X5cSource:
        return X5cSource(tuple(self.mdoc.x5chain()), None)

    def find_key(self, sources: Sources) -> PublicKey:  # noqa: ARG002
        """The certified key."""
        if self._key is None:
            raise TrustError("issuer_not_trusted", "expected trust to be checked first")
        return self._key

    def check_signature(self, key: PublicKey, policy: TrustPolicy, now: int) -> JsonObject:  # noqa: ARG002
        """Signature, document type and the digest of every element."""
        self.mdoc.verify(key, algorithms=policy.algorithms)
        return self.mdoc.claims()

    def check_time(self, policy: TrustPolicy, now: int) -> None:
        """The validity that the issuer signed."""
        self.mdoc.check_time(now, policy.clock_skew_seconds)

    def status_reference(self) -> JsonObject | None:
        """The status in the security object (draft-ietf-oauth-status-list-21, section 6.3)."""
        status = self.mdoc.security_object.status
        if status is None:
            return None
        if "status_list" not in status:
            raise StatusUnknownError("status_unsupported", "expected a status of the kind status_list")
        return {name: to_claim(value) for name, value in status.items()}

    def membership(self) -> None:
        """None: no slot of a registry is defined for mdocs."""
        return

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:
        """Certified keys of the same issuer."""
        anchors = policy.anchors_for(self.credential_type)
        return ListKeys(self._source(), self.issuer, self._key, anchors, sources)

    def check_holder(
        self,
        policy: TrustPolicy,
        sources: Sources,  # noqa: ARG002
        now: int,  # noqa: ARG002
        expected: Expected | None,
        *,
        required: bool,
    ) -> bool:
        """The device's signature over this session."""
        self.holder_key_thumbprint = self.mdoc.security_object.device_key.thumbprint()
        session = None if expected is None else expected.session_transcript
        if self.document is None or session is None:
            if required:
                raise HolderBindingError("kb_required", "expected a device proof, and the session it is for")
            return False
        self.document.check_device(session, algorithms=policy.algorithms)
        return True

    def view(self, *, holder_bound: bool) -> CredentialView:
        """The elements by namespace; the holder could have withheld each of them."""
        claims = self.mdoc.claims()
        return CredentialView(
            id=b64url_encode(sha256(self.mdoc.issuer_auth.to_bytes())),
            format=self.format,
            credential_types=(self.credential_type,),
            claims=claims,
            disclosed=tuple((name, element) for name, elements in claims.items() for element in elements),
            holder_bound=holder_bound,
        )
