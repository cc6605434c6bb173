"""The wallet's side of issuing: code to token, nonce, proofs to credentials.

    1 token       code and transaction code checked, tries counted first, code used up once
    2 nonce       made without storing anything
    3 credential  token, kind, proofs (form, nonce, signature, distinct keys)
                  ─► one transaction: nonces used up, a place in the status list for each copy
                  ─► sign ─► one transaction: digests stored ─► answer

Nothing that was signed leaves before its row (id, list and place or registry
and slot, digest) is on the disk, so every credential in the world can be
revoked. A wallet that asks for the accumulator gets copies that share one slot
and nothing visible: a commitment of its own in each, made here, and what opens
it beside the credential, for the holder alone. A batch is made
whole or not at all. One token serves several requests until it ends, and is
the only one that ever collects for its issuance; a wallet that lost an answer
asks again with a fresh nonce and the same keys and gets the same credentials.

Sources: OpenID4VCI 1.0, sections 6-8, 13 and 14.4; wallets' copies must not be
linkable by time, so dates are whole hours.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, dump_json, parse_json_object, sha256
from trustid.errors import ProtocolError
from trustid.keys import PublicKey
from trustid.protocols.issuer_identity import IssuerIdentity
from trustid.protocols.issuer_secrets import IssuerSecrets
from trustid.protocols.key_proofs import read_proof, verify_proof
from trustid.protocols.nonces import NonceMint
from trustid.protocols.offering import TX_CODE_ATTEMPTS, Offering
from trustid.protocols.openid4vci import CredentialRequest, IssuedCopy, TokenRequest, TokenResponse
from trustid.protocols.ports import Clock, random_token
from trustid.protocols.ports_issuer import (
    CredentialKind,
    CredentialRecord,
    GivenTicket,
    IssuerStore,
    ListPlace,
    NewCredential,
    NewToken,
    Reservation,
    Signed,
    Token,
)
from trustid.protocols.signing_copies import Copy, sign_copy
from trustid.protocols.status_lists import StatusPlaces
from trustid.status.accumulator_entry import ACCUMULATOR, commit
from trustid.status.tickets import open_ticket

__all__ = ["Issuing"]

TOKEN_SECONDS: Final = 600
BATCHES_MAX: Final = 3
"""Batches that one issuance may have in all: the first, and refills after a loss."""
HOUR: Final = 3600
DAY: Final = 24 * HOUR
PURGE_SECONDS: Final = 60
TOKEN_TEXT_MAX: Final = 512


class Issuing:
    """Answers wallets.

    Args:
        identity: Who signs.
        offering: The kinds and the sealed claims.
        store: Where state is kept.
        secrets: The keys that protect it.
        places: Where status entries go.
        resolver: For holders' keys that come as DID URLs.
        clock: The time.
        registries: For each configuration whose credentials may be revoked
            through an accumulator the name of its registry.
    """

    def __init__(
        self,
        *,
        identity: IssuerIdentity,
        offering: Offering,
        store: IssuerStore,
        secrets: IssuerSecrets,
        places: StatusPlaces,
        resolver: Resolver,
        clock: Clock,
        registries: Mapping[str, str] | None = None,
    ) -> None:
        self._identity = identity
        self._offering = offering
        self._store = store
        self._secrets = secrets
        self._places = places
        self._resolver = resolver
        self._clock = clock
        self._registries = dict(registries or {})
        self._nonces = NonceMint(secrets.nonces, identity.public_url)
        self._purged_at = 0

    # --- 1 token ----------------------------------------------------------------

    def redeem(self, request: TokenRequest) -> TokenResponse:
        """Exchange a pre-authorized code for an access token.

        A wrong transaction code leaves the code alive until five were wrong;
        tries are counted before they are compared, over all workers.

        Raises:
            ProtocolError: `invalid_grant`, `invalid_request`, `unknown_credential_configuration`.

        Reference:
            OpenID4VCI 1.0, sections 6.1 to 6.3.
        """
        now = self._clock()
        self._purge(now)
        code_hash = sha256(request.pre_authorized_code.encode())
        attempt = self._store.take_attempt(code_hash, now)
        if attempt is None:
            raise ProtocolError("invalid_grant", "the code is not one that can be redeemed")
        if (attempt.tx_code_mac is None) != (request.tx_code is None):
            self._store.return_attempt(attempt.issuance_id)
            expected = "a tx_code" if request.tx_code is None else "no tx_code"
            raise ProtocolError("invalid_request", f"this offer needs {expected}")
        if request.configuration_ids not in (None, (attempt.configuration_id,)):
            self._store.return_attempt(attempt.issuance_id)
            raise ProtocolError("invalid_request", "authorization_details: expected what was offered")
        if attempt.tx_code_mac is not None and request.tx_code is not None:
            given = self._secrets.tx_code_mac(attempt.issuance_id, request.tx_code)
            if not hmac.compare_digest(attempt.tx_code_mac, given):
                if attempt.attempts_left == 0:
                    self._store.lock(attempt.issuance_id)
                raise ProtocolError("invalid_grant", "the transaction code is wrong")
        return self._grant(code_hash, attempt.issuance_id, attempt.configuration_id, request, now)

    def _grant(
        self, code_hash: bytes, issuance_id: str, configuration_id: str, request: TokenRequest, now: int
    ) -> TokenResponse:
        token = random_token()
        new = NewToken(sha256(token.encode()), issuance_id, request.client_id, now + TOKEN_SECONDS)
        if not self._store.redeem(code_hash, new, attempts=TX_CODE_ATTEMPTS, now=now):
            raise ProtocolError("invalid_grant", "the code was just redeemed")
        identifiers = {} if request.configuration_ids is None else {configuration_id: (issuance_id,)}
        return TokenResponse(token, TOKEN_SECONDS, identifiers)

    # --- 2 nonce ----------------------------------------------------------------

    def nonce(self) -> str:
        """A fresh `c_nonce` (OpenID4VCI 1.0, section 7.2)."""
        return self._nonces.make(self._clock())

    # --- 3 credential -----------------------------------------------------------

    def authorize(self, access_token: str) -> Token:
        """What an access token allows.

        Raises:
            ProtocolError: `invalid_token`.
        """
        token = None
        if 0 < len(access_token) <= TOKEN_TEXT_MAX:
            token = self._store.token(sha256(access_token.encode()), self._clock())
        if token is None:
            raise ProtocolError("invalid_token", "the access token is not one that holds")
        return token

    def credentials(self, access_token: str, request: CredentialRequest) -> tuple[IssuedCopy, ...]:
        """Issue one copy for each proof, all or none.

        Returns:
            The credentials, in the order of the proofs.

        Raises:
            ProtocolError: `invalid_token`, `insufficient_scope`, `unknown_credential_configuration`,
                `unknown_credential_identifier`, `invalid_proof`, `invalid_nonce`, `credential_request_denied`,
                `acc_no_ticket`.

        Reference:
            OpenID4VCI 1.0, section 8.
        """
        now = self._clock()
        token = self.authorize(access_token)
        kind = self._kind(request, token)
        keys, nonces = self._holder_keys(request, token, now)
        issued_at = now - now % HOUR
        reservation = Reservation(
            token_hash=sha256(access_token.encode()),
            nonces=nonces,
            credentials=tuple(NewCredential(secrets.token_hex(16), thumbprint) for thumbprint in keys),
            maximum=kind.batch_size * BATCHES_MAX,
            now=now,
            issued_at=issued_at,
            expires_at=issued_at + kind.lifetime_days * DAY,
            list_size=self._places.list_size,
            list_name=self._places.new_name(),
            list_signer=self._identity.signer_of(kind.configuration_id).fragment,
            registry=self._registry(request, kind),
        )
        records = self._store.reserve(reservation)
        return self._sign_all(token, kind, keys, records, now)

    def _kind(self, request: CredentialRequest, token: Token) -> CredentialKind:
        if request.identifier is not None:
            if request.identifier != token.issuance_id:
                raise ProtocolError(
                    "unknown_credential_identifier", "expected an identifier of the token response"
                )
            return self._offering.kind(token.configuration_id)
        kind = self._offering.kind(request.configuration_id or "")
        if kind.configuration_id != token.configuration_id:
            raise ProtocolError(
                "insufficient_scope", "the access token is for another credential configuration"
            )
        return kind

    def _registry(self, request: CredentialRequest, kind: CredentialKind) -> str | None:
        """Only for a wallet that asks for it: another one could prove nothing and be refused everywhere."""
        if request.status_mechanism != ACCUMULATOR:
            return None
        return self._registries.get(kind.configuration_id)

    def _holder_keys(
        self, request: CredentialRequest, token: Token, now: int
    ) -> tuple[Mapping[str, PublicKey], tuple[tuple[bytes, int], ...]]:
        most = self._offering.batch_size
        if len(request.proofs) > most:
            raise ProtocolError(
                "invalid_proof", f"expected at most {most} proofs, found {len(request.proofs)}"
            )
        audience = self._identity.public_url
        proofs = [
            read_proof(text, audience=audience, client_id=token.client_id, now=now) for text in request.proofs
        ]
        nonces = {self._nonces.check(proof.nonce, now) for proof in proofs}
        keys = [verify_proof(proof, self._resolver) for proof in proofs]
        by_thumbprint = {key.thumbprint(): key for key in keys}
        if len(by_thumbprint) != len(keys):
            raise ProtocolError(
                "invalid_proof", "two proofs are for one key; each copy needs a key of its own"
            )
        return by_thumbprint, tuple(sorted(nonces))

    def _sign_all(
        self,
        token: Token,
        kind: CredentialKind,
        keys: Mapping[str, PublicKey],
        records: Sequence[CredentialRecord],
        now: int,
    ) -> tuple[IssuedCopy, ...]:
        copies: dict[str, IssuedCopy] = {}
        signed: list[Signed] = []
        claims: JsonObject | None = None
        for record in records:
            if record.sealed_copy is not None:
                copies[record.id] = self._open_copy(record.id, record.sealed_copy)
                continue
            if claims is None:
                claims = self._claims(token.issuance_id)
            copy = self._sign(kind, claims, keys[record.holder_thumbprint], record)
            sealed = self._secrets.copies.seal(_copy_bytes(copy), _context(record.id))
            signed.append(Signed(record.id, sha256(copy.text.encode()), sealed))
        if signed:
            stored = self._store.record_signed(token.issuance_id, signed, now)
            if stored is None:
                raise ProtocolError("credential_request_denied", "the credential was withdrawn")
            copies |= {name: self._open_copy(name, sealed) for name, sealed in stored.items()}
        return tuple(copies[record.id] for record in records)

    def _claims(self, issuance_id: str) -> JsonObject:
        issuance = self._store.issuance(issuance_id)
        if issuance is None:
            raise ProtocolError("invalid_token", "the access token is not one that holds")
        return self._offering.details(issuance).claims

    def _sign(
        self, kind: CredentialKind, claims: JsonObject, holder: PublicKey, record: CredentialRecord
    ) -> IssuedCopy:
        status, status_secrets = self._status(record.status)
        copy = Copy(claims, holder, status, record.issued_at, record.expires_at)
        text = sign_copy(kind, self._identity, copy)
        return IssuedCopy(text, status_secrets)

    def _status(self, given: ListPlace | GivenTicket) -> tuple[JsonObject, JsonObject | None]:
        """The claim `status`, and what the holder alone gets beside the credential."""
        if isinstance(given, ListPlace):
            return self._places.reference(given.name, given.size, given.position), None
        member = open_ticket(self._secrets.tickets, given.registry, given.slot, given.sealed)
        # Made here, another one for each copy: a holder's own commitment could hold an accomplice's handle.
        entry, opens = commit(given.registry, given.slot, member)
        return {ACCUMULATOR: entry.to_json()}, opens.to_json()

    def _open_copy(self, credential_id: str, sealed: bytes) -> IssuedCopy:
        text, _, beside = self._secrets.copies.open(sealed, _context(credential_id)).partition(b"\n")
        return IssuedCopy(text.decode(), parse_json_object(beside) if beside else None)

    def _purge(self, now: int) -> None:
        if now - self._purged_at >= PURGE_SECONDS:
            self._purged_at = now
            self._store.purge(now)


def _context(credential_id: str) -> bytes:
    return f"credential:{credential_id}".encode()


def _copy_bytes(copy: IssuedCopy) -> bytes:
    """A copy as it is sealed: the credential, and on a second line what goes beside it."""
    beside = b"" if copy.status_secrets is None else b"\n" + dump_json(copy.status_secrets)
    return copy.text.encode() + beside
