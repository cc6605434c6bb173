"""Log entries that are signed and chained as they should be, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trustid.did.webvh.entries import Entry, entry_hash
from trustid.did.webvh.log import Log
from trustid.did.webvh.proofs import make_proof
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.keys import Ed25519SigningKey, SigningKey, generate

START = 1_750_000_000
NOW = 1_800_000_000
KEYS: tuple[SigningKey, ...] = tuple(
    Ed25519SigningKey.from_bytes(bytes([number]) * 32) for number in range(1, 7)
)
P256 = generate("P-256")


def forge(log: Log, *, key: SigningKey = KEYS[0], seconds: int = 60, **changes: Any) -> bytes:
    """A log with one more entry, signed and hashed over whatever it says.

    Args:
        log: The log so far.
        key: Signs.
        seconds: After the last entry.
        changes: Members of the entry in place of the plain ones.
    """
    values: JsonObject = {
        "versionId": "",
        "versionTime": time_text(int(log.current.since) + seconds),
        "parameters": {},
        "state": log.current.state,
    } | changes
    entry = Entry.of_json(values)
    number = len(log.lines) + 1
    version_id = f"{number}-{entry_hash(entry.canonical_parts(), log.current.version_id)}"
    return joined((*log.lines, dump_json(signed(entry, version_id, key).to_json())))


def signed(entry: Entry, version_id: str, key: SigningKey) -> Entry:
    document = entry.to_json(version_id=version_id, proofs=False)
    return replace(entry, version_id=version_id, proofs=[make_proof(document, key, entry.version_time)])


def resigned(line: bytes, key: SigningKey = KEYS[0], **members: Any) -> bytes:
    """A line with other members and a new proof; its hash is left as it was."""
    content = parse_json_object(line) | members
    entry = Entry.of_json(content)
    return dump_json(signed(entry, entry.version_id, key).to_json())


def joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def time_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
