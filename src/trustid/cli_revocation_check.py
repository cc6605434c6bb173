"""`trustid revocation serve-check | history | export`: looking at a registry from outside, and at its past."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from trustid.cli_network import fetcher_for
from trustid.cli_output import EXIT_CODES, REFUSED, Output, moment, with_output
from trustid.cli_revocation_home import PUBLISH_TO, open_home
from trustid.encoding import b64url_encode, dump_json, parse_json_object
from trustid.errors import ConfigurationError, StatusUnknownError, StoreError
from trustid.keys import PublicKey, public_key_from_jwk
from trustid.keys.committee_file import read_committee
from trustid.protocols.ports import system_clock
from trustid.status.epochs.audit_file import AuditFile, audit_of
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.folder import FolderSource
from trustid.status.epochs.http_source import HttpSource
from trustid.status.epochs.ports import EpochSource, StatementSource
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import RegistryTrust

__all__ = ["export", "history", "serve_check"]

MAX_KEY_BYTES: Final = 16 * 1024


@click.command(
    name="serve-check",
    short_help="Check what is published as a stranger would.",
    epilog=f"""\b
Examples:
  trustid revocation serve-check
  trustid revocation serve-check --registry https://hospital.example/revocation/vaccination --key key.jwk
  trustid revocation serve-check --registry https://… --key key.jwk --from https://mirror.example/vaccination
  trustid revocation serve-check --against https://mirror.example/vaccination --against audit.json

Without --registry it checks the manager's own published folder, with the manager's own key.
An epoch that is overdue ends it with 1, so that a timer notices.

{EXIT_CODES}""",
)
@click.option("--registry", "uri", help="The registry's URI.")
@click.option(
    "--key",
    "key_files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="A key of its statements: a public JWK. Keys that it handed over to are found by themselves.",
)
@click.option(
    "--committee",
    "committee_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The committee that must have agreed to the newest epoch.",
)
@click.option("--from", "place", help="A folder or a mirror's URI, instead of the registry's own.")
@click.option(
    "--against",
    "others",
    multiple=True,
    help="A mirror's URI, a folder, or an older export, which must have said the same.",
)
@click.option("--blocks", type=click.IntRange(1, 1 << 15), default=8, show_default=True)
@PUBLISH_TO
@with_output
@click.pass_context
def serve_check(
    context: click.Context,
    output: Output,
    *,
    uri: str | None,
    key_files: tuple[Path, ...],
    committee_file: Path | None,
    place: str | None,
    others: tuple[str, ...],
    blocks: int,
    publish_to: Path | None,
) -> None:
    """Check a published registry as a stranger would: statements, hash tree, random rows."""
    if (uri is None) == bool(key_files):
        raise click.UsageError("--registry and --key belong together")
    if uri is None:
        home = open_home()
        registry = home.registry()
        uri, trusted = registry.uri, registry.statement_keys[:1]
        if registry.last_published() is None:
            raise StatusUnknownError(
                "status_unavailable", "nothing is published yet: trustid revocation publish"
            )
        place = place or str(home.published(publish_to))
    else:
        trusted = tuple(map(_read_key, key_files))
    committee = None if committee_file is None else read_committee(committee_file)
    trust = RegistryTrust(uri, keys_by_thumbprint(*trusted), committee)
    with output.progress() as progress:
        found = check_published(
            trust,
            _source(uri, place),
            clock=system_clock,
            blocks=blocks,
            others=[_other(uri, other) for other in others],
            progress=progress,
        )
    output.result(
        {
            "registry": uri,
            "epoch": found.newest.epoch,
            "statements": found.statements,
            "blocks": found.blocks,
            "rows": found.rows,
            "compared": len(others),
            "age_seconds": found.age_seconds,
            "overdue": found.overdue,
        }
    )
    output.panel(
        f"{'Overdue' if found.overdue else 'In order'}: {uri}",
        [
            (
                "newest epoch",
                f"{found.newest.epoch}, signed {moment(found.newest.statement.issued_at)} (UTC)",
            ),
            ("statements followed", f"{found.statements:,}"),
            ("blocks held against the root", f"{found.blocks:,}"),
            ("rows read as points", f"{found.rows:,}"),
            ("others who say the same", f"{len(others):,}"),
        ],
    )
    if found.overdue:
        output.say("The next epoch is overdue: trustid revocation publish", "yellow")
        context.exit(REFUSED)


@click.command(epilog=EXIT_CODES)
@click.option("--replay", is_flag=True, help="Compute every value again from what was revoked.")
@with_output
def history(output: Output, *, replay: bool) -> None:
    """List the epochs: when, how many were revoked, which value."""
    registry = open_home().registry()
    if replay:
        registry.replay()
    rows = [
        (one, None if one.token is None else registry.read(one.token).statement.accumulator.value)
        for one in registry.history()
    ]
    output.result(
        {
            "registry": registry.uri,
            "replayed": replay,
            "epochs": [
                {
                    "epoch": one.epoch,
                    "issued_at": one.issued_at,
                    "revoked": one.revoked,
                    "published": one.published,
                    "value": None if value is None else b64url_encode(value),
                }
                for one, value in rows
            ],
        }
    )
    output.table(
        ["epoch", "signed", "revoked", "value"],
        [
            [
                str(one.epoch),
                moment(one.issued_at),
                str(one.revoked),
                "not published yet" if value is None else f"{value.hex()[:24]}…",
            ]
            for one, value in rows
        ],
    )
    if replay:
        output.say("Every value follows from the one before and what was revoked.", "green")


@click.command(
    short_help="Write what is public of its past into a file, for an auditor.",
    epilog=f"""\b
Example:
  trustid revocation export audit.json

The file holds nothing that is secret: parameters, statement key and statements.

{EXIT_CODES}""",
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_output
def export(output: Output, *, file: Path) -> None:
    """Write everything public about the registry's past into FILE, for an auditor."""
    registry = open_home().registry()
    statements = [one.token for one in registry.history() if one.published and one.token is not None]
    if not statements:
        raise StatusUnknownError("status_unavailable", "nothing is published yet: trustid revocation publish")
    value = audit_of(registry.uri, registry.params, registry.statement_keys, statements)
    try:
        with file.open("xb") as target:
            target.write(dump_json(value) + b"\n")
    except FileExistsError as err:
        raise StoreError("file_exists", f"{file} is there; nothing was overwritten") from err
    except OSError as err:
        raise StoreError("store_unavailable", f"{file} cannot be made: {err.strerror}") from err
    output.result({"file": str(file), "statements": len(statements)})
    output.say(f"{len(statements)} statements written to {file}.")


def _source(uri: str, place: str | None) -> EpochSource:
    if place is None or place.startswith(("http://", "https://")):
        return HttpSource(fetcher_for(place or uri), base=place)
    return FolderSource({uri: Path(place)})


def _other(uri: str, place: str) -> StatementSource:
    return AuditFile.read(Path(place)) if Path(place).is_file() else _source(uri, place)


def _read_key(file: Path) -> PublicKey:
    try:
        with file.open("rb") as stream:
            return public_key_from_jwk(parse_json_object(stream.read(MAX_KEY_BYTES)))
    except OSError as err:
        raise ConfigurationError("setting_missing", f"--key: {file.name} cannot be read") from err
