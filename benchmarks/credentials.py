"""How fast is an SD-JWT VC issued and verified?

    python -m benchmarks.credentials [--json] [--quick]

A credential of ten selectively disclosable claims, bound to a holder's key.
Peers: the reference library (PyPI sd-jwt), and one bare signature or
verification by `cryptography` over the same signed bytes, which is the floor:
what remains above it is what the format costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj  # type: ignore[import-untyped]
from sd_jwt.issuer import SDJWTIssuer  # type: ignore[import-untyped]
from sd_jwt.verifier import SDJWTVerifier  # type: ignore[import-untyped]

from benchmarks.harness import Row, Run, best_seconds, compare, main
from trustid.credentials.sd_jwt_vc import SdJwtVc, issue_sd_jwt_vc
from trustid.encoding import JsonObject
from trustid.keys import Ed25519SigningKey, P256SigningKey, PublicKey

NOW = 1_800_000_000
CLAIMS = {
    "given_name": "Erika",
    "family_name": "Mustermann",
    "birthdate": "1963-08-12",
    "email": "erika.mustermann@example.org",
    "phone_number": "+49 123456789",
    "street_address": "Heidestraße 17",
    "locality": "Köln",
    "country": "DE",
    "age_over_18": True,
    "document_number": 123456789,
}
PATHS = [(name,) for name in CLAIMS]
REFERENCE = f"sd-jwt {version('sd-jwt')}"
RAW = f"cryptography {version('cryptography')}, one signature"

Call = Callable[[], Any]


def raw_calls(algorithm: str, message: bytes) -> tuple[Call, Call]:
    """One bare signature, and its verification, made as quick as `cryptography` allows."""
    if algorithm == "EdDSA":
        edwards = ed25519.Ed25519PrivateKey.generate()
        signature, public = edwards.sign(message), edwards.public_key()
        return lambda: edwards.sign(message), lambda: public.verify(signature, message)
    secret, scheme = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    der, point = secret.sign(message, scheme), secret.public_key()
    return lambda: secret.sign(message, scheme), lambda: point.verify(der, message, scheme)


def our_calls(key: P256SigningKey | Ed25519SigningKey, holder: PublicKey) -> tuple[Call, Call]:
    """Issue and verify with this library."""

    def issue() -> str:
        return issue_sd_jwt_vc(
            CLAIMS,
            vct="urn:example:identity",
            issuer="https://issuer.example",
            key=key,
            holder=holder,
            disclosable=PATHS,
            issued_at=NOW,
            expires_at=NOW + 86_400,
            kid="key-1",
        )

    text = issue()

    def verify() -> JsonObject:
        credential = SdJwtVc.parse(text)
        credential.verify(key.public_key)
        claims = credential.claims()
        credential.check_time(NOW)
        return claims

    return issue, verify


def reference_calls(key: P256SigningKey | Ed25519SigningKey, holder: PublicKey) -> tuple[Call, Call]:
    """Issue and verify with the reference library, the same claims in the same way."""
    secret, public = JWK(**key.to_private_jwk()), JWK(**key.public_key.to_jwk())
    holder_jwk = JWK(**holder.to_jwk())
    open_claims = {
        "iss": "https://issuer.example",
        "iat": NOW,
        "exp": NOW + 86_400,
        "vct": "urn:example:identity",
    }
    header = {"typ": "dc+sd-jwt", "kid": "key-1"}

    def issue() -> str:
        claims = {SDObj(name): value for name, value in CLAIMS.items()} | open_claims
        made = SDJWTIssuer(claims, secret, holder_jwk, sign_alg=key.algorithm, extra_header_parameters=header)
        text: str = made.sd_jwt_issuance
        return text

    text = issue()

    def verify() -> JsonObject:
        claims: JsonObject = SDJWTVerifier(text, lambda *_: public).get_verified_payload()
        return claims

    return issue, verify


def measure(run: Run) -> Iterator[Row]:
    """Issue and verify, with each algorithm."""
    holder = P256SigningKey.generate().public_key
    for key in (P256SigningKey.generate(), Ed25519SigningKey.generate()):
        ours, reference = our_calls(key, holder), reference_calls(key, holder)
        # Each must do the work: both sides read their own credential, and see the same claims.
        for _, verify in (ours, reference):
            if not CLAIMS.items() <= dict(verify()).items():
                raise SystemExit("the contenders do not agree")
        raw = raw_calls(key.algorithm, ours[0]().partition("~")[0].encode())
        for name, mine, theirs, floor in zip(("issue", "verify"), ours, reference, raw, strict=True):
            best = best_seconds({"ours": mine, REFERENCE: theirs, RAW: floor}, rounds=run.rounds)
            yield from compare(f"{name} SD-JWT VC {key.algorithm}", best.pop("ours"), best)


if __name__ == "__main__":
    main(measure, packages=["trustid", "cryptography", "pynacl", "sd-jwt", "jwcrypto"], summary=str(__doc__))
