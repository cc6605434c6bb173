"""`trustid revocation`: the revocation manager's own command, the only one that has the secret."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final, TextIO

import click

from trustid import cli_revocation_care, cli_revocation_check
from trustid.cli_output import CONFIGURATION, EXIT_CODES, Output, gigabytes, moment, with_output
from trustid.cli_revocation_home import PUBLISH_TO, StatementKind, desk, open_home, say_backup, statement_key
from trustid.encoding import b64url_decode
from trustid.errors import LimitExceededError, MalformedError, TrustidError
from trustid.protocols.ports import system_clock
from trustid.status.accumulator import DEFAULT_CAPACITY, ROW_BYTES
from trustid.status.epochs.ports_manager import IssuerDesk
from trustid.status.epochs.publishing import Publisher
from trustid.status.epochs.registry import EPOCH_REVOCATIONS_MAX, Registry
from trustid.status.epochs.statement import SignedStatement, check_registry_uri

__all__ = ["revocation"]

MAX_TICKETS: Final = 1 << 27
TICKET_KEY_BYTES: Final = 32
MAX_THREADS: Final = 256
HOUR_SECONDS: Final = 3600


class _InOrderOfLife(click.Group):
    """Lists the commands in the order in which a registry meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


@click.group(
    cls=_InOrderOfLife,
    epilog="""\b
Settings:
  TRUSTID_REVOCATION                   the manager's folder; ~/.local/share/trustid/revocation by default
  TRUSTID_REVOCATION_PASSPHRASE_FILE   file (mode 0600) with its passphrase; you are asked without it
  TRUSTID_REVOCATION_PUBLISHED         the folder that is served; "published" in the manager's folder by default

\b
A registry in five steps:
  trustid revocation init https://hospital.example/revocation/vaccination
  trustid revocation join --issuer-store issuer.db --ticket-key KEY --count 100000
  trustid revocation publish          each day, and when something must be revoked at once
  trustid revocation serve-check      what a stranger sees of it
  trustid revocation status""",
)
def revocation() -> None:
    """Manage a revocation registry: give out slots, revoke, publish epochs.

    Run it on a machine that nobody else uses: it holds the secret by which
    credentials are revoked.
    """


@revocation.command(
    short_help="Make a registry.",
    epilog=f"""\b
Example:
  trustid revocation init https://hospital.example/revocation/vaccination --capacity 1000000

{EXIT_CODES}""",
)
@click.argument("registry_uri")
@click.option(
    "--capacity",
    type=click.IntRange(1, DEFAULT_CAPACITY),
    default=DEFAULT_CAPACITY,
    show_default=True,
    help="Credentials that the registry can ever take. It cannot grow, and a small one hides less.",
)
@click.option(
    "--interval-hours",
    type=click.IntRange(1, 24 * 366),
    default=24,
    show_default=True,
    help="How long an epoch lasts by plan.",
)
@statement_key("What signs the statements.")
@with_output
def init(
    output: Output, *, registry_uri: str, capacity: int, interval_hours: int, kind: StatementKind
) -> None:
    """Make the registry REGISTRY_URI, which is where it will be served."""
    check_registry_uri(registry_uri)
    home = open_home(new=True)
    registry = home.create(registry_uri, capacity, interval_hours * HOUR_SECONDS, kind)
    output.result({"registry": registry.uri, "capacity": capacity, "folder": str(home.path)} | home.public())
    output.say(f"Made {registry.uri} with {capacity:,} slots.")
    epoch = gigabytes(capacity * ROW_BYTES)
    output.say(f"An epoch takes {epoch} of disk. Two are kept; two more while the next one is made.")
    say_backup(output, home)


@revocation.command(
    epilog=f"""\b
Example:
  trustid revocation join --issuer-store data/issuer.db --ticket-key 3kF…w0 --count 100000

The ticket key is the issuer's public one: GET /api/revocation of its server says it, with
the admin token. Repeat a command that was interrupted: what it owed is delivered first, and
counts. Where the store has moved, `join` with its new place tells this command.

{EXIT_CODES}"""
)
@click.option(
    "--issuer-store",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="The issuer's store, which gets the tickets.",
)
@click.option("--ticket-key", required=True, help="The issuer's ticket key, base64url.")
@click.option("--count", type=click.IntRange(1, MAX_TICKETS), required=True, help="How many slots.")
@PUBLISH_TO
@with_output
def join(output: Output, *, issuer_store: Path, ticket_key: str, count: int, publish_to: Path | None) -> None:
    """Give slots to an issuer, as tickets sealed to its key."""
    home = open_home()
    registry, pool, key = home.registry(), desk(str(issuer_store)), _ticket_key(ticket_key)
    Publisher(registry, home.published(publish_to)).check_newest()
    name = home.locate_pool(key, issuer_store)
    with output.progress() as progress:
        done = registry.join(name, pool, key, count, progress=progress)
    free = pool.free_tickets(registry.uri)
    output.result({"delivered": done, "free": free})
    output.say(f"{done:,} tickets delivered; the issuer has {free:,} left.")


@revocation.command(
    epilog=f"""\b
Examples:
  trustid revocation revoke 48213 7 && trustid revocation publish
  trustid revocation revoke --from slots.txt

What an issuer's desk revoked needs no command: `publish` takes it over.

{EXIT_CODES}"""
)
@click.argument("slots", type=click.IntRange(0, DEFAULT_CAPACITY - 1), nargs=-1)
@click.option(
    "--from",
    "file",
    type=click.File("r", encoding="ascii", errors="replace"),
    help="A file of slots, one a line; - is standard input.",
)
@with_output
def revoke(output: Output, *, slots: tuple[int, ...], file: TextIO | None) -> None:
    """Revoke SLOTS as of the next epoch: all or none. Nothing takes it back."""
    if bool(slots) == (file is not None):
        raise click.UsageError("expected slots, or --from with a file of them")
    registry = open_home().registry()
    new = registry.revoke(slots if file is None else _slots(file))
    waiting = registry.status().waiting
    output.result({"asked": new, "waiting": waiting})
    output.say(f"{new} noted; {waiting} wait for the next epoch: trustid revocation publish")


@revocation.command(
    short_help="Publish the next epoch.",
    epilog=f"""\b
Examples:
  trustid revocation publish
  trustid revocation publish --threads 4 --publish-to /srv/revocation/vaccination

Run it each day, with or without revocations. Repeat it after a crash: it goes on.

{EXIT_CODES}""",
)
@click.option("--threads", type=click.IntRange(1, MAX_THREADS), default=1, show_default=True)
@PUBLISH_TO
@with_output
@click.pass_context
def publish(context: click.Context, output: Output, *, threads: int, publish_to: Path | None) -> None:
    """Publish the next epoch, with everything that was revoked until now."""
    home = open_home()
    registry = home.registry()
    pools = home.pools()
    desks, failed = _desks(pools)
    new = sum(_collect(output, registry, path, pools[path], one) for path, one in desks.items())
    folder = home.published(publish_to)
    resumed = registry.status().begun is not None
    publisher = Publisher(registry, folder, threads=threads)
    with output.progress() as progress:
        signed = publisher.publish(progress=progress)
        if resumed and registry.status().waiting:
            # What was begun before anybody asked is done; what was asked is not.
            signed = publisher.publish(progress=progress)
    for one in desks.values():
        registry.settle(one)
    status = registry.status()
    output.result(
        {
            "epoch": signed.epoch,
            "statement": signed.token,
            "folder": str(folder),
            "requests": new,
            "waiting": status.waiting,
            "unreachable": failed,
        }
    )
    output.say(f"Epoch {signed.epoch} is published in {folder}.", "green")
    if status.waiting:
        output.say(f"{status.waiting} revocations came too late for it: publish again.", "yellow")
    for path in failed:
        output.say(
            f"{path} cannot be read: what was revoked there waits. Publish again when it is back.", "red"
        )
    if failed:
        context.exit(CONFIGURATION)


@revocation.command(epilog=EXIT_CODES)
@PUBLISH_TO
@with_output
def status(output: Output, *, publish_to: Path | None) -> None:
    """Show how the registry stands."""
    home = open_home()
    registry = home.registry()
    found, folder = registry.status(), home.published(publish_to)
    newest = None if found.epoch is None else registry.statement(found.epoch)
    free = {path: _free(path, found.uri) for path in home.pools()}
    output.result(
        {
            "registry": found.uri,
            "capacity": found.capacity,
            "joined": found.joined,
            "members": found.members,
            "waiting": found.waiting,
            "epoch": found.epoch,
            "begun": found.begun,
            "issued_at": None if newest is None else newest.statement.issued_at,
            "next_at": None if newest is None else newest.statement.next_at,
            "issuers": [{"store": path, "free": number} for path, number in free.items()],
            "folder": str(folder),
        }
        | home.public()
    )
    lines = [
        ("slots given out", f"{found.joined:,} of {found.capacity:,}"),
        ("not revoked", f"{found.members:,}"),
        ("wait for the next epoch", f"{found.waiting:,}"),
        ("newest epoch", "none yet: trustid revocation publish" if newest is None else _times(newest)),
        ("published in", str(folder)),
        ("statement key", registry.statement_key.thumbprint()),
    ]
    successor = registry.successor
    if successor is not None:
        lines.append(("its successor", successor.thumbprint()))
    if found.begun is not None and found.epoch is not None:
        lines.append(("interrupted", f"epoch {found.begun} was begun: trustid revocation publish"))
    for path, number in free.items():
        lines.append(
            ("issuer", f"{path}: {'cannot be read' if number is None else f'{number:,} tickets left'}")
        )
    output.panel(found.uri, lines)
    if newest is not None and newest.statement.next_at < system_clock():
        output.say("The next epoch is overdue: trustid revocation publish", "yellow")


def _times(newest: SignedStatement) -> str:
    signed, due = moment(newest.statement.issued_at), moment(newest.statement.next_at)
    return f"{newest.epoch}, signed {signed}; the next one is due {due} (UTC)"


def _free(path: str, uri: str) -> int | None:
    """How many tickets an issuer has left; None where its store cannot be read."""
    try:
        return desk(path).free_tickets(uri)
    except TrustidError:
        return None


def _desks(paths: Iterable[str]) -> tuple[dict[str, IssuerDesk], list[str]]:
    """The issuers' stores that can be opened, and those that cannot."""
    opened: dict[str, IssuerDesk] = {}
    failed: list[str] = []
    for path in paths:
        try:
            opened[path] = desk(path)
        except TrustidError:
            failed.append(path)
    return opened, failed


def _collect(output: Output, registry: Registry, path: str, names: list[str], one: IssuerDesk) -> int:
    collected = [registry.collect(name, one) for name in names]
    foreign = set.intersection(*(set(others) for _, others in collected))
    if foreign:
        output.say(f"{path} asks for {len(foreign)} slots that it was never given; they are left.", "red")
    return sum(new for new, _ in collected)


def _slots(file: TextIO) -> list[int]:
    """The slots of a file, each line a whole number."""
    slots: list[int] = []
    for number, line in enumerate(file, 1):
        text = line.strip()
        if not text.isdecimal() or len(text) > len(str(DEFAULT_CAPACITY)):
            raise MalformedError("malformed", f"line {number}: expected the number of a slot")
        if number > EPOCH_REVOCATIONS_MAX:
            raise LimitExceededError("limit_exceeded", f"expected at most {EPOCH_REVOCATIONS_MAX} slots")
        slots.append(int(text))
    return slots


def _ticket_key(text: str) -> bytes:
    try:
        key = b64url_decode(text)
    except MalformedError as err:
        raise MalformedError("key_invalid", "--ticket-key: expected base64url") from err
    if len(key) != TICKET_KEY_BYTES:
        raise MalformedError(
            "key_invalid", f"--ticket-key: expected {TICKET_KEY_BYTES} bytes, found {len(key)}"
        )
    return key


for _command in (
    cli_revocation_check.serve_check,
    cli_revocation_check.history,
    cli_revocation_check.export,
    cli_revocation_care.certify,
    cli_revocation_care.rotate_key,
    cli_revocation_care.adopt,
):
    revocation.add_command(_command)
