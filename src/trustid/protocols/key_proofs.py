"""Proofs that a wallet holds the key to which a credential will be bound.

OpenID4VCI 1.0, appendix F.1 (`jwt` proof type) and F.4 (verifying). Structure,
type and algorithm are checked before the nonce, and the nonce before any
signature, so that garbage costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trustid.credentials import jose
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject
from trustid.errors import ProtocolError, TrustidError
from trustid.keys import PublicKey, public_key_from_jwk
from trustid.protocols.openid4vci import PROOF_ALGORITHMS, PROOF_MAX, PROOF_TYP

__all__ = ["ReadProof", "read_proof", "verify_proof"]

PROOF_AGE_SECONDS: Final = 600
CLOCK_SKEW_SECONDS: Final = 60
KEY_MEMBERS: Final = ("jwk", "kid", "x5c", "trust_chain")


@dataclass(frozen=True, slots=True)
class ReadProof:
    """A proof whose claims were read and whose signature was not checked yet.

    Attributes:
        jws: The token.
        nonce: The `c_nonce` it claims to answer.
    """

    jws: jose.Jws
    nonce: str


def read_proof(text: str, *, audience: str, client_id: str | None, now: int) -> ReadProof:
    """Read a key proof and check everything but its nonce and its signature.

    Args:
        text: The compact JWT.
        audience: The credential issuer's identifier.
        client_id: Who got the access token; None for an anonymous wallet.
        now: The time.

    Raises:
        ProtocolError: `invalid_proof`.

    Reference:
        OpenID4VCI 1.0, appendix F.1.
    """
    try:
        jws = jose.parse(text, max_bytes=PROOF_MAX)
        claims = jws.claims()
    except TrustidError as err:
        raise ProtocolError("invalid_proof", f"the proof cannot be read: {err.message}") from err
    if jws.header.get("typ") != PROOF_TYP:
        raise ProtocolError("invalid_proof", f"typ: expected {PROOF_TYP}")
    if jws.header.get("alg") not in PROOF_ALGORITHMS:
        raise ProtocolError("invalid_proof", f"alg: expected one of {', '.join(PROOF_ALGORITHMS)}")
    if sum(name in jws.header for name in KEY_MEMBERS) != 1:
        raise ProtocolError("invalid_proof", "expected one of jwk and kid in the header, and not both")
    if claims.get("aud") != audience:
        raise ProtocolError("invalid_proof", "aud: expected this issuer's identifier")
    _check_presenter(claims, client_id)
    _check_time(claims, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise ProtocolError("invalid_proof", "nonce is missing; fetch one from the nonce endpoint")
    return ReadProof(jws, nonce)


def verify_proof(proof: ReadProof, resolver: Resolver) -> PublicKey:
    """Check the signature and return the key that made it.

    Raises:
        ProtocolError: `invalid_proof`.
    """
    try:
        key = _key(proof.jws.header, resolver)
        jose.verify(proof.jws, key, algorithms=PROOF_ALGORITHMS, typ=PROOF_TYP)
    except ProtocolError:
        raise
    except TrustidError as err:
        raise ProtocolError("invalid_proof", f"{err.code}: {err.message}") from err
    return key


def _key(header: JsonObject, resolver: Resolver) -> PublicKey:
    jwk = header.get("jwk")
    if isinstance(jwk, dict):
        return public_key_from_jwk(jwk)
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid.startswith("did:"):
        raise ProtocolError("invalid_proof", "expected jwk (an object), or a kid that is a DID URL")
    return resolver.public_key(kid, "authentication")


def _check_presenter(claims: JsonObject, client_id: str | None) -> None:
    # Appendix F.1: iss MUST be the client_id, and MUST be absent after anonymous access.
    presenter = claims.get("iss")
    if presenter is not None and presenter != client_id:
        raise ProtocolError(
            "invalid_proof", "iss: expected the client_id of the token request, or no iss without one"
        )


def _check_time(claims: JsonObject, now: int) -> None:
    issued_at = _seconds(claims, "iat")
    if issued_at is None:
        raise ProtocolError("invalid_proof", "iat is missing")
    if not now - PROOF_AGE_SECONDS <= issued_at <= now + CLOCK_SKEW_SECONDS:
        raise ProtocolError("invalid_proof", f"iat: expected the last {PROOF_AGE_SECONDS} seconds")
    expires, begins = _seconds(claims, "exp"), _seconds(claims, "nbf")
    if expires is not None and now > expires + CLOCK_SKEW_SECONDS:
        raise ProtocolError("invalid_proof", "exp: the proof has expired")
    if begins is not None and now < begins - CLOCK_SKEW_SECONDS:
        raise ProtocolError("invalid_proof", "nbf: the proof is not valid yet")


def _seconds(claims: JsonObject, name: str) -> float | None:
    value = claims.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ProtocolError("invalid_proof", f"{name}: expected a number of seconds")
    return value
