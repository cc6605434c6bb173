"""The accumulator in credentials: the entry, what the holder gets beside it, and the proof.

    entry           in the credential, public: registry and commitment, another one in each copy
    status secrets  beside the credential, for the holder alone: slot, handle, blinding
    status proof    in the holder's proof to one verifier: epoch and proof of membership

Reference: docs/revocation.md, section "In credentials".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, canonicalize, sha256
from trustid.errors import MalformedError, StatusUnknownError
from trustid.status.accumulator import DEFAULT_CAPACITY, Member
from trustid.status.membership import Commitment, MembershipProof, Opening

__all__ = [
    "ACCUMULATOR",
    "ENTRY_TYPE",
    "STATUS_LIST",
    "STATUS_PROOF",
    "STATUS_PROOF_TERM",
    "STATUS_SECRETS",
    "AccumulatorEntry",
    "StatusProof",
    "StatusSecrets",
    "commit",
    "credential_hash",
]

ACCUMULATOR: Final = "accumulator"
"""The mechanism, and its member in the claim `status` of a JWT."""
STATUS_LIST: Final = "status_list"
"""The other mechanism, a place in a list."""
ENTRY_TYPE: Final = "AccumulatorStatusEntry"
"""The type of the entry in `credentialStatus` of a W3C credential."""
STATUS_PROOF: Final = "status_proof"
"""The claim of a holder's JWT that carries the proof."""
STATUS_PROOF_TERM: Final = "statusProof"
"""The member of a Data Integrity proof that carries it."""
STATUS_SECRETS: Final = "status_secrets"
"""The member beside a credential in a credential response."""

REGISTRY_MAX: Final = 1024
"""Bytes in the name of a registry, as in its parameters."""
EPOCH_MAX: Final = (1 << 53) - 1
"""The largest whole number that every JSON reader keeps."""
HANDLE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class AccumulatorEntry:
    """What a credential says about its slot: where, and nothing else that two copies share.

    Attributes:
        registry: The registry's name, an URI.
        commitment: To the handle of the slot.
    """

    registry: str
    commitment: Commitment

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the member of `status`, or an entry of `credentialStatus`; other members are left alone.

        Raises:
            StatusUnknownError: `status_malformed`.
            MalformedError: `point_…`: the commitment is no point that it may be.
        """
        registry, commitment = _members(value, "registry", "commitment")
        if not isinstance(registry, str) or not 0 < len(registry.encode("utf-8", "replace")) <= REGISTRY_MAX:
            raise StatusUnknownError("status_malformed", "expected the name of a registry")
        return cls(registry, Commitment.from_bytes(_bytes(commitment)))

    def to_json(self) -> JsonObject:
        """The member `accumulator` of the claim `status`."""
        return {"registry": self.registry, "commitment": b64url_encode(bytes(self.commitment))}

    def to_entry(self) -> JsonObject:
        """The entry in `credentialStatus`."""
        return {"type": ENTRY_TYPE} | self.to_json()


@dataclass(frozen=True, slots=True)
class StatusProof:
    """A proof that a credential was not revoked, as it is presented.

    Attributes:
        epoch: The epoch that it is for.
        proof: 288 bytes.
    """

    epoch: int
    proof: MembershipProof

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the claim.

        Raises:
            StatusUnknownError: `status_malformed`.
            MalformedError: `acc_proof_invalid` or `point_…`: not the bytes of a proof.
        """
        epoch, proof = _members(value, "epoch", "proof")
        if type(epoch) is not int or not 0 <= epoch <= EPOCH_MAX:
            raise StatusUnknownError("status_malformed", "expected epoch to be a whole number")
        return cls(epoch, MembershipProof.from_bytes(_bytes(proof)))

    def to_json(self) -> JsonObject:
        """The claim."""
        return {"epoch": self.epoch, "proof": b64url_encode(bytes(self.proof))}


@dataclass(frozen=True, slots=True, eq=False)
class StatusSecrets:
    """What opens the commitment in one copy; whoever knows it can prove for its holder.

    Attributes:
        slot: The slot, the same for all copies.
        opening: Handle and blinding.
    """

    slot: int = field(repr=False)
    opening: Opening = field(repr=False)

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read the member beside a credential.

        Raises:
            MalformedError: `malformed` or `handle_invalid`.
        """
        if not isinstance(value, dict):
            raise MalformedError("malformed", f"{STATUS_SECRETS}: expected an object")
        slot = value.get("slot")
        if type(slot) is not int or not 0 <= slot < DEFAULT_CAPACITY:
            raise MalformedError("malformed", "slot: expected the number of a slot")
        try:
            opening = b"".join(_bytes(value.get(name)) for name in ("y", "rho"))
        except StatusUnknownError as err:
            raise MalformedError("malformed", "y, rho: expected base64url") from err
        return cls(slot, Opening.from_bytes(opening))

    def to_json(self) -> JsonObject:
        """The member, for the holder alone."""
        opening = self.opening.to_bytes()
        return {
            "slot": self.slot,
            "y": b64url_encode(opening[:HANDLE_BYTES]),
            "rho": b64url_encode(opening[HANDLE_BYTES:]),
        }


def commit(registry: str, slot: int, member: Member) -> tuple[AccumulatorEntry, StatusSecrets]:
    """Make the entry of one copy, with a fresh blinding: the issuer's part.

    Args:
        registry: The registry's name.
        slot: The slot, the same for all copies of a credential.
        member: Its handle.

    Returns:
        What goes into the copy, and what its holder gets beside it.
    """
    opening = Opening.generate(member)
    return AccumulatorEntry(registry, opening.commitment), StatusSecrets(slot, opening)


def credential_hash(credential: str | bytes | Mapping[str, Any]) -> bytes:
    """What a proof calls a credential: the SHA-256 of what its issuer signed.

    Args:
        credential: A JWT, or an SD-JWT of which disclosures and key binding
            are left out; a COSE_Sign1; or a document with its Data Integrity
            proof, which is taken in JCS.
    """
    if isinstance(credential, str):
        return sha256(credential.partition("~")[0].encode())
    return sha256(credential if isinstance(credential, bytes) else canonicalize(credential))


def _members(value: Any, *names: str) -> tuple[Any, ...]:
    if not isinstance(value, dict) or not all(name in value for name in names):
        raise StatusUnknownError("status_malformed", f"expected an object with {' and '.join(names)}")
    return tuple(value[name] for name in names)


def _bytes(value: Any) -> bytes:
    try:
        return b64url_decode(value if isinstance(value, str) else "=")
    except MalformedError as err:
        raise StatusUnknownError("status_malformed", "expected base64url") from err
