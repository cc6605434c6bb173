"""What both servers share on the web side: errors, headers, limits, logins.

    request ─► limits ─► route ─► (admin token | staff session + CSRF) ─► engine
    answer  ◄─ headers ◄─ JSON, page, or problem+json made from a TrustidError

The engines know nothing of this; the apps bind routes to them. Nothing here
reads a Host or X-Forwarded header: absolute URLs come from the settings.

Sources: RFC 9457 (problem details), RFC 6750 (bearer tokens), OWASP cheat
sheets for session and CSRF.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, make_response, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from trustid.did import http_binding
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import LimitExceededError, ProtocolError, TrustidError
from trustid.fetching import Fetcher
from trustid.settings import ServerSettings

__all__ = [
    "AttemptCounter",
    "api_error",
    "create_server",
    "csrf_token",
    "fetch_for_clients",
    "form_fields",
    "json_body",
    "log_in",
    "log_out",
    "no_store",
    "problem",
    "require_admin",
    "require_staff",
    "resolve_identifier",
    "server_settings",
]

LOG = logging.getLogger("trustid.web")

BODY_MAX = 1 << 20
JSON_DEPTH_MAX = 32
FORM_PARTS_MAX = 100
FORM_MEMORY_MAX = 512 * 1024
URL_MAX = 8192
SESSION_IDLE_SECONDS = 15 * 60
LOGIN_ATTEMPTS_MAX = 10
LOGIN_WINDOW_SECONDS = 300
HSTS_SECONDS = 365 * 24 * 3600

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class AttemptCounter(Protocol):
    """Counts attempts over all workers; the stores fill it in."""

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """Add one attempt to `bucket` and return how many fell into the current window, this one included."""
        ...


View = Callable[..., Any]


def create_server(
    import_name: str, settings: ServerSettings, *, session_key: bytes, attempts: AttemptCounter
) -> Flask:
    """A Flask app with limits, headers and error answers in place, and no routes but `/health`.

    Args:
        import_name: The app's package, where its templates and static files are.
        settings: The checked settings, kept at `server_settings()`.
        session_key: 32 bytes from the keystore that sign the staff cookie; the same in all workers.
        attempts: Where login attempts are counted.
    """
    app = Flask(import_name)
    app.config.update(
        DEBUG=False,  # whatever FLASK_DEBUG says: a traceback is not for strangers
        PROPAGATE_EXCEPTIONS=False,
        SECRET_KEY=session_key,
        MAX_CONTENT_LENGTH=BODY_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_MEMORY_MAX,
        MAX_FORM_PARTS=FORM_PARTS_MAX,
        SESSION_COOKIE_NAME="__Host-trustid" if settings.secure else f"trustid_{settings.role}",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SESSION_IDLE_SECONDS,
        PREFERRED_URL_SCHEME=urlsplit(settings.public_url).scheme,
    )
    app.extensions["trustid_settings"] = settings
    app.extensions["trustid_attempts"] = attempts
    app.jinja_env.globals.update(csrf_token=csrf_token, organisation=settings.organisation)
    app.before_request(_refuse_oversized_url)
    app.after_request(_add_headers)
    app.register_error_handler(TrustidError, problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)
    app.add_url_rule("/health", "health", lambda: jsonify({"status": "ok"}))
    return app


def fetch_for_clients(app: Flask, fetcher: Fetcher) -> None:
    """Count what is fetched while a request is answered for the client that sent it.

    A client is the address that the connection comes from: behind a reverse
    proxy all clients are one, and share the limit.
    """
    inner = app.wsgi_app

    def counted(environ: dict[str, Any], start_response: Any) -> Any:
        with fetcher.on_behalf_of(str(environ.get("REMOTE_ADDR", ""))):
            return inner(environ, start_response)

    app.wsgi_app = counted  # type: ignore[method-assign]


def resolve_identifier(resolver: Resolver, identifier: str, *, prefix: str) -> Response:
    """Answer `GET <prefix><DID or DID URL>` (W3C DID Resolution 1.0, section 12.1).

    Args:
        resolver: Resolves the DID.
        identifier: What follows the prefix, decoded by the web server.
        prefix: The path before it, ending in a slash.
    """
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    found = http_binding.answer(
        resolver,
        http_binding.identifier_in(raw, identifier, prefix),
        accept=request.headers.get("Accept", ""),
        parameters=list(request.args.items(multi=True)),
    )
    return Response(found.body, found.status, headers=dict(found.headers), content_type=found.content_type)


def server_settings() -> ServerSettings:
    """The settings of the running server."""
    return cast(ServerSettings, current_app.extensions["trustid_settings"])


# --- what comes in -------------------------------------------------------------


def json_body(*, max_bytes: int = BODY_MAX) -> JsonObject:
    """The request's body as a JSON object, read strictly.

    Raises:
        ProtocolError: `media_type_unsupported`: the content type is not JSON.
        MalformedError: The body is not one JSON object, names a member twice, or is over a limit.
    """
    if request.mimetype != "application/json":
        raise ProtocolError("media_type_unsupported", "expected Content-Type: application/json")
    return parse_json_object(request.get_data(), max_bytes=max_bytes, max_depth=JSON_DEPTH_MAX)


def form_fields() -> dict[str, str]:
    """The fields of a form-encoded body, each at most once.

    Raises:
        ProtocolError: `media_type_unsupported`, or `invalid_request` when a field is repeated.
    """
    if request.mimetype != "application/x-www-form-urlencoded":
        raise ProtocolError(
            "media_type_unsupported", "expected Content-Type: application/x-www-form-urlencoded"
        )
    fields: dict[str, str] = {}
    for name, values in request.form.lists():
        if len(values) > 1:
            raise ProtocolError("invalid_request", "a form field is repeated; send each field once")
        fields[name] = values[0]
    return fields


def require_admin(view: View) -> View:
    """Let a back-office route be called with the admin's Bearer token only (RFC 6750)."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not server_settings().admin_token.matches(token.strip()):
            raise ProtocolError("unauthorized", "expected Authorization: Bearer and the admin token")
        return view(*args, **kwargs)

    return guarded


# --- staff sessions ------------------------------------------------------------


def csrf_token() -> str:
    """The session's CSRF token, for a hidden field named `csrf_token`."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(32)
    return cast(str, session["csrf"])


def check_csrf() -> None:
    """Refuse a form that another site sent, or that belongs to another session.

    Raises:
        ProtocolError: `csrf_failed`.
    """
    origin = request.headers.get("Origin")
    public = urlsplit(server_settings().public_url)
    # Our own Referrer-Policy makes browsers send "null"; then Fetch Metadata says where the form came from.
    same_site = origin == f"{public.scheme}://{public.netloc}" or (
        origin == "null" and request.headers.get("Sec-Fetch-Site") == "same-origin"
    )
    if origin is not None and not same_site:
        raise ProtocolError("csrf_failed", "the form came from another site")
    expected = session.get("csrf", "")
    given = request.form.get("csrf_token", "") or request.headers.get("X-CSRF-Token", "")
    if not expected or not hmac.compare_digest(expected.encode(), given.encode()):
        raise ProtocolError("csrf_failed", "the form's token is missing or belongs to another session")


def require_staff(view: View) -> View:
    """Let a page be seen by staff who logged in; a POST must carry the CSRF token."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        now = int(time.time())
        if not session.get("staff") or now - int(session.get("seen", 0)) > SESSION_IDLE_SECONDS:
            session.clear()
            if request.method == "GET":
                return redirect(url_for("pages.login", next=request.path))
            raise ProtocolError("login_required", "log in first")
        if request.method not in ("GET", "HEAD"):
            check_csrf()
        session["seen"] = now
        return view(*args, **kwargs)

    return guarded


def log_in(password: str) -> None:
    """Begin a staff session, with a new identity and a new CSRF token.

    Raises:
        ProtocolError: `login_closed` (no password is set), `too_many_attempts`, `login_failed`, `csrf_failed`.
    """
    check_csrf()
    expected = server_settings().staff_password
    if expected is None:
        raise ProtocolError("login_closed", "TRUSTID_STAFF_PASSWORD is not set")
    attempts = cast(AttemptCounter, current_app.extensions["trustid_attempts"])
    now = int(time.time())
    if attempts.count_attempt(f"login:{request.remote_addr}", now, LOGIN_WINDOW_SECONDS) > LOGIN_ATTEMPTS_MAX:
        raise ProtocolError("too_many_attempts", f"wait {LOGIN_WINDOW_SECONDS} seconds")
    if not expected.matches(password):
        raise ProtocolError("login_failed", "the password is not the staff password")
    session.clear()
    session.permanent = True
    session["staff"] = True
    session["seen"] = now
    csrf_token()


def log_out() -> None:
    """End the staff session."""
    session.clear()


# --- what goes out -------------------------------------------------------------


def no_store(response: Response) -> Response:
    """Mark an answer that nobody may keep (RFC 9111, section 5.2.2.5)."""
    response.headers["Cache-Control"] = "no-store"
    return response


def api_error(status: int, body: JsonObject) -> Response:
    """A protocol's own JSON error answer, never kept."""
    response = make_response(jsonify(body), status)
    return no_store(response)


def problem(error: TrustidError) -> Response:
    """RFC 9457 problem details: the stable code, the public sentence, and what was expected."""
    status = error.http_status
    if status >= 500:
        LOG.error("%s request=%s", error, _request_id())
    body = {
        "type": f"urn:trustid:error:{error.code}",
        "title": error.public,
        "status": status,
        "code": error.code,
        "detail": error.message if status < 500 else error.public,
    }
    response = make_response(jsonify(body), status)
    response.content_type = "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="trustid"'
    if status in (429, 503):
        response.headers["Retry-After"] = str(LOGIN_WINDOW_SECONDS if status == 429 else 5)
    return no_store(response)


def _http_problem(error: HTTPException) -> AnyResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    if error.code == 413:
        return problem(LimitExceededError("limit_exceeded", f"expected a body of at most {BODY_MAX} bytes"))
    response = make_response(
        jsonify(
            {
                "type": "about:blank",
                "title": error.name,
                "status": error.code,
                "code": f"http_{error.code}",
                "detail": error.description or error.name,
            }
        ),
        error.code,
    )
    response.content_type = "application/problem+json"
    allow = error.get_headers()
    for name, value in allow:
        if name == "Allow":
            response.headers["Allow"] = value
    return no_store(response)


def _unexpected(error: Exception) -> Response:
    # The traceback names places in our code; its message might carry a claim, so it stays out.
    LOG.error("unexpected %s request=%s at %s", type(error).__name__, _request_id(), _last_place(error))
    body = {
        "type": "urn:trustid:error:internal_error",
        "title": "Something went wrong on our side.",
        "status": 500,
        "code": "internal_error",
        "detail": f"Tell the operator the request number {_request_id()}.",
    }
    response = make_response(jsonify(body), 500)
    response.content_type = "application/problem+json"
    return no_store(response)


def _last_place(error: Exception) -> str:
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name}"
        trace = trace.tb_next
    return place


def _request_id() -> str:
    if "request_id" not in g:
        g.request_id = secrets.token_hex(8)
    return cast(str, g.request_id)


def _refuse_oversized_url() -> None:
    if len(request.full_path) > URL_MAX:
        raise LimitExceededError("limit_exceeded", f"expected a URL of at most {URL_MAX} characters")


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Request-Id"] = _request_id()
    if server_settings().secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_SECONDS}; includeSubDomains")
    return response
