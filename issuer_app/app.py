"""The Flask factory of the issuer."""

from __future__ import annotations

from flask import Flask

from issuer_app import back_office, desk, identifiers, oid4vci, openapi, revocation, status, vc_api
from issuer_app.engine import EXTENSION, Engine
from trustid.protocols.ports import Clock, system_clock
from trustid.settings import ServerSettings
from trustid.web import create_server, fetch_for_clients

__all__ = ["create_app"]


def create_app(settings: ServerSettings, *, clock: Clock = system_clock) -> Flask:
    """The issuer as a WSGI application.

    It holds no state of its own, so it may run in any number of workers and
    be forked from one that opened it.

    Args:
        settings: Checked settings; `ServerSettings.from_environment("issuer")`.
        clock: The time; tests stop it.

    Raises:
        TrustidError: A setting, the keystore or the store cannot be used.
    """
    engine = Engine.open(settings, clock=clock)
    app = create_server("issuer_app", settings, session_key=engine.session_key, attempts=engine.store)
    app.extensions[EXTENSION] = engine
    app.register_blueprint(oid4vci.well_known(engine.path))
    for blueprint in (
        oid4vci.blueprint,
        status.blueprint,
        revocation.blueprint,
        back_office.blueprint,
        desk.blueprint,
        identifiers.blueprint,
        openapi.blueprint,
        vc_api.blueprint,
    ):
        app.register_blueprint(blueprint, url_prefix=engine.path or None)
    fetch_for_clients(app, engine.fetcher)
    return app
