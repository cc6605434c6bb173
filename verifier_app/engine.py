"""The verifier's engine put together from its settings: the only place that knows all parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, cast
from urllib.parse import urlsplit

from flask import current_app

from trustid.credentials.data_integrity.any_context import ANY_CONTEXT_SUITES
from trustid.did.resolver import Resolver
from trustid.fetching import Fetcher
from trustid.protocols.asking import SessionTimes
from trustid.protocols.ports import Clock
from trustid.protocols.presentation import Sources
from trustid.protocols.presenting import PresentationDesk
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.vc_api import is_open
from trustid.protocols.vc_api_verifying import SUITE_ALGORITHMS, AnybodyPolicy, VcVerifying
from trustid.settings import ServerSettings
from trustid.status.check import StatusChecker
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.http_source import HttpSource
from trustid.status.keeping import StatusPolicy
from trustid.stores.sqlite_revocation_seen import SqliteSeenStatements
from trustid.stores.sqlite_verifier import SqliteStatusCache, SqliteVerifierStore
from verifier_app.identity import Keys, load_keys
from verifier_app.questions import ReadyQuestion, ready_questions
from verifier_app.times import session_times
from verifier_app.trust import load_trust

__all__ = ["EXTENSION", "Engine", "engine"]

EXTENSION = "trustid_verifier"
HOUSEKEEPING_SECONDS = 20
HOUSEKEEPING_LEASE = "housekeeping"


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that answers, behind the routes.

    Attributes:
        path: Path of the public URL, "" for none; every route stands under it.
        desk: Asks wallets and judges what they answer.
        policy: Whom this verifier trusts for what.
        statuses: Fetches and keeps status lists.
        epochs: Follows the revocation registries that are believed.
        cache: Where the lists are kept.
        vc: Checks what the VC API brings.
        questions: The ready-made questions that the policy allows, by name.
    """

    path: str
    desk: PresentationDesk
    policy: TrustPolicy
    statuses: StatusChecker
    epochs: EpochTrust
    cache: SqliteStatusCache
    store: SqliteVerifierStore
    keys: Keys
    vc: VcVerifying
    questions: Mapping[str, ReadyQuestion]
    fetcher: Fetcher
    resolver: Resolver
    clock: Clock

    @classmethod
    def open(
        cls,
        settings: ServerSettings,
        *,
        clock: Clock,
        fetcher: Fetcher | None = None,
        times: SessionTimes | None = None,
    ) -> Self:
        """Open keystore, trust file and store, making the first and the last at the first start.

        Raises:
            ConfigurationError: The trust file or the certificate cannot be used.
            KeystoreError: The keystore cannot be opened.
            StoreError: The store cannot be opened, or a newer version made it.
        """
        keys = load_keys(settings, clock=clock)
        trust = load_trust(settings.trust_file)
        policy = trust.policy
        store = SqliteVerifierStore(settings.store_path)
        cache = SqliteStatusCache(settings.store_path)
        fetches = fetcher or Fetcher(settings.fetch_policy())
        resolver = Resolver(fetches, clock=clock)
        anybody = is_open(settings.extra, settings.public_url)
        accepted = SUITE_ALGORITHMS if anybody else policy.algorithms
        statuses = StatusChecker(fetches, cache, clock=clock, policy=StatusPolicy(algorithms=accepted))
        epochs = EpochTrust(
            trust.registries,
            HttpSource(fetches),
            SqliteSeenStatements(settings.store_path),
            clock=clock,
            policy=trust.epochs,
        )
        metadata = IssuerMetadata(fetches, clock=clock)
        sources = Sources(resolver=resolver, metadata=metadata, status=statuses, epochs=epochs)
        desk = PresentationDesk(
            store=store,
            identity=keys.identity,
            sealing=keys.sealing,
            policy=policy,
            sources=sources,
            clock=clock,
            times=times or session_times(settings),
        )
        return cls(
            path=urlsplit(settings.public_url).path,
            desk=desk,
            policy=policy,
            statuses=statuses,
            epochs=epochs,
            cache=cache,
            store=store,
            keys=keys,
            vc=VcVerifying(
                policy=AnybodyPolicy(require_key_binding=False, algorithms=accepted) if anybody else policy,
                sources=replace(sources, suites=ANY_CONTEXT_SUITES) if anybody else sources,
                clock=clock,
            ),
            questions=ready_questions(policy),
            fetcher=fetches,
            resolver=resolver,
            clock=clock,
        )

    def keep_house(self) -> None:
        """Renew the status lists and statements that are due, and erase what has had its time.

        Every worker calls this on a schedule of its own, so that they are
        fetched at times that tell an issuer nothing about presentations. One
        of all workers erases.
        """
        self.statuses.refresh_all(ahead_seconds=HOUSEKEEPING_SECONDS)
        self.epochs.renew_due(ahead_seconds=HOUSEKEEPING_SECONDS)
        if self.store.acquire_lease(HOUSEKEEPING_LEASE, now=self.clock(), seconds=HOUSEKEEPING_SECONDS):
            self.desk.erase()


def engine() -> Engine:
    """The engine of the running server."""
    return cast(Engine, current_app.extensions[EXTENSION])
