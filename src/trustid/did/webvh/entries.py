"""One entry of a did:webvh log: reading it, and the hashes that chain it to the one before.

Reference:
    did:webvh 1.0, "The DID Log File", "SCID Generation and Verification",
    "Entry Hash Generation and Verification".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from trustid.did.location import Location
from trustid.did.syntax import Did
from trustid.did.webvh.parameters import SCID, hash_text
from trustid.encoding import (
    JsonObject,
    canonicalize,
    canonicalize_parsed,
    dump_json,
    parse_json_object,
    sha256,
)
from trustid.errors import LimitExceededError, MalformedError, ResolutionError

__all__ = ["PLACEHOLDER", "Entry", "locate", "read_time", "scid_of"]

PLACEHOLDER = "{SCID}"
ENTRY_BYTES_MAX = 64 * 1024
ENTRY_DEPTH_MAX = 16

_MEMBERS = frozenset({"versionId", "versionTime", "parameters", "state", "proof"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|\+00:00)")
_IP_LIKE = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")


def _invalid(message: str) -> ResolutionError:
    return ResolutionError("did_log_invalid", message)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that was read; nothing in it was verified.

    Attributes:
        version_id: Number, a dash, the entry's hash.
        version_time: As it is written.
        parameters: What the entry changes.
        state: The DID document.
        proofs: Proofs over the entry.
    """

    version_id: str
    version_time: str
    parameters: JsonObject
    state: JsonObject
    proofs: list[Any]

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Read a line of a log.

        Raises:
            ResolutionError: `did_log_invalid`.
            LimitExceededError: `limit_exceeded`.
        """
        try:
            content = parse_json_object(line, max_bytes=ENTRY_BYTES_MAX, max_depth=ENTRY_DEPTH_MAX)
        except LimitExceededError:
            raise
        except MalformedError as err:
            raise _invalid("expected a JSON object on each line") from err
        if content.keys() != _MEMBERS:
            raise _invalid("expected versionId, versionTime, parameters, state and proof")
        return cls.of_json(content)

    @classmethod
    def of_json(cls, content: JsonObject) -> Self:
        """Take an entry apart.

        Raises:
            ResolutionError: `did_log_invalid`.
        """
        version_id, version_time = content["versionId"], content["versionTime"]
        parameters, state, proofs = content["parameters"], content["state"], content.get("proof", [])
        if not isinstance(version_id, str) or not isinstance(version_time, str):
            raise _invalid("expected versionId and versionTime as texts")
        if not isinstance(parameters, dict) or not isinstance(state, dict):
            raise _invalid("expected parameters and state as objects")
        if not isinstance(proofs, list):
            raise _invalid("expected proof as a list")
        return cls(version_id, version_time, parameters, state, proofs)

    def canonical_parts(self) -> tuple[bytes, bytes]:
        """The entry without proof in canonical form, before and after the value of versionId.

        Both hashes of an entry are over this form with another versionId, so
        parameters and state are written once.
        """
        try:
            parameters, state = canonicalize_parsed(self.parameters), canonicalize_parsed(self.state)
            time = canonicalize(self.version_time)
        except MalformedError as err:
            raise _invalid("expected values that have a canonical form") from err
        head = b'{"parameters":' + parameters + b',"state":' + state + b',"versionId":"'
        return head, b'","versionTime":' + time + b"}"

    def to_json(self, *, version_id: str | None = None, proofs: bool = True) -> JsonObject:
        """The entry as it is written, or with another version id."""
        content: JsonObject = {
            "versionId": self.version_id if version_id is None else version_id,
            "versionTime": self.version_time,
            "parameters": self.parameters,
            "state": self.state,
        }
        return content | ({"proof": self.proofs} if proofs else {})


def chained(parts: tuple[bytes, bytes], version_id: str) -> bytes:
    """The canonical form with a version id put in; one that needs no escaping."""
    return parts[0] + version_id.encode("ascii") + parts[1]


def digest(parts: tuple[bytes, bytes], version_id: str) -> bytes:
    """SHA-256 of the canonical form with a version id put in."""
    return sha256(chained(parts, version_id))


def entry_hash(parts: tuple[bytes, bytes], previous: str) -> str:
    """The hash of an entry ("Generate Entry Hash").

    Args:
        parts: The entry's `canonical_parts`.
        previous: The version id before it; the SCID for the first.
    """
    return hash_text(chained(parts, previous))


def scid_of(entry: Entry, scid: str) -> str:
    """The SCID that a first entry hashes to ("Verify SCID").

    Args:
        entry: The entry, with its SCID in place.
        scid: That SCID; PLACEHOLDER for an entry that has none yet.

    Raises:
        ResolutionError: `did_log_invalid`.
    """
    text = dump_json(entry.to_json(version_id=PLACEHOLDER, proofs=False)).decode()
    if scid != PLACEHOLDER:
        if text.count(PLACEHOLDER) > 1:
            # Two texts would have one SCID: with the placeholder, and with what it stands for.
            raise _invalid("expected no placeholder left in the first entry")
        text = text.replace(scid, PLACEHOLDER)
    return hash_text(canonicalize_parsed(parse_json_object(text, max_depth=ENTRY_DEPTH_MAX)))


def read_time(text: str) -> float:
    """Read a versionTime: UTC, in ISO 8601 with seconds; gives epoch seconds.

    Raises:
        ResolutionError: `did_log_invalid`.
    """
    if not _TIME.fullmatch(text):
        raise _invalid("expected versionTime in UTC, as in 2026-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as err:
        raise _invalid("expected versionTime as a time that exists") from err


def locate(did: Did) -> tuple[str, Location]:
    """The SCID of a did:webvh, and where its log lies.

    Raises:
        ResolutionError: `did_malformed`; also for an address in place of a
            name ("it MUST NOT include IP addresses").
    """
    scid, _, rest = did.identifier.partition(":")
    if did.method != "webvh" or not SCID.fullmatch(scid):
        raise ResolutionError("did_malformed", "expected did:webvh, a SCID and a host")
    location = Location.parse(rest)
    last = location.host.rpartition(".")[2]
    if _IP_LIKE.fullmatch(last):
        raise ResolutionError("did_malformed", "expected a host name, found an address")
    return scid, location
