"""A revocation registry with everything around it, small enough to be made anew in each test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trustid import keys
from trustid.encoding import sha256
from trustid.errors import StatusUnknownError
from trustid.keys import SigningKey
from trustid.keys.sealing import OpeningKey
from trustid.status.accumulator import Manager
from trustid.status.epochs.folder import FolderSource
from trustid.status.epochs.holding import HeldSlot
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import Registry
from trustid.status.epochs.statement import (
    EpochStatement,
    SignedStatement,
    keys_by_thumbprint,
    sign_statement,
)
from trustid.status.epochs.trust import RegistryTrust
from trustid.status.tickets import open_ticket
from trustid.stores.sqlite_revocation import SqliteRegistryStore

URI = "https://hospital.example/revocation/vaccination"
START = 1_800_000_000
DAY = 24 * 3600
TICKET_KEY = OpeningKey(bytes(range(32)))


def memory_folder() -> Iterator[Path]:
    """A folder in memory where there is such a place: what is flushed often goes there at once."""
    memory = Path("/dev/shm")
    made = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    yield made
    # SQLite takes its own side files away when a store that nobody holds any more is closed: perhaps just now.
    shutil.rmtree(made, ignore_errors=True)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Desk:
    """An issuer's store in memory, as the manager's command sees it."""

    def __init__(self) -> None:
        self.tickets: dict[int, bytes] = {}
        self.requests: list[int] = []
        self.revoked: dict[int, int] = {}

    def add_tickets(self, registry: str, tickets: Sequence[tuple[int, bytes]]) -> int:
        new = [one for one in tickets if one[0] not in self.tickets]
        self.tickets.update(new)
        return len(new)

    def free_tickets(self, registry: str) -> int:
        return len(self.tickets)

    def known_slots(self, registry: str, slots: Sequence[int]) -> Sequence[int]:
        return [slot for slot in slots if slot in self.tickets]

    def requested_slots(self, registry: str) -> Sequence[int]:
        return [slot for slot in self.requests if slot not in self.revoked]

    def slots_revoked(self, registry: str, slots: Sequence[int], epoch: int) -> None:
        self.revoked |= dict.fromkeys(slots, epoch)


class Tampering:
    """A source that lies: what is in `answers` comes in the place of what another source has.

    Keys are the names of the source's methods with their arguments after the registry.
    """

    def __init__(self, source: Any) -> None:
        self.source = source
        self.answers: dict[tuple[Any, ...], Any] = {}
        self.asked: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def answer(registry: str, *arguments: int) -> Any:
            self.asked.append((name, *arguments))
            found = self.answers.get((name, *arguments), self.answers.get((name,)))
            if isinstance(found, Exception):
                raise found
            return getattr(self.source, name)(registry, *arguments) if found is None else found

        return answer


def outage() -> StatusUnknownError:
    """What a source raises that cannot be reached."""
    return StatusUnknownError("status_unavailable", "the network is down")


def manager_keys(capacity: int, *, uri: str = URI, kind: Any = "Ed25519") -> ManagerKeys:
    """Secrets of a new registry, without a keystore."""
    manager = Manager.create(uri.encode("ascii"), capacity)
    return ManagerKeys(
        manager.secret_bytes(), manager.params, manager.state_bytes(), bytes(range(32)), keys.generate(kind)
    )


@dataclass
class World:
    """A registry, the folder it is published in, and an issuer's desk with tickets."""

    keys: ManagerKeys
    store: SqliteRegistryStore
    registry: Registry
    folder: Path
    clock: Clock
    desk: Desk

    @property
    def source(self) -> FolderSource:
        return FolderSource({URI: self.folder})

    @property
    def trust(self) -> RegistryTrust:
        return RegistryTrust(URI, keys_by_thumbprint(self.registry.statement_key))

    @property
    def slots(self) -> list[int]:
        """The slots that were given out, lowest first."""
        return sorted(self.desk.tickets)

    def held(self, slot: int) -> HeldSlot:
        """A holder's slot, opened from its ticket."""
        member = open_ticket(TICKET_KEY, URI, slot, self.desk.tickets[slot])
        return HeldSlot(self.trust, slot, member)

    def join(self, count: int) -> int:
        return self.registry.join("desk", self.desk, TICKET_KEY.public_key, count)

    def publish(self, *revoked: int, after: int = DAY) -> SignedStatement:
        """The next epoch, some time later."""
        self.clock.now += after
        if revoked:
            self.registry.revoke(revoked)
        return Publisher(self.registry, self.folder).publish()

    def hand_over(self, kind: Any = "P-256") -> SigningKey:
        """One more key for statements, as `rotate-key` makes it; the registry is opened anew, as by the next command."""
        successor = keys.generate(kind)
        old = self.keys
        self.keys = ManagerKeys(
            old._secret, old.params, old.first_state, old.order._key, *old.signing_keys, successor
        )
        self.registry = Registry(self.store, self.keys, clock=self.clock)
        return successor

    def forge(self, signed: SignedStatement, *, key: SigningKey | None = None, **changes: Any) -> str:
        """Another statement in the place of one, by default with the manager's own signature."""
        statement = replace(signed.statement, **changes)
        return sign_statement(statement, key or self.keys.signing_keys[-1]).token


def world(folder: Path, *, capacity: int = 64, joined: int = 4, published: bool = True) -> World:
    """A registry with a few members and epoch 0 published."""
    clock = Clock()
    secret = manager_keys(capacity)
    store = SqliteRegistryStore(folder / "registry.db")
    registry = Registry.create(store, secret, clock=clock, interval_seconds=DAY)
    made = World(secret, store, registry, folder / "published", clock, Desk())
    if joined:
        made.join(joined)
    if published:
        made.publish(after=0)
    return made


def trusting(*signers: SigningKey) -> RegistryTrust:
    """Trust in the registry by some of its keys."""
    return RegistryTrust(URI, keys_by_thumbprint(*(key.public_key for key in signers)))


def first_statement(secret: ManagerKeys, **changes: Any) -> EpochStatement:
    """The statement of epoch 0 over rows that nobody made: enough for whoever reads statements only."""
    values: Mapping[str, Any] = {
        "registry": URI,
        "accumulator": secret.manager(secret.first_state).accumulator,
        "rows_root": bytes(32),
        "params_digest": sha256(bytes(secret.params)),
        "previous": None,
        "issued_at": START,
        "next_at": START + DAY,
    }
    return EpochStatement(**{**values, **changes})
