"""The institution's side of issuing: who shall get which credential, and the link to it.

    staff ─► claims checked, sealed, stored ─► claim link (long-lived, a secret)
    person opens the link ─► fresh offer (minutes) ─► wallet redeems its code (once)

A printed QR code or a letter carries the claim link, never a pre-authorized
code: codes must be short-lived and single-use (OpenID4VCI 1.0, sections 4.1.1
and 13.6). A transaction code travels on a second way; wrong ones are counted
for the issuance, whatever number of offers was made for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trustid.encoding import b64url_encode, canonicalize, dump_json, parse_json_object, sha256
from trustid.errors import ProtocolError, ReplayError
from trustid.protocols.issuer_secrets import IssuerSecrets
from trustid.protocols.offered import CreatedIssuance, CreatedRoster, CreatedRow, Details, RosterEntry
from trustid.protocols.openid4vci import CredentialOffer, TxCode, offer_uri, offer_uri_by_reference
from trustid.protocols.ports import Clock, random_token
from trustid.protocols.ports_issuer import (
    Answer,
    CredentialKind,
    Issuance,
    IssuerStore,
    NewIssuance,
    NewOffer,
)

__all__ = [
    "OFFER_SECONDS",
    "TX_CODE_ATTEMPTS",
    "CreatedIssuance",
    "CreatedRoster",
    "CreatedRow",
    "Details",
    "Offering",
    "RosterEntry",
]

OFFER_SECONDS: Final = 600
TX_CODE_DIGITS: Final = 6
TX_CODE_ATTEMPTS: Final = 5
"""OpenID4VCI 1.0, section 13.6.2 asks for a limit; five tries at six digits are one chance in 200,000."""
ANSWER_SECONDS: Final = 24 * 3600
SECRET_TEXT_MAX: Final = 128
IDEMPOTENCY_KEY_MAX: Final = 255
SEALED_JSON_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Draft:
    new: NewIssuance
    details: Details


class Offering:
    """Makes issuances, their claim links and their offers.

    Args:
        public_url: The credential issuer identifier.
        kinds: What can be issued, by configuration id.
        store: Where it is kept.
        secrets: The keys that protect it.
        clock: The time.
    """

    def __init__(
        self,
        *,
        public_url: str,
        kinds: Mapping[str, CredentialKind],
        store: IssuerStore,
        secrets: IssuerSecrets,
        clock: Clock,
    ) -> None:
        self._public_url = public_url
        self._kinds = kinds
        self._store = store
        self._secrets = secrets
        self._clock = clock

    @property
    def batch_size(self) -> int:
        """How many proofs one request may have, whatever the kind: the metadata have one number for all."""
        return min(kind.batch_size for kind in self._kinds.values())

    def kind(self, configuration_id: str) -> CredentialKind:
        """The kind of credential with this id.

        Raises:
            ProtocolError: `unknown_credential_configuration`.
        """
        kind = self._kinds.get(configuration_id)
        if kind is None:
            raise ProtocolError(
                "unknown_credential_configuration", "expected one of the ids in the issuer's metadata"
            )
        return kind

    def create(
        self,
        configuration_id: str,
        claims: Mapping[str, Any],
        *,
        tx_code: bool,
        by_value: bool = False,
        idempotency_key: str | None = None,
    ) -> CreatedIssuance:
        """Make one issuance and its first offer.

        Args:
            configuration_id: What to issue.
            claims: They must fit the kind's schema.
            tx_code: Whether the wallet must ask for a transaction code.
            by_value: Put the offer itself into its link, not a reference.
            idempotency_key: Where the same key and request came before, the
                same answer comes back and nothing new is made.

        Raises:
            ProtocolError: `unknown_credential_configuration`, `invalid_request`.
            MalformedError: `claim_type_invalid`, `required_claim_missing`: the claims do not fit.
            ReplayError: `idempotency_conflict`.
        """
        self.kind(configuration_id).check_claims(claims)
        if idempotency_key is None:
            return self._create(configuration_id, claims, tx_code, by_value, None)
        if not 0 < len(idempotency_key) <= IDEMPOTENCY_KEY_MAX:
            raise ProtocolError(
                "invalid_request", f"Idempotency-Key: expected 1 to {IDEMPOTENCY_KEY_MAX} characters"
            )
        key_hash = sha256(idempotency_key.encode())
        request = canonicalize([configuration_id, dict(claims), tx_code, by_value])
        request_hash = self._secrets.answers.mac(request)
        known = self._remembered(key_hash, request_hash)
        if known is not None:
            return known
        try:
            return self._create(configuration_id, claims, tx_code, by_value, (key_hash, request_hash))
        except ReplayError:
            # Another worker was faster with the same key: its answer counts.
            known = self._remembered(key_hash, request_hash)
            if known is None:
                raise
            return known

    def create_many(
        self,
        configuration_id: str,
        rows: Sequence[RosterEntry],
        *,
        tx_code: bool,
        roster_id: str | None = None,
    ) -> CreatedRoster:
        """Make an issuance for each row of a checked roster, all or none.

        A row that says what a live issuance from an earlier roster says is
        left alone, so that the same file may be uploaded again.

        Args:
            configuration_id: What to issue.
            rows: The checked rows.
            tx_code: Whether wallets must ask for a transaction code.
            roster_id: Name of the roster; a new one by default.

        Raises:
            ProtocolError: `unknown_credential_configuration`.
            MalformedError: A row's claims do not fit; nothing was made.
        """
        kind = self.kind(configuration_id)
        roster_id = roster_id or secrets.token_hex(8)
        drafts: list[_Draft] = []
        for row in rows:
            kind.check_claims(row.claims)
            row_mac = self._secrets.rows.mac(canonicalize([configuration_id, dict(row.claims)]))
            drafts.append(
                self._draft(
                    configuration_id,
                    row.claims,
                    tx_code,
                    reference=row.reference,
                    roster_id=roster_id,
                    row_mac=row_mac,
                )
            )
        added = self._store.add_issuances([draft.new for draft in drafts])
        created = [
            CreatedRow(draft.new.id, draft.details.claim_url, draft.details.tx_code)
            if draft.new.id in added
            else None
            for draft in drafts
        ]
        return CreatedRoster(roster_id, tuple(created))

    def renew(self, issuance_id: str) -> CreatedIssuance:
        """Give an uncollected issuance a new link (and transaction code); the older ones end.

        Raises:
            ProtocolError: `not_found`, `already_collected`.
        """
        issuance = self._store.issuance(issuance_id)
        if issuance is None:
            raise ProtocolError("not_found", "expected the id of an issuance")
        old = self.details(issuance)
        link, tx_code = random_token(), _tx_code(issuance.tx_code_mac is not None)
        renewed = self._store.replace_link(
            issuance_id,
            sealed=self._seal(issuance_id, old.claims, link, tx_code, old.reference),
            link_hash=sha256(link.encode()),
            tx_code_mac=None if tx_code is None else self._secrets.tx_code_mac(issuance_id, tx_code),
            attempts=TX_CODE_ATTEMPTS,
        )
        if renewed is None:
            raise ProtocolError(
                "already_collected", "expected an issuance that nobody has collected or revoked"
            )
        uri = self._fresh_offer(issuance_id, renewed.configuration_id, tx_code is not None, by_value=False)
        return CreatedIssuance(issuance_id, uri, self._claim_url(link), tx_code)

    def by_link(self, link: str) -> Issuance:
        """The issuance that a claim link leads to.

        Raises:
            ProtocolError: `not_found`.
        """
        issuance = None
        if 0 < len(link) <= SECRET_TEXT_MAX:
            issuance = self._store.issuance_by_link(sha256(link.encode()))
        if issuance is None:
            raise ProtocolError("not_found", "expected a claim link that holds")
        return issuance

    def fresh_offer(self, issuance: Issuance) -> str:
        """A new offer for an issuance that nobody has collected: the link for the wallet.

        Raises:
            ProtocolError: `already_collected`.
        """
        return self._fresh_offer(
            issuance.id, issuance.configuration_id, issuance.tx_code_mac is not None, by_value=False
        )

    def by_reference(self, reference: str) -> CredentialOffer:
        """The offer behind a `credential_offer_uri`.

        It may be fetched more than once (wallets do) until it is redeemed or ends.

        Raises:
            ProtocolError: `not_found`.
        """
        found = None
        if 0 < len(reference) <= SECRET_TEXT_MAX:
            found = self._store.offer(sha256(reference.encode()), self._clock())
        if found is None:
            raise ProtocolError("not_found", "expected an offer that was neither used nor too old")
        return self._offer(found.configuration_id, reference, found.tx_code_needed)

    def details(self, issuance: Issuance) -> Details:
        """Open the sealed part of an issuance.

        Raises:
            StoreError: `store_tampered`.
        """
        body = parse_json_object(
            self._secrets.issuances.open(issuance.sealed, _context(issuance.id)), max_bytes=SEALED_JSON_MAX
        )
        return Details(body["claims"], self._claim_url(body["link"]), body["tx_code"], body["reference"])

    def _create(
        self,
        configuration_id: str,
        claims: Mapping[str, Any],
        tx_code: bool,
        by_value: bool,
        idempotency: tuple[bytes, bytes] | None,
    ) -> CreatedIssuance:
        draft = self._draft(configuration_id, claims, tx_code)
        reference, offer = self._new_offer(draft.new.id)
        uri = self._uri(configuration_id, reference, tx_code, by_value=by_value)
        created = CreatedIssuance(draft.new.id, uri, draft.details.claim_url, draft.details.tx_code)
        answer = None
        if idempotency is not None:
            key_hash, request_hash = idempotency
            body = dump_json([created.issuance_id, created.offer_uri, created.claim_url, created.tx_code])
            sealed = self._secrets.answers.seal(body, key_hash)
            answer = (key_hash, Answer(request_hash, sealed), self._clock() + ANSWER_SECONDS)
        self._store.add_issuances([draft.new], [offer], answer=answer)
        return created

    def _remembered(self, key_hash: bytes, request_hash: bytes) -> CreatedIssuance | None:
        answer = self._store.remembered(key_hash, self._clock())
        if answer is None:
            return None
        if not secrets.compare_digest(answer.request_hash, request_hash):
            raise ReplayError("idempotency_conflict", "the key came with another request before")
        body = self._secrets.answers.open(answer.sealed_body, key_hash)
        issuance_id, uri, claim_url, tx_code = parse_json_object(b'{"a":' + body + b"}")["a"]
        return CreatedIssuance(issuance_id, uri, claim_url, tx_code)

    def _draft(
        self,
        configuration_id: str,
        claims: Mapping[str, Any],
        tx_code: bool,
        *,
        reference: str = "",
        roster_id: str | None = None,
        row_mac: bytes | None = None,
    ) -> _Draft:
        issuance_id, link, code = secrets.token_hex(16), random_token(), _tx_code(tx_code)
        new = NewIssuance(
            id=issuance_id,
            configuration_id=configuration_id,
            sealed=self._seal(issuance_id, claims, link, code, reference),
            link_hash=sha256(link.encode()),
            tx_code_mac=None if code is None else self._secrets.tx_code_mac(issuance_id, code),
            attempts=TX_CODE_ATTEMPTS,
            created_at=self._clock(),
            roster_id=roster_id,
            row_mac=row_mac,
        )
        return _Draft(new, Details(dict(claims), self._claim_url(link), code, reference))

    def _seal(
        self, issuance_id: str, claims: Mapping[str, Any], link: str, tx_code: str | None, reference: str
    ) -> bytes:
        body = dump_json({"claims": dict(claims), "link": link, "tx_code": tx_code, "reference": reference})
        return self._secrets.issuances.seal(body, _context(issuance_id))

    def _claim_url(self, link: str) -> str:
        return f"{self._public_url}/claim/{link}"

    def _fresh_offer(self, issuance_id: str, configuration_id: str, tx_code: bool, *, by_value: bool) -> str:
        reference, offer = self._new_offer(issuance_id)
        if self._store.add_offer(offer) is None:
            raise ProtocolError(
                "already_collected", "expected an issuance that nobody has collected or revoked"
            )
        return self._uri(configuration_id, reference, tx_code, by_value=by_value)

    def _new_offer(self, issuance_id: str) -> tuple[str, NewOffer]:
        reference = random_token()
        code_hash = sha256(self._code(reference).encode())
        return reference, NewOffer(
            issuance_id, sha256(reference.encode()), code_hash, self._clock() + OFFER_SECONDS
        )

    def _code(self, reference: str) -> str:
        # The code follows from the reference, so that neither has to be stored to serve the offer again.
        return b64url_encode(self._secrets.codes.mac(reference.encode()))

    def _offer(self, configuration_id: str, reference: str, tx_code: bool) -> CredentialOffer:
        asked = (
            TxCode(TX_CODE_DIGITS, description="The code that the institution gave you.") if tx_code else None
        )
        return CredentialOffer(self._public_url, (configuration_id,), self._code(reference), asked)

    def _uri(self, configuration_id: str, reference: str, tx_code: bool, *, by_value: bool) -> str:
        if by_value:
            return offer_uri(self._offer(configuration_id, reference, tx_code))
        return offer_uri_by_reference(f"{self._public_url}/offers/{reference}")


def _context(issuance_id: str) -> bytes:
    return f"issuance:{issuance_id}".encode()


def _tx_code(wanted: bool) -> str | None:
    return f"{secrets.randbelow(10**TX_CODE_DIGITS):0{TX_CODE_DIGITS}}" if wanted else None
