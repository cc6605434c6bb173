"""The holder's proof on an SD-JWT: a key binding JWT, made for one verifier and one request.

Whether a proof is needed is the verifier's policy. It never depends on
whether one was sent.

Reference:
    RFC 9901, sections 4.3 and 7.3.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

from trustid.credentials import jose
from trustid.encoding import JsonObject
from trustid.errors import HolderBindingError, SignatureError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_jwk

__all__ = ["Bindable", "KB_JWT_TYP", "MAX_AGE_SECONDS", "SKEW_SECONDS", "check_key_binding", "holder_key"]

KB_JWT_TYP: Final = "kb+jwt"
"""The type of a key binding JWT (RFC 9901, section 4.3)."""

MAX_AGE_SECONDS: Final = 300
"""How old a proof may be, where the caller says nothing else."""

SKEW_SECONDS: Final = 60
"""How far two clocks may differ."""


class Bindable(Protocol):
    """What a proof is made for: an SD-JWT, of which `sd_jwt.SdJwt` is the one kind."""

    @property
    def payload(self) -> JsonObject:
        """What the issuer signed."""

    @property
    def key_binding(self) -> jose.Jws | None:
        """The holder's proof, if it was sent."""

    def sd_hash(self) -> str:
        """The hash that binds a proof to this choice of disclosures."""


def holder_key(sd_jwt: Bindable) -> PublicKey:
    """The key that the credential is bound to.

    Only `cnf` in the signed payload itself counts, never one that came by a disclosure.

    Raises:
        HolderBindingError: kb_signature: the credential names no holder key.
        UnsupportedError: `cnf` has no `jwk`.
        MalformedError: key_invalid.

    Reference:
        RFC 9901, section 4.1.2; RFC 7800, section 3.2.
    """
    confirmation = sd_jwt.payload.get("cnf")
    if type(confirmation) is not dict:
        raise HolderBindingError("kb_signature", "expected a holder key in cnf")
    jwk = confirmation.get("jwk")
    if type(jwk) is not dict:
        raise UnsupportedError("unsupported", "expected cnf to hold a jwk")
    return public_key_from_jwk(jwk)


def check_key_binding(
    sd_jwt: Bindable,
    *,
    audience: str,
    nonce: str,
    now: int,
    max_age_seconds: int = MAX_AGE_SECONDS,
    skew_seconds: int = SKEW_SECONDS,
    algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS,
) -> None:
    """Check that the holder's key signed for this verifier, this request and these disclosures.

    Call it once the issuer's signature holds: `cnf` is believed here.

    Args:
        sd_jwt: The presentation.
        audience: What the verifier calls itself; compared exactly.
        nonce: What the verifier asked for; compared exactly. That it was not
            used before is the caller's to know.
        now: Seconds of the epoch.
        max_age_seconds: How old the proof may be.
        skew_seconds: How far the holder's clock may be off, either way.
        algorithms: Signature algorithms allowed.

    Raises:
        HolderBindingError: kb_required, kb_signature, kb_iat, kb_nonce, kb_aud, kb_sd_hash.
        SignatureError: alg_not_allowed, typ_mismatch, or another rule of JWS.

    Reference:
        RFC 9901, section 7.3, step 5.
    """
    proof = sd_jwt.key_binding
    if proof is None:
        raise HolderBindingError("kb_required", "expected a key binding JWT")
    key = holder_key(sd_jwt)
    try:
        jose.verify(proof, key, algorithms=algorithms, typ=KB_JWT_TYP)
    except SignatureError as err:
        if err.code != "signature_invalid":
            raise
        raise HolderBindingError("kb_signature", "expected the signature of the key in cnf") from err
    claims = proof.claims()
    _check_time(claims, now, max_age_seconds, skew_seconds)
    if claims.get("nonce") != nonce:
        raise HolderBindingError("kb_nonce", "expected the nonce of this request")
    if claims.get("aud") != audience:
        raise HolderBindingError("kb_aud", "expected the identifier of this verifier")
    if claims.get("sd_hash") != sd_jwt.sd_hash():
        raise HolderBindingError("kb_sd_hash", "expected the hash of what was presented")


def _check_time(claims: JsonObject, now: int, max_age_seconds: int, skew_seconds: int) -> None:
    issued_at = claims.get("iat")
    if type(issued_at) is not int:
        raise HolderBindingError("kb_iat", "expected iat as whole seconds")
    if not now - max_age_seconds - skew_seconds <= issued_at <= now + skew_seconds:
        raise HolderBindingError("kb_iat", f"expected a proof at most {max_age_seconds} s old")
    expires_at, not_before = claims.get("exp", now + 1), claims.get("nbf", now)
    if type(expires_at) is not int or now >= expires_at + skew_seconds:
        raise HolderBindingError("kb_iat", "expected a proof that has not expired")
    if type(not_before) is not int or now < not_before - skew_seconds:
        raise HolderBindingError("kb_iat", "expected a proof whose time has begun")
