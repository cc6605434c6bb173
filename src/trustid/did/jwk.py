"""did:jwk: the identifier is the JWK.

Reference:
    did:jwk Method Specification (quartzjer/did-jwk), "DID Operations".
"""

from __future__ import annotations

from trustid.did.document import DidDocument
from trustid.did.material import SECRET_JWK_MEMBERS
from trustid.did.syntax import Did
from trustid.encoding import JsonObject, b64url_decode, b64url_encode, canonicalize, parse_json_object
from trustid.errors import MalformedError, ResolutionError, UnsupportedError
from trustid.keys import PublicKey, public_key_from_jwk

__all__ = ["create", "resolve"]

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1")
JWK_BYTES_MAX = 3072
JWK_DEPTH_MAX = 4

_SIGNING = ("assertionMethod", "authentication", "capabilityInvocation", "capabilityDelegation")
_POINT = ("kty", "crv", "x", "y", "n", "e")
_USES = {None: (*_SIGNING, "keyAgreement"), "sig": _SIGNING, "enc": ("keyAgreement",)}
_ASYMMETRIC = frozenset({"EC", "OKP", "RSA", "AKP"})


def create(public_key: PublicKey) -> str:
    """The did:jwk of a public key.

    One key has many did:jwk, since JSON has many spellings; this one uses the
    required members only, in canonical order (RFC 8785).

    Example:
        >>> from trustid.keys import generate
        >>> create(generate("P-256").public_key).startswith("did:jwk:eyJjcnYiOiJQLTI1NiIs")
        True
    """
    return f"did:jwk:{b64url_encode(canonicalize(public_key.to_jwk()))}"


def resolve(did: Did) -> DidDocument:
    """Make the document that a did:jwk stands for; nothing is fetched.

    Kinds of key that cannot verify here (X25519, RSA) get a document
    too; using such a key is refused as `unsupported`.

    Raises:
        ResolutionError: `did_malformed`; not base64url, not a JSON object, not
            a public JWK.
    """
    jwk = _decoded(did.identifier)
    use = jwk.get("use")
    if use not in _USES:
        raise ResolutionError("did_malformed", "expected a JWK whose use is sig or enc")
    method = f"{did}#0"
    document: JsonObject = {
        "@context": list(CONTEXTS),
        "id": str(did),
        "verificationMethod": [
            {"id": method, "type": "JsonWebKey2020", "controller": str(did), "publicKeyJwk": jwk}
        ],
    }
    document.update({name: [method] for name in _USES[use]})
    return DidDocument.made(did, document)


def _decoded(text: str) -> JsonObject:
    try:
        jwk = parse_json_object(b64url_decode(text), max_bytes=JWK_BYTES_MAX, max_depth=JWK_DEPTH_MAX)
        if not SECRET_JWK_MEMBERS.isdisjoint(jwk):
            raise ResolutionError("did_malformed", "expected a public JWK, found a secret")
        kind = jwk.get("kty")
        if (
            not isinstance(jwk.get("use"), (str, type(None)))
            or not isinstance(kind, str)
            or kind not in _ASYMMETRIC
        ):
            raise ResolutionError("did_malformed", "expected a public JWK")
        # The key alone: what it may be used for is checked where it is used.
        public_key_from_jwk({name: jwk[name] for name in _POINT if name in jwk})
    except UnsupportedError:
        return jwk
    except MalformedError as err:
        raise ResolutionError("did_malformed", "expected a JWK in base64url") from err
    return jwk
