"""Witnesses of a did:webvh log: whoever must have approved an entry before it counts.

A witness signs the version id of an entry, and thereby approves of all entries
before it. Only version ids that stand in this very log count: the signed text
does not say which DID it is about.

Reference:
    did:webvh 1.0, "DID Witnesses".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trustid.did.webvh.parameters import WitnessRule
from trustid.did.webvh.proofs import KeyRing, check_shape, make_proof, read_proof
from trustid.encoding import JsonObject, canonicalize, dump_json, parse_json, sha256
from trustid.errors import LimitExceededError, MalformedError, ResolutionError
from trustid.keys import SigningKey

__all__ = ["WITNESS_BYTES_MAX", "WITNESS_FILE", "Approvals", "approve", "witness_file"]

WITNESS_FILE = "did-witness.json"
WITNESS_BYTES_MAX = 512 * 1024
WITNESS_DEPTH_MAX = 8
PROOFS_MAX = 1024
"""Proofs of one file; each costs at most one verification."""


def approve(version_id: str, key: SigningKey, *, created: str) -> JsonObject:
    """A witness's proof for an entry.

    Args:
        version_id: The full version id of the entry.
        key: The witness's Ed25519 key.
        created: The time, as in 2026-01-31T12:00:00Z.

    Raises:
        ResolutionError: `did_log_proof`; not an Ed25519 key.
    """
    return make_proof({"versionId": version_id}, key, created)


def witness_file(proofs: Mapping[str, Sequence[JsonObject]]) -> bytes:
    """The file `did-witness.json`: version id -> proofs for it."""
    return dump_json(
        [{"versionId": version, "proof": list(listed)} for version, listed in proofs.items() if listed]
    )


class Approvals:
    """Who approved what, from a witness file.

    Signatures are verified when somebody asks, the latest of a witness first.

    Args:
        data: The file.
        version_ids: Those of the log, in order; proofs for others are ignored.
        keys: Keys read so far.

    Raises:
        ResolutionError: `did_log_invalid`; not a witness file.
        LimitExceededError: `limit_exceeded`.
    """

    def __init__(self, data: bytes, version_ids: Sequence[str], keys: KeyRing) -> None:
        self._keys = keys
        self._version_ids = version_ids
        self._latest: dict[str, int] = {}
        numbers = {version_id: number for number, version_id in enumerate(version_ids)}
        self._proofs: dict[str, list[tuple[int, JsonObject]]] = {}
        seen = 0
        for version_id, proofs in _entries(data):
            seen += len(proofs)
            if seen > PROOFS_MAX:
                raise LimitExceededError("limit_exceeded", f"expected at most {PROOFS_MAX} witness proofs")
            if version_id in numbers:
                self._note(numbers[version_id], proofs)
        for listed in self._proofs.values():
            listed.sort(key=lambda item: item[0])

    def _note(self, number: int, proofs: list[Any]) -> None:
        for proof in proofs:
            try:
                checked, multikey = check_shape(proof)
            except ResolutionError:
                # "a resolver MAY ignore any proofs that fail verification"
                continue
            self._proofs.setdefault(multikey, []).append((number, checked))

    def check(self, number: int, rule: WitnessRule) -> None:
        """Refuse an entry that too few witnesses approved.

        Args:
            number: Of the entry, from 0.
            rule: Who must have approved it.

        Raises:
            ResolutionError: `did_log_invalid`.
        """
        found = 0
        for name in rule.witnesses:
            found += self._approved_up_to(name.removeprefix("did:key:")) >= number
            if found >= rule.threshold:
                return
        raise ResolutionError(
            "did_log_invalid", f"expected {rule.threshold} witnesses of entry {number + 1}, found {found}"
        )

    def _approved_up_to(self, witness: str) -> int:
        """The latest entry that a witness approved; -1 for none."""
        if witness not in self._latest:
            self._latest[witness] = -1
            for number, proof in reversed(self._proofs.get(witness, [])):
                if self._holds(number, proof, witness):
                    self._latest[witness] = number
                    break
        return self._latest[witness]

    def _holds(self, number: int, proof: JsonObject, witness: str) -> bool:
        signed = canonicalize({"versionId": self._version_ids[number]})
        try:
            read_proof(sha256(signed), proof, allowed=(witness,), keys=self._keys).verify()
        except ResolutionError:
            return False
        return True


def _entries(data: bytes) -> list[tuple[str, list[Any]]]:
    try:
        content = parse_json(data, max_bytes=WITNESS_BYTES_MAX, max_depth=WITNESS_DEPTH_MAX)
    except LimitExceededError:
        raise
    except MalformedError as err:
        raise ResolutionError("did_log_invalid", f"expected JSON in {WITNESS_FILE}") from err
    entries = []
    for entry in content if isinstance(content, list) else [None]:
        version_id = entry.get("versionId") if isinstance(entry, dict) else None
        proofs = entry.get("proof", []) if isinstance(entry, dict) else None
        if not isinstance(version_id, str) or not isinstance(proofs, list):
            raise ResolutionError(
                "did_log_invalid", f"expected a list of versionId and proof in {WITNESS_FILE}"
            )
        entries.append((version_id, proofs))
    return entries
