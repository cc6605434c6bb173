"""A person's wallet, in a few calls."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.facade.issuer import IssuedCredential
from trustid.facade.verifier import AskedQuestion
from trustid.fetching import Fetcher
from trustid.keys import PublicKey, SigningKey, generate
from trustid.protocols.answering import Answer, make_vp_token, plan_answer
from trustid.protocols.holding import Holder
from trustid.protocols.issuer_keys import find_issuer_key
from trustid.protocols.openid4vci import IssuedCopy
from trustid.protocols.ports import Clock, system_clock
from trustid.protocols.ports_wallet import HeldCredential, WalletStore
from trustid.protocols.received_copies import check_copies
from trustid.protocols.received_request import RequestReader
from trustid.protocols.receiving import KeyKind, make_proof
from trustid.protocols.trust import IssuerMetadata
from trustid.status.epochs.holding import HolderKeeping
from trustid.status.epochs.http_source import HttpSource
from trustid.status.epochs.ports import EpochSource
from trustid.status.epochs.trust import RegistryTrust
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

    def add(self, issued: IssuedCredential, *, registry: RegistryTrust | None = None) -> HeldCredential:
        """Check a credential as its holder must, and keep it.

        Args:
            issued: From `Issuer.issue`.
            registry: Where its copies share a slot of a revocation registry:
                which one, and whose statements are believed.

        Raises:
            HolderBindingError: `holder_mismatch`: it is bound to no key of this wallet.
            MalformedError: It carries somebody's proof, or cannot be read.
            SignatureError: Its issuer did not sign it.
        """
        now = self._clock()
        beside: tuple[JsonObject | None, ...] = issued.status_secrets or (None,) * len(issued.copies)
        received = [IssuedCopy(text, one) for text, one in zip(issued.copies, beside, strict=True)]
        checked = check_copies(
            received,
            self._waiting,
            vct=SdJwtVc.parse(issued.copies[0]).vct,
            registry=registry,
            find_key=self._find_key,
            now=now,
        )
        held = HeldCredential(
            id=secrets.token_hex(ID_BYTES),
            issuer=checked.issuer,
            issuer_proof=checked.issuer_proof,
            source="",
            configuration_id=issued.configuration_id,
            vct=SdJwtVc.parse(issued.copies[0]).vct,
            title=issued.title,
            received_at=now,
            expires_at=checked.expires_at,
            copies=checked.copies,
            registry=checked.registry,
        )
        self.store.add(held)
        self._forget([copy.key for copy in checked.copies])
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
        return plan_answer(
            request, self.store.credentials(), now=self._clock(), choice=choice, keeping=self._kept()
        )

    def answer(self, question: AskedQuestion) -> JsonObject:
        """Answer a question, showing only what was asked.

        In a program of its own, show the person `plan(question)` first.

        Returns:
            The `vp_token` of OpenID4VP.
        """
        return make_vp_token(self.plan(question), store=self.store, now=self._clock(), keeping=self._kept())

    def refresh(self, source: EpochSource) -> None:
        """Fetch what is published of the registries whose slots the credentials have, which a real wallet does daily.

        Raises:
            RevokedError: `revoked`: one of them; the others are refreshed all the same.
            TrustidError: Something could not be had, or is not what was signed.
        """
        slots = [slot for one in self.store.credentials() if (slot := one.slot) is not None]
        outcomes = self._keeping(source).refresh_all(slots)
        for _, refusal in outcomes:
            if refusal is not None:
                raise refusal

    def _keeping(self, source: EpochSource) -> HolderKeeping:
        return HolderKeeping(source, self.store.statements, self.store.rows, clock=self._clock)

    def _kept(self) -> HolderKeeping:
        """What was fetched before; answering fetches nothing."""
        return self._keeping(HttpSource(Fetcher()))

    def holder(self, fetcher: Fetcher) -> Holder:
        """The same wallet with a network: offers and questions of any OpenID4VC server."""
        return Holder.open(self.store, fetcher, clock=self._clock, key_kind=self._key_kind)

    def _new_key(self) -> SigningKey:
        return generate(self._key_kind)

    def _find_key(self, credential: SdJwtVc) -> tuple[PublicKey, str, str]:
        return find_issuer_key(
            credential,
            resolver=Resolver(None, clock=self._clock),
            metadata=IssuerMetadata(None, clock=self._clock),
            trust_anchors=(),
            first_use=False,
            now=self._clock(),
        )

    def _forget(self, used: Sequence[SigningKey]) -> None:
        """A key that was bound is never offered again: two credentials on one key could be linked."""
        self._waiting = [key for key in self._waiting if not any(key is one for one in used)]
        if not any(key is self._next for key in self._waiting):
            self._next = self._new_key()
            self._waiting.append(self._next)
