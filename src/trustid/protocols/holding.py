"""Holding: a wallet that collects credentials and answers questions.

`Holder` ties together what the floors below do: `receiving` (OpenID4VCI),
`received_request` and `answering` (OpenID4VP), and a store. It asks nobody
anything by itself: whoever calls it shows the person an `Answer` and sends it
only if the person agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from trustid.did.resolver import Resolver
from trustid.errors import TrustidError
from trustid.fetching import Fetcher
from trustid.protocols.answering import Answer, Showing, decline, plan_answer, send_answer
from trustid.protocols.openid4vci import CredentialOffer
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential, WalletStore
from trustid.protocols.received_offer import read_offer
from trustid.protocols.received_request import Asker, ReceivedRequest, RequestReader, read_link
from trustid.protocols.receiving import COPIES_DEFAULT, KeyKind, Receiver
from trustid.protocols.trust import IssuerMetadata
from trustid.protocols.wallet_http import HttpClient
from trustid.status.epochs.holding import HolderKeeping
from trustid.status.epochs.http_source import HttpSource

__all__ = [
    "Answer",
    "Asker",
    "CredentialCopy",
    "HeldCredential",
    "Holder",
    "ReceivedRequest",
    "Showing",
    "WalletStore",
]


@dataclass(frozen=True, slots=True)
class Holder:
    """A wallet.

    Attributes:
        store: Where it keeps what it holds.
        http: The door to the network.
        clock: Epoch seconds.
        receiver: Accepts offers.
        reader: Reads questions.
        keeping: Keeps the rows of slots in registries, fetched by `refresh` alone.
    """

    store: WalletStore
    http: HttpClient
    clock: Clock
    receiver: Receiver
    reader: RequestReader
    keeping: HolderKeeping

    @classmethod
    def open(
        cls,
        store: WalletStore,
        fetcher: Fetcher,
        *,
        clock: Clock = system_clock,
        issuer_anchors: Sequence[bytes] = (),
        verifier_anchors: Sequence[bytes] = (),
        first_use: bool = True,
        key_kind: KeyKind = "P-256",
        copies: int = COPIES_DEFAULT,
    ) -> Self:
        """Put a wallet together.

        Args:
            store: Where credentials are kept.
            fetcher: The door to the network.
            clock: Epoch seconds.
            issuer_anchors: Certificates (DER) that issuers' certificates must lead to.
            verifier_anchors: The same for verifiers.
            first_use: Whether certificates of unknown authorities are taken at
                first use, where no anchors are given; what is taken so says so.
            key_kind: What to make holder keys of.
            copies: How many one-time copies to ask for, at most.
        """
        resolver = Resolver(fetcher, clock=clock)
        issuer_keys = IssuerMetadata(fetcher, clock=clock)
        receiver = Receiver(
            fetcher,
            resolver,
            issuer_keys,
            clock,
            issuer_anchors,
            key_kind=key_kind,
            copies=copies,
            first_use=first_use,
        )
        reader = RequestReader(fetcher, resolver, verifier_anchors, first_use)
        keeping = HolderKeeping(HttpSource(fetcher), store.statements, store.rows, clock=clock)
        return cls(store, fetcher, clock, receiver, reader, keeping)

    def read_offer(self, uri: str) -> CredentialOffer:
        """Read an offer without accepting it; see `received_offer.read_offer`."""
        return read_offer(uri, self.http)

    def accept(self, offer: CredentialOffer, *, tx_code: str | None = None) -> tuple[HeldCredential, ...]:
        """Collect what is offered and keep it; see `Receiver.receive`.

        Everything is checked before anything is kept.
        """
        received = self.receiver.receive(offer, tx_code=tx_code)
        for credential in received:
            self.store.add(credential)
        return received

    def refresh(self) -> tuple[tuple[HeldCredential, TrustidError | None], ...]:
        """Fetch what is published of the registries whose slots the credentials have.

        Meant for a schedule, and for right after collecting; never for the
        moment of presenting, so that nobody can tell by it who is shown something.

        Returns:
            Each credential with a slot, with the reason if its row is not up
            to date: `revoked`, which is final, or what could not be had.
        """
        slots = [(slot, one) for one in self.store.credentials() if (slot := one.slot) is not None]
        by_slot = {id(slot): one for slot, one in slots}
        outcomes = self.keeping.refresh_all(slot for slot, _ in slots)
        return tuple((by_slot[id(slot)], refusal) for slot, refusal in outcomes)

    def read_request(self, uri: str) -> ReceivedRequest:
        """Read a question and find out who asks; see `RequestReader.read`."""
        client_id = read_link(uri).client_id
        before = self.store.known_verifier(client_id)
        known = {} if before is None else {client_id: before}
        return self.reader.read(uri, now=self.clock(), known=known)

    def plan(self, request: ReceivedRequest, *, choice: Mapping[str, str] | None = None) -> Answer:
        """Work out what would be shown; see `answering.plan_answer`."""
        return plan_answer(
            request, self.store.credentials(), now=self.clock(), choice=choice, keeping=self.keeping
        )

    def send(self, answer: Answer) -> str | None:
        """Send an answer that the person agreed to; see `answering.send_answer`."""
        asker = answer.request.asker
        if asker.key_thumbprint is not None:
            self.store.remember_verifier(asker.client_id, asker.key_thumbprint)
        return send_answer(answer, store=self.store, http=self.http, now=self.clock(), keeping=self.keeping)

    def decline(self, request: ReceivedRequest) -> None:
        """Tell the verifier that there will be no answer."""
        decline(request, http=self.http)
