"""The back office: JSON for the institution's own systems, behind the admin's Bearer token."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, request

from issuer_app.engine import engine
from trustid.catalogue import RosterCheck, RosterRow, read_roster
from trustid.encoding import JsonObject
from trustid.errors import ProtocolError
from trustid.protocols.offered import CreatedIssuance, CreatedRoster, RosterEntry
from trustid.protocols.ports_issuer import ISSUANCE_STATES, Issuance
from trustid.web import json_body, no_store, require_admin

__all__ = ["blueprint", "issuance_json", "roster_entries"]

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200
OFFER_MEMBERS: Final = frozenset({"credential_configuration_id", "claims", "tx_code", "by_value"})

_CURSOR = re.compile(r"[1-9][0-9]{0,17}")

blueprint = Blueprint("back_office", __name__, url_prefix="/api")


@blueprint.get("/types")
@require_admin
def types() -> Response:
    """The kinds of credentials that are issued here."""
    current = engine()
    return jsonify(
        [
            {
                "credential_configuration_id": kind.configuration_id,
                "format": kind.format,
                "vct": kind.vct(current.identity.public_url),
                "title": kind.title,
                "description": kind.description,
                "claims_schema": dict(kind.claims_schema),
                "sample_claims": dict(kind.sample_claims),
            }
            for kind in current.kinds.values()
        ]
    )


@blueprint.post("/offers")
@require_admin
def create_offer() -> Response:
    """Make one issuance with its first offer."""
    body = json_body()
    unknown = sorted(set(body) - OFFER_MEMBERS)
    if unknown:
        raise ProtocolError("invalid_request", f"expected only {', '.join(sorted(OFFER_MEMBERS))}")
    configuration_id, claims = body.get("credential_configuration_id"), body.get("claims")
    tx_code, by_value = body.get("tx_code", False), body.get("by_value", False)
    if not isinstance(configuration_id, str) or not isinstance(claims, dict):
        raise ProtocolError(
            "invalid_request", "expected credential_configuration_id (string) and claims (object)"
        )
    if not isinstance(tx_code, bool) or not isinstance(by_value, bool):
        raise ProtocolError("invalid_request", "tx_code, by_value: expected true or false")
    created = engine().offering.create(
        configuration_id,
        claims,
        tx_code=tx_code,
        by_value=by_value,
        idempotency_key=request.headers.get("Idempotency-Key"),
    )
    return _created(created)


@blueprint.get("/issuances")
@require_admin
def issuances() -> Response:
    """Issuances, newest first, a page at a time."""
    state, configuration_id = request.args.get("state"), request.args.get("credential_configuration_id")
    if state is not None and state not in ISSUANCE_STATES:
        raise ProtocolError("invalid_request", f"state: expected one of {', '.join(ISSUANCE_STATES)}")
    limit = _limit()
    found = engine().store.issuances(
        state=state,
        configuration_id=configuration_id,
        after=_after(),
        limit=limit + 1,
    )
    page = found[:limit]
    body: JsonObject = {
        "issuances": [issuance_json(issuance) for issuance in page],
        "after": None,
        "next": None,
    }
    if len(found) > limit:
        after = str(page[-1].sequence)
        query = {"after": after, "limit": str(limit)}
        if state is not None:
            query["state"] = state
        if configuration_id is not None:
            query["credential_configuration_id"] = configuration_id
        body["after"] = after
        body["next"] = f"{engine().identity.public_url}/api/issuances?{urlencode(query)}"
    return jsonify(body)


@blueprint.get("/issuances/<issuance_id>")
@require_admin
def issuance(issuance_id: str) -> Response:
    """One issuance."""
    found = engine().store.issuance(issuance_id)
    if found is None:
        raise ProtocolError("not_found", "expected the id of an issuance")
    return jsonify(_with_slot(found))


@blueprint.post("/issuances/<issuance_id>/revoke")
@require_admin
def revoke(issuance_id: str) -> Response:
    """Revoke every copy of an issuance; again changes nothing.

    Copies with a slot in a registry are revoked with its next epoch, which the
    manager's command publishes.
    """
    return jsonify(_with_slot(engine().revoking.revoke(issuance_id)))


@blueprint.post("/revocations")
@require_admin
def revoke_many() -> Response:
    """Revoke several issuances at once, all or none."""
    body = json_body()
    ids = body.get("issuance_ids")
    if (
        body.keys() != {"issuance_ids"}
        or not isinstance(ids, list)
        or not all(isinstance(one, str) for one in ids)
    ):
        raise ProtocolError("invalid_request", "expected issuance_ids, a list of strings")
    return jsonify({"revoked": engine().revoking.revoke_many(ids)})


@blueprint.post("/issuances/<issuance_id>/suspend")
@require_admin
def suspend(issuance_id: str) -> Response:
    """Suspend every copy of an issuance; again changes nothing."""
    return jsonify(issuance_json(engine().revoking.suspend(issuance_id)))


@blueprint.delete("/issuances/<issuance_id>/suspend")
@require_admin
def resume(issuance_id: str) -> Response:
    """End a suspension; again changes nothing."""
    return jsonify(issuance_json(engine().revoking.resume(issuance_id)))


@blueprint.delete("/issuances/<issuance_id>/revoke")
@require_admin
def restore(issuance_id: str) -> Response:
    """Refuse to undo a revocation: it is final."""
    engine().revoking.refuse_restoring(issuance_id)
    return make_response("", 204)


@blueprint.post("/issuances/<issuance_id>/renew")
@require_admin
def renew(issuance_id: str) -> Response:
    """Give an uncollected issuance a new link, offer and transaction code; the older ones end."""
    return _created(engine().offering.renew(issuance_id))


@blueprint.post("/rosters")
@require_admin
def roster() -> Response:
    """Check a roster, and issue it unless it is a dry run or any row is bad."""
    if request.mimetype != "text/csv":
        raise ProtocolError("media_type_unsupported", "expected Content-Type: text/csv")
    current = engine()
    kind = current.kinds.get(request.args.get("configuration_id", ""))
    if kind is None:
        raise ProtocolError(
            "unknown_credential_configuration", "configuration_id: expected one of GET /api/types"
        )
    dry_run, tx_code = _flag("dry_run", default=True), _flag("tx_code", default=False)
    check = read_roster(request.get_data(), kind)
    body = _check_json(kind.configuration_id, check, dry_run=dry_run)
    if dry_run:
        return no_store(jsonify(body))
    if check.all_problems:
        return _refused_roster(body)
    ready = check.ready
    created = current.offering.create_many(kind.configuration_id, roster_entries(check), tx_code=tx_code)
    _add_created(body, ready, created)
    return no_store(make_response(jsonify(body), 201))


def roster_entries(check: RosterCheck) -> list[RosterEntry]:
    """The rows of a roster that can be issued."""
    return [RosterEntry(row.reference, row.claims) for row in check.ready if row.claims is not None]


def issuance_json(issuance: Issuance) -> JsonObject:
    """An issuance as the back office shows it: its fate, and no claim."""
    return {
        "issuance_id": issuance.id,
        "credential_configuration_id": issuance.configuration_id,
        "state": issuance.state,
        "roster_id": issuance.roster_id,
        "credentials": issuance.credentials,
        "tx_code": issuance.tx_code_mac is not None,
        "created_at": _time(issuance.created_at),
        "issued_at": _time(issuance.issued_at),
        "revoked_at": _time(issuance.revoked_at),
        "suspended_at": _time(issuance.suspended_at),
    }


def _with_slot(issuance: Issuance) -> JsonObject:
    """An issuance, with the registry that its copies have a slot in, if they do."""
    found = engine().tickets.slot_state(issuance.id)
    slot = {} if found is None else {"registry": found.registry, "revoked_epoch": found.revoked_epoch}
    return issuance_json(issuance) | slot


def _created(created: CreatedIssuance) -> Response:
    body = {
        "issuance_id": created.issuance_id,
        "credential_offer_uri": created.offer_uri,
        "claim_url": created.claim_url,
    }
    if created.tx_code is not None:
        body["tx_code"] = created.tx_code
    response = make_response(jsonify(body), 201)
    response.headers["Location"] = f"{engine().identity.public_url}/api/issuances/{created.issuance_id}"
    return no_store(response)


def _check_json(configuration_id: str, check: RosterCheck, *, dry_run: bool) -> JsonObject:
    rows = [
        {
            "row": row.number,
            "reference": row.reference,
            "state": _row_state(row),
            "skipped": row.skipped or None,
            "problems": [_problem_json(problem) for problem in row.problems],
        }
        for row in check.rows
    ]
    return {
        "credential_configuration_id": configuration_id,
        "dry_run": dry_run,
        "encoding": check.encoding,
        "delimiter": check.delimiter,
        "columns_dropped": list(check.columns_dropped),
        "ready": len(check.ready),
        "problems": [_problem_json(problem) for problem in check.all_problems],
        "rows": rows,
    }


def _problem_json(problem: Any) -> JsonObject:
    return {"row": problem.row, "column": problem.column, "code": problem.code, "message": problem.message}


def _row_state(row: RosterRow) -> str:
    if row.problems:
        return "refused"
    return "skipped" if row.claims is None else "ready"


def _refused_roster(body: JsonObject) -> Response:
    error = ProtocolError("roster_invalid", f"found {len(body['problems'])} problems; nothing was issued")
    body |= {
        "type": f"urn:trustid:error:{error.code}",
        "title": error.public,
        "status": error.http_status,
        "code": error.code,
        "detail": error.message,
    }
    response = make_response(jsonify(body), error.http_status)
    response.content_type = "application/problem+json"
    return no_store(response)


def _add_created(body: JsonObject, ready: tuple[RosterRow, ...], created: CreatedRoster) -> None:
    by_number = {row["row"]: row for row in body["rows"]}
    for row, made in zip(ready, created.rows, strict=True):
        if made is None:
            by_number[row.number]["state"] = "unchanged"
            continue
        by_number[row.number] |= {
            "state": "offered",
            "issuance_id": made.issuance_id,
            "claim_url": made.claim_url,
        }
        if made.tx_code is not None:
            by_number[row.number]["tx_code"] = made.tx_code
    body |= {
        "roster_id": created.roster_id,
        "issued": created.issued,
        "unchanged": len(created.rows) - created.issued,
    }


def _flag(name: str, *, default: bool) -> bool:
    text = request.args.get(name)
    if text is None:
        return default
    if text not in ("true", "false"):
        raise ProtocolError("invalid_request", f"{name}: expected true or false")
    return text == "true"


def _after() -> int | None:
    text = request.args.get("after")
    if not text:
        return None
    if not _CURSOR.fullmatch(text):
        raise ProtocolError("invalid_request", "after: expected the value of an earlier answer")
    return int(text)


def _limit() -> int:
    text = request.args.get("limit", str(PAGE_DEFAULT))
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= PAGE_MAX:
        raise ProtocolError("invalid_request", f"limit: expected 1 to {PAGE_MAX}")
    return int(text)


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
