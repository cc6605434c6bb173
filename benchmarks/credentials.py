"""How fast is a credential issued and verified: SD-JWT VC, W3C with eddsa-rdfc-2022 and with ecdsa-sd-2023?

    python -m benchmarks.credentials [--json] [--quick]

A credential of ten selectively disclosable claims, bound to a holder's key.
Peers: the reference library (PyPI sd-jwt), npm @sd-jwt/sd-jwt-vc in a Node
process that measures itself, and one bare signature or verification by
`cryptography` over the same signed bytes, which is the floor: what remains
above it is what the format costs.

A W3C credential with the same claims, secured with eddsa-rdfc-2022: JSON-LD,
canonical statements, Ed25519. Peers: npm @digitalbazaar/vc with the same suite;
PyPI didkit (Rust), whose release speaks version 1.1 and Ed25519Signature2020,
which signs the same two hashes of canonical statements. A peer that is not
installed is left out, and said to be. The same credential with ecdsa-sd-2023:
see `benchmarks.selective`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj  # type: ignore[import-untyped]
from sd_jwt.issuer import SDJWTIssuer  # type: ignore[import-untyped]
from sd_jwt.verifier import SDJWTVerifier  # type: ignore[import-untyped]

from benchmarks.harness import Row, Run, Timed, best_seconds, compare, main
from benchmarks.selective import STEPS, our_selective_calls, peer_selective_orders
from tools.node_peers import NodePeers, missing
from tools.node_peers import version as node_version
from trustid.credentials.data_integrity import SUITES, Expectation, eddsa_rdfc_2022, verify_document
from trustid.credentials.sd_jwt_vc import SdJwtVc, issue_sd_jwt_vc
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, dump_json, multibase_encode, parse_json
from trustid.keys import Ed25519SigningKey, P256SigningKey, PublicKey
from trustid.keys.ed25519 import MULTICODEC_ED25519_PRIVATE

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

WARM_SECONDS = 1.5
"""CPU time after which a JavaScript peer runs at its speed."""

Call = Callable[[], Any]
Contenders = dict[str, tuple[Call | Timed, Call | Timed]]
"""Who -> issuing, and verifying."""


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


RESIDENT = {
    "type": ["PermanentResident", "Person"],
    "givenName": "Erika",
    "familyName": "Mustermann",
    "image": "https://example.org/photo",
    "gender": "Female",
    "birthDate": "1963-08-12",
    "birthCountry": "Germany",
    "residentSince": "2015-01-01",
    "description": "Document number 123456789",
    "name": "Erika Mustermann",
}
"""Ten members that both versions of the citizenship vocabulary know."""
W3C_V1, W3C_V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"


def w3c_credential(context: str, issuer: str) -> JsonObject:
    """The same credential in version 1.1 or 2.0; text in, text out, as it comes and goes."""
    start = "issuanceDate" if context == W3C_V1 else "validFrom"
    vocabulary = "https://w3id.org/citizenship/v1" if context == W3C_V1 else "https://w3id.org/citizenship/v3"
    return {
        "@context": [context, vocabulary],
        "id": "urn:uuid:0dd5f5a4-8d49-4d2d-8a5e-0b9d3a4f0c11",
        "type": ["VerifiableCredential", "PermanentResidentCard"],
        "issuer": issuer,
        start: "2024-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:holder", **RESIDENT},
    }


def our_w3c_calls(key: Ed25519SigningKey) -> tuple[Call, Call]:
    """Issue and verify with eddsa-rdfc-2022, with a resolver that met the issuer's did:key before."""
    issuer = did_key.create(key.public_key)
    text = dump_json(w3c_credential(W3C_V2, issuer))
    resolver = Resolver(None, clock=lambda: NOW)
    expected = Expectation("assertionMethod", datetime.fromtimestamp(NOW, UTC), controller=issuer)
    options = {
        "created": "2024-01-01T00:00:00Z",
        "verificationMethod": f"{issuer}#{issuer.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }

    def issue() -> bytes:
        document = parse_json(text)
        return dump_json({**document, "proof": eddsa_rdfc_2022.create(document, options, key)})

    secured = issue()

    def verify() -> JsonObject:
        return verify_document(
            parse_json(secured), resolver=resolver, suites=SUITES, expected=expected
        ).document

    return issue, verify


def didkit_calls(key: Ed25519SigningKey, loop: asyncio.AbstractEventLoop) -> tuple[Call, Call]:
    """Issue and verify with didkit and Ed25519Signature2020."""
    import didkit

    issuer = did_key.create(key.public_key)
    text = json.dumps(w3c_credential(W3C_V1, issuer))
    options = json.dumps(
        {
            "type": "Ed25519Signature2020",
            "created": "2024-01-01T00:00:00Z",
            "proofPurpose": "assertionMethod",
            "verificationMethod": f"{issuer}#{issuer.removeprefix('did:key:')}",
        }
    )
    jwk = json.dumps(key.to_private_jwk())

    async def issue() -> str:
        made: str = await didkit.issue_credential(text, options, jwk)
        return made

    secured = loop.run_until_complete(issue())

    async def verify() -> str:
        checked: str = await didkit.verify_credential(secured, "{}")
        return checked

    if json.loads(loop.run_until_complete(verify()))["errors"]:
        raise SystemExit("didkit does not accept its own credential")
    return lambda: loop.run_until_complete(issue()), lambda: loop.run_until_complete(verify())


def node_sd_jwt_vc(
    peers: NodePeers, key: P256SigningKey | Ed25519SigningKey, holder: PublicKey
) -> Contenders:
    """@sd-jwt/sd-jwt-vc with the same claims, on Node's own signatures."""
    claims = CLAIMS | {
        "iss": "https://issuer.example",
        "iat": NOW,
        "exp": NOW + 86_400,
        "vct": "urn:example:identity",
        "cnf": {"jwk": holder.to_jwk()},
    }
    issue = {
        "do": "sd_jwt_vc_issue",
        "key": key.to_private_jwk(),
        "claims": claims,
        "hidden": list(CLAIMS),
        "header": {"kid": "key-1"},
    }
    text = peers(**issue)
    verify = {"do": "sd_jwt_vc_verify", "key": key.public_key.to_jwk(), "text": text, "now": NOW}
    if not peers(**verify)["payload"].items() >= CLAIMS.items():
        raise SystemExit("@sd-jwt/sd-jwt-vc does not show the claims")
    return {node_version("@sd-jwt/sd-jwt-vc"): (timed(peers, issue), timed(peers, verify))}


def node_w3c(peers: NodePeers, key: Ed25519SigningKey) -> Contenders:
    """@digitalbazaar/vc with eddsa-rdfc-2022; its loader makes did:key documents and has the contexts at hand."""
    issuer = did_key.create(key.public_key)
    secret = multibase_encode(MULTICODEC_ED25519_PRIVATE + key.to_bytes() + key.public_key.to_bytes())
    issue = {
        "do": "ldp_vc_issue",
        "credential": w3c_credential(W3C_V2, issuer),
        "did": issuer,
        "secretKeyMultibase": secret,
    }
    verify = {"do": "ldp_vc_verify", "credential": peers(**issue)}
    if peers(**verify) is not True:
        raise SystemExit("@digitalbazaar/vc does not accept its own credential")
    return {node_version("@digitalbazaar/vc"): (timed(peers, issue), timed(peers, verify))}


def timed(peers: NodePeers, order: JsonObject) -> Timed:
    """An order that the Node process carries out many times, measuring itself, once its compiler has warmed up."""
    warm = 0.0
    while warm < WARM_SECONDS:
        warm += float(peers("measure", order=order, count=20))
    return Timed(lambda count: float(peers("measure", order=order, count=count)))


def rows(what: str, ours: tuple[Call, Call], peers: Contenders, run: Run) -> Iterator[Row]:
    """Issuing and verifying, beside each peer."""
    for side, name in enumerate(("issue", "verify")):
        contenders = {"ours": ours[side], **{peer: calls[side] for peer, calls in peers.items()}}
        best = best_seconds(contenders, rounds=run.rounds)
        yield from compare(f"{name} {what}", best.pop("ours"), best)


def measure_w3c(run: Run, peers: NodePeers | None) -> Iterator[Row]:
    """Issue and verify a W3C credential over canonical statements."""
    key = Ed25519SigningKey.generate()
    found: Contenders = {} if peers is None else node_w3c(peers, key)
    loop = asyncio.new_event_loop()
    if find_spec("didkit") is None:
        print("PyPI didkit is not installed", file=sys.stderr)
    else:
        found[f"didkit {version('didkit')}"] = didkit_calls(key, loop)
    yield from rows("eddsa-rdfc-2022", our_w3c_calls(key), found, run)
    loop.close()
    time.sleep(0.2)  # didkit's threads must rest before the interpreter ends


def measure_sd_jwt_vc(run: Run, peers: NodePeers | None) -> Iterator[Row]:
    """Issue and verify, with each algorithm."""
    holder = P256SigningKey.generate().public_key
    for key in (P256SigningKey.generate(), Ed25519SigningKey.generate()):
        ours, reference = our_calls(key, holder), reference_calls(key, holder)
        # Each must do the work: both sides read their own credential, and see the same claims.
        for _, verify in (ours, reference):
            if not CLAIMS.items() <= dict(verify()).items():
                raise SystemExit("the contenders do not agree")
        raw = raw_calls(key.algorithm, ours[0]().partition("~")[0].encode())
        found: Contenders = {REFERENCE: reference, RAW: raw}
        if peers is not None:
            found |= node_sd_jwt_vc(peers, key, holder)
        yield from rows(f"SD-JWT VC {key.algorithm}", ours, found, run)


def measure_selective(run: Run, peers: NodePeers | None) -> Iterator[Row]:
    """Issue, derive and verify with ecdsa-sd-2023."""
    key = P256SigningKey.generate()

    def credential(issuer: str) -> JsonObject:
        return w3c_credential(W3C_V2, issuer)

    if peers is None:
        print("ecdsa-sd-2023 has no peer without npm", file=sys.stderr)
        return
    package, orders = peer_selective_orders(peers, credential, key)
    ours = our_selective_calls(credential, key, NOW)
    for step, call, order in zip(STEPS, ours, orders, strict=True):
        contenders = {"ours": call, node_version(package): timed(peers, dict(order))}
        best = best_seconds(contenders, rounds=run.rounds)
        yield from compare(f"{step} ecdsa-sd-2023", best.pop("ours"), best)


def measure(run: Run) -> Iterator[Row]:
    """All formats, with the Node peers where they are installed."""
    reason = missing()
    if reason:
        print(f"npm peers: {reason}", file=sys.stderr)
    with NodePeers() if reason is None else nullcontext() as peers:
        yield from measure_sd_jwt_vc(run, peers)
        yield from measure_w3c(run, peers)
        yield from measure_selective(run, peers)


if __name__ == "__main__":
    main(measure, packages=["trustid", "cryptography", "pynacl", "sd-jwt", "jwcrypto"], summary=str(__doc__))
