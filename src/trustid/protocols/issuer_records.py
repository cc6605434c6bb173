"""What the issuer's store keeps and gives back: plain values, no behaviour.

Secrets (codes, tokens, links, nonces) are here as SHA-256 hashes, transaction
codes as keyed hashes, claims and credentials sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "ISSUANCE_STATES",
    "Answer",
    "Attempt",
    "CredentialRecord",
    "GivenTicket",
    "Issuance",
    "IssuanceState",
    "ListPlace",
    "NewCredential",
    "NewIssuance",
    "NewOffer",
    "NewToken",
    "Offer",
    "Reservation",
    "Signed",
    "SignedStatusList",
    "SlotState",
    "StatusListRecord",
    "StatusPositions",
    "Token",
]

IssuanceState = Literal["offered", "issued", "locked", "revoked"]
ISSUANCE_STATES: tuple[IssuanceState, ...] = ("offered", "issued", "locked", "revoked")
"""offered: nothing collected yet; issued: a wallet has collected; locked: too
many wrong transaction codes, staff must send a new link; revoked: final."""


@dataclass(frozen=True, slots=True)
class NewIssuance:
    """One person's credential to be.

    Attributes:
        sealed: The claims, the claim link's secret and the transaction code, sealed.
        row_mac: Keyed hash of what a roster row says; a second live issuance with the same one is skipped.
        link_hash: Hash of the secret in the claim link.
        tx_code_mac: Keyed hash of the transaction code, or None when none is needed.
    """

    id: str
    configuration_id: str
    sealed: bytes
    link_hash: bytes
    tx_code_mac: bytes | None
    attempts: int
    created_at: int
    roster_id: str | None = None
    row_mac: bytes | None = None


@dataclass(frozen=True, slots=True)
class Issuance:
    """One person's credential, from the offer to its revocation.

    Attributes:
        sequence: Grows with each issuance; pages are cut by it.
        attempts_left: Wrong transaction codes that may still be tried.
        suspended_at: Since when it does not hold for the time being, or None.
        credentials: How many copies were made.
    """

    sequence: int
    id: str
    configuration_id: str
    state: IssuanceState
    sealed: bytes
    tx_code_mac: bytes | None
    attempts_left: int
    roster_id: str | None
    created_at: int
    issued_at: int | None
    revoked_at: int | None
    suspended_at: int | None
    credentials: int


@dataclass(frozen=True, slots=True)
class NewOffer:
    """A fresh offer. Of one issuance the few newest hold, so that a link preview does not end the offer on a screen."""

    issuance_id: str
    reference_hash: bytes
    code_hash: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can still be redeemed."""

    issuance_id: str
    configuration_id: str
    expires_at: int
    tx_code_needed: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a code, already counted.

    Attributes:
        tx_code_mac: What the transaction code must hash to; None when none is needed.
        attempts_left: Tries that remain after this one.
    """

    issuance_id: str
    configuration_id: str
    tx_code_mac: bytes | None
    attempts_left: int


@dataclass(frozen=True, slots=True)
class NewToken:
    """An access token to be; only its hash is kept."""

    token_hash: bytes
    issuance_id: str
    client_id: str | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that still holds."""

    issuance_id: str
    configuration_id: str
    client_id: str | None
    expires_at: int


@dataclass(frozen=True, slots=True)
class NewCredential:
    """One copy to be made, for one key of the holder."""

    id: str
    holder_thumbprint: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """Everything that one credential request takes, at once or not at all.

    Attributes:
        nonces: Hash and expiry of each nonce that the proofs used.
        maximum: How many copies one issuance may have in all.
        issued_at: The time that will stand in the credentials.
        expires_at: The end that will stand in the credentials.
        list_size: Size of a new status list, if one must be begun.
        list_name: Public name of a new status list, if one must be begun.
        list_signer: Which key signs the list: the one that signs the credentials.
        registry: The registry whose accumulator the copies are revoked through, or
            None where each gets a place in a status list.
    """

    token_hash: bytes
    nonces: tuple[tuple[bytes, int], ...]
    credentials: tuple[NewCredential, ...]
    maximum: int
    now: int
    issued_at: int
    expires_at: int
    list_size: int
    list_name: str
    list_signer: str
    registry: str | None = None


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A copy's own place in a status list.

    Attributes:
        name: Public name of the status list.
        size: How many entries it has.
        position: Counter value in the list; the index is a secret permutation of it.
    """

    name: str
    size: int
    position: int


@dataclass(frozen=True, slots=True)
class GivenTicket:
    """The slot of a registry that all copies of an issuance share.

    Attributes:
        sealed: Its handle, sealed to this issuer's ticket key.
    """

    registry: str
    slot: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class SlotState:
    """How the slot of an issuance stands.

    Attributes:
        requested: Whether its revocation was asked for.
        revoked_epoch: From which epoch on it is revoked, once that is published.
    """

    registry: str
    requested: bool
    revoked_epoch: int | None


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """The stored intent to sign one copy; it exists before any signature does.

    Attributes:
        status: How it can be taken back.
        sealed_copy: What was signed, sealed, while a wallet may still ask
            again because an answer was lost.
    """

    id: str
    issuance_id: str
    holder_thumbprint: str
    status: ListPlace | GivenTicket
    issued_at: int
    expires_at: int
    sealed_copy: bytes | None


@dataclass(frozen=True, slots=True)
class Signed:
    """What is kept of a signed copy.

    Attributes:
        digest: SHA-256 of the credential's bytes.
        sealed_copy: The credential, sealed, for a retry until the token ends.
    """

    credential_id: str
    digest: bytes
    sealed_copy: bytes


@dataclass(frozen=True, slots=True)
class StatusListRecord:
    """A status list as the store knows it.

    Attributes:
        version: Grows with each change of a status.
        token_version: The version that `token` was signed for; -1 when there is none.
        token_issued_at: When it was signed; the next one is never dated earlier.
        signer: Which key signs it.
    """

    name: str
    size: int
    allocated: int
    version: int
    token: str | None
    token_version: int
    token_issued_at: int
    token_expires_at: int
    signer: str


@dataclass(frozen=True, slots=True)
class SignedStatusList:
    """A status list that was signed.

    Attributes:
        version: Of the list that was signed.
        token: The signed list.
        issued_at: When, epoch seconds.
        expires_at: Until when it holds.
        changes: Signed changes that lead to it, by the digest of the list they start from.
    """

    version: int
    token: str
    issued_at: int
    expires_at: int
    changes: Mapping[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusPositions:
    """What is set in a status list at one moment.

    Attributes:
        version: Of the list.
        revoked: Positions of revoked copies.
        suspended: Positions of copies that are suspended, and not revoked.
    """

    version: int
    revoked: Sequence[int]
    suspended: Sequence[int]


@dataclass(frozen=True, slots=True)
class Answer:
    """The remembered answer to a request that carried an idempotency key."""

    request_hash: bytes
    sealed_body: bytes
