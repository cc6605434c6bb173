"""SD-JWT: a signed set of claims of which the holder shows only what is asked (RFC 9901)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from trustid.credentials.disclosure import Disclosure, Path
from trustid.credentials.jose import Jws
from trustid.encoding import JsonObject
from trustid.keys import SigningKey

__all__ = ["Disclosure", "Path", "SdJwt", "check_key_binding", "issue"]


class SdJwt:
    issuer_jwt: Jws
    disclosures: tuple[Disclosure, ...]
    key_binding: Jws | None
    presentation_text: str

    @classmethod
    def parse(cls, text: str) -> SdJwt: raise NotImplementedError
    @classmethod
    def parse_issued(cls, text: str) -> SdJwt:
        "Refuses a key binding JWT (RFC 9901, 7.2)."
        raise NotImplementedError
    def claims(self) -> JsonObject: raise NotImplementedError
    def select(self, paths: Sequence[Path]) -> SdJwt: raise NotImplementedError
    def serialize(self) -> str: raise NotImplementedError
    def bind(self, key: SigningKey, *, audience: str, nonce: str, issued_at: int,
             transaction_data_hashes: Sequence[str] | None = None,
             transaction_data_hashes_alg: str | None = None,
             extra_claims: Mapping[str, Any] | None = None) -> str: raise NotImplementedError


def issue(claims: Mapping[str, Any], *, disclosable: Sequence[Path], key: SigningKey, header: Mapping[str, Any],
          holder_jwk: Mapping[str, Any] | None = None, decoys: int = 0) -> str: raise NotImplementedError


def check_key_binding(sd_jwt: SdJwt, *, audience: str, nonce: str, now: int, max_age_seconds: int = 300,
                      skew_seconds: int = 60, algorithms: Collection[str] = ("ES256", "EdDSA", "Ed25519")) -> None:
    raise NotImplementedError
