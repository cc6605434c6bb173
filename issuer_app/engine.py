"""The issuer's engine put together from its settings: the only place that knows all parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeVar, cast
from urllib.parse import urlsplit

from flask import current_app

from issuer_app.registries import IssuerRegistry, load_registries
from trustid import catalogue
from trustid.catalogue import CredentialType
from trustid.catalogue.types import MDOC_FORMAT
from trustid.did.resolver import Resolver
from trustid.errors import ConfigurationError
from trustid.fetching import Fetcher
from trustid.protocols.issuer_identity import (
    SEALING_SECRET,
    SESSION_SECRET,
    IssuerIdentity,
    prepare_keystore,
)
from trustid.protocols.issuer_secrets import IssuerSecrets
from trustid.protocols.issuing import Issuing
from trustid.protocols.offering import Offering
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.revoking import Revoking
from trustid.protocols.status_lists import StatusLists, StatusPlaces
from trustid.protocols.vc_api import is_open
from trustid.protocols.vc_api_issuing import VcIssuing
from trustid.protocols.vc_identity import VcIdentity
from trustid.settings import ServerSettings
from trustid.stores.sqlite_issuer import SqliteIssuerStore
from trustid.stores.sqlite_list_set import SqliteListSetStore
from trustid.stores.sqlite_tickets import SqliteTicketStore

__all__ = ["Engine", "engine"]

EXTENSION = "trustid_issuer"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that answers, behind the routes.

    Attributes:
        path: Path of the public URL, "" for none; every route stands under it.
        registries: For each configuration that has one the registry of its accumulator.
        tickets: The slots that may be given to credentials.
        session_key: Signs the staff cookie; the same in all workers.
    """

    path: str
    identity: IssuerIdentity
    kinds: Mapping[str, CredentialType]
    store: SqliteIssuerStore
    secrets: IssuerSecrets
    offering: Offering
    issuing: Issuing
    revoking: Revoking
    lists: StatusLists
    registries: Mapping[str, IssuerRegistry]
    tickets: SqliteTicketStore
    vc: VcIssuing
    fetcher: Fetcher
    resolver: Resolver
    clock: Clock
    session_key: bytes

    @classmethod
    def open(cls, settings: ServerSettings, *, clock: Clock = system_clock) -> Self:
        """Open keystore and store, making them at the first start.

        Raises:
            ConfigurationError: TRUSTID_TYPES names a type that is not there.
            KeystoreError: The keystore cannot be opened.
            StoreError: The store cannot be opened, or a newer version made it.
        """
        keystore = settings.open_keystore()
        kinds = _kinds(settings)
        prepare_keystore(keystore, name=settings.organisation, institutions=settings.institutions.values())
        identity = IssuerIdentity.open(
            keystore,
            public_url=settings.public_url,
            issuer_id=settings.issuer_id,
            name=settings.organisation,
            institutions=settings.institutions,
        )
        secrets = IssuerSecrets(keystore.secret(SEALING_SECRET))
        store = SqliteIssuerStore(settings.store_path)
        registries = _known(load_registries(settings.registries_file), "TRUSTID_REGISTRIES", catalogue.load())
        url = identity.public_url
        offering = Offering(public_url=url, kinds=kinds, store=store, secrets=secrets, clock=clock)
        places = StatusPlaces(secrets.status_places, url)
        ttl = settings.status_ttl_seconds
        fetcher = Fetcher(settings.fetch_policy())
        resolver = Resolver(fetcher, clock=clock)
        return cls(
            path=urlsplit(url).path,
            identity=identity,
            kinds=kinds,
            store=store,
            secrets=secrets,
            offering=offering,
            issuing=Issuing(
                identity=identity,
                offering=offering,
                store=store,
                secrets=secrets,
                places=places,
                resolver=resolver,
                clock=clock,
                registries={name: one.uri for name, one in registries.items()},
            ),
            revoking=Revoking(store=store, clock=clock),
            vc=VcIssuing(
                identity=VcIdentity.open(keystore, public_url=url, did=identity.did),
                store=SqliteListSetStore(settings.store_path),
                places=secrets.status_places,
                ttl_seconds=ttl,
                clock=clock,
                keep_foreign_status=is_open(settings.extra, url),
            ),
            registries=registries,
            tickets=SqliteTicketStore(settings.store_path),
            lists=StatusLists(identity=identity, store=store, places=places, ttl_seconds=ttl, clock=clock),
            fetcher=fetcher,
            resolver=resolver,
            clock=clock,
            session_key=keystore.secret(SESSION_SECRET),
        )


def engine() -> Engine:
    """The engine of the running server."""
    return cast(Engine, current_app.extensions[EXTENSION])


def _kinds(settings: ServerSettings) -> Mapping[str, CredentialType]:
    # Nobody gets mdocs who did not ask for them: most wallets and verifiers here read SD-JWT VC.
    known = {
        one.configuration_id: one for kind in catalogue.load().values() for one in (kind, kind.as_mdoc())
    }
    unknown = [name for name in settings.types if name not in known]
    if unknown:
        raise ConfigurationError(
            "setting_unsafe",
            f"TRUSTID_TYPES: expected some of {', '.join(sorted(known))}; found {unknown[0]!r}",
        )
    _known(settings.institutions, "TRUSTID_INSTITUTIONS", known)
    chosen = {name: known[name] for name in (settings.types or sorted(catalogue.load()))}
    if settings.issuer_id == "did" and any(kind.format == MDOC_FORMAT for kind in chosen.values()):
        raise ConfigurationError(
            "setting_unsafe", "TRUSTID_TYPES: mdocs need certificates, so TRUSTID_ISSUER_ID must be url"
        )
    return chosen


def _known(named: Mapping[str, T], setting: str, known: Mapping[str, CredentialType]) -> Mapping[str, T]:
    """What a setting says of types, if all of them are there."""
    for name in named:
        if name not in known:
            raise ConfigurationError(
                "setting_unsafe",
                f"{setting}: expected some of {', '.join(sorted(known))}; found {name[:60]!r}",
            )
    return named
