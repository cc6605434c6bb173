"""A wallet that lives as long as the process, for scripts and tests."""

from __future__ import annotations

from dataclasses import replace

from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential, find_credential, next_copy
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements

__all__ = ["MemoryWallet"]


class MemoryWallet:
    """Keeps credentials in memory."""

    def __init__(self) -> None:
        self._credentials: dict[str, HeldCredential] = {}
        self._verifiers: dict[str, str] = {}
        self.statements = MemorySeenStatements()
        self.rows = MemoryRowStore()

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything held, the oldest first."""
        return tuple(self._credentials.values())

    def add(self, credential: HeldCredential) -> None:
        """Keep a credential."""
        self._credentials[credential.id] = credential

    def use_copy(self, credential_id: str) -> CredentialCopy:
        """Take the copy that was shown least."""
        credential = find_credential(self.credentials(), credential_id)
        place = next_copy(credential)
        copy = credential.copies[place]
        copies = list(credential.copies)
        copies[place] = replace(copy, uses=copy.uses + 1)
        self._credentials[credential_id] = replace(credential, copies=tuple(copies))
        return copy

    def remove(self, credential_id: str) -> None:
        """Forget a credential."""
        find_credential(self.credentials(), credential_id)
        del self._credentials[credential_id]

    def known_verifier(self, client_id: str) -> str | None:
        """The thumbprint of a verifier's key."""
        return self._verifiers.get(client_id)

    def remember_verifier(self, client_id: str, thumbprint: str) -> None:
        """Note a verifier's key."""
        self._verifiers[client_id] = thumbprint
