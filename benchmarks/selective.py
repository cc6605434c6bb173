"""How fast is ecdsa-sd-2023: making a base proof, deriving from it, verifying what was derived?

Rows of `benchmarks.credentials`. A W3C credential of ten claims, of which the
issuer makes the essential ones mandatory and the holder shows three. Peer: npm
@digitalbazaar/ecdsa-sd-2023-cryptosuite with the same document, keys of the
same kind and the same pointers; each side derives from and verifies its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tools.node_peers import NodePeers
from trustid.credentials.data_integrity import SUITES, Expectation, ecdsa_sd_2023, verify_document
from trustid.did import key as did_key
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, dump_json, multibase_encode, parse_json
from trustid.keys import P256SigningKey
from trustid.keys.ec import MULTICODEC_P256_PRIVATE

__all__ = ["STEPS", "our_selective_calls", "peer_selective_orders"]

STEPS: Final = ("issue", "derive", "verify")

SHOWN: Final = tuple(f"/credentialSubject/{name}" for name in ("givenName", "familyName", "birthDate"))
PEER: Final = "@digitalbazaar/ecdsa-sd-2023-cryptosuite"


def our_selective_calls(
    credential: Callable[[str], JsonObject], key: P256SigningKey, now: int
) -> tuple[Callable[[], Any], ...]:
    """The three steps; text in, text out, with a resolver that met the issuer's did:key before."""
    issuer = did_key.create(key.public_key)
    text = dump_json(credential(issuer))
    options = {
        "created": "2024-01-01T00:00:00Z",
        "verificationMethod": f"{issuer}#{issuer.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }
    resolver = Resolver(None, clock=lambda: now)
    expected = Expectation("assertionMethod", datetime.fromtimestamp(now, UTC), controller=issuer)

    def issue() -> bytes:
        document = parse_json(text)
        return dump_json({**document, "proof": ecdsa_sd_2023.create(document, options, key)})

    base = issue()

    def derive() -> bytes:
        return dump_json(ecdsa_sd_2023.derive(parse_json(base), SHOWN))

    derived = derive()

    def verify() -> JsonObject:
        return verify_document(
            parse_json(derived), resolver=resolver, suites=SUITES, expected=expected
        ).document

    return issue, derive, verify


def peer_selective_orders(
    peers: NodePeers, credential: Callable[[str], JsonObject], key: P256SigningKey
) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The package, and the three steps as orders to the Node process; once each is done, so that they can be."""
    issuer = did_key.create(key.public_key)
    document = credential(issuer)
    issue = {
        "do": "sd_2023_issue",
        "credential": document,
        "mandatoryPointers": list(ecdsa_sd_2023.essential_pointers(document)),
        "did": issuer,
        "secretKeyMultibase": multibase_encode(MULTICODEC_P256_PRIVATE + key.to_bytes()),
    }
    derive = {
        "do": "sd_2023_derive",
        "credential": peers(**issue),
        "selectivePointers": list(SHOWN),
    }
    verify = {"do": "sd_2023_verify", "credential": peers(**derive)}
    if peers(**verify) is not True:
        raise SystemExit(f"{PEER} does not accept its own credential")
    return PEER, (issue, derive, verify)
