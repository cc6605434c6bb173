"""The verifier's server: wallets present here, a clerk asks here, programs ask here.

    /oid4vp/…               wallets: request objects and answers        (oid4vp.py)
    /api/…                  programs with the admin token               (back_office.py)
    /, /counter/…, /login   clerks, in a browser                        (counter.py)
    /.well-known/did.json, /development-ca.pem, /openapi.json        (public.py)

Thin over `trustid.protocols.presenting`: here are only routes, pages and
settings. All state is in the store, so any number of workers may run.
"""

from __future__ import annotations

from verifier_app.app import create_app

__all__ = ["create_app"]
