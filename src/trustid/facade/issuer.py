"""An institution that states facts, in a few calls."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, Self

from trustid.catalogue import CredentialType, load
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, sha256
from trustid.errors import ConfigurationError
from trustid.keys import generate
from trustid.keys.keystore import Keystore
from trustid.protocols.issuer_identity import IssuerIdentity, SigningIdentity
from trustid.protocols.issuer_secrets import IssuerSecrets
from trustid.protocols.issuing import Issuing
from trustid.protocols.offering import Offering
from trustid.protocols.openid4vci import CredentialOffer, CredentialRequest, TokenRequest, parse_offer_uri
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.revoking import Revoking
from trustid.protocols.status_lists import ServedList, StatusLists, StatusPlaces
from trustid.settings import read_secret_file
from trustid.status.accumulator_entry import ACCUMULATOR
from trustid.stores.sqlite_issuer import SqliteIssuerStore
from trustid.stores.sqlite_tickets import SqliteTicketStore

__all__ = ["Holder", "IssuedCredential", "Issuer"]

SIGNING_KEY: Final = "issuer.signing"
SEALING_SECRET: Final = "issuer.sealing"
STATUS_TTL_SECONDS: Final = 60
PASSPHRASE_BYTES: Final = 32


class Holder(Protocol):
    """What an issuer needs of the person's key."""

    def prove(self, *, audience: str, nonce: str) -> str:
        """A proof that the person has the key."""
        ...


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """A credential on its way to its holder.

    Attributes:
        issuance_id: The issuer's name for it; `Issuer.revoke` takes it.
        configuration_id: The kind.
        title: What people call the kind.
        copies: SD-JWT VCs, one for each holder key.
        status_secrets: Where they share a slot of a registry, what the holder
            alone gets beside each copy; otherwise empty.
    """

    issuance_id: str
    configuration_id: str
    title: str
    copies: tuple[str, ...] = field(repr=False)
    status_secrets: tuple[JsonObject, ...] = field(repr=False, default=())


class Issuer:
    """States facts about people, and takes them back.

    Until the institution has a domain it is a did:key, and its types and
    status lists have names under `.invalid`, which nobody can own (RFC 2606).
    With a domain, run `trustid-issuer`.

    Args:
        identity: Who signs.
        kinds: What can be issued.
        store: Where state is kept.
        sealing_secret: Protects what is stored.
        clock: Epoch seconds.
        registries: For each kind whose copies share a slot the URI of the registry.
    """

    def __init__(
        self,
        identity: IssuerIdentity,
        *,
        kinds: Mapping[str, CredentialType],
        store: SqliteIssuerStore,
        sealing_secret: bytes,
        clock: Clock = system_clock,
        registries: Mapping[str, str] | None = None,
    ) -> None:
        self.identity = identity
        self._kinds = kinds
        keys = IssuerSecrets(sealing_secret)
        places = StatusPlaces(keys.status_places, identity.public_url)
        self._offering = Offering(
            public_url=identity.public_url, kinds=kinds, store=store, secrets=keys, clock=clock
        )
        self._issuing = Issuing(
            identity=identity,
            offering=self._offering,
            store=store,
            secrets=keys,
            places=places,
            resolver=Resolver(None, clock=clock),
            clock=clock,
            registries=registries,
        )
        self._registries = dict(registries or {})
        self.ticket_key = keys.tickets.public_key
        """What tickets for slots are sealed to: 32 bytes, public."""
        self.tickets = SqliteTicketStore(store.path)
        """The tickets at hand, and the slots to be revoked; `trustid.status.epochs.registry.Registry` takes it."""
        self._revoking = Revoking(store=store, clock=clock)
        self._lists = StatusLists(
            identity=identity, store=store, places=places, ttl_seconds=STATUS_TTL_SECONDS, clock=clock
        )
        self._store = store

    @classmethod
    def open(
        cls,
        store: str,
        *,
        passphrase: bytes | None = None,
        clock: Clock = system_clock,
        registries: Mapping[str, str] | None = None,
    ) -> Self:
        """Open an institution, or found it at the first time.

        Beside the store stands its keystore, `NAME.keys`. Where no passphrase
        is given, one is made and kept in `NAME.passphrase`, readable by its
        owner alone: that protects the keys as well as the file system does.

        Args:
            store: `sqlite:///path`.
            passphrase: Opens the keystore.
            clock: Epoch seconds.
            registries: For each kind whose copies share a slot of a revocation
                registry its URI; the other kinds get places in status lists.

        Raises:
            ConfigurationError: `setting_unsafe`: another kind of store.
            KeystoreError: `key_unseal_failed`: another passphrase.
            StoreError: The store cannot be opened.
        """
        if not store.startswith("sqlite:///") or store == "sqlite:///":
            raise ConfigurationError(
                "setting_unsafe", "expected a store of the form sqlite:///path/to/file.db"
            )
        path = Path(store.removeprefix("sqlite:///"))
        words = _own_passphrase(path) if passphrase is None else passphrase
        keystore = Keystore.open_or_create(path.with_name(f"{path.name}.keys"), words)
        key = keystore.get_or_add(SIGNING_KEY, lambda: generate("Ed25519"))
        did = did_key.create(key.public_key)
        fragment = did.removeprefix("did:key:")
        signing = SigningIdentity(fragment, key, None, f"{did}#{fragment}")
        # A DNS label holds 63 characters and no upper case; the DID itself does not fit.
        public_url = f"https://{sha256(did.encode()).hex()[:32]}.invalid"
        return cls(
            IssuerIdentity(public_url, did, did, signing, b""),
            kinds=load(),
            store=SqliteIssuerStore(path),
            sealing_secret=keystore.secret_or_add(SEALING_SECRET),
            clock=clock,
            registries=registries,
        )

    @property
    def did(self) -> str:
        """Who the institution is."""
        return self.identity.did

    def vct(self, kind: str) -> str:
        """The type's name at this institution.

        Raises:
            ProtocolError: `unknown_credential_configuration`.
        """
        return self._offering.kind(kind).vct(self.identity.public_url)

    def issue(
        self, kind: str, claims: Mapping[str, Any], *, holder: Holder | Sequence[Holder]
    ) -> IssuedCredential:
        """State something about a person.

        Runs the whole of OpenID4VCI: an offer, its code, a nonce, a proof for
        each key; a place in the status list is kept before anything is signed.

        Args:
            kind: `degree`, `student-id` or `vaccination`; see `trustid.catalogue`.
            claims: They must fit the kind's schema.
            holder: The key to bind it to (`Wallet.key`), or several for as
                many one-time copies (`Wallet.keys`).

        Raises:
            ProtocolError: `unknown_credential_configuration`, `invalid_proof`,
                `acc_no_ticket`: its registry has no slot left here.
            MalformedError: `claim_type_invalid`: the claims do not fit.
        """
        holders: Sequence[Holder] = holder if isinstance(holder, Sequence) else [holder]
        created = self._offering.create(kind, claims, tx_code=False, by_value=True)
        offer = parse_offer_uri(created.offer_uri)
        code = offer.pre_authorized_code if isinstance(offer, CredentialOffer) else None
        token = self._issuing.redeem(TokenRequest(code or "", None, None)).access_token
        nonce = self._issuing.nonce()
        proofs = tuple(one.prove(audience=self.identity.public_url, nonce=nonce) for one in holders)
        mechanism = ACCUMULATOR if kind in self._registries else None
        copies = self._issuing.credentials(token, CredentialRequest(kind, None, proofs, mechanism))
        texts = tuple(copy.text for copy in copies)
        beside = tuple(copy.status_secrets for copy in copies if copy.status_secrets is not None)
        return IssuedCredential(created.issuance_id, kind, self._kinds[kind].title, texts, beside)

    def revoke(self, issued: IssuedCredential | str) -> None:
        """Take a credential back, with every copy of it, for good.

        Raises:
            ProtocolError: `not_found`.
        """
        self._revoking.revoke(issued if isinstance(issued, str) else issued.issuance_id)

    def suspend(self, issued: IssuedCredential | str) -> None:
        """Let a credential not hold for the time being, with every copy of it.

        Raises:
            ProtocolError: `not_found`, `revocation_final`, `not_suspendable`.
        """
        self._revoking.suspend(issued if isinstance(issued, str) else issued.issuance_id)

    def resume(self, issued: IssuedCredential | str) -> None:
        """Let it hold again.

        Raises:
            ProtocolError: `not_found`, `revocation_final`.
        """
        self._revoking.resume(issued if isinstance(issued, str) else issued.issuance_id)

    def status_list(self, uri: str) -> ServedList:
        """The signed status list that credentials name.

        Raises:
            ProtocolError: `not_found`.
        """
        prefix = f"{self.identity.public_url}/status/"
        return self._lists.serve(uri.removeprefix(prefix) if uri.startswith(prefix) else "")

    def close(self) -> None:
        """Close the store."""
        self._store.close()
        self.tickets.close()


def _own_passphrase(path: Path) -> bytes:
    """The passphrase that stands beside the store, made at the first time.

    It appears under its name only when it is whole and on disk, and the first
    of two processes wins.
    """
    place = path.with_name(f"{path.name}.passphrase")
    if not place.exists():
        draft = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        try:
            with os.fdopen(
                os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
            ) as file:
                file.write(secrets.token_hex(PASSPHRASE_BYTES).encode())
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                place.hardlink_to(draft)
        except OSError as err:
            raise ConfigurationError("setting_unsafe", "the folder of the store cannot be written") from err
        finally:
            draft.unlink(missing_ok=True)
    return read_secret_file(place, "the issuer's passphrase").reveal()
