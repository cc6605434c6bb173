"""What a wallet keeps, and the port through which it keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from trustid.credentials.mdoc import Mdoc
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.encoding import JsonObject, b64url_decode
from trustid.errors import ProtocolError
from trustid.keys import SigningKey
from trustid.protocols.openid4vci import MDOC_FORMAT, SD_JWT_VC_FORMAT
from trustid.status.accumulator_entry import StatusSecrets
from trustid.status.epochs.holding import HeldSlot
from trustid.status.epochs.ports import RowStore, SeenStatements
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["CredentialCopy", "HeldCredential", "WalletStore", "find_credential", "next_copy"]


@dataclass(frozen=True, slots=True)
class CredentialCopy:
    """One copy of a credential, bound to a key that no other copy has.

    Attributes:
        text: The SD-JWT VC with every disclosure, or the whole mdoc in base64url.
        key: The holder's key that it names.
        uses: How often it was shown. A copy shown twice can be recognised.
        status_secrets: What opens its commitment, where it is revoked through
            an accumulator.
    """

    text: str = field(repr=False)
    key: SigningKey = field(repr=False)
    uses: int = 0
    status_secrets: StatusSecrets | None = field(repr=False, compare=False, default=None)


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential in a wallet, with its copies.

    Attributes:
        id: The wallet's own name for it.
        issuer: Who signed it, as the credential says; see `issuer_proof`.
        issuer_proof: How the issuer's key was found when it came in: "certificate",
            "metadata", "did" or "first-use" (a certificate of an unknown authority).
        source: The credential issuer that handed it out, a URL; empty if it came otherwise.
        configuration_id: What the issuer calls this kind.
        vct: The credential's type; of an mdoc the type of document.
        title: What people call it.
        received_at: Epoch seconds.
        expires_at: Epoch seconds, or None.
        copies: At least one.
        registry: Where all copies share a slot of a registry: which, and whose
            statements are believed.
        format: "dc+sd-jwt" or "mso_mdoc".
    """

    id: str
    issuer: str
    issuer_proof: str
    source: str
    configuration_id: str
    vct: str
    title: str
    received_at: int
    expires_at: int | None
    copies: tuple[CredentialCopy, ...] = field(repr=False)
    registry: RegistryTrust | None = None
    format: str = SD_JWT_VC_FORMAT

    @property
    def slot(self) -> HeldSlot | None:
        """The slot that all copies share, if they do."""
        opens = self.copies[0].status_secrets
        if self.registry is None or opens is None:
            return None
        return HeldSlot(self.registry, opens.slot, opens.opening.member)

    def claims(self) -> JsonObject:
        """Everything the issuer stated; of an mdoc by namespace."""
        if self.format == MDOC_FORMAT:
            return Mdoc.parse(b64url_decode(self.copies[0].text)).claims()
        return SdJwtVc.parse(self.copies[0].text).claims()

    @property
    def fresh_copies(self) -> int:
        """How many copies were never shown."""
        return sum(copy.uses == 0 for copy in self.copies)


class WalletStore(Protocol):
    """Where a wallet keeps what it holds. What a call has stored survives a crash."""

    @property
    def statements(self) -> SeenStatements:
        """Statements of registries that were accepted."""
        ...

    @property
    def rows(self) -> RowStore:
        """The rows of the slots that credentials have."""
        ...

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything held, the oldest first."""
        ...

    def add(self, credential: HeldCredential) -> None:
        """Keep a credential."""
        ...

    def use_copy(self, credential_id: str) -> CredentialCopy:
        """Take the copy that was shown least, and count the use before handing it out.

        Raises:
            ProtocolError: `not_found`.
        """
        ...

    def remove(self, credential_id: str) -> None:
        """Forget a credential and its keys.

        Raises:
            ProtocolError: `not_found`.
        """
        ...

    def known_verifier(self, client_id: str) -> str | None:
        """The thumbprint of the key that a verifier had when it was first answered."""
        ...

    def remember_verifier(self, client_id: str, thumbprint: str) -> None:
        """Note a verifier's key."""
        ...


def next_copy(credential: HeldCredential) -> int:
    """The place of the copy to show next: the first of those shown least."""
    return min(range(len(credential.copies)), key=lambda place: credential.copies[place].uses)


def find_credential(credentials: Iterable[HeldCredential], credential_id: str) -> HeldCredential:
    """Find a credential by the wallet's name for it.

    Raises:
        ProtocolError: `not_found`.
    """
    for credential in credentials:
        if credential.id == credential_id:
            return credential
    raise ProtocolError("not_found", "the wallet holds no credential of this id")
