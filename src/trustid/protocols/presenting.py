"""A verifier's side of a presentation, from the question to the result.

    create ─► pending ──answer that holds──► verified          (final)
                │  ▲                             ▲
                │  └─ cannot be read: nothing is noted
                └──answer that fails──► refused ─┘  (until the session expires)

What ends a session, and why:

- An answer that holds ends it, once: of any number of simultaneous answers one
  is recorded, the others get `session_consumed`.
- What cannot be read (no such form, undecryptable, another session's `state`)
  leaves no trace. Whoever sees a QR code could send it.
- A presentation that fails a check, or a wallet that declines, is shown to the
  clerk as refused, with the check that failed. But the session stays open
  until it expires: somebody who photographs the QR code must not be able to
  lock the honest wallet out. A later answer is judged in full and on its own.
- Answers to one session are throttled, never cut off for good.

The nonce, the state and the decryption key are drawn anew for each session,
kept sealed, and erased as soon as it is verified or has expired. The claims
are kept sealed for `retention_seconds` and then erased.

Reference:
    OpenID4VP 1.0, sections 8.2 (direct_post), 13.3 (reference design), 14.1
    (replay), 14.2 (session fixation).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Final, cast

from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import (
    FetchError,
    InternalError,
    MalformedError,
    ProtocolError,
    ReplayError,
    ResolutionError,
    StoreError,
    TrustidError,
    UnsupportedError,
    VerificationError,
)
from trustid.keys.jose import generate_encryption_key
from trustid.keys.sealing import SealingKey
from trustid.protocols.asking import QUERY_MAX, Created, Inquiry, SessionTimes
from trustid.protocols.conversation import Conversation, begun_by, seal_context, token_hash
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.openid4vp import (
    ClientIdPrefix,
    PresentationRequest,
    ResponseMode,
    VerifierIdentity,
    WalletRefusal,
    read_response,
    request_link,
)
from trustid.protocols.ports import Clock, random_token, system_clock
from trustid.protocols.ports_verifier import NewSession, StoredSession, VerifierStore
from trustid.protocols.results import Result, declined, of_refusal, of_verified, unanswered
from trustid.protocols.verifying import Sources, TrustPolicy, verify_answer

__all__ = ["PresentationDesk"]

LOG = logging.getLogger("trustid.presenting")

TOKEN_MAX: Final = 128
ANSWERS_PER_WINDOW: Final = 60
ANSWER_WINDOW_SECONDS: Final = 60
RECENT_MAX: Final = 12


class PresentationDesk:
    """Asks wallets and judges what they answer.

    Args:
        store: Where sessions live.
        identity: Who the verifier is towards wallets.
        sealing: Seals what is kept.
        policy: Whom and what the verifier accepts.
        sources: Where DIDs, issuer keys and status lists come from.
        clock: Tells the time.

    Raises:
        ConfigurationError: `setting_unsafe`: no wallet would accept the identity.
    """

    def __init__(
        self,
        *,
        store: VerifierStore,
        identity: VerifierIdentity,
        sealing: SealingKey,
        policy: TrustPolicy,
        sources: Sources,
        clock: Clock = system_clock,
        times: SessionTimes | None = None,
    ) -> None:
        identity.check()
        self._store = store
        self._identity = identity
        self._sealing = sealing
        self._policy = policy
        self._sources = sources
        self._clock = clock
        self._times = times or SessionTimes()

    # --- the verifier's side ---------------------------------------------------

    def create(
        self, inquiry: Inquiry, *, browser: str | None = None, return_here: str | None = None
    ) -> Created:
        """Begin a session.

        Args:
            inquiry: What to ask, and how.
            browser: The secret of the browser that begins the session; only
                it, or the admin, sees the result.
            return_here: A page of this server to which the wallet sends the
                browser; the session's link secret is appended.

        Raises:
            ProtocolError: `invalid_request`: the identity cannot use the prefix.
        """
        prefix = inquiry.client_id_prefix or self._identity.prefixes[0]
        request_id = random_token()
        link = request_link(
            self._identity.client_id(prefix),
            f"{self._identity.public_url}/oid4vp/requests/{request_id}",
            method=inquiry.request_uri_method,
        )
        conversation = Conversation(
            request_id=request_id,
            nonce=random_token(),
            state=random_token(),
            link=link,
            redirect_uri=f"{return_here}{request_id}" if return_here else inquiry.redirect_uri,
            encryption_key=generate_encryption_key() if inquiry.response_mode == "direct_post.jwt" else None,
        )
        return self._begin(conversation, inquiry, prefix, browser)

    def result(
        self,
        session_id: str,
        *,
        browser: str | None = None,
        admin: bool = False,
        response_code: str | None = None,
    ) -> Result:
        """How a session stands.

        Args:
            browser: The secret of the browser that asks.
            admin: Whether the admin asks.
            response_code: What came back with the redirect, where the session has one.

        Raises:
            ProtocolError: `not_found`: no such session, or not the asker's;
                `session_mismatch`: the response code is missing, wrong or was used before.
            StoreError: `store_tampered`.
        """
        session = self._own(session_id, browser=browser, admin=admin)
        self._check_code(session, response_code)
        return self._result_of(session)

    def finish(self, request_id: str, *, browser: str | None, response_code: str | None) -> str:
        """Open a result in the browser that the wallet sent back; returns the session's id.

        Raises:
            ProtocolError: `session_mismatch`: another browser began the
                session, or the response code is missing, wrong or was used before.

        Reference:
            OpenID4VP 1.0, section 14.2 (session fixation).
        """
        session = self._store.session_by_request(token_hash(request_id))
        if session is None or not begun_by(session, browser):
            raise ProtocolError("session_mismatch", "this browser did not begin the session")
        if response_code is None or session.code_hash is None:
            raise ProtocolError("session_mismatch", "the response code is missing")
        self._check_code(session, response_code)
        return session.id

    def link(self, session_id: str, *, browser: str | None) -> str | None:
        """The wallet's link of an open session, to show it again; None once it has ended."""
        session = self._own(session_id, browser=browser, admin=False)
        if session.sealed_conversation is None or self._clock() >= session.expires_at:
            return None
        return self._conversation(session).link

    def session(self, session_id: str, *, browser: str | None) -> StoredSession:
        """The session itself, for the page that began it."""
        return self._own(session_id, browser=browser, admin=False)

    def recent(self, browser: str) -> Sequence[StoredSession]:
        """The newest sessions that a browser began."""
        return self._store.sessions_of(token_hash(browser), most=RECENT_MAX)

    def erase(self) -> int:
        """Erase what has had its time; returns how many entries."""
        return self._store.erase(self._clock())

    # --- the wallet's side -----------------------------------------------------

    def request_object(self, request_id: str, *, wallet_nonce: str | None = None) -> str:
        """The signed request, as often as a wallet asks for it while the session is open.

        Raises:
            ProtocolError: `session_unknown`.
            ReplayError: `session_consumed`.
            LimitExceededError: The wallet's nonce is too long.
        """
        session = self._open_session(request_id)
        conversation = self._conversation(session)
        request = PresentationRequest(
            prefix=cast(ClientIdPrefix, session.client_id_prefix),
            response_uri=self._response_uri(conversation),
            response_mode=cast(ResponseMode, session.response_mode),
            nonce=conversation.nonce,
            state=conversation.state,
            dcql_query=_query_json(session),
            issued_at=session.created_at,
            expires_at=session.expires_at,
            encryption_key=conversation.encryption_key,
        )
        return request.sign(self._identity, wallet_nonce=wallet_nonce)

    def accept(self, request_id: str, fields: Mapping[str, str]) -> str | None:
        """Judge what a wallet posted; returns where the wallet sends the browser, if anywhere.

        Raises:
            TrustidError: Everything that does not hold, with the code that
                says why. What the session keeps of it stands above.
        """
        session = self._open_session(request_id)
        now = self._clock()
        if self._store.count_attempt(f"answer:{session.id}", now, ANSWER_WINDOW_SECONDS) > ANSWERS_PER_WINDOW:
            raise ProtocolError(
                "too_many_attempts", f"expected at most {ANSWERS_PER_WINDOW} answers a minute"
            )
        conversation = self._conversation(session)
        response = read_response(
            fields,
            response_mode=cast(ResponseMode, session.response_mode),
            encryption_key=conversation.encryption_key,
        )
        query = DcqlQuery.parse(_query_json(session))
        conversation.check_state(response, query)
        if isinstance(response, WalletRefusal):
            self._refuse(session, declined(response.error, response.description, now=now))
            return None
        try:
            verified = verify_answer(
                query,
                response.vp_token,
                policy=self._policy,
                sources=self._sources,
                now=now,
                expected=conversation.expected(
                    audience=self._audience(session), response_uri=self._response_uri(conversation)
                ),
            )
        except (VerificationError, MalformedError, UnsupportedError, ResolutionError, FetchError) as refusal:
            if not _unreadable(refusal):
                self._refuse(session, of_refusal(refusal, now=now))
            LOG.info("answer refused: %s", refusal.code)
            raise
        return self._verified(session, conversation, of_verified(query, verified, now=now))

    # --- inside ----------------------------------------------------------------

    def _begin(
        self, conversation: Conversation, inquiry: Inquiry, prefix: ClientIdPrefix, browser: str | None
    ) -> Created:
        now = self._clock()
        session_id = random_token()
        expires_at = now + self._times.answer_seconds
        self._store.add_session(
            NewSession(
                id=session_id,
                request_hash=token_hash(conversation.request_id),
                browser_hash=token_hash(browser) if browser else None,
                client_id_prefix=prefix,
                response_mode=inquiry.response_mode,
                query=inquiry.query_text,
                title=inquiry.title,
                sealed_conversation=self._seal("conversation", session_id, conversation.to_bytes()),
                created_at=now,
                expires_at=expires_at,
                erase_at=expires_at + self._times.retention_seconds,
            )
        )
        return Created(session_id, conversation.link, expires_at)

    def _verified(self, session: StoredSession, conversation: Conversation, result: Result) -> str | None:
        if result.state != "verified":
            self._refuse(session, result)
            raise InternalError("internal_error", "an answer was called verified with a check that failed")
        code = random_token() if conversation.redirect_uri else None
        now = self._clock()
        won = self._store.record_verified(
            session.id,
            sealed_result=self._seal("result", session.id, result.to_bytes()),
            code_hash=token_hash(code) if code else None,
            now=now,
            erase_at=now + self._times.retention_seconds,
        )
        if not won:
            raise ReplayError("session_consumed", "another answer was accepted first")
        LOG.info("answer verified")
        return conversation.redirect_with(code) if code else None

    def _refuse(self, session: StoredSession, result: Result) -> None:
        noted = self._store.record_refusal(
            session.id,
            sealed_result=self._seal("result", session.id, result.to_bytes()),
            now=result.at,
            erase_at=max(result.at, session.expires_at) + self._times.retention_seconds,
        )
        if not noted:
            raise ReplayError("session_consumed", "another answer was accepted first")

    def _response_uri(self, conversation: Conversation) -> str:
        return f"{self._identity.public_url}/oid4vp/responses/{conversation.request_id}"

    def _audience(self, session: StoredSession) -> str:
        return self._identity.client_id(cast(ClientIdPrefix, session.client_id_prefix))

    def _open_session(self, request_id: str) -> StoredSession:
        session = (
            self._store.session_by_request(token_hash(request_id)) if len(request_id) <= TOKEN_MAX else None
        )
        if session is None:
            raise ProtocolError("session_unknown", "no session has this link")
        if session.state == "verified":
            raise ReplayError("session_consumed", "this request was already answered")
        if session.sealed_conversation is None or self._clock() >= session.expires_at:
            raise ProtocolError("session_unknown", "the session has expired")
        return session

    def _own(self, session_id: str, *, browser: str | None, admin: bool) -> StoredSession:
        session = self._store.session(session_id) if len(session_id) <= TOKEN_MAX else None
        if session is None or not (admin or begun_by(session, browser)):
            # The same answer for both: whoever guesses learns nothing.
            raise ProtocolError("not_found", "no such session")
        return session

    def _check_code(self, session: StoredSession, response_code: str | None) -> None:
        if session.code_hash is None:
            if response_code is not None:
                raise ProtocolError("session_mismatch", "this session has no response code")
            return
        if response_code is None:
            if session.redeemed_at is None:
                raise ProtocolError("session_mismatch", "the answer is there; the response code is missing")
            return
        if not self._store.redeem_code(session.id, token_hash(response_code), now=self._clock()):
            raise ProtocolError(
                "session_mismatch", "the response code is not this session's, or was used before"
            )

    def _result_of(self, session: StoredSession) -> Result:
        if session.sealed_result is None:
            if session.state != "pending":
                raise StoreError("store_tampered", f"a session says {session.state}, its result is missing")
            if self._clock() >= session.expires_at:
                return unanswered(session.expires_at)
            return Result("pending")
        opened = self._sealing.open(session.sealed_result, seal_context("result", session.id))
        return Result.from_bytes(opened, state=session.state)

    def _conversation(self, session: StoredSession) -> Conversation:
        if session.sealed_conversation is None:
            raise ProtocolError("session_unknown", "the session has ended")
        sealed = session.sealed_conversation
        return Conversation.from_bytes(self._sealing.open(sealed, seal_context("conversation", session.id)))

    def _seal(self, purpose: str, session_id: str, plaintext: bytes) -> bytes:
        return self._sealing.seal(plaintext, seal_context(purpose, session_id))


def _query_json(session: StoredSession) -> JsonObject:
    return parse_json_object(session.query, max_bytes=QUERY_MAX)


def _unreadable(refusal: TrustidError) -> bool:
    """Whether an answer was so broken that it says nothing: no credential in it could be read."""
    return isinstance(refusal, MalformedError) and len(refusal.checks) <= 1
