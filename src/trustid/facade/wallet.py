"""A person's wallet, in a few calls."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.errors import HolderBindingError
from trustid.facade.issuer import IssuedCredential
from trustid.facade.verifier import AskedQuestion
from trustid.fetching import Fetcher
from trustid.keys import PublicKey, SigningKey, generate
from trustid.protocols.answering import Answer, make_vp_token, plan_answer
from trustid.protocols.holding import Holder
from trustid.protocols.issuer_keys import find_issuer_key
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential, WalletStore
from trustid.protocols.received_request import RequestReader
from trustid.protocols.receiving import KeyKind, make_proof
from trustid.protocols.trust import IssuerMetadata
from trustid.stores.wallet_folder import WalletFolder
from trustid.stores.wallet_memory import MemoryWallet

__all__ = ["HolderKey", "Wallet"]

ID_BYTES: Final = 8


class HolderKey:
    """A key of a wallet that a credential may be bound to.

    The issuer gets to see a proof that the wallet has it, and the public key.
    """

    def __init__(self, key: SigningKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    @property
    def public_key(self) -> PublicKey:
        """What the credential will name."""
        return self._key.public_key

    def prove(self, *, audience: str, nonce: str) -> str:
        """Prove to an issuer that the wallet has the key (OpenID4VCI 1.0, appendix F.1)."""
        return make_proof(self._key, audience=audience, nonce=nonce, issued_at=self._clock())


class Wallet:
    """Keeps credentials and answers questions.

    Args:
        store: Where credentials are kept; see `create` and `open`.
        clock: Epoch seconds.
        key_kind: What to make keys of.

    Example:
        >>> from trustid import Wallet
        >>> wallet = Wallet.create()
        >>> wallet.credentials()
        ()
    """

    def __init__(
        self, store: WalletStore, *, clock: Clock = system_clock, key_kind: KeyKind = "P-256"
    ) -> None:
        self.store = store
        self._clock = clock
        self._key_kind: KeyKind = key_kind
        self._next = self._new_key()
        self._waiting: list[SigningKey] = [self._next]

    @classmethod
    def create(cls, *, clock: Clock = system_clock) -> Self:
        """A wallet that lives as long as the process."""
        return cls(MemoryWallet(), clock=clock)

    @classmethod
    def open(cls, path: Path | str, passphrase: bytes, *, clock: Clock = system_clock) -> Self:
        """A wallet in an encrypted folder, made at the first time.

        Raises:
            KeystoreError: `key_unseal_failed`: another passphrase.
        """
        return cls(WalletFolder.open(Path(path), passphrase), clock=clock)

    @property
    def key(self) -> HolderKey:
        """The key to bind the next credential to; a new one as soon as it is bound."""
        return HolderKey(self._next, self._clock)

    def keys(self, count: int) -> tuple[HolderKey, ...]:
        """Keys for `count` one-time copies of one credential, so that showings cannot be linked by it."""
        made = [self._new_key() for _ in range(count)]
        self._waiting.extend(made)
        return tuple(HolderKey(key, self._clock) for key in made)

    def add(self, issued: IssuedCredential) -> HeldCredential:
        """Check a credential as its holder must, and keep it.

        Raises:
            HolderBindingError: `holder_mismatch`: it is bound to no key of this wallet.
            MalformedError: It carries somebody's proof, or cannot be read.
            SignatureError: Its issuer did not sign it.
        """
        resolver, metadata = Resolver(None, clock=self._clock), IssuerMetadata(None, clock=self._clock)
        now = self._clock()
        copies = []
        for text in issued.copies:
            credential = SdJwtVc.of(SdJwt.parse_issued(text))
            key, issuer, proof = find_issuer_key(
                credential, resolver=resolver, metadata=metadata, trust_anchors=(), first_use=False, now=now
            )
            credential.verify(key)
            credential.claims()
            credential.check_time(now)
            copies.append(CredentialCopy(text, self._bound_to(credential)))
        first = SdJwtVc.parse(issued.copies[0])
        held = HeldCredential(
            id=secrets.token_hex(ID_BYTES),
            issuer=issuer,
            issuer_proof=proof,
            source="",
            configuration_id=issued.configuration_id,
            vct=first.vct,
            title=issued.title,
            received_at=now,
            expires_at=first.expires_at,
            copies=tuple(copies),
        )
        self.store.add(held)
        self._forget([copy.key for copy in copies])
        return held

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything in the wallet."""
        return self.store.credentials()

    def plan(self, question: AskedQuestion, *, choice: Mapping[str, str] | None = None) -> Answer:
        """What would be shown to whom; nothing is shown yet.

        Raises:
            QueryError: `query_mismatch`: the wallet has no answer.
            SignatureError: The question was not signed by who asks.
        """
        reader = RequestReader(Fetcher(), Resolver(None, clock=self._clock))
        request = reader.read(question.link, now=self._clock(), known={})
        return plan_answer(request, self.store.credentials(), now=self._clock(), choice=choice)

    def answer(self, question: AskedQuestion) -> JsonObject:
        """Answer a question, showing only what was asked.

        In a program of its own, show the person `plan(question)` first.

        Returns:
            The `vp_token` of OpenID4VP.
        """
        return make_vp_token(self.plan(question), store=self.store, now=self._clock())

    def holder(self, fetcher: Fetcher) -> Holder:
        """The same wallet with a network: offers and questions of any OpenID4VC server."""
        return Holder.open(self.store, fetcher, clock=self._clock, key_kind=self._key_kind)

    def _new_key(self) -> SigningKey:
        return generate(self._key_kind)

    def _bound_to(self, credential: SdJwtVc) -> SigningKey:
        for key in self._waiting:
            if key.public_key == credential.holder_key:
                return key
        raise HolderBindingError("holder_mismatch", "expected a credential for a key of this wallet")

    def _forget(self, used: Sequence[SigningKey]) -> None:
        """A key that was bound is never offered again: two credentials on one key could be linked."""
        self._waiting = [key for key in self._waiting if not any(key is one for one in used)]
        if not any(key is self._next for key in self._waiting):
            self._next = self._new_key()
            self._waiting.append(self._next)
