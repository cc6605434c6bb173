"""What came from an issuer, checked as a holder must before keeping it (RFC 9901, section 7.2).

Copies that are revoked through an accumulator come with what opens their
commitments. It is checked here: an issuer that made a mistake, or mixed the
slots of two people, is found before anything is kept.

Reference:
    OpenID4VCI 1.0, section 8.3; docs/revocation.md, section "In credentials".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.errors import HolderBindingError, MalformedError, ProtocolError
from trustid.keys import PublicKey, SigningKey, public_key_from_jwk
from trustid.protocols.openid4vci import IssuedCopy
from trustid.protocols.ports_wallet import CredentialCopy
from trustid.status.accumulator_entry import ACCUMULATOR, AccumulatorEntry, StatusSecrets
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["CheckedCopies", "FindKey", "check_copies", "offered_registry"]

KEYS_MAX: Final = 16

FindKey = Callable[[SdJwtVc], tuple[PublicKey, str, str]]
"""The issuer's key for a credential, who that is, and how it was found."""


@dataclass(frozen=True, slots=True)
class CheckedCopies:
    """Copies of one credential that all hold.

    Attributes:
        copies: Each with its own key.
        issuer: Who signed them.
        issuer_proof: How the issuer's key was found.
        expires_at: Epoch seconds, or None.
        registry: The registry that they share a slot of, or None.
    """

    copies: tuple[CredentialCopy, ...]
    issuer: str
    issuer_proof: str
    expires_at: int | None
    registry: RegistryTrust | None


def offered_registry(configuration: Mapping[str, Any]) -> RegistryTrust | None:
    """The registry whose accumulator an issuer offers for a kind of credential; None if it offers none.

    It stands in the issuer's metadata, which are the same for everybody: no
    holder is given statement keys that nobody else has.

    Raises:
        MalformedError: It offers one that cannot be read.
    """
    mechanisms = configuration.get("status_mechanisms_supported")
    offered = mechanisms.get(ACCUMULATOR) if isinstance(mechanisms, dict) else None
    if offered is None:
        return None
    keys = offered.get("keys") if isinstance(offered, dict) else None
    if (
        not isinstance(keys, list)
        or not 0 < len(keys) <= KEYS_MAX
        or not all(isinstance(k, dict) for k in keys)
    ):
        raise MalformedError("malformed", f"{ACCUMULATOR}: expected a registry and 1 to {KEYS_MAX} keys")
    return RegistryTrust(offered.get("registry"), keys_by_thumbprint(*map(public_key_from_jwk, keys)))


def check_copies(
    received: Sequence[IssuedCopy],
    keys: Sequence[SigningKey],
    *,
    vct: Any,
    registry: RegistryTrust | None,
    find_key: FindKey,
    now: int,
) -> CheckedCopies:
    """Check what an issuer sent.

    Args:
        received: One copy a key, or fewer.
        keys: The keys that were proved.
        vct: The type that was offered.
        registry: The registry that was asked for, if one was.
        find_key: Finds the issuer's key.
        now: Epoch seconds.

    Raises:
        HolderBindingError: `holder_mismatch`.
        ProtocolError: `credential_unexpected`.
        TrustidError: A copy does not hold.
    """
    if len(received) > len(keys):
        raise ProtocolError("credential_unexpected", "expected at most one credential for each key")
    left = list(keys)
    copies: list[CredentialCopy] = []
    named: set[tuple[str, str, int | None]] = set()
    for one in received:
        credential = _credential(one.text, vct)
        issuer_key, issuer, proof = find_key(credential)
        credential.verify(issuer_key)
        credential.claims()
        credential.check_time(now)
        key = next((key for key in left if key.public_key == credential.holder_key), None)
        if key is None:
            raise HolderBindingError(
                "holder_mismatch", "expected a credential for a key of this wallet, once each"
            )
        left.remove(key)
        copies.append(
            CredentialCopy(one.text, key, status_secrets=_status_secrets(credential, one, registry))
        )
        named.add((issuer, proof, credential.expires_at))
    if len({(issuer, proof) for issuer, proof, _ in named}) != 1:
        raise ProtocolError("credential_unexpected", "expected all copies from one issuer")
    shares_slot = _check_slots(copies)
    issuer, proof, _ = next(iter(named))
    expires_at = SdJwtVc.parse(received[0].text).expires_at
    return CheckedCopies(tuple(copies), issuer, proof, expires_at, registry if shares_slot else None)


def _credential(text: str, vct: Any) -> SdJwtVc:
    credential = SdJwtVc.of(SdJwt.parse_issued(text))
    if credential.vct != vct:
        raise ProtocolError("credential_unexpected", "expected a credential of the type that was offered")
    return credential


def _status_secrets(
    credential: SdJwtVc, received: IssuedCopy, registry: RegistryTrust | None
) -> StatusSecrets | None:
    entry = (credential.status or {}).get(ACCUMULATOR)
    if entry is None and received.status_secrets is None:
        return None
    if entry is None or received.status_secrets is None:
        raise ProtocolError(
            "credential_unexpected", "expected an accumulator's entry and what opens it, or neither"
        )
    named, opens = AccumulatorEntry.parse(entry), StatusSecrets.parse(received.status_secrets)
    if registry is None or named.registry != registry.registry:
        raise ProtocolError("credential_unexpected", "expected the registry that the issuer's metadata name")
    if opens.opening.commitment != named.commitment:
        raise ProtocolError("credential_unexpected", "expected what opens the credential's commitment")
    return opens


def _check_slots(copies: Sequence[CredentialCopy]) -> bool:
    """Whether the copies share a slot: all of them, or none; and no commitment twice, which would link two."""
    found = [copy.status_secrets for copy in copies if copy.status_secrets is not None]
    slots = {(one.slot, one.opening.member.to_bytes()) for one in found}
    if found and (len(found) != len(copies) or len(slots) != 1):
        raise ProtocolError("credential_unexpected", "expected one slot for all copies")
    if len({one.opening.commitment for one in found}) != len(found):
        raise ProtocolError("credential_unexpected", "expected another commitment in each copy")
    return bool(found)
