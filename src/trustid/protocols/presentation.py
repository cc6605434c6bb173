"""What the verifying order asks of a presentation, whatever its format.

The order stands in `trustid.protocols.verifying`; the formats in
`presentation_sd_jwt_vc`, `presentation_w3c`, `presentation_enveloped` and
`presentation_mdoc`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from trustid.credentials.data_integrity import SUITES, Verifier
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.keys import PublicKey
from trustid.protocols.dcql import CredentialView
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.status.check import KeyOf, StatusChecker
from trustid.status.epochs.accepting import EpochTrust

__all__ = ["LINKABLE_BY_SIGNATURE", "Expected", "Membership", "Presented", "Sources"]

LINKABLE_BY_SIGNATURE = "signature"
"""Each showing of this copy carries the same issuer signature and holder key:
verifiers who compare them, or one of them and the issuer, see the same person."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the holder must have signed.

    Attributes:
        audience: What the verifier called itself, prefix included; for a W3C
            presentation the domain.
        nonce: The nonce of this request; for a W3C presentation the challenge.
        session_transcript: For an mdoc, the transcript of this request
            (`trustid.credentials.mdoc.openid4vp_transcript`); without it every
            device proof is refused.
    """

    audience: str
    nonce: str = field(repr=False)
    session_transcript: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where keys and statuses come from.

    Attributes:
        resolver: Resolves DIDs.
        metadata: Finds keys of issuers named by https URLs.
        status: Answers whether a credential was taken back; None refuses
            every credential that has a place in a list.
        epochs: Which registries of accumulators are believed; None refuses
            every credential that has a slot in one.
        suites: The cryptosuites of Data Integrity that are spoken, by name.
    """

    resolver: Resolver
    metadata: IssuerMetadata
    status: StatusChecker | None
    epochs: EpochTrust | None = None
    suites: Mapping[str, Verifier] = field(default_factory=lambda: SUITES, repr=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """A credential's slot in a registry, and the proof that came with it. Nothing of it is checked yet.

    Attributes:
        entry: What the credential says (`AccumulatorEntry`).
        proof: What the holder's proof carries (`StatusProof`), or None.
        credential_hash: SHA-256 of the credential as its issuer signed it.
    """

    entry: Any
    proof: Any = field(repr=False)
    credential_hash: bytes


class Presented(Protocol):
    """A presentation of one format, read. Called in the order of the methods below.

    Attributes:
        format: As in DCQL.
        issuer: Who signed, once `check_trust` has returned.
        subject: About whom, once `check_signature` has returned.
        credential_type: The vct, or the most specific type.
        linkability: See `Verified.linkability`.
        holder_key_thumbprint: Once `check_holder` has returned.
    """

    format: str
    issuer: str
    subject: str | None
    linkability: str
    holder_key_thumbprint: str | None

    @property
    def credential_type(self) -> str:
        """See above."""
        ...

    def check_trust(self, policy: TrustPolicy, now: int) -> None:
        """Refuse an issuer that is not trusted for the type. Opens no connection."""
        ...

    def find_key(self, sources: Sources) -> PublicKey:
        """The key that the trusted issuer signs with."""
        ...

    def check_signature(self, key: PublicKey, policy: TrustPolicy, now: int) -> JsonObject:
        """Refuse what the issuer did not sign; gives back what it did, as far as it is shown."""
        ...

    def check_time(self, policy: TrustPolicy, now: int) -> None:
        """Refuse what is not valid now."""
        ...

    def status_reference(self) -> JsonObject | None:
        """The places in status lists, as `StatusChecker.check` takes them, or None without any."""
        ...

    def membership(self) -> Membership | None:
        """The slot in a registry's accumulator, or None without one."""
        ...

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:
        """Finds the issuer's key for a status list.

        It is kept as long as the list is, so it must not hold on to the
        presentation: nothing of the person stays in memory with it.
        """
        ...

    def check_holder(
        self, policy: TrustPolicy, sources: Sources, now: int, expected: Expected | None, *, required: bool
    ) -> bool:
        """Refuse a wrong or missing proof of the holder; False when none was required and none is there."""
        ...

    def view(self, *, holder_bound: bool) -> CredentialView:
        """What a query is held against."""
        ...
