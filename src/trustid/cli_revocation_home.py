"""The revocation manager's folder.

keystore.json          the secrets, encrypted under the passphrase
registry.db            the state: who joined, who was revoked, every statement
registry.high-water    how new the state must be at least; by it a copy from a backup is known
published/             what is served, unless it lies elsewhere
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

import click

from trustid.cli_output import Output
from trustid.encoding import JsonObject, b64url_encode, dump_json
from trustid.errors import ConfigurationError, StoreError
from trustid.keys import PublicKey
from trustid.keys.keystore import Keystore
from trustid.protocols.ports import system_clock
from trustid.settings import read_secret_file
from trustid.status.epochs.manager_keys import ManagerKeys
from trustid.status.epochs.ports_manager import IssuerDesk
from trustid.status.epochs.registry import Registry
from trustid.stores.sqlite_revocation import SqliteRegistryStore
from trustid.stores.sqlite_tickets import SqliteTicketStore

__all__ = [
    "PUBLISH_TO",
    "Home",
    "StatementKind",
    "desk",
    "home_folder",
    "open_home",
    "say_backup",
    "statement_key",
]

Command = TypeVar("Command", bound=Callable[..., Any] | click.Command)

PASSPHRASE_MIN: Final = 12
FOLDER_VARIABLE: Final = "TRUSTID_REVOCATION"
PASSPHRASE_VARIABLE: Final = "TRUSTID_REVOCATION_PASSPHRASE_FILE"
PUBLISHED_VARIABLE: Final = "TRUSTID_REVOCATION_PUBLISHED"
KEYSTORE: Final = "keystore.json"
STORE: Final = "registry.db"

PUBLISH_TO: Final = click.option(
    "--publish-to",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The folder that is served; {PUBLISHED_VARIABLE} by default.",
)

StatementKind = Literal["Ed25519", "P-256"]


def statement_key(text: str) -> Callable[[Command], Command]:
    """The option that says of what kind a key for statements is."""
    return click.option(
        "--key",
        "kind",
        type=click.Choice(get_args(StatementKind)),
        default="Ed25519",
        show_default=True,
        help=text,
    )


@dataclass(frozen=True, slots=True)
class Home:
    """An open folder of a revocation manager."""

    path: Path
    keystore: Keystore

    def create(self, uri: str, capacity: int, interval_seconds: int, kind: StatementKind) -> Registry:
        """Make a registry in it; a call that died is taken up.

        Raises:
            StoreError: `registry_exists`.
        """
        keys = ManagerKeys.create(self.keystore, uri, capacity, signing_kind=kind)
        store = SqliteRegistryStore(self.path / STORE)
        return Registry.create(store, keys, clock=system_clock, interval_seconds=interval_seconds)

    def registry(self) -> Registry:
        """The registry in it.

        Raises:
            StoreError: `registry_missing`.
        """
        return Registry(self._store(), ManagerKeys.open(self.keystore), clock=system_clock)

    def adopt(self) -> Registry:
        """The registry in it, whose store is declared to be the newest there is.

        Raises:
            StoreError: `registry_missing`; `store_rolled_back`: a mark says how it stands.
        """
        self._store().adopt()
        return self.registry()

    @property
    def keystore_path(self) -> Path:
        """The file of its secrets."""
        return self.path / KEYSTORE

    def hand_over(self, kind: StatementKind) -> tuple[PublicKey, bool]:
        """Have a key for statements that comes after the one of now; returns it, and whether it was made now."""
        keys = ManagerKeys.open(self.keystore)
        successor = Registry(self._store(), keys, clock=system_clock).successor
        if successor is not None:
            return successor, False
        return keys.with_successor(self.keystore, kind).signing_keys[-1].public_key, True

    def locate_pool(self, ticket_key: bytes, location: Path) -> str:
        """Note where the store of an issuer lies now; its name is its ticket key, so that it may move."""
        name = b64url_encode(ticket_key)
        SqliteRegistryStore(self.path / STORE).locate_pool(name, str(location.absolute()))
        return name

    def pools(self) -> Mapping[str, list[str]]:
        """The names of the pools at each place where an issuer's store lies."""
        places: dict[str, list[str]] = {}
        for name, location in SqliteRegistryStore(self.path / STORE).pools().items():
            places.setdefault(location, []).append(name)
        return places

    def published(self, chosen: Path | None) -> Path:
        """The folder that is served."""
        named = os.environ.get(PUBLISHED_VARIABLE)
        return chosen or (Path(named) if named else self.path / "published")

    def public(self) -> JsonObject:
        """What verifiers and issuers need to know of the manager."""
        registry = self.registry()
        key, successor = registry.statement_key, registry.successor
        return {
            "statement_key": key.to_jwk(),
            "thumbprint": key.thumbprint(),
            "successor": None if successor is None else successor.to_jwk(),
        }

    def _store(self) -> SqliteRegistryStore:
        if not (self.path / STORE).exists():
            raise StoreError("registry_missing", f"there is no registry in {self.path}")
        return SqliteRegistryStore(self.path / STORE)


def home_folder() -> Path:
    """Where the manager's folder is."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path.home() / ".local" / "share" / "trustid" / "revocation"


def open_home(*, new: bool = False) -> Home:
    """Open the manager's folder; make it if it is new.

    Raises:
        StoreError: `registry_missing`, `store_unavailable`.
        KeystoreError: `key_unseal_failed` for another passphrase; `keystore_unsafe`.
    """
    path = home_folder()
    exists = (path / KEYSTORE).exists()
    if not exists and not new:
        raise StoreError(
            "registry_missing", f"there is no registry in {path}; {FOLDER_VARIABLE} names another"
        )
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as err:
        raise StoreError("store_unavailable", "the manager's folder cannot be made") from err
    return Home(path, Keystore.open_or_create(path / KEYSTORE, _passphrase(new=not exists)))


def desk(path: str) -> IssuerDesk:
    """An issuer's store.

    Raises:
        StoreError: `store_unavailable`: it is not there, or is something else.
    """
    return SqliteTicketStore.of_issuer(Path(path))


def say_backup(output: Output, home: Home) -> None:
    """Tell people what to keep, and what never to bring back."""
    registry = home.registry()
    uri, key = registry.uri, registry.statement_key
    lines = (
        ("Back up now:", "bold"),
        (f"  once         {home.path / KEYSTORE}, and its passphrase in another place:", ""),
        ("               without them nothing is ever revoked again; who has both can prove anything", ""),
        (f"  each day     {home.path / STORE}", ""),
        ("  never        registry.high-water: it tells a copy of that file from the newest one", "yellow"),
        ("For the issuer's registries and the verifiers' trust file:", "bold"),
        (f"  {dump_json({'registry': uri, 'keys': [key.to_jwk()]}).decode()}", ""),
    )
    for text, style in lines:
        output.say(text, style)


def _passphrase(*, new: bool) -> bytes:
    file = os.environ.get(PASSPHRASE_VARIABLE)
    if file:
        passphrase = read_secret_file(Path(file), PASSPHRASE_VARIABLE).reveal()
    elif sys.stdin.isatty():
        passphrase = _ask(new=new)
    else:
        raise ConfigurationError(
            "setting_missing", f"{PASSPHRASE_VARIABLE} is not set, and nobody is there to be asked"
        )
    if new and len(passphrase) < PASSPHRASE_MIN:
        raise ConfigurationError(
            "setting_unsafe", f"expected a passphrase of {PASSPHRASE_MIN} characters or more"
        )
    return passphrase


def _ask(*, new: bool) -> bytes:
    text = "New passphrase of the revocation manager" if new else "Passphrase of the revocation manager"
    answer: Any = click.prompt(text, hide_input=True, confirmation_prompt=new, err=True)
    return str(answer).encode()
