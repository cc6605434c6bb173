"""SD-JWT VC: verifiable credentials as SD-JWTs.

A verifier calls, in this order: `SdJwtVc.parse`, `key_source` (and finds the
key it trusts), `verify`, `claims`, `check_time`, then the status, then
`check_key_binding`.

Reference:
    The draft named by `DRAFT`; RFC 9901.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trustid.credentials import jose, sd_jwt
from trustid.credentials.disclosure import HASH_KEY, Path
from trustid.credentials.issuer_keys import IssuerKeySource, key_source
from trustid.credentials.key_binding import MAX_AGE_SECONDS, SKEW_SECONDS, holder_key
from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import JsonObject
from trustid.errors import DisclosureError, ExpiredError, MalformedError, NotYetValidError
from trustid.keys import PublicKey, SigningKey

__all__ = [
    "DRAFT",
    "NEVER_DISCLOSABLE",
    "READ_TYPS",
    "SD_JWT_VC_TYP",
    "SdJwtVc",
    "issue_sd_jwt_vc",
]

DRAFT: Final = "draft-ietf-oauth-sd-jwt-vc-19"
"""The version that is spoken here."""

SD_JWT_VC_TYP: Final = "dc+sd-jwt"
"""The type that is written (section 2.2.1)."""

READ_TYPS: Final = (SD_JWT_VC_TYP, "vc+sd-jwt")
"""The types that are read; the second is how drafts before November 2024 called it."""

NEVER_DISCLOSABLE: Final = frozenset(
    {"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", HASH_KEY}
)
"""Claims that must stand in the signed payload itself (section 2.2.2.3)."""

_MAX_TYPES: Final = 32


def issue_sd_jwt_vc(
    claims: Mapping[str, Any],
    *,
    vct: str,
    issuer: str | None,
    key: SigningKey,
    holder: PublicKey | None,
    disclosable: Sequence[Path],
    issued_at: int | None,
    expires_at: int | None,
    not_before: int | None = None,
    status: Mapping[str, Any] | None = None,
    x5c: Sequence[str] | None = None,
    kid: str | None = None,
    vct_integrity: str | None = None,
    aka_vcts: Sequence[str] = (),
    decoys: int = 0,
) -> str:
    """Issue an SD-JWT VC.

    Args:
        claims: What is stated about the subject; none of the claims that the
            other arguments make.
        vct: The type of the credential, a collision-resistant name.
        issuer: The claim `iss`; may be None where `x5c` names the issuer.
        key: The issuer's key.
        holder: The key to bind the credential to, or None for a bearer credential.
        disclosable: Paths of the claims that the holder may withhold.
        issued_at: Seconds of the epoch; round it, if copies shall not be linkable.
        expires_at: Seconds of the epoch.
        not_before: Seconds of the epoch.
        status: The claim `status`, for instance `{"status_list": {"idx": 1, "uri": "..."}}`.
        x5c: The issuer's certificates, the leaf first, the anchor left out.
        kid: The name of the key.
        vct_integrity: Integrity metadata of the type metadata.
        aka_vcts: Further types that this credential is one of.
        decoys: As in `sd_jwt.issue`.

    Returns:
        The compact serialization.

    Raises:
        DisclosureError: claim_not_disclosable.
        MalformedError: A claim stands in two places, or `vct` is empty.

    Reference:
        Section 2.2 of the draft.
    """
    for path in disclosable:
        if path and path[0] in NEVER_DISCLOSABLE:
            raise DisclosureError("claim_not_disclosable", f"expected {path[0]} not to be disclosable")
    payload: JsonObject = {
        "iss": issuer,
        "iat": issued_at,
        "nbf": not_before,
        "exp": expires_at,
        "vct": vct,
        "vct#integrity": vct_integrity,
        "aka_vcts": list(aka_vcts) or None,
        "status": status,
        "cnf": None if holder is None else {"jwk": holder.to_jwk()},
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    if not payload.keys().isdisjoint(claims) or not NEVER_DISCLOSABLE.isdisjoint(claims):
        raise MalformedError("malformed", "expected no claim that the issuer sets by itself")
    header: JsonObject = {"typ": SD_JWT_VC_TYP}
    if kid is not None:
        header["kid"] = kid
    if x5c is not None:
        header["x5c"] = list(x5c)
    _check_types(payload)
    payload.update(claims)
    return sd_jwt.issue(payload, disclosable=disclosable, key=key, header=header, decoys=decoys)


@dataclass(frozen=True, slots=True)
class SdJwtVc:
    """A parsed SD-JWT VC. Its attributes are claimed, not yet verified.

    All of them stand in the signed payload itself, never in a disclosure.

    Attributes:
        sd_jwt: The SD-JWT.
        issuer: The claim `iss`.
        vct: The type.
        aka_vcts: Further types that it is one of.
        status: The claim `status`.
        issued_at: Seconds of the epoch, if it stands in the signed payload.
        not_before: Seconds of the epoch.
        expires_at: Seconds of the epoch.
    """

    sd_jwt: SdJwt
    issuer: str | None
    vct: str
    aka_vcts: tuple[str, ...]
    status: JsonObject | None = field(repr=False)
    issued_at: int | None
    not_before: int | None
    expires_at: int | None

    @classmethod
    def parse(cls, text: str) -> SdJwtVc:
        """Read an SD-JWT VC, with or without a key binding JWT.

        Raises:
            MalformedError: It cannot be read, or a claim has the wrong type.
            DisclosureError: `vct` is missing, or a disclosure cannot be read.

        Reference:
            Section 2.2 of the draft.
        """
        return cls.of(SdJwt.parse(text))

    @classmethod
    def of(cls, presented: SdJwt) -> SdJwtVc:
        """Look at an SD-JWT as a credential; as `parse`."""
        payload = presented.payload
        _check_types(payload)
        return cls(
            presented,
            payload.get("iss"),
            payload["vct"],
            tuple(payload.get("aka_vcts", ())),
            payload.get("status"),
            jose.numeric_date(payload, "iat"),
            jose.numeric_date(payload, "nbf"),
            jose.numeric_date(payload, "exp"),
        )

    @property
    def types(self) -> frozenset[str]:
        """Every type that the issuer says this is: `vct` and `aka_vcts` (section 2.2.2.2)."""
        return frozenset({self.vct, *self.aka_vcts})

    @property
    def holder_key(self) -> PublicKey | None:
        """The key it is bound to, or None for a bearer credential."""
        return holder_key(self.sd_jwt) if "cnf" in self.sd_jwt.payload else None

    def key_source(self) -> IssuerKeySource:
        """Where the issuer's key is to be found: see `issuer_keys.key_source`."""
        return key_source(self.sd_jwt.issuer_jwt.header, self.issuer)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the issuer's signature and the type of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.sd_jwt.issuer_jwt, key, algorithms=algorithms, typ=READ_TYPS)

    def claims(self) -> JsonObject:
        """The claims that the holder shows, after `verify`.

        Raises:
            DisclosureError: As `SdJwt.claims`, and claim_not_disclosable, where
                a claim that must be signed openly came by a disclosure.

        Reference:
            Section 2.2.2.3 of the draft; RFC 9901, section 7.1.
        """
        claims = self.sd_jwt.claims()
        # What stands among the claims but not in the payload came by a disclosure.
        if not claims.keys() & NEVER_DISCLOSABLE <= self.sd_jwt.payload.keys():
            raise DisclosureError("claim_not_disclosable", "expected this claim in the signed payload itself")
        return claims

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS, required: Collection[str] = ()) -> None:
        """Check `nbf` and `exp`.

        Args:
            now: Seconds of the epoch.
            skew_seconds: How far the issuer's clock may be off.
            required: Claims, for instance `exp`, without which the verifier
                accepts nothing. A holder could withhold them where the issuer
                made them disclosable (RFC 9901, section 9.7).

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
            DisclosureError: required_claim_missing.
        """
        for name in required:
            if name not in self.sd_jwt.payload:
                raise DisclosureError("required_claim_missing", f"expected the claim {name}")
        if self.not_before is not None and now < self.not_before - skew_seconds:
            raise NotYetValidError("not_yet_valid")
        if self.expires_at is not None and now >= self.expires_at + skew_seconds:
            raise ExpiredError("expired")

    def check_key_binding(
        self,
        *,
        audience: str,
        nonce: str,
        now: int,
        max_age_seconds: int = MAX_AGE_SECONDS,
        skew_seconds: int = SKEW_SECONDS,
        algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS,
    ) -> None:
        """Check the holder's proof: see `sd_jwt.check_key_binding`."""
        sd_jwt.check_key_binding(
            self.sd_jwt,
            audience=audience,
            nonce=nonce,
            now=now,
            max_age_seconds=max_age_seconds,
            skew_seconds=skew_seconds,
            algorithms=algorithms,
        )


def _check_types(payload: Mapping[str, Any]) -> None:
    if "vct" not in payload:
        raise DisclosureError("required_claim_missing", "expected the claim vct")
    if type(payload["vct"]) is not str or not payload["vct"]:
        raise MalformedError("claim_type_invalid", "expected vct to name a type")
    for name, kind in (("iss", str), ("vct#integrity", str), ("aka_vcts", list)):
        if name in payload and (type(payload[name]) is not kind or not payload[name]):
            raise MalformedError("claim_type_invalid", f"expected another type of {name}")
    for name in ("status", "cnf"):
        if name in payload and not isinstance(payload[name], (dict, Mapping)):
            raise MalformedError("claim_type_invalid", f"expected {name} to be an object")
    known_as = payload.get("aka_vcts", ())
    if len(known_as) > _MAX_TYPES or not all(type(vct) is str and vct for vct in known_as):
        raise MalformedError("claim_type_invalid", "expected aka_vcts to name a few types")
