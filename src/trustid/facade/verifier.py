"""Somebody who asks, in a few calls."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlencode

from trustid.catalogue import load
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.errors import FetchError, ProtocolError, ReplayError, TrustidError
from trustid.facade.issuer import Issuer
from trustid.fetching import Fetched, Fetcher
from trustid.keys import generate
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.openid4vp import PresentationRequest, VerifierIdentity
from trustid.protocols.ports import Clock, random_token, system_clock
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import Expected, Sources, Verified, verify_answer
from trustid.status.check import StatusChecker
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.list_token import STATUS_LIST_MEDIA_TYPE

__all__ = ["AskedQuestion", "Verifier"]

QUESTION_SECONDS: Final = 300
QUESTIONS_OPEN_MAX: Final = 10_000
QUERY_ID: Final = "credential"


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that waits for its answer.

    Attributes:
        link: The signed question as a link, the same that a QR code would hold.
        query: What is asked, in DCQL.
        client_id: Who asks.
        nonce: Binds the answer to this question.
        expires_at: Epoch seconds.
    """

    link: str = field(repr=False)
    query: JsonObject
    client_id: str
    nonce: str = field(repr=False)
    expires_at: int


class _InProcess:
    """Fetches the status lists of issuers in this process, and everything else from the network."""

    def __init__(self, sources: Sequence[Issuer]) -> None:
        self._issuers = {source.identity.public_url: source for source in sources}
        self._network = Fetcher()

    def get(
        self,
        url: str,
        *,
        accept: str,
        headers: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
        max_redirects: int | None = None,
    ) -> Fetched:
        issuer = self._issuers.get(url.partition("/status/")[0])
        if issuer is None:
            return self._network.get(
                url, accept=accept, headers=headers, max_bytes=max_bytes, max_redirects=max_redirects
            )
        try:
            served = issuer.status_list(url)
        except ProtocolError as err:
            raise FetchError("fetch_failed", "the issuer has no such list") from err
        return Fetched(200, {"content-type": STATUS_LIST_MEDIA_TYPE}, served.token.encode(), url)


class Verifier:
    """Asks questions and checks answers.

    Args:
        identity: Who asks.
        policy: Whom it trusts for what.
        types: For each kind of credential the types that are asked for.
        sources: Issuers in this process.
        epochs: Which revocation registries are believed.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        identity: VerifierIdentity,
        *,
        policy: TrustPolicy,
        types: Mapping[str, Sequence[str]],
        sources: Sequence[Issuer] = (),
        epochs: EpochTrust | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.identity = identity
        self.policy = policy
        self._types = types
        self._clock = clock
        fetcher = _InProcess(sources)
        self._status = StatusChecker(fetcher, clock=clock)
        network = Fetcher()
        self._epochs = epochs
        self._sources = Sources(
            Resolver(network, clock=clock), IssuerMetadata(network, clock=clock), self._status, epochs
        )
        self._open: dict[str, AskedQuestion] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls,
        *,
        trust: Mapping[str, Sequence[str]],
        sources: Sequence[Issuer] = (),
        anchors: Mapping[str, Sequence[bytes]] | None = None,
        epochs: EpochTrust | None = None,
        clock: Clock = system_clock,
    ) -> Self:
        """Somebody who asks, with a new did:key.

        Args:
            trust: For each kind of credential the issuers that are trusted for
                it. A kind of the catalogue (`degree`) stands for the type that
                each of `sources` issues; anything else is a `vct` itself.
            sources: Issuers in this process: their types, and their status lists without HTTP.
            anchors: For each `vct` the certificates (DER) that issuer certificates must lead to.
            epochs: Which revocation registries are believed, where there are
                credentials with slots in some (`trustid.status.epochs.accepting`).
            clock: Epoch seconds.
        """
        key = generate("Ed25519")
        did = did_key.create(key.public_key)
        identity = VerifierIdentity(
            "https://verifier.invalid", key, did=did, key_id=f"{did}#{did.removeprefix('did:key:')}"
        )
        issuers: dict[str, list[str]] = {}
        types: dict[str, list[str]] = {}
        for kind, trusted in trust.items():
            names = {source.vct(kind): source.did for source in sources} if kind in load() else {}
            for vct in names or [kind]:
                # An issuer is trusted for its own type only: another's name under it says nothing.
                issuers[vct] = [one for one in trusted if names.get(vct, one) == one]
                types.setdefault(kind, []).append(vct)
        policy = TrustPolicy(issuers=issuers, anchors=anchors or {})
        return cls(identity, policy=policy, types=types, sources=sources, epochs=epochs, clock=clock)

    def ask(self, kind: str, *, claims: Sequence[str | Sequence[str | int | None]]) -> AskedQuestion:
        """Ask for a few claims of a credential.

        Args:
            kind: As in `trust`.
            claims: What to show: `"degree.name"`, or a path `["degree", "name"]`.

        Raises:
            ProtocolError: `not_found`: nobody is trusted for this kind.
        """
        if kind not in self._types:
            raise ProtocolError("not_found", "expected a kind of credential that somebody is trusted for")
        paths = [claim.split(".") if isinstance(claim, str) else list(claim) for claim in claims]
        credential: JsonObject = {
            "id": QUERY_ID,
            "format": "dc+sd-jwt",
            "meta": {"vct_values": list(self._types[kind])},
            "claims": [{"path": path} for path in paths],
        }
        if not paths:
            del credential["claims"]
        return self.ask_query({"credentials": [credential]})

    def ask_query(self, query: Mapping[str, Any]) -> AskedQuestion:
        """Ask anything that DCQL can say.

        Raises:
            MalformedError: `query_malformed`.
        """
        DcqlQuery.parse(dict(query))
        now = self._clock()
        request = PresentationRequest(
            prefix="decentralized_identifier",
            response_uri=f"{self.identity.public_url}/response",
            response_mode="direct_post",
            nonce=random_token(),
            state=random_token(),
            dcql_query=query,
            issued_at=now,
            expires_at=now + QUESTION_SECONDS,
        )
        client_id = self.identity.client_id(request.prefix)
        question = AskedQuestion(
            link=f"openid4vp://?{urlencode({'client_id': client_id, 'request': request.sign(self.identity)})}",
            query=dict(query),
            client_id=client_id,
            nonce=request.nonce,
            expires_at=request.expires_at,
        )
        with self._lock:
            self._open = {nonce: one for nonce, one in self._open.items() if one.expires_at > now}
            if len(self._open) >= QUESTIONS_OPEN_MAX:
                raise ProtocolError("too_many_attempts", "too many questions wait for an answer")
            self._open[question.nonce] = question
        return question

    def verify(self, answer: Mapping[str, Any], question: AskedQuestion) -> Verified:
        """Check an answer to a question with one credential; see `verify_all`."""
        verified = self.verify_all(answer, question)
        return next(iter(verified.values()))[0]

    def verify_all(
        self, answer: Mapping[str, Any], question: AskedQuestion
    ) -> dict[str, tuple[Verified, ...]]:
        """Check an answer: trust, signature, time, status, holder, and that it answers the question.

        A question is answered once. A refused answer does not use it up.

        Args:
            answer: From `Wallet.answer`.
            question: From `ask`.

        Returns:
            For each part of the question what was proved.

        Raises:
            ReplayError: `session_consumed`: it was answered before, or too long ago.
            TrustidError: The first check that did not hold; `.checks` names all.
        """
        with self._lock:
            asked = self._open.pop(question.nonce, None)
        if asked is None or asked.expires_at <= self._clock():
            raise ReplayError("session_consumed", "expected a question that waits for its answer")
        try:
            return verify_answer(
                DcqlQuery.parse(asked.query),
                dict(answer),
                policy=self.policy,
                sources=self._sources,
                now=self._clock(),
                expected=Expected(asked.client_id, asked.nonce),
            )
        except TrustidError:
            with self._lock:
                self._open[asked.nonce] = asked
            raise

    def refresh(self) -> None:
        """Fetch every status list and the registries' statements anew, which a real verifier does on a schedule.

        Raises:
            StatusUnknownError: A list or statement cannot be had.
        """
        renewed = () if self._epochs is None else self._epochs.renew_all()
        for _, failure in (*self._status.refresh_all(force=True), *renewed):
            if failure is not None:
                raise failure
