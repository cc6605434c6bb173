"""`trustid-issuer`: the issuer on gunicorn, with settings from the environment."""

from __future__ import annotations

import sys
from typing import Final

from issuer_app.app import create_app
from trustid.errors import TrustidError
from trustid.serving import serve, why_not_started
from trustid.settings import ServerSettings
from trustid.settings import __doc__ as settings_doc

__all__ = ["main"]

USAGE: Final = """Usage: trustid-issuer

Runs the issuer: the staff's pages, the back office, and OpenID4VCI for wallets.
It listens on 127.0.0.1 and expects a reverse proxy with TLS in front of it.
"""


def main(arguments: list[str] | None = None) -> None:
    """Start the server, or say in one line why not."""
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        wanted = given in (["--help"], ["-h"])
        text = f"{USAGE}\n{settings_doc or ''}" if wanted else f"{USAGE}\nunknown argument: {given[0]!r}\n"
        (sys.stdout if wanted else sys.stderr).write(text)
        raise SystemExit(0 if wanted else 2)
    try:
        settings = ServerSettings.from_environment("issuer")
        app = create_app(settings)
        serve(app, settings, process_name="trustid-issuer")
    except TrustidError as err:
        sys.stderr.write(f"trustid-issuer: {why_not_started(err)}\n")
        raise SystemExit(2) from err


if __name__ == "__main__":
    main()
