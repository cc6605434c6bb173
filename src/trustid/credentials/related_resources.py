"""Resources that a credential relates to, and what their bytes must hash to.

Nothing is fetched here. The contexts that came with the library are at hand,
so a digest of one of them must fit; of other resources the form is checked,
and whoever fetches one holds it against the digest.

Reference:
    W3C Verifiable Credentials Data Model 2.0, section 5.3; W3C Verifiable
    Credential Data Integrity 1.0, section 2.6 (resource integrity).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from trustid.credentials.json_ld import Contexts
from trustid.credentials.model_values import check_url, one_or_more
from trustid.credentials.type_metadata import check_integrity
from trustid.encoding import multibase_decode
from trustid.errors import MalformedError, UnsupportedError, VerificationError

__all__ = ["check_related_resources"]

MAX_RESOURCES: Final = 32
MAX_DIGEST_CHARS: Final = 1024

_SRI: Final = "digestSRI"
_MULTIBASE: Final = "digestMultibase"
_HASHES: Final = {
    b"\x12\x20": hashlib.sha256,
    b"\x20\x30": hashlib.sha384,
    b"\x13\x40": hashlib.sha512,
}
"""Multihash prefix (the function, and the bytes that follow) -> the function."""


def check_related_resources(document: Mapping[str, Any]) -> None:
    """Check `relatedResource`, where there is one.

    Raises:
        MalformedError: claim_type_invalid where it is no object; malformed
            where one has no URL, the URL of another one, no digest, or a
            digest that does not fit a context that is known here.
    """
    seen: set[str] = set()
    for resource in one_or_more(document, "relatedResource", MAX_RESOURCES):
        address = check_url(resource.get("id"), "id")
        if address in seen:
            raise MalformedError("malformed", "expected each related resource once")
        seen.add(address)
        digests = {name: resource[name] for name in (_SRI, _MULTIBASE) if name in resource}
        if not digests:
            raise MalformedError("malformed", f"expected a related resource to have {_SRI} or {_MULTIBASE}")
        texts = [*digests.values(), resource.get("mediaType", "")]
        if not all(type(text) is str and len(text) <= MAX_DIGEST_CHARS for text in texts):
            raise MalformedError("claim_type_invalid", "expected digests and mediaType to be text")
        _check_digests(digests, Contexts.bundled().document(address))


def _check_digests(digests: Mapping[str, str], body: bytes | None) -> None:
    if not all(digests.values()):
        raise MalformedError("malformed", "expected a digest")
    if body is None:
        return
    try:
        if _SRI in digests:
            check_integrity(digests[_SRI], body)
        found = multibase_decode(digests[_MULTIBASE]) if _MULTIBASE in digests else None
    except (VerificationError, UnsupportedError, MalformedError) as err:
        raise MalformedError("malformed", "expected the digest of this resource") from err
    if found is not None and found not in _multihashes(body):
        raise MalformedError("malformed", "expected the digest of this resource")


def _multihashes(body: bytes) -> frozenset[bytes]:
    """The multihashes, and the bare hashes: the recommendation's own examples have both."""
    bare = {prefix: hashed(body).digest() for prefix, hashed in _HASHES.items()}
    return frozenset(bare.values()) | {prefix + digest for prefix, digest in bare.items()}
