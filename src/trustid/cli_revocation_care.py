"""`trustid revocation rotate-key | adopt`: what an operator does seldom, and looks at twice."""

from __future__ import annotations

import click

from trustid.cli_output import EXIT_CODES, Output, with_output
from trustid.cli_revocation_home import open_home

__all__ = ["adopt", "rotate_key"]


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
@click.option(
    "--key",
    "kind",
    type=click.Choice(["Ed25519", "P-256"]),
    default="Ed25519",
    show_default=True,
    help="What the new key is.",
)
@with_output
def rotate_key(output: Output, *, kind: str) -> None:
    """Make a new key for statements, and let the key of now hand over to it with the next epoch."""
    home = open_home()
    successor, made = home.hand_over("P-256" if kind == "P-256" else "Ed25519")
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
