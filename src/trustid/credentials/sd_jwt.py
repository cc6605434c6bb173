"""SD-JWT: a signed set of claims of which the holder shows only what is asked.

    issue -> text -> SdJwt.parse_issued -> select -> bind -> text      (holder)
                     SdJwt.parse -> jose.verify -> claims -> check_key_binding   (verifier)

`SdJwt.parse` only reads. The signature is checked by the caller, with the key
that it has found for the issuer, before it asks for the claims.

Reference:
    RFC 9901.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid._core import PresentedSdJwt
from trustid.credentials import jose
from trustid.credentials.disclosed_claims import (
    disclosures_for,
    hash_algorithm,
    read_presented,
    reveal,
)
from trustid.credentials.disclosure import BETWEEN, HASHES, MAX_DISCLOSURES, Disclosure, Path, parse_many
from trustid.credentials.jose import Jws
from trustid.credentials.key_binding import KB_JWT_TYP, check_key_binding, holder_key
from trustid.credentials.sd_jwt_issuing import issue
from trustid.encoding import JsonObject, b64url_encode
from trustid.errors import HolderBindingError, LimitExceededError, MalformedError
from trustid.keys import SigningKey

__all__ = ["MAX_SD_JWT_CHARS", "Disclosure", "Path", "SdJwt", "check_key_binding", "issue"]

MAX_SD_JWT_CHARS: Final = 1 << 20
"""How long an SD-JWT may be."""


@dataclass(frozen=True, slots=True)
class SdJwt:
    """An issuer-signed JWT, the disclosures sent with it, and perhaps the holder's proof.

    Attributes:
        issuer_jwt: What the issuer signed.
        payload: The same, read as JSON, with digests in it; not to be changed.
        key_binding: The key binding JWT, if there is one.
        presentation_text: Everything before the key binding JWT, the last
            tilde included: what `sd_hash` is taken over.

    Reference:
        RFC 9901, section 4.
    """

    issuer_jwt: Jws
    payload: JsonObject
    key_binding: Jws | None
    presentation_text: str
    _presented: PresentedSdJwt = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> SdJwt:
        """Read the compact serialization of an SD-JWT or an SD-JWT+KB.

        Raises:
            MalformedError: There is no final tilde, a part is empty, or the
                JWT cannot be read.
            DisclosureError: disclosure_malformed.
            LimitExceededError: More than `MAX_SD_JWT_CHARS` characters or
                `MAX_DISCLOSURES` disclosures.

        Reference:
            RFC 9901, section 4.
        """
        if len(text) > MAX_SD_JWT_CHARS:
            raise LimitExceededError("limit_exceeded", f"an SD-JWT of {len(text)} characters")
        issuer_text, tilde, shown = text.partition(BETWEEN)
        if not tilde:
            raise MalformedError("malformed", "expected a tilde after the issuer-signed JWT")
        if shown.count(BETWEEN) > MAX_DISCLOSURES:
            raise LimitExceededError("limit_exceeded", f"expected at most {MAX_DISCLOSURES} disclosures")
        if BETWEEN + BETWEEN in text:
            raise MalformedError("malformed", "expected a disclosure between two tildes")
        disclosures, _, binding_text = shown.rpartition(BETWEEN)
        issuer_jwt = jose.parse(issuer_text)
        presented = read_presented(issuer_jwt.payload, disclosures)
        return cls(
            issuer_jwt,
            presented.payload(),
            jose.parse(binding_text) if binding_text else None,
            text[: len(text) - len(binding_text)],
            presented,
        )

    @classmethod
    def parse_issued(cls, text: str) -> SdJwt:
        """Read what an issuer sent to a holder: no key binding JWT is allowed there.

        Raises:
            MalformedError: As `parse`, and where there is a key binding JWT.

        Reference:
            RFC 9901, section 7.2.
        """
        sd_jwt = cls.parse(text)
        if sd_jwt.key_binding is not None:
            raise MalformedError("malformed", "expected an SD-JWT without a key binding JWT")
        return sd_jwt

    def __repr__(self) -> str:
        return f"<SdJwt with {self.presentation_text.count(BETWEEN) - 1} disclosures>"

    @property
    def disclosures(self) -> tuple[Disclosure, ...]:
        """What the holder shows, in the order in which it was sent; read anew at each call."""
        _, *texts, _ = self.presentation_text.split(BETWEEN)
        return tuple(parse_many(texts))

    def claims(self) -> JsonObject:
        """The claims that the holder shows, in place: the processed payload.

        Each call makes new objects, which the caller may change.

        Raises:
            DisclosureError: One of the rules of section 7.1, steps 2.4 to 5, is broken.
            LimitExceededError: The claims are nested too deeply.

        Cost:
            One hash of each disclosure; linear in the size of the SD-JWT.

        Reference:
            RFC 9901, section 7.1.
        """
        return reveal(self._presented)

    def select(self, paths: Sequence[Path]) -> SdJwt:
        """Keep only the disclosures that these claims need, parents and children included.

        Args:
            paths: Paths into `claims()`, as in DCQL. A claim that is selected is
                shown with everything below it.

        Raises:
            QueryError: A path selects nothing.

        Reference:
            RFC 9901, section 7.2; OpenID4VP 1.0, section 7.
        """
        kept = disclosures_for(self._presented, paths)
        issuer_text, *texts, _ = self.presentation_text.split(BETWEEN)
        disclosures = [text for index, text in enumerate(texts) if index in kept]
        return SdJwt.parse(BETWEEN.join([issuer_text, *disclosures, ""]))

    def serialize(self) -> str:
        """The compact serialization, with the key binding JWT if there is one."""
        if self.key_binding is None:
            return self.presentation_text
        return self.presentation_text + self.key_binding.compact()

    def bind(
        self,
        key: SigningKey,
        *,
        audience: str,
        nonce: str,
        issued_at: int,
        transaction_data_hashes: Sequence[str] | None = None,
        transaction_data_hashes_alg: str | None = None,
        extra_claims: Mapping[str, Any] | None = None,
    ) -> str:
        """Prove to one verifier, once, that the holder's key is at hand.

        Args:
            key: The holder's key, the one that `cnf` names.
            audience: The verifier's identifier, exactly as it gave it.
            nonce: The verifier's nonce.
            issued_at: Now, in seconds of the epoch.
            transaction_data_hashes: Hashes of the transaction data that the holder agreed to.
            transaction_data_hashes_alg: Their hash algorithm, if not sha-256.
            extra_claims: Further claims of the proof; none may replace one of the above.

        Returns:
            The SD-JWT+KB.

        Raises:
            HolderBindingError: holder_mismatch: the credential is bound to another key.

        Reference:
            RFC 9901, section 4.3; OpenID4VP 1.0, appendix B.3.3.
        """
        if holder_key(self) != key.public_key:
            raise HolderBindingError("holder_mismatch", "expected the key that cnf names")
        payload: JsonObject = dict(extra_claims or {})
        payload |= {"iat": issued_at, "aud": audience, "nonce": nonce, "sd_hash": self.sd_hash()}
        if transaction_data_hashes is not None:
            payload["transaction_data_hashes"] = list(transaction_data_hashes)
        if transaction_data_hashes_alg is not None:
            payload["transaction_data_hashes_alg"] = transaction_data_hashes_alg
        return self.presentation_text + jose.sign({"typ": KB_JWT_TYP}, payload, key)

    def sd_hash(self) -> str:
        """The hash that binds a holder's proof to this choice of disclosures (RFC 9901, section 4.3.1)."""
        hasher = HASHES[hash_algorithm(self.payload)]
        return b64url_encode(hasher(self.presentation_text.encode("ascii")).digest())
