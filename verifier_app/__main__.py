"""`trustid-verifier`: the verifier on gunicorn, with settings from the environment."""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, Final

from gunicorn.app.base import BaseApplication

from trustid.errors import TrustidError
from trustid.settings import ServerSettings
from trustid.settings import __doc__ as settings_doc
from verifier_app import identity, times, trust
from verifier_app.app import create_app
from verifier_app.engine import EXTENSION, HOUSEKEEPING_SECONDS, Engine

__all__ = ["main"]

LOG = logging.getLogger("trustid.verifier")

THREADS: Final = 4
TIMEOUT_SECONDS: Final = 30
GRACE_SECONDS: Final = 10
USAGE: Final = """Usage: trustid-verifier

Runs the verifier: the counter's pages, the back office, and OpenID4VP for wallets.
It listens on 127.0.0.1 and expects a reverse proxy with TLS in front of it.
"""


SETTINGS_HELP: Final = "\n\n".join(
    document or "" for document in (settings_doc, identity.__doc__, times.__doc__, trust.__doc__)
)


class Server(BaseApplication):
    """gunicorn, told what to do by our settings instead of its own command line."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what gunicorn needs; the application is opened before the workers are forked."""
        options: dict[str, Any] = {
            "bind": f"127.0.0.1:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "preload_app": True,
            "proc_name": "trustid-verifier",
            # The engine reads no forwarded header, and gunicorn must not either.
            "forwarded_allow_ips": "",
            # From version 25 on gunicorn opens a control socket in the home folder,
            # one for all servers of a user: nobody here needs it.
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": _begin_housekeeping,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application."""
        return create_app(self._settings)


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
        create_app(settings)
    except TrustidError as err:
        sys.stderr.write(f"trustid-verifier: {err.message}\n")
        raise SystemExit(2) from err
    Server(settings).run()


if __name__ == "__main__":
    main()
