"""The Flask factory of the verifier."""

from __future__ import annotations

from flask import Flask

from trustid.errors import ConfigurationError
from trustid.fetching import Fetcher
from trustid.protocols.asking import SessionTimes
from trustid.protocols.ports import Clock, system_clock
from trustid.settings import ServerSettings
from trustid.web import create_server, fetch_for_clients
from verifier_app import back_office, counter, identifiers, oid4vp, public, vc_api
from verifier_app.engine import EXTENSION, Engine

__all__ = ["create_app"]


def create_app(
    settings: ServerSettings,
    *,
    clock: Clock = system_clock,
    fetcher: Fetcher | None = None,
    times: SessionTimes | None = None,
) -> Flask:
    """The verifier as a WSGI application.

    It holds no state of its own, so it may run in any number of workers and
    be forked from one that opened it.

    Args:
        settings: Checked settings; `ServerSettings.from_environment("verifier")`.
        clock: The time; tests stop it.
        fetcher: Fetches DIDs, issuer keys and status lists; made from the settings by default.
        times: How long sessions and results last.

    Raises:
        TrustidError: A setting, the keystore or the store cannot be used.
    """
    if settings.role != "verifier":
        raise ConfigurationError(
            "setting_unsafe", f"expected the settings of a verifier, found {settings.role}"
        )
    engine = Engine.open(settings, clock=clock, fetcher=fetcher, times=times)
    app = create_server("verifier_app", settings, session_key=engine.keys.session_key, attempts=engine.store)
    app.extensions[EXTENSION] = engine
    app.register_blueprint(public.well_known(engine))
    for blueprint in (
        oid4vp.blueprint,
        back_office.blueprint,
        counter.blueprint,
        identifiers.blueprint,
        public.blueprint,
        vc_api.blueprint,
    ):
        app.register_blueprint(blueprint, url_prefix=f"{engine.path}{blueprint.url_prefix or ''}" or None)
    fetch_for_clients(app, engine.fetcher)
    return app
