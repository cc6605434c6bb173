"""SD-JWT VC: verifiable credentials as SD-JWTs (draft-ietf-oauth-sd-jwt-vc-19)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trustid.credentials.disclosure import Path
from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import JsonObject
from trustid.keys import PublicKey, SigningKey

SD_JWT_VC_TYP = "dc+sd-jwt"
READ_TYPS = ("dc+sd-jwt", "vc+sd-jwt")
NEVER_DISCLOSABLE = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "_sd_alg"})


def issue_sd_jwt_vc(claims: Mapping[str, Any], *, vct: str, issuer: str | None, key: SigningKey,
                    holder: PublicKey | None, disclosable: Sequence[Path], issued_at: int | None,
                    expires_at: int | None, not_before: int | None = None, status: Mapping[str, Any] | None = None,
                    x5c: Sequence[str] | None = None, kid: str | None = None, vct_integrity: str | None = None,
                    decoys: int = 0) -> str: raise NotImplementedError


@dataclass(frozen=True)
class X5cSource:
    "The header carries a chain; check_x5c(chain, dns_name/uri from issuer_names)."
    chain: tuple[str, ...]
    dns_name: str | None   # what the leaf must name, from iss
    uri: str | None


@dataclass(frozen=True)
class MetadataSource:
    "GET url, then issuer_jwks(body, issuer) and choose_jwk(jwks, kid)."
    url: str
    kid: str | None


@dataclass(frozen=True)
class DidSource:
    did_url: str


IssuerKeySource = X5cSource | MetadataSource | DidSource


class SdJwtVc:
    "A view of a parsed SD-JWT VC. parse() -> [verify signature] -> claims()."
    sd_jwt: SdJwt
    issuer: str | None
    vct: str
    status: JsonObject | None
    not_before: int | None
    expires_at: int | None
    issued_at: int | None
    holder_key: PublicKey | None

    @classmethod
    def parse(cls, text: str) -> SdJwtVc: raise NotImplementedError
    def key_source(self) -> IssuerKeySource: raise NotImplementedError
    def verify(self, key: PublicKey, *, algorithms: Collection[str] = ("ES256", "EdDSA", "Ed25519")) -> None: raise NotImplementedError
    def claims(self) -> JsonObject: raise NotImplementedError
    def check_time(self, now: int, skew_seconds: int = 60, required: Collection[str] = ()) -> None: raise NotImplementedError
    def check_key_binding(self, *, audience: str, nonce: str, now: int, max_age_seconds: int = 300,
                      skew_seconds: int = 60, algorithms: Collection[str] = ("ES256", "EdDSA", "Ed25519")) -> None: raise NotImplementedError


def metadata_url(issuer: str) -> str: raise NotImplementedError
def issuer_jwks(metadata: JsonObject, issuer: str) -> JsonObject | str:
    "The jwks by value, or the jwks_uri to fetch."
    raise NotImplementedError
def choose_jwk(jwks: JsonObject, kid: str | None) -> PublicKey: raise NotImplementedError
