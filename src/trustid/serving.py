"""gunicorn, told what to do by our settings: how both servers run.

The application is opened before the workers are forked, so that a setting that
does not fit is one clear line and all workers have the same keys. The server
listens on loopback and expects a reverse proxy with TLS in front of it, but it
does not count on that proxy for its life: see `trustid.arriving`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Final

from gunicorn.app.base import BaseApplication

from trustid.arriving import BufferingWorker
from trustid.errors import ConfigurationError, KeystoreError, StoreError, TrustidError
from trustid.settings import ServerSettings

__all__ = ["serve", "why_not_started"]

THREADS: Final = 4
TIMEOUT_SECONDS: Final = 30
GRACE_SECONDS: Final = 10


class _Server(BaseApplication):
    def __init__(
        self,
        app: Callable[..., Any],
        settings: ServerSettings,
        process_name: str,
        post_worker_init: Callable[[Any], None] | None,
    ) -> None:
        self._app = app
        self._settings = settings
        self._process_name = process_name
        self._post_worker_init = post_worker_init
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"127.0.0.1:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": BufferingWorker,
            "threads": THREADS,
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "preload_app": True,
            "proc_name": self._process_name,
            # The engines read no forwarded header, and gunicorn must not either.
            "forwarded_allow_ips": "",
            # From version 25 on gunicorn opens a control socket in the home folder,
            # one for all servers of a user: nobody here needs it.
            "control_socket_disable": True,
            "loglevel": "warning",
        }
        if self._post_worker_init is not None:
            options["post_worker_init"] = self._post_worker_init
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def serve(
    app: Callable[..., Any],
    settings: ServerSettings,
    *,
    process_name: str,
    post_worker_init: Callable[[Any], None] | None = None,
) -> None:
    """Serve an application until SIGTERM or SIGINT; does not return unless it cannot begin.

    Args:
        app: The application, opened in this process.
        settings: Port and number of workers.
        process_name: What a list of processes shows.
        post_worker_init: Called in each worker with gunicorn's worker object.

    Raises:
        ConfigurationError: `setting_unsafe`: the port cannot be listened on.
    """
    _check_port(settings.port)
    _Server(app, settings, process_name, post_worker_init).run()


def why_not_started(error: TrustidError) -> str:
    """One line that says which setting to look at, and what is wrong with it."""
    if isinstance(error, StoreError):
        return f"TRUSTID_STORE: {error.message}"
    if isinstance(error, KeystoreError):
        return f"TRUSTID_KEYSTORE: {error.message}"
    return error.message


def _check_port(port: int) -> None:
    """Say in one line what gunicorn says in ten, after trying for five seconds."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise ConfigurationError(
                "setting_unsafe", f"TRUSTID_PORT: cannot listen on port {port}: {err.strerror}"
            ) from err
