"""A question to a wallet: what is asked, and in which way.

Reference:
    OpenID4VP 1.0, sections 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, Self, TypeVar, get_args
from urllib.parse import urlsplit

from trustid.encoding import JsonObject, dump_json
from trustid.errors import MalformedError, ProtocolError, UnsupportedError
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.openid4vp import CLIENT_ID_PREFIXES, RESPONSE_MODES, ClientIdPrefix, ResponseMode

__all__ = ["FORMATS", "QUERY_MAX", "Created", "Inquiry", "SessionTimes"]

Method = Literal["get", "post"]

FORMATS: Final = frozenset({"dc+sd-jwt", "mso_mdoc"})
"""The credential formats that are verified here."""
QUERY_MAX: Final = 64 * 1024
TITLE_MAX: Final = 200
REDIRECT_URI_MAX: Final = 1024

_Choice = TypeVar("_Choice", bound=str)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question that was checked and can be asked.

    Attributes:
        query_text: The DCQL query, as compact JSON.
        response_mode: Whether the answer comes encrypted ("direct_post.jwt").
        client_id_prefix: How the verifier names itself; None leaves it to the verifier.
        request_uri_method: "post" invites the wallet to send a nonce of its own.
        redirect_uri: Where the holder's browser goes after answering, or None.
        title: The question in a clerk's words.
    """

    query_text: str
    response_mode: ResponseMode = "direct_post.jwt"
    client_id_prefix: ClientIdPrefix | None = None
    request_uri_method: Method = "get"
    redirect_uri: str | None = None
    title: str = ""

    @classmethod
    def parse(cls, members: JsonObject, *, http_hosts: frozenset[str] = frozenset(), title: str = "") -> Self:
        """Read a question as the back office sends it.

        Args:
            members: `dcql_query`, and where wanted `response_mode`,
                `client_id_prefix`, `request_uri_method` and `redirect_uri`.
            http_hosts: `host:port` pairs that `redirect_uri` may name with http.
            title: The question in a clerk's words.

        Raises:
            MalformedError: `query_malformed`.
            UnsupportedError: A format that is not verified here, or transaction data.
            ProtocolError: `invalid_request`: another member is not possible, or not known.
        """
        known = {"dcql_query", "response_mode", "client_id_prefix", "request_uri_method", "redirect_uri"}
        if "transaction_data" in members:
            raise UnsupportedError("unsupported", "transaction_data: not offered here")
        unknown = sorted(members.keys() - known)
        if unknown:
            raise ProtocolError("invalid_request", f"{unknown[0][:40]!r}: not a member of a request")
        prefix = members.get("client_id_prefix")
        redirect = members.get("redirect_uri")
        return cls(
            query_text=_query(members.get("dcql_query")),
            response_mode=_one_of(
                "response_mode", members.get("response_mode", "direct_post.jwt"), RESPONSE_MODES
            ),
            client_id_prefix=None
            if prefix is None
            else _one_of("client_id_prefix", prefix, CLIENT_ID_PREFIXES),
            request_uri_method=_one_of(
                "request_uri_method", members.get("request_uri_method", "get"), get_args(Method)
            ),
            redirect_uri=None if redirect is None else _redirect(redirect, http_hosts),
            title=title[:TITLE_MAX],
        )


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long things last, in seconds.

    Args:
        answer_seconds: From asking until no answer is taken any more.
        retention_seconds: From a result until it is erased.
    """

    answer_seconds: int = 600
    retention_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class Created:
    """A new session.

    Attributes:
        session_id: The verifier's own name for it.
        link: The `openid4vp://` link for the wallet.
    """

    session_id: str
    link: str
    expires_at: int


def _query(value: Any) -> str:
    query = DcqlQuery.parse(value)
    for credential in query.credentials:
        if credential.format not in FORMATS:
            raise UnsupportedError("unsupported", f"format: expected one of {sorted(FORMATS)}")
    text = dump_json(value)
    if len(text) > QUERY_MAX:
        raise MalformedError("query_malformed", f"expected a query of at most {QUERY_MAX} bytes")
    return text.decode()


def _one_of(name: str, value: Any, choices: tuple[_Choice, ...]) -> _Choice:
    for choice in choices:
        if value == choice:
            return choice
    raise ProtocolError("invalid_request", f"{name}: expected one of {', '.join(choices)}")


def _redirect(value: Any, http_hosts: frozenset[str]) -> str:
    """An address for the holder's browser: https, or http on a host that is admitted; never a script."""
    if (
        not isinstance(value, str)
        or len(value) > REDIRECT_URI_MAX
        or not value.isascii()
        or not value.isprintable()
    ):
        raise ProtocolError("invalid_request", "redirect_uri: expected an absolute https URL")
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as err:
        raise ProtocolError("invalid_request", "redirect_uri: not a URL") from err
    allowed = parts.scheme == "https" or (parts.scheme == "http" and parts.netloc in http_hosts)
    if not allowed or not parts.hostname or parts.username or parts.fragment or port == 0 or " " in value:
        raise ProtocolError(
            "invalid_request", "redirect_uri: expected an absolute https URL without a fragment"
        )
    return value
