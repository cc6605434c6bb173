"""`trustid-issuer`: the issuer on gunicorn, with settings from the environment."""

from __future__ import annotations

import sys
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication

from issuer_app.app import create_app
from trustid.errors import TrustidError
from trustid.settings import ServerSettings
from trustid.settings import __doc__ as settings_doc

__all__ = ["main"]

THREADS: Final = 4
TIMEOUT_SECONDS: Final = 30
GRACE_SECONDS: Final = 10
USAGE: Final = """Usage: trustid-issuer

Runs the issuer: the staff's pages, the back office, and OpenID4VCI for wallets.
It listens on 127.0.0.1 and expects a reverse proxy with TLS in front of it.
"""


class Server(BaseApplication):
    """gunicorn, told what to do by our settings instead of its own command line."""

    def __init__(self, settings: ServerSettings, app: Flask) -> None:
        self._settings = settings
        self._app = app
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
            "proc_name": "trustid-issuer",
            # The engine reads no forwarded header, and gunicorn must not either.
            "forwarded_allow_ips": "",
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application."""
        return self._app


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
    except TrustidError as err:
        sys.stderr.write(f"trustid-issuer: {err.message}\n")
        raise SystemExit(2) from err
    Server(settings, app).run()


if __name__ == "__main__":
    main()
