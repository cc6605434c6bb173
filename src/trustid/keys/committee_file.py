"""A committee as a file: who may sign, with the proof that each member has the secret of its key.

    {"threshold": 2, "members": [
      {"public_key": base64url, "proof_of_possession": base64url, "weight": 1}, ...]}

`trustid keys new --kind BLS` prints a member's two values; `weight` may be left
out and is 1 then. Who names a committee elsewhere names its hash beside the
file (`Committee.hash`): it covers suite, threshold, keys, weights and order, so
that nobody changes who decides by changing the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from trustid.encoding import b64url_decode, parse_json_object
from trustid.errors import LimitExceededError, MalformedError
from trustid.keys.bls import ProofOfPossession, ProvenKey, PublicKey, Suite
from trustid.keys.quorum import MAX_MEMBERS, Committee, Member

__all__ = ["MAX_COMMITTEE_BYTES", "committee_from_json", "read_committee"]

MAX_COMMITTEE_BYTES: Final = 8 << 20
"""What the largest committee fits into: 16,384 members of some 300 bytes, and room for white space."""

MAX_DEPTH: Final = 3
FILE_MEMBERS: Final = frozenset({"threshold", "members"})
NEEDED: Final = frozenset({"public_key", "proof_of_possession"})
_SUITE_OF_SIZE: Final = {48: Suite.MIN_PK_POSSESSION, 96: Suite.MIN_SIG_POSSESSION}


def read_committee(path: Path) -> Committee:
    """Read such a file.

    Raises:
        OSError: It cannot be read.
        As `committee_from_json`.
    """
    with path.open("rb") as file:
        return committee_from_json(file.read(MAX_COMMITTEE_BYTES + 1))


def committee_from_json(data: bytes) -> Committee:
    """Read the content of such a file.

    Raises:
        MalformedError: `malformed`, or a code of a point that is none.
        SignatureError: `pop_invalid`; `duplicate_signer`, `suite_mismatch`.
        LimitExceededError: `limit_exceeded`.

    Cost:
        Some half a millisecond a member, for its proof.
    """
    value = parse_json_object(data, max_bytes=MAX_COMMITTEE_BYTES, max_depth=MAX_DEPTH)
    members, threshold = value.get("members"), value.get("threshold")
    if value.keys() != FILE_MEMBERS or type(threshold) is not int:
        raise MalformedError("malformed", f"expected exactly {', '.join(sorted(FILE_MEMBERS))}")
    if not isinstance(members, list) or not members:
        raise MalformedError("malformed", "expected members, one at least")
    if len(members) > MAX_MEMBERS:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_MEMBERS} members")
    read = [_member(place, member) for place, member in enumerate(members)]
    keys = ProvenKey.prove_many([key for key, _, _ in read], [proof for _, proof, _ in read])
    weights = [weight for _, _, weight in read]
    return Committee([Member(key, weight) for key, weight in zip(keys, weights, strict=True)], threshold)


def _member(place: int, value: Any) -> tuple[PublicKey, ProofOfPossession, int]:
    if not isinstance(value, dict) or value.keys() - {"weight"} != NEEDED:
        raise MalformedError(
            "malformed", f"member {place}: expected {', '.join(sorted(NEEDED))}, perhaps weight"
        )
    if not all(isinstance(value[name], str) for name in NEEDED):
        raise MalformedError("malformed", f"member {place}: expected a key and a proof in base64url")
    key, proof = b64url_decode(value["public_key"]), b64url_decode(value["proof_of_possession"])
    suite = _SUITE_OF_SIZE.get(len(key))
    if suite is None:
        raise MalformedError("point_encoding", f"member {place}: expected a key of 48 or 96 bytes")
    return (
        PublicKey.from_bytes(key, suite),
        ProofOfPossession.from_bytes(proof, suite),
        value.get("weight", 1),
    )
