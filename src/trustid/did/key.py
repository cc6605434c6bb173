"""did:key: the identifier is the key.

Documents are made for these kinds of key; the first three can verify here, the
others are carried as they are, and using them is refused as `unsupported`:

| Multikey prefix | kind | uses in the document |
|---|---|---|
| z6Mk | Ed25519 | all four for signing; the X25519 key made from it for keyAgreement |
| zDn | P-256 | all |
| z82 | P-384 | all |
| z6LS | X25519 | keyAgreement |
| zQ3s | secp256k1 | all |
| z2J9 | P-521 | all |
| z3tE | BLS12-381 G1 | all four for signing |
| zUC7 | BLS12-381 G2 | all four for signing |
| z5Tc | BLS12-381 G1 and G2 | all four for signing; the method names the G1 key |
| z4MX, zgg | RSA | all |

Reference:
    W3C CCG, The did:key Method 0.9, "Document Creation Algorithm";
    multicodec table. Uses as in the method's test vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from trustid import _core
from trustid.did.document import DidDocument, OwnKey
from trustid.did.syntax import Did
from trustid.encoding import JsonObject, multibase_decode, multibase_encode
from trustid.errors import MalformedError, ResolutionError, UnsupportedError
from trustid.keys import Ed25519PublicKey, P256PublicKey, P384PublicKey, PublicKey

__all__ = ["CONTEXTS", "check_multikey", "create", "document_of", "resolve"]

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")
RSA_BYTES_MAX = 600
"""A PKCS#1 public key of 4096 bits has 526 bytes."""

_SIGNING = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
_ALL = (*_SIGNING, "keyAgreement")
_X25519 = b"\xec\x01"
_ED25519 = b"\xed\x01"
_P256 = b"\x80\x24"
_P384 = b"\x81\x24"
_BLS_G1 = b"\xea\x01"
_BLS_G1_G2 = b"\xee\x01"
_BLS_G1_BYTES = 48


@dataclass(frozen=True, slots=True)
class _Kind:
    sizes: range
    uses: tuple[str, ...]


# Multicodec prefix (a varint) -> length of the key that follows, and its uses.
_KINDS = {
    _ED25519: _Kind(range(32, 33), _SIGNING),
    _X25519: _Kind(range(32, 33), ("keyAgreement",)),
    _P256: _Kind(range(33, 34), _ALL),
    _P384: _Kind(range(49, 50), _ALL),
    b"\x82\x24": _Kind(range(67, 68), _ALL),  # P-521
    b"\xe7\x01": _Kind(range(33, 34), _ALL),  # secp256k1
    _BLS_G1: _Kind(range(_BLS_G1_BYTES, _BLS_G1_BYTES + 1), _SIGNING),
    b"\xeb\x01": _Kind(range(96, 97), _SIGNING),  # BLS12-381 G2
    _BLS_G1_G2: _Kind(range(144, 145), _SIGNING),
    b"\x85\x24": _Kind(range(256, RSA_BYTES_MAX), _ALL),  # RSA, PKCS#1
}


_READERS: Mapping[bytes, Callable[[bytes], PublicKey]] = {
    _ED25519: Ed25519PublicKey.from_bytes,
    _P256: P256PublicKey.from_bytes,
    _P384: P384PublicKey.from_bytes,
}


def create(public_key: PublicKey) -> str:
    """The did:key of a public key.

    Example:
        >>> from trustid.keys import public_key_from_multikey
        >>> create(public_key_from_multikey("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"))
        'did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp'
    """
    return f"did:key:{public_key.to_multikey()}"


def resolve(did: Did) -> DidDocument:
    """Make the document that a did:key stands for; nothing is fetched.

    Raises:
        ResolutionError: `did_malformed`; not base58btc, the wrong length, or
            not a key of its kind.
        UnsupportedError: A kind of key that the table above does not name.
    """
    return document_of(did, did.identifier)


def document_of(did: Did, text: str) -> DidDocument:
    """The document of a DID that is one key; did:peer:0 shares it.

    Args:
        did: The DID.
        text: The key as a Multikey.

    Raises:
        ResolutionError, UnsupportedError: As `resolve`.
    """
    prefix, raw, kind, key = _decoded(text)
    own = None if prefix == _BLS_G1_G2 else OwnKey(text, kind.uses, key)
    return DidDocument.assembled(did, partial(_content, did, text, prefix, raw), own)


def _content(did: Did, text: str, prefix: bytes, raw: bytes) -> tuple[JsonObject, dict[str, str]]:
    """The document, and what its methods are for."""
    name = multibase_encode(_BLS_G1 + raw[:_BLS_G1_BYTES]) if prefix == _BLS_G1_G2 else text
    owner = str(did)
    methods = [_method(owner, name)]
    uses = {use: str(methods[0]["id"]) for use in _KINDS[prefix].uses}
    if prefix == _ED25519:
        methods.append(_method(owner, multibase_encode(_X25519 + _core.x25519_of_ed25519(raw))))
        uses["keyAgreement"] = methods[1]["id"]
    document: JsonObject = {"@context": list(CONTEXTS), "id": owner, "verificationMethod": methods}
    document |= {use: [name] for use, name in uses.items()}
    return document, uses


def check_multikey(text: str) -> None:
    """Check that a text is a key of one of the kinds above.

    Raises:
        ResolutionError, UnsupportedError: As `resolve`.
    """
    _decoded(text)


def _decoded(text: str) -> tuple[bytes, bytes, _Kind, PublicKey | None]:
    if not text.startswith("z"):
        raise ResolutionError("did_malformed", "expected a key in base58btc: did:key:z…, without a version")
    try:
        data = multibase_decode(text)
        prefix, raw = data[:2], data[2:]
        kind = _KINDS.get(prefix)
        if kind is None:
            raise UnsupportedError("unsupported", "expected a did:key of a known kind of key")
        if len(raw) not in kind.sizes:
            raise ResolutionError(
                "did_malformed", f"expected a key of its kind's length, found {len(raw)} bytes"
            )
        # Refuse what is no key, for the kinds that are spoken here; the others are carried unread.
        read = _READERS.get(prefix)
        key = None if read is None else read(raw)
    except MalformedError as err:
        raise ResolutionError("did_malformed", "expected a key in base58btc") from err
    return prefix, raw, kind, key


def _method(did: str, multikey: str) -> JsonObject:
    return {
        "id": f"{did}#{multikey}",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": multikey,
    }
