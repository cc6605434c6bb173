"""The counter: a clerk chooses a question, shows a code, and sees the answer arrive.

    log in ─► choose what to ask ─► QR code ─► the answer, check by check

Everything works without JavaScript by following "Look again"; with it, the
page looks by itself. Only the browser that asked sees the answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import segno
from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import ProtocolError, TrustidError
from trustid.login_pages import add_login_pages
from trustid.protocols.asking import QUERY_MAX, Inquiry
from trustid.protocols.ports_verifier import StoredSession
from trustid.protocols.results import ProvedCredential
from trustid.web import no_store, require_staff, server_settings
from verifier_app.engine import engine
from verifier_app.questions import claim_label, claim_place, type_title
from verifier_app.words import check_words, headline

__all__ = ["blueprint"]

OWN_QUESTION: Final = "own"
OWN_TITLE: Final = "A question of your own"
VALUE_MAX: Final = 500
HOUR_MINUTES: Final = 60

blueprint = Blueprint("pages", __name__, static_folder="static", static_url_path="/static")


@dataclass(frozen=True, slots=True)
class Shown:
    """One credential as a clerk reads it."""

    title: str
    issuer: str
    rows: tuple[tuple[str, str], ...]
    as_of: str


# --- asking ----------------------------------------------------------------------


@blueprint.get("/")
@require_staff
def home() -> Response:
    """Choose what to ask."""
    return _ask_page()


@blueprint.post("/counter")
@require_staff
def ask() -> AnyResponse:
    """Begin a session with the chosen question."""
    try:
        inquiry = _inquiry(request.form)
        created = engine().desk.create(inquiry, browser=_browser(), return_here=_return_here())
    except TrustidError as err:
        if err.http_status >= 500:
            raise
        return _ask_page(status=err.http_status, error=f"{err.public} {err.message}")
    return redirect(url_for("pages.answer", session_id=created.session_id), 303)


@blueprint.get("/counter/<session_id>")
@require_staff
def answer(session_id: str) -> Response:
    """The QR code while nobody has answered, then the answer."""
    browser = _browser()
    desk = engine().desk
    asked = desk.session(session_id, browser=browser)
    try:
        result = desk.result(session_id, browser=browser)
    except ProtocolError as err:
        if err.code != "session_mismatch":
            raise
        return _page("elsewhere.html", asked=asked)
    link = desk.link(session_id, browser=browser)
    line, reason = headline(result.state, result.checks)
    return _page(
        "answer.html",
        asked=asked,
        result=result,
        headline=line,
        reason=reason,
        checks=[check_words(check) for check in result.checks],
        shown=[_shown(credential) for credential in result.credentials],
        link=link,
        code=_qr_code(link) if link else None,
        seconds_left=max(0, asked.expires_at - engine().clock()),
    )


@blueprint.get("/counter/return/<request_id>")
def come_back(request_id: str) -> AnyResponse:
    """Where a wallet on the same device sends the browser after answering.

    A browser that comes from elsewhere does not send our SameSite=Strict
    cookie; so it is shown one page of ours first, which goes on by itself.
    """
    code = request.args.get("response_code")
    if "browser" not in session and "again" not in request.args:
        return _page(
            "come_back.html", target=url_for(".come_back", request_id=request_id, response_code=code, again=1)
        )
    session_id = engine().desk.finish(request_id, browser=session.get("browser"), response_code=code)
    return redirect(url_for("pages.answer", session_id=session_id), 303)


@blueprint.errorhandler(TrustidError)
def refused(error: TrustidError) -> Response:
    """A page that says what went wrong and what to do."""
    return _page("problem.html", status=error.http_status, sentence=error.public, code=error.code)


# --- inside ----------------------------------------------------------------------


def _page(template: str, *, status: int = 200, **values: Any) -> Response:
    staff = bool(session.get("staff"))
    return no_store(make_response(render_template(template, staff=staff, **values), status))


add_login_pages(blueprint, _page)


def _ask_page(*, status: int = 200, error: str | None = None) -> Response:
    current = engine()
    kinds: dict[str, list[Any]] = {}
    for ready in current.questions.values():
        kinds.setdefault(ready.kind.title, []).append(ready)
    recent = [(asked, _state_words(asked)) for asked in current.desk.recent(_browser())]
    return _page(
        "ask.html",
        status=status,
        error=error,
        kinds=kinds,
        recent=recent,
        form=request.form,
        prefixes=_prefixes(),
    )


def _state_words(asked: StoredSession) -> tuple[str, str]:
    if asked.state == "pending":
        over = engine().clock() >= asked.expires_at
        return ("over", "nobody answered") if over else ("pending", "waiting")
    return (asked.state, "accepted" if asked.state == "verified" else "not accepted")


def _prefixes() -> Sequence[str]:
    return engine().keys.identity.prefixes


def _inquiry(form: Mapping[str, str]) -> Inquiry:
    name = form.get("question", "")
    ready = engine().questions.get(name)
    if ready is not None:
        query, title = ready.query(), ready.question.title
    elif name == OWN_QUESTION:
        query, title = parse_json_object(form.get("dcql_query", ""), max_bytes=QUERY_MAX), OWN_TITLE
    else:
        raise ProtocolError("invalid_request", "choose a question")
    members: JsonObject = {"dcql_query": query}
    for choice in ("response_mode", "client_id_prefix"):
        if form.get(choice):
            members[choice] = form[choice]
    return Inquiry.parse(members, http_hosts=server_settings().http_hosts, title=title)


def _return_here() -> str | None:
    if request.form.get("same_device") != "yes":
        return None
    return f"{server_settings().public_url}/counter/return/"


def _browser() -> str:
    """The secret of this browser's staff session; answers are shown to it alone."""
    if "browser" not in session:
        session["browser"] = secrets.token_urlsafe(32)
    return cast(str, session["browser"])


def _qr_code(link: str) -> Markup:
    drawing = segno.make(link, error="m", micro=False).svg_inline(border=2, omitsize=True, svgclass="code")
    return Markup(drawing)  # noqa: S704 - drawn by segno; the link is in the picture, not in the markup


def _shown(credential: ProvedCredential) -> Shown:
    vct = credential.credential_type
    leaves = sorted(_leaves(credential.claims, ()), key=lambda leaf: claim_place(vct, leaf[0]))
    rows = tuple((claim_label(vct, path), _value_words(value)) for path, value in leaves)
    return Shown(type_title(vct), credential.issuer, rows, _as_of(credential))


def _as_of(credential: ProvedCredential) -> str:
    """How new the proof is that it was not taken back; empty where a list was looked up instead."""
    if credential.epoch is None or credential.epoch_age_seconds is None:
        return ""
    minutes = -(-credential.epoch_age_seconds // 60) or 1
    hours = -(-minutes // HOUR_MINUTES)
    age = f"{minutes} min" if minutes <= HOUR_MINUTES else f"{hours} h"
    return f"not taken back {age} before it was shown, or later (epoch {credential.epoch})"


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    else:
        yield path, value


def _value_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ({}, []):
        return "–"
    return str(value)[:VALUE_MAX]
