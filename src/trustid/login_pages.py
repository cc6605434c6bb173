"""The staff's login and logout, the same in both servers; each brings its own template.

A form with the fields `password`, `csrf_token` and `next`; the routes are
`/login` and `/logout` of the blueprint that is named "pages".
"""

from __future__ import annotations

from typing import Protocol

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from trustid.errors import ProtocolError
from trustid.web import csrf_token, log_in, log_out, require_staff

__all__ = ["add_login_pages"]


class Page(Protocol):
    """Renders a template of the app."""

    def __call__(self, template: str, *, status: int = 200, next: str, error: str | None = None) -> Response:
        """The page."""
        ...


def add_login_pages(pages: Blueprint, page: Page) -> None:
    """Add the login form, the beginning and the end of a session.

    Args:
        pages: The app's blueprint named "pages", with a view named "home".
        page: Renders the app's `login.html`.
    """

    @pages.get("/login")
    def login() -> Response:
        csrf_token()
        return page("login.html", next=_local_path(request.args.get("next", "")))

    @pages.post("/login")
    def begin_session() -> AnyResponse:
        target = _local_path(request.form.get("next", ""))
        try:
            log_in(request.form.get("password", ""))
        except ProtocolError as err:
            return page("login.html", status=err.http_status, next=target, error=err.public)
        return redirect(target or url_for("pages.home"), 303)

    @pages.post("/logout")
    @require_staff
    def end_session() -> AnyResponse:
        log_out()
        return redirect(url_for("pages.login"), 303)


def _local_path(target: str) -> str:
    """A path of this server to go to after the login, or nothing: the form must not send people elsewhere."""
    ours = target.startswith("/") and not target.startswith("//") and "\\" not in target
    return target if ours and target.isprintable() else ""
