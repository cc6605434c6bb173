"""What the issuing engine asks of the outside: a store, and kinds of credentials.

The store's operations are the atomic steps of the engine: each happens wholly
or not at all, whatever else runs at the same time in other threads, processes
or machines. Secrets (codes, tokens, links, nonces) reach the store only as
SHA-256 hashes, transaction codes as keyed hashes, claims and credentials
sealed; so a copy of the store opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trustid.encoding import JsonObject
from trustid.protocols.issuer_records import (
    ISSUANCE_STATES,
    Answer,
    Attempt,
    CredentialRecord,
    GivenTicket,
    Issuance,
    IssuanceState,
    ListPlace,
    NewCredential,
    NewIssuance,
    NewOffer,
    NewToken,
    Offer,
    Reservation,
    Signed,
    SignedStatusList,
    SlotState,
    StatusListRecord,
    StatusPositions,
    Token,
)

__all__ = [
    "ISSUANCE_STATES",
    "Answer",
    "Attempt",
    "CredentialKind",
    "CredentialRecord",
    "GivenTicket",
    "Issuance",
    "IssuanceState",
    "IssuerStore",
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
    "TicketStore",
    "Token",
]


class MdocNames(Protocol):
    """What a kind is called where it is issued as an mdoc."""

    @property
    def doc_type(self) -> str: ...
    @property
    def namespace(self) -> str: ...


class CredentialKind(Protocol):
    """A kind of credential that can be issued; `trustid.catalogue` provides some."""

    @property
    def format(self) -> str: ...
    @property
    def mdoc(self) -> MdocNames: ...
    @property
    def configuration_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def claims_schema(self) -> Mapping[str, Any]: ...
    @property
    def sample_claims(self) -> Mapping[str, Any]: ...
    @property
    def lifetime_days(self) -> int: ...
    @property
    def batch_size(self) -> int: ...
    @property
    def disclosable(self) -> Sequence[tuple[str | int | None, ...]]: ...
    def vct(self, public_url: str) -> str:
        """The type's identifier at an issuer."""
        ...

    def check_claims(self, claims: Mapping[str, Any]) -> None:
        """Refuse claims that do not fit the schema (MalformedError)."""
        ...

    def type_metadata(self, public_url: str) -> JsonObject:
        """SD-JWT VC type metadata."""
        ...

    def credential_metadata(self) -> JsonObject:
        """`credential_metadata` of OpenID4VCI."""
        ...


class IssuerStore(Protocol):
    """Where the issuer's state lives; every method is atomic and durable when it returns."""

    def add_issuances(
        self,
        issuances: Sequence[NewIssuance],
        offers: Sequence[NewOffer] = (),
        *,
        answer: tuple[bytes, Answer, int] | None = None,
    ) -> frozenset[str]:
        """Add issuances with their first offers, all or none.

        Args:
            issuances: What to add; a live one with the same `row_mac` makes one be skipped.
            offers: First offers of some of them.
            answer: Hash of an idempotency key, what to answer to it again, and until when.

        Returns:
            The ids that were added.

        Raises:
            ReplayError: `idempotency_conflict`: the idempotency key is already there; nothing was added.
        """
        ...

    def remembered(self, key_hash: bytes, now: int) -> Answer | None:
        """The answer remembered for an idempotency key."""
        ...

    def issuance(self, issuance_id: str) -> Issuance | None:
        """One issuance."""
        ...

    def issuance_by_link(self, link_hash: bytes) -> Issuance | None:
        """The issuance that a claim link leads to."""
        ...

    def issuances(
        self,
        *,
        state: IssuanceState | None = None,
        configuration_id: str | None = None,
        roster_id: str | None = None,
        after: int | None = None,
        limit: int,
    ) -> Sequence[Issuance]:
        """A page of issuances, newest first, starting below the sequence number `after`."""
        ...

    def count_by_state(self) -> Mapping[IssuanceState, int]:
        """How many issuances there are in each state."""
        ...

    def replace_link(
        self, issuance_id: str, *, sealed: bytes, link_hash: bytes, tx_code_mac: bytes | None, attempts: int
    ) -> Issuance | None:
        """Give an uncollected issuance a new link; older links, offers and tokens end. None if it has been collected or revoked."""
        ...

    def add_offer(self, offer: NewOffer) -> Issuance | None:
        """Add an offer to an issuance in state `offered`, ending all but its newest; None in any other state."""
        ...

    def offer(self, reference_hash: bytes, now: int) -> Offer | None:
        """The offer that a reference leads to, while it can be redeemed."""
        ...

    def take_attempt(self, code_hash: bytes, now: int) -> Attempt | None:
        """Count one try at a code and return what it must match; None if the code is not redeemable or no try is left."""
        ...

    def return_attempt(self, issuance_id: str) -> None:
        """Give back a try that said nothing about the transaction code (a malformed request)."""
        ...

    def lock(self, issuance_id: str) -> None:
        """Lock an offered issuance that has no try left; its offers end."""
        ...

    def redeem(self, code_hash: bytes, token: NewToken, *, attempts: int, now: int) -> bool:
        """Turn a code into a token, for exactly one caller; the tries are filled up again."""
        ...

    def token(self, token_hash: bytes, now: int) -> Token | None:
        """An access token that has not ended."""
        ...

    def reserve(self, reservation: Reservation) -> Sequence[CredentialRecord]:
        """Use up the nonces and store the intent to sign every copy.

        Each gets a place in a status list of its own; where the reservation
        names a registry, all get the one ticket that the issuance has there,
        taken now if it has none. A copy for a key that already has one in this
        issuance comes back as it was stored, so that a wallet that lost an
        answer gets the same credential.

        Raises:
            ProtocolError: `invalid_nonce` (one was used before), `invalid_token`
                (ended, or another token has collected), `credential_request_denied` (too many copies),
                `acc_no_ticket` (none is left of that registry).
        """
        ...

    def record_signed(
        self, issuance_id: str, signed: Sequence[Signed], now: int
    ) -> Mapping[str, bytes] | None:
        """Store what was signed, before it leaves.

        Where two requests signed the same copy at once, the first one counts.

        Returns:
            The sealed copy that counts for each credential id; None if the
            issuance was revoked meanwhile.
        """
        ...

    def revoke(self, issuance_id: str, now: int) -> Issuance | None:
        """Revoke an issuance and every copy of it, and end its offers and tokens; again changes nothing. None if unknown.

        For the slots that it has in registries the revocation is asked for; see `TicketStore.requested_slots`.
        """
        ...

    def revoke_many(self, issuance_ids: Sequence[str], now: int) -> int:
        """Revoke several, all or none; returns how many were not revoked before.

        Raises:
            ProtocolError: `not_found`: one of them is unknown; none was revoked.
        """
        ...

    def suspend(self, issuance_id: str, now: int) -> Issuance | None:
        """Suspend an issuance that was collected and whose copies have places in lists; any other stays as it is. None if unknown."""
        ...

    def resume(self, issuance_id: str) -> Issuance | None:
        """End a suspension; again changes nothing. None if unknown."""
        ...

    def status_list(self, name: str) -> StatusListRecord | None:
        """One status list."""
        ...

    def status_positions(self, name: str) -> StatusPositions:
        """What is set in a list, read as one.

        Raises:
            ProtocolError: `not_found`.
        """
        ...

    def save_status_token(self, name: str, signed: SignedStatusList) -> bool:
        """Keep a signed list with its changes, unless one for a newer version or a later time is there."""
        ...

    def status_change(self, name: str, base: bytes) -> str | None:
        """The signed change that starts from the list with this digest, while it is kept."""
        ...

    def keep_upload(self, upload_id: str, sealed: bytes, expires_at: int) -> None:
        """Keep a checked roster until staff decide."""
        ...

    def upload(self, upload_id: str, now: int) -> bytes | None:
        """A roster that was kept."""
        ...

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """Count an attempt (staff logins) over all workers."""
        ...

    def purge(self, now: int) -> None:
        """Forget what has ended: offers, tokens, nonces, sealed copies, handles, remembered answers."""
        ...


class TicketStore(Protocol):
    """The tickets of registries in the issuer's store, as the revocation manager's command sees them."""

    def add_tickets(self, registry: str, tickets: Sequence[tuple[int, bytes]]) -> int:
        """Add slots with their sealed handles; those that are there stay as they are. Returns how many were new."""
        ...

    def free_tickets(self, registry: str) -> int:
        """How many tickets nobody has."""
        ...

    def requested_slots(self, registry: str) -> Sequence[int]:
        """The slots whose revocation was asked for and not reported as done."""
        ...

    def slots_revoked(self, registry: str, slots: Sequence[int], epoch: int) -> None:
        """Note that slots are revoked from an epoch on; again changes nothing."""
        ...

    def slot_state(self, issuance_id: str) -> SlotState | None:
        """How the slot of an issuance stands; None if it has none."""
        ...
