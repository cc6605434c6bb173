"""`trustid revocation certify | rotate-key | adopt`: what an operator does seldom, and looks at twice."""

from __future__ import annotations

from pathlib import Path

import click

from trustid.cli_output import EXIT_CODES, Output, with_output
from trustid.cli_revocation_home import PUBLISH_TO, StatementKind, open_home, statement_key
from trustid.encoding import b64url_encode
from trustid.errors import ConfigurationError, StatusUnknownError
from trustid.keys.committee_file import read_committee
from trustid.keys.quorum import MAX_CERTIFICATE_BYTES, QuorumCertificate
from trustid.status.epochs.publishing import Publisher

__all__ = ["adopt", "certify", "rotate_key"]


@click.command(
    short_help="Publish a committee's certificate for an epoch.",
    epilog=f"""\b
Example:
  trustid revocation certify --committee committee.json certificate.cbor

Verifiers that ask for the committee stay with the epoch before until its certificate is there.

{EXIT_CODES}""",
)
@click.argument("certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--committee",
    "committee_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="Who its members are, as verifiers have it.",
)
@click.option("--epoch", type=click.IntRange(0), help="Which epoch; the newest by default.")
@PUBLISH_TO
@with_output
def certify(
    output: Output, *, certificate: Path, committee_file: Path, epoch: int | None, publish_to: Path | None
) -> None:
    """Check CERTIFICATE, the agreement of a committee to an epoch's statement, and publish it beside it."""
    home = open_home()
    registry = home.registry()
    newest = registry.last_published()
    if newest is None:
        raise StatusUnknownError("status_unavailable", "nothing is published yet: trustid revocation publish")
    try:
        committee, data = read_committee(committee_file), _read(certificate)
    except OSError as err:
        raise ConfigurationError("setting_missing", f"{err.filename} cannot be read") from err
    chosen = newest.epoch if epoch is None else epoch
    publisher = Publisher(registry, home.published(publish_to))
    quorum = publisher.add_certificate(chosen, committee, QuorumCertificate.from_bytes(data))
    output.result({"epoch": chosen, "committee": b64url_encode(committee.hash), "weight": quorum.weight})
    output.say(f"Epoch {chosen} has the certificate of {len(quorum.signers)} members.", "green")


@click.command(
    name="rotate-key",
    short_help="Hand the signing of statements over to a new key.",
    epilog=f"""\b
Example:
  trustid revocation rotate-key && trustid revocation publish

The next epoch's statement, still signed by the key of now, names the new key; every later one is signed
by it. Verifiers and wallets that trust the key of now follow by themselves. Give the new key to whoever
begins to trust the registry from then on. Repeated before the next epoch it changes nothing.

{EXIT_CODES}""",
)
@statement_key("What the new key is.")
@with_output
def rotate_key(output: Output, *, kind: StatementKind) -> None:
    """Make a new key for statements, and let the key of now hand over to it with the next epoch."""
    home = open_home()
    successor, made = home.hand_over(kind)
    output.result({"successor": successor.to_jwk(), "thumbprint": successor.thumbprint(), "made": made})
    output.say(
        f"{'Made' if made else 'There was already'} the key {successor.thumbprint()}: "
        "the next epoch names it, the one after that is signed by it."
    )
    output.say(f"Back up {home.keystore_path} again now: an older copy cannot sign any more.", "bold")


@click.command(
    short_help="Go on with a registry that was moved here.",
    epilog=f"""\b
`registry.high-water` beside `registry.db` says how new the store must be. Where it is missing, nothing
tells a copy of yesterday from the newest store. A copy of yesterday gives slots out twice: two people
then share one, and revoking one revokes both.

{EXIT_CODES}""",
)
@click.option("--yes", is_flag=True, help="Do not ask: it is the newest store that there is.")
@with_output
def adopt(output: Output, *, yes: bool) -> None:
    """Declare the store in the manager's folder to be the newest there is, and go on with it."""
    home = open_home()
    if not yes:
        click.confirm(
            f"Is {home.path} all there is, and was nothing done since it was copied?", abort=True, err=True
        )
    status = home.adopt().status()
    output.result({"registry": status.uri, "joined": status.joined, "epoch": status.epoch})
    output.say(f"Going on with {status.uri}: {status.joined:,} slots given out, newest epoch {status.epoch}.")


def _read(certificate: Path) -> bytes:
    with certificate.open("rb") as file:
        return file.read(MAX_CERTIFICATE_BYTES + 1)
