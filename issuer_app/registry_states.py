"""How the registries of accumulators stand, for staff and for the back office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from issuer_app.registries import IssuerRegistry
from trustid.encoding import JsonObject
from trustid.errors import TrustidError
from trustid.keys import public_key_from_jwk
from trustid.protocols.ports import Clock
from trustid.status.epochs.folder import FolderSource
from trustid.status.epochs.memory import MemorySeenStatements
from trustid.status.epochs.signers import read_following
from trustid.status.epochs.statement import EpochStatement, keys_by_thumbprint
from trustid.status.epochs.trust import RegistryTrust
from trustid.stores.sqlite_tickets import SqliteTicketStore

__all__ = ["RegistryState", "registry_states"]

LOW_TICKETS = 100
"""With fewer tickets left somebody is to be told."""


@dataclass(frozen=True, slots=True)
class RegistryState:
    """One registry, as its issuer sees it.

    Attributes:
        configuration_id: Whose credentials have slots in it.
        uri: Its name.
        free_tickets: Slots that are left to be given out here.
        requested: Revocations that wait for the next epoch.
        newest: The newest statement that is published from here; None where
            another host publishes it, or where it cannot be read.
        problem: The code of what is wrong with what is published; None where nothing is.
        overdue: Whether the next epoch should have been published by now.
    """

    configuration_id: str
    uri: str
    free_tickets: int
    requested: int
    newest: EpochStatement | None
    problem: str | None
    overdue: bool

    @property
    def low(self) -> bool:
        """Whether tickets are running out."""
        return self.free_tickets < LOW_TICKETS

    def to_json(self) -> JsonObject:
        """What the back office answers."""
        newest = self.newest
        return {
            "credential_configuration_id": self.configuration_id,
            "registry": self.uri,
            "free_tickets": self.free_tickets,
            "requested": self.requested,
            "epoch": None if newest is None else newest.epoch,
            "issued_at": None if newest is None else newest.issued_at,
            "next_at": None if newest is None else newest.next_at,
        }


def registry_states(
    registries: Mapping[str, IssuerRegistry], tickets: SqliteTicketStore, clock: Clock
) -> list[RegistryState]:
    """The state of each registry now.

    Cost:
        One signature verification a registry that is published from here.
    """
    return [_state(name, one, tickets, clock()) for name, one in registries.items()]


def _state(name: str, one: IssuerRegistry, tickets: SqliteTicketStore, now: int) -> RegistryState:
    newest, problem = None, None
    try:
        newest = _newest(one)
    except TrustidError as err:
        problem = err.code
    return RegistryState(
        configuration_id=name,
        uri=one.uri,
        free_tickets=tickets.free_tickets(one.uri),
        requested=len(tickets.requested_slots(one.uri)),
        newest=newest,
        problem=problem,
        overdue=newest is not None and now > newest.next_at,
    )


def _newest(one: IssuerRegistry) -> EpochStatement | None:
    if one.folder is None:
        return None
    source = FolderSource({one.uri: one.folder})
    trust = RegistryTrust(one.uri, keys_by_thumbprint(*map(public_key_from_jwk, one.keys)))
    signed, _ = read_following(trust, source.latest(one.uri), MemorySeenStatements(), source)
    return signed.statement
