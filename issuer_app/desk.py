"""The staff's pages, and the page that a person's claim link opens.

    log in ─► choose a type, upload a roster ─► every row checked ─► issue ─► a link and QR code each
    list ─► one issuance ─► revoke, or send a new link

Everything works without JavaScript. What was checked waits in the store,
sealed, until staff decide; the file itself is never kept.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import segno
from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from issuer_app.back_office import roster_entries
from issuer_app.engine import engine
from issuer_app.registry_states import RegistryState, registry_states
from trustid.catalogue import CredentialType, RosterCheck, read_roster
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import CODES, LimitExceededError, ProtocolError, TrustidError
from trustid.login_pages import add_login_pages
from trustid.protocols.offered import RosterEntry
from trustid.protocols.ports_issuer import ISSUANCE_STATES, Issuance
from trustid.web import no_store, problem, require_staff, server_settings

__all__ = ["blueprint"]

PAGE_ROWS: Final = 50
ROSTER_PAGE_ROWS: Final = 500
UPLOAD_SECONDS: Final = 3600
UPLOAD_JSON_MAX: Final = 16 * 1024 * 1024
LABEL_MAX: Final = 80
PROBLEM_WORDS: Final = {"status_unavailable": "Nothing is published yet."}
NAME_CLAIMS: Final = ("familyname", "givenname", "firstname")

blueprint = Blueprint("pages", __name__, static_folder="static", static_url_path="/static")


# --- from a roster to links ------------------------------------------------------


@blueprint.get("/")
@require_staff
def home() -> Response:
    """Choose a type and upload a roster."""
    return _home_page()


@blueprint.get("/rosters/empty/<configuration_id>.csv")
@require_staff
def empty_roster(configuration_id: str) -> Response:
    """A list with the columns of a type and no rows, to be filled in."""
    kind = engine().kinds.get(configuration_id)
    if kind is None:
        raise ProtocolError("not_found", "expected a type that is issued here")
    text = io.StringIO()
    csv.writer(text).writerow([column.name for column in kind.roster.columns])
    # Spreadsheet programs take a file for UTF-8 only when a byte order mark says so.
    response = make_response(text.getvalue().encode("utf-8-sig"))
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{configuration_id}.csv"'
    return no_store(response)


@blueprint.post("/rosters/check")
@require_staff
def check_roster() -> Response:
    """Read the uploaded roster and show every row, before anything is issued."""
    current = engine()
    kind = current.kinds.get(request.form.get("configuration_id", ""))
    file = request.files.get("roster")
    if kind is None or not isinstance(file, FileStorage) or not file.filename:
        return _home_page(status=400, error="Choose a type of credential and a file.")
    try:
        check = read_roster(file.read(), kind)
    except TrustidError as err:
        return _home_page(
            status=err.http_status, chosen=kind.configuration_id, error=f"{err.public} {err.message}"
        )
    upload_id = None
    if check.ready and not check.all_problems:
        upload_id = _keep(kind.configuration_id, check)
    status = 422 if check.all_problems else 200
    return _page(
        "check.html",
        status=status,
        kind=kind,
        check=check,
        by_row=_rows(check),
        upload_id=upload_id,
        filename=file.filename,
    )


@blueprint.post("/rosters/<roster_id>/issue")
@require_staff
def issue_roster(roster_id: str) -> AnyResponse:
    """Make the issuances of a checked roster; sending the form twice makes nothing twice."""
    current = engine()
    sealed = current.store.upload(roster_id, current.clock())
    if sealed is None:
        raise ProtocolError("not_found", "the checked roster is no longer here; upload it again")
    body = parse_json_object(
        current.secrets.issuances.open(sealed, _context(roster_id)), max_bytes=UPLOAD_JSON_MAX
    )
    created = current.offering.create_many(
        body["configuration_id"],
        [RosterEntry(reference, claims) for reference, claims in body["rows"]],
        tx_code=request.form.get("tx_code") == "yes",
        roster_id=roster_id,
    )
    unchanged = len(created.rows) - created.issued
    return redirect(url_for("pages.roster", roster_id=roster_id, unchanged=unchanged or None), 303)


@blueprint.get("/rosters/<roster_id>")
@require_staff
def roster(roster_id: str) -> Response:
    """A roster's people, each with a link and a QR code until they have collected."""
    current = engine()
    found = current.store.issuances(roster_id=roster_id, limit=ROSTER_PAGE_ROWS)
    unchanged = request.args.get("unchanged", "")
    return _page(
        "roster.html",
        people=[_person(issuance) for issuance in reversed(found)],
        unchanged=int(unchanged) if unchanged.isascii() and unchanged.isdigit() and len(unchanged) < 6 else 0,
        kind=current.kinds.get(found[0].configuration_id) if found else None,
    )


# --- what was issued -------------------------------------------------------------


@blueprint.get("/issuances")
@require_staff
def issuances() -> Response:
    """What was issued, newest first, by state."""
    state = request.args.get("state", "")
    chosen = state if state in ISSUANCE_STATES else None
    after = request.args.get("after", "")
    cursor = int(after) if after.isascii() and after.isdigit() and len(after) <= 18 else None
    current = engine()
    found = current.store.issuances(state=chosen, after=cursor, limit=PAGE_ROWS + 1)
    page = found[:PAGE_ROWS]
    return _page(
        "issuances.html",
        people=[_person(issuance, codes=False) for issuance in page],
        counts=current.store.count_by_state(),
        state=chosen,
        older=page[-1].sequence if len(found) > PAGE_ROWS else None,
        first=cursor is None,
    )


@blueprint.get("/issuances/<issuance_id>")
@require_staff
def issuance(issuance_id: str) -> Response:
    """One issuance: its claims, its link, and what can be done about it."""
    found = engine().store.issuance(issuance_id)
    if found is None:
        raise ProtocolError("not_found", "expected the id of an issuance")
    return _page("issuance.html", person=_person(found), slot=engine().tickets.slot_state(issuance_id))


@blueprint.post("/issuances/<issuance_id>/revoke")
@require_staff
def revoke(issuance_id: str) -> AnyResponse:
    """Revoke, after the box was ticked."""
    if request.form.get("sure") != "yes":
        raise ProtocolError("invalid_request", "tick the box to confirm")
    engine().revoking.revoke(issuance_id)
    return redirect(url_for("pages.issuance", issuance_id=issuance_id), 303)


@blueprint.post("/issuances/<issuance_id>/suspend")
@require_staff
def suspend(issuance_id: str) -> AnyResponse:
    """Suspend, until somebody ends it."""
    engine().revoking.suspend(issuance_id)
    return redirect(url_for("pages.issuance", issuance_id=issuance_id), 303)


@blueprint.post("/issuances/<issuance_id>/resume")
@require_staff
def resume(issuance_id: str) -> AnyResponse:
    """End a suspension."""
    engine().revoking.resume(issuance_id)
    return redirect(url_for("pages.issuance", issuance_id=issuance_id), 303)


@blueprint.post("/issuances/<issuance_id>/renew")
@require_staff
def renew(issuance_id: str) -> AnyResponse:
    """Make a new link; the printed one stops working."""
    engine().offering.renew(issuance_id)
    return redirect(url_for("pages.issuance", issuance_id=issuance_id), 303)


# --- the person's page -----------------------------------------------------------


@blueprint.get("/claim/<link>")
def claim(link: str) -> Response:
    """A claim link: a fresh offer, as a QR code, a button, or JSON for a program."""
    current = engine()
    found = current.offering.by_link(link)
    settings = server_settings()
    institution = settings.institutions.get(found.configuration_id, settings.organisation)
    wants_json = request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    if found.state != "offered":
        if wants_json:
            raise ProtocolError("already_collected", f"the issuance is {found.state}")
        kind = current.kinds.get(found.configuration_id)
        return _page("claim.html", status=410, state=found.state, kind=kind, institution=institution)
    uri = current.offering.fresh_offer(found)
    if wants_json:
        return no_store(jsonify({"credential_offer_uri": uri, "tx_code": found.tx_code_mac is not None}))
    return _page(
        "claim.html",
        state="offered",
        institution=institution,
        kind=current.kinds.get(found.configuration_id),
        uri=uri,
        qr=_qr(uri),
        tx_code=found.tx_code_mac is not None,
    )


@blueprint.errorhandler(TrustidError)
def refused(error: TrustidError) -> Response:
    """A refusal as a page, or as problem details for a program."""
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return problem(error)
    return _page("error.html", status=error.http_status, error=error)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_error: RequestEntityTooLarge) -> Response:
    """The same for a file over the limit of a request."""
    return refused(LimitExceededError("limit_exceeded", "the file is too large; split the list"))


# --- inside ----------------------------------------------------------------------


def _page(template: str, *, status: int = 200, **values: Any) -> Response:
    return no_store(make_response(render_template(template, **values), status))


def _home_page(*, status: int = 200, **values: Any) -> Response:
    current = engine()
    return _page(
        "home.html",
        status=status,
        kinds=current.kinds.values(),
        counts=current.store.count_by_state(),
        registries=[
            _registry(state) for state in registry_states(current.registries, current.tickets, current.clock)
        ],
        **values,
    )


add_login_pages(blueprint, _page)


def _registry(state: RegistryState) -> JsonObject:
    newest = state.newest
    kind = engine().kinds.get(state.configuration_id)
    return {
        "title": state.configuration_id if kind is None else kind.title,
        "epoch": None if newest is None else newest.epoch,
        "signed": "" if newest is None else _day(newest.issued_at),
        "due": "" if newest is None else _day(newest.next_at),
        "free": state.free_tickets,
        "low": state.low,
        "requested": state.requested,
        "problem": None
        if state.problem is None
        else PROBLEM_WORDS.get(state.problem, CODES[state.problem].public),
        "overdue": state.overdue,
    }


def _keep(configuration_id: str, check: RosterCheck) -> str:
    current = engine()
    roster_id = secrets.token_hex(8)
    rows = [[entry.reference, dict(entry.claims)] for entry in roster_entries(check)]
    body = dump_json({"configuration_id": configuration_id, "rows": rows})
    sealed = current.secrets.issuances.seal(body, _context(roster_id))
    current.store.keep_upload(roster_id, sealed, current.clock() + UPLOAD_SECONDS)
    return roster_id


def _context(roster_id: str) -> bytes:
    return f"roster:{roster_id}".encode()


def _rows(check: RosterCheck) -> list[JsonObject]:
    return [
        {
            "number": row.number,
            "reference": row.reference,
            "name": _label(row.claims) if row.claims is not None else "",
            "skipped": row.skipped,
            "problems": row.problems,
        }
        for row in check.rows
    ]


def _person(found: Issuance, *, codes: bool = True) -> JsonObject:
    current = engine()
    details = current.offering.details(found)
    waiting = codes and found.state == "offered"
    return {
        "id": found.id,
        "state": found.state,
        "kind": current.kinds.get(found.configuration_id),
        "configuration_id": found.configuration_id,
        "name": _label(details.claims),
        "reference": details.reference,
        "claims": _words(details.claims, current.kinds.get(found.configuration_id)) if codes else [],
        "claim_url": details.claim_url if waiting else None,
        "qr": _qr(details.claim_url) if waiting else None,
        "tx_code": details.tx_code if waiting else None,
        "created": _day(found.created_at),
        "issued": _day(found.issued_at),
        "revoked": _day(found.revoked_at),
        "suspended": _day(found.suspended_at),
        "copies": found.credentials,
    }


def _label(claims: Mapping[str, Any]) -> str:
    """What a person is called in a list: the names if there are some, else the first text."""
    flat = {name.replace("_", "").lower(): value for name, value in claims.items() if isinstance(value, str)}
    names = [flat[name] for name in NAME_CLAIMS if name in flat]
    return " ".join(names or list(flat.values())[:1])[:LABEL_MAX]


def _words(claims: Mapping[str, Any], kind: CredentialType | None) -> list[tuple[str, Any]]:
    """The claims under the names that people read."""
    known = {claim.path[0]: claim.names for claim in (kind.claims if kind else ()) if len(claim.path) == 1}
    return [(known.get(name, {}).get("en", name), value) for name, value in claims.items()]


def _qr(uri: str) -> str:
    code = segno.make(uri, error="m", micro=False)
    return code.svg_data_uri(scale=4, border=3, dark="#16233b", light="#ffffff")


def _day(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
