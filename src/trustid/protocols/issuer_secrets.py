"""The keys that protect the issuer's stored state, one for each purpose."""

from __future__ import annotations

from trustid.keys.sealing import SealingKey

__all__ = ["IssuerSecrets"]


class IssuerSecrets:
    """The keys that protect stored state, one for each purpose, derived from one secret of the keystore."""

    __slots__ = (
        "answers",
        "codes",
        "copies",
        "issuances",
        "nonces",
        "rows",
        "status_places",
        "tickets",
        "tx_codes",
    )

    def __init__(self, secret: bytes) -> None:
        root = SealingKey(secret)
        self.issuances = root.derive("issuer/issuances")
        self.copies = root.derive("issuer/copies")
        self.answers = root.derive("issuer/answers")
        self.codes = root.derive("issuer/codes")
        self.tx_codes = root.derive("issuer/tx-codes")
        self.nonces = root.derive("issuer/nonces")
        self.rows = root.derive("issuer/rows")
        self.status_places = root.derive("issuer/status-places")
        self.tickets = root.derive_opening("issuer/tickets")

    def tx_code_mac(self, issuance_id: str, tx_code: str) -> bytes:
        """What is stored of a transaction code; six digits would not survive a plain hash."""
        return self.tx_codes.mac(f"{issuance_id}:{tx_code}".encode())
