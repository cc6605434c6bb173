"""`trustid revocation adopt`: what an operator does seldom, and looks at twice."""

from __future__ import annotations

import click

from trustid.cli_output import EXIT_CODES, Output, with_output
from trustid.cli_revocation_home import open_home

__all__ = ["adopt"]


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
