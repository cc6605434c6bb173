"""`trustid-verifier`: the verifier on gunicorn, with settings from the environment."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, Final

from trustid.errors import TrustidError
from trustid.serving import serve, why_not_started
from trustid.settings import ServerSettings
from trustid.settings import __doc__ as settings_doc
from verifier_app import identity, times, trust
from verifier_app.app import create_app
from verifier_app.engine import EXTENSION, HOUSEKEEPING_SECONDS, Engine

__all__ = ["main"]

LOG = logging.getLogger("trustid.verifier")

USAGE: Final = """Usage: trustid-verifier

Runs the verifier: the counter's pages, the back office, and OpenID4VP for wallets.
It listens on 127.0.0.1 and expects a reverse proxy with TLS in front of it.
"""


SETTINGS_HELP: Final = "\n\n".join(
    document or "" for document in (settings_doc, identity.__doc__, times.__doc__, trust.__doc__)
)


def _begin_housekeeping(worker: Any) -> None:
    """Let a thread of each worker renew status lists and erase what has had its time."""
    engine: Engine = worker.app.callable.extensions[EXTENSION]
    threading.Thread(target=_keep_house, args=(engine,), name="housekeeping", daemon=True).start()


def _keep_house(engine: Engine) -> None:
    pause = threading.Event()
    while not pause.wait(HOUSEKEEPING_SECONDS):
        try:
            engine.keep_house()
        except TrustidError as err:
            # The next round tries again; a list that stays away refuses by itself.
            LOG.warning("housekeeping: %s", err)


def main(arguments: list[str] | None = None) -> None:
    """Start the server, or say in one line why not."""
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        wanted = given in (["--help"], ["-h"])
        text = f"{USAGE}\n{SETTINGS_HELP}" if wanted else f"{USAGE}\nunknown argument: {given[0]!r}\n"
        (sys.stdout if wanted else sys.stderr).write(text)
        raise SystemExit(0 if wanted else 2)
    try:
        settings = ServerSettings.from_environment("verifier")
        app = create_app(settings)
        serve(app, settings, process_name="trustid-verifier", post_worker_init=_begin_housekeeping)
    except TrustidError as err:
        sys.stderr.write(f"trustid-verifier: {why_not_started(err)}\n")
        raise SystemExit(2) from err


if __name__ == "__main__":
    main()
