"""What the presenting engine asks of its store.

Each operation happens wholly or not at all, whatever else runs at the same
time in other threads, processes or machines. The store sees the links that
wallets use only as SHA-256 hashes; nonces, keys and claims reach it sealed. So
a copy of the store neither answers a request nor tells what was disclosed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["NewSession", "SessionState", "StoredSession", "VerifierStore"]

SessionState = Literal["pending", "verified", "refused"]
"""pending: nothing acceptable came yet; refused: the last answer failed a
check, another may still come; verified: final."""


@dataclass(frozen=True, slots=True)
class NewSession:
    """One question to one wallet, as it is first written.

    Attributes:
        id: What the verifier's own side calls it; never shown to a wallet.
        request_hash: SHA-256 of the secret in the wallet's links.
        browser_hash: SHA-256 of the secret of the browser that started it, or None.
        client_id_prefix: How the verifier names itself in the request.
        response_mode: "direct_post" or "direct_post.jwt".
        query: The DCQL query, as JSON text.
        title: The question in a clerk's words.
        sealed_conversation: Links, nonce, state and decryption key; erased when the session ends.
        expires_at: From then on no answer is taken.
        erase_at: From then on nothing of the session is kept.
    """

    id: str
    request_hash: bytes
    browser_hash: bytes | None
    client_id_prefix: str
    response_mode: str
    query: str
    title: str
    sealed_conversation: bytes
    created_at: int
    expires_at: int
    erase_at: int


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it stands now.

    Attributes:
        sealed_conversation: None once the session has ended.
        sealed_result: The last result, or None while there is none.
        code_hash: SHA-256 of the response code that was handed out, or None.
        redeemed_at: When the response code was brought back, or None.
        refusals: How many answers were refused.
    """

    id: str
    browser_hash: bytes | None
    client_id_prefix: str
    response_mode: str
    query: str
    title: str
    created_at: int
    expires_at: int
    state: SessionState
    sealed_conversation: bytes | None
    sealed_result: bytes | None
    code_hash: bytes | None
    redeemed_at: int | None
    refusals: int


class VerifierStore(Protocol):
    """Sessions of a verifier."""

    def add_session(self, session: NewSession) -> None:
        """Write a new session, pending."""
        ...

    def session(self, session_id: str) -> StoredSession | None:
        """A session by its own identifier."""
        ...

    def session_by_request(self, request_hash: bytes) -> StoredSession | None:
        """A session by the hash of the secret in its links."""
        ...

    def sessions_of(self, browser_hash: bytes, *, most: int) -> Sequence[StoredSession]:
        """The newest sessions that one browser started, newest first."""
        ...

    def record_verified(
        self, session_id: str, *, sealed_result: bytes, code_hash: bytes | None, now: int, erase_at: int
    ) -> bool:
        """End a session with an answer that holds, and erase its conversation.

        Returns:
            Whether this call ended it: exactly one of any number of
            simultaneous calls does. False when it had ended or expired.
        """
        ...

    def record_refusal(self, session_id: str, *, sealed_result: bytes, now: int, erase_at: int) -> bool:
        """Note an answer that failed; the session stays open for a better one.

        Returns:
            Whether it was noted. False when the session had ended or expired.
        """
        ...

    def redeem_code(self, session_id: str, code_hash: bytes, *, now: int) -> bool:
        """Bring back a response code, once; returns whether this call did."""
        ...

    def erase(self, now: int) -> int:
        """Erase conversations of expired sessions, and sessions whose time of keeping is over."""
        ...

    def count_attempt(self, bucket: str, now: int, window_seconds: int) -> int:
        """Add one attempt to `bucket`; returns how many fell into the current window, this one included."""
        ...

    def acquire_lease(self, name: str, *, now: int, seconds: int) -> bool:
        """Take a piece of work for some time, so that one of many workers does it."""
        ...
