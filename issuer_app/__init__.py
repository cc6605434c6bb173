"""The issuer: the desk at a hospital or a school, and the wallets that collect there."""

from __future__ import annotations

from issuer_app.app import create_app

__all__ = ["create_app"]
