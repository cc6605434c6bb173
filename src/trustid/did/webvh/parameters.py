"""The parameters of a did:webvh log: what each entry may set, and what holds after it.

Reference:
    did:webvh 1.0, "did:webvh DID Method Parameters", "Pre-Rotation Key Hash
    Generation and Verification", "The `witness` Parameter".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trustid.encoding import JsonObject, base58_encode, sha256
from trustid.errors import ResolutionError, UnsupportedError

__all__ = ["METHOD", "SCID", "Parameters", "WitnessRule", "hash_text", "key_hash"]

METHOD = "did:webvh:1.0"
KEYS_MAX = 32
"""Update keys, and witnesses."""
HASHES_MAX = 64
WATCHERS_MAX = 32
TEXT_LENGTH_MAX = 2048
TTL_SECONDS = 3600
TTL_SECONDS_MAX = 2**31

SCID = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}")
"""A multihash of SHA-256 in base58."""
_METHOD = re.compile(r"did:webvh:[0-9]+\.[0-9]+")
_SHA256 = b"\x12\x20"  # multihash: sha2-256, 32 bytes
_MULTIKEY = re.compile(r"z6Mk[1-9A-HJ-NP-Za-km-z]{44}")
_WITNESS_PREFIX = "did:key:"
# Early logs wrote null for the default; "resolver implementations SHOULD gracefully accept" it.
_NULLABLE: Mapping[str, Any] = {
    "updateKeys": [],
    "nextKeyHashes": [],
    "witness": {},
    "watchers": [],
    "ttl": TTL_SECONDS,
}


def hash_text(data: bytes) -> str:
    """A hash as did:webvh writes it: base58btc of the SHA-256 multihash."""
    return base58_encode(_SHA256 + sha256(data))


def key_hash(multikey: str) -> str:
    """The hash that commits to an update key (`nextKeyHashes`)."""
    return hash_text(multikey.encode("ascii"))


@dataclass(frozen=True, slots=True)
class WitnessRule:
    """Who must approve an entry: `threshold` of these did:key."""

    threshold: int
    witnesses: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """The value of the parameter."""
        return {"threshold": self.threshold, "witnesses": [{"id": name} for name in self.witnesses]}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What holds after an entry.

    Attributes:
        scid: The identifier that the first entry hashes to.
        update_keys: Multikeys that may sign the next entry.
        next_key_hashes: Hashes of the only keys that the next entry may set; empty without pre-rotation.
        witness: Who must approve the next entry; None for nobody.
        watchers: Where copies of the log are kept.
        portable: Whether the DID may move.
        deactivated: Whether the DID was given up.
        ttl: How many seconds the DID may be kept.
    """

    scid: str = ""
    update_keys: tuple[str, ...] = ()
    next_key_hashes: tuple[str, ...] = ()
    witness: WitnessRule | None = None
    watchers: tuple[str, ...] = ()
    portable: bool = False
    deactivated: bool = False
    ttl: int = TTL_SECONDS

    @classmethod
    def first(cls, changes: JsonObject) -> Parameters:
        """Read the parameters of the first entry.

        Raises:
            ResolutionError: `did_log_parameters`.
            UnsupportedError: Another version of the method.
        """
        missing = {"method", "scid", "updateKeys"} - changes.keys()
        if missing:
            raise _invalid(f"expected {', '.join(sorted(missing))} in the first entry")
        scid = changes["scid"]
        if not isinstance(scid, str) or not SCID.fullmatch(scid):
            raise _invalid("expected a scid of SHA-256 in base58")
        rest = {name: value for name, value in changes.items() if name != "scid"}
        return cls(scid=scid, portable=changes.get("portable") is True)._changed(rest)

    def next(self, changes: JsonObject) -> Parameters:
        """Read the parameters of a later entry.

        Raises:
            ResolutionError: `did_log_parameters`.
            UnsupportedError: Another version of the method.
        """
        if "scid" in changes:
            raise _invalid("expected the scid in the first entry only")
        changed = self._changed(changes)
        if self.next_key_hashes:
            if not {"updateKeys", "nextKeyHashes"} <= changes.keys():
                raise _invalid("expected updateKeys and nextKeyHashes while pre-rotation is on")
            if not changed.update_keys or not {key_hash(key) for key in changed.update_keys} <= set(
                self.next_key_hashes
            ):
                raise _invalid("expected update keys that the entry before committed to")
        return changed

    def _changed(self, changes: JsonObject) -> Parameters:
        if not changes:
            return self
        unknown = changes.keys() - _READERS.keys() - {"method"}
        if unknown:
            raise _invalid("expected parameters of did:webvh 1.0 only")
        _check_method(changes.get("method", METHOD))
        fields: dict[str, Any] = {}
        for name, value in changes.items():
            if name == "method":
                continue
            field, reader = _READERS[name]
            fields[field] = reader(_NULLABLE.get(name) if value is None else value)
        if fields.get("portable") and not self.portable:
            raise _invalid("expected portable to be set in the first entry only")
        return replace(self, **fields)


def _invalid(message: str) -> ResolutionError:
    return ResolutionError("did_log_parameters", message)


def _check_method(value: object) -> None:
    if not isinstance(value, str) or not _METHOD.fullmatch(value):
        raise _invalid("expected a version of the method")
    if value != METHOD:
        raise UnsupportedError("unsupported", f"expected {METHOD}")


def _texts(name: str, value: object, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise _invalid(f"{name}: expected a list of at most {most}")
    if not all(isinstance(item, str) and 0 < len(item) <= TEXT_LENGTH_MAX for item in value):
        raise _invalid(f"{name}: expected texts of at most {TEXT_LENGTH_MAX} characters")
    return tuple(value)


def _update_keys(value: object) -> tuple[str, ...]:
    keys = _texts("updateKeys", value, KEYS_MAX)
    for key in keys:
        _check_key(key)
    return keys


def _check_key(multikey: str) -> None:
    # Whether it is a point of the curve is checked when it signs.
    if not _MULTIKEY.fullmatch(multikey):
        raise _invalid("expected Ed25519 keys as Multikey, as eddsa-jcs-2022 needs them")


def _witness(value: object) -> WitnessRule | None:
    if value == {}:
        return None
    if not isinstance(value, dict) or value.keys() != {"threshold", "witnesses"}:
        raise _invalid("witness: expected threshold and witnesses")
    threshold, entries = value["threshold"], value["witnesses"]
    if not isinstance(entries, list) or not 1 <= len(entries) <= KEYS_MAX:
        raise _invalid(f"witness: expected 1 to {KEYS_MAX} witnesses")
    names = []
    for entry in entries:
        if not isinstance(entry, dict) or entry.keys() != {"id"} or not isinstance(entry["id"], str):
            raise _invalid("witness: expected an id for each witness")
        if not entry["id"].startswith(_WITNESS_PREFIX):
            raise _invalid("witness: expected witnesses as did:key")
        _check_key(entry["id"].removeprefix(_WITNESS_PREFIX))
        names.append(entry["id"])
    if len(set(names)) != len(names):
        raise _invalid("witness: expected each witness once")
    if type(threshold) is not int or not 1 <= threshold <= len(names):
        raise _invalid("witness: expected a threshold from 1 to the number of witnesses")
    return WitnessRule(threshold, tuple(names))


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise _invalid("expected true or false")
    return value


def _ttl(value: object) -> int:
    if type(value) is not int or not 0 <= value <= TTL_SECONDS_MAX:
        raise _invalid("ttl: expected seconds from 0 to 2^31")
    return value


_READERS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "updateKeys": ("update_keys", _update_keys),
    "nextKeyHashes": ("next_key_hashes", lambda value: _texts("nextKeyHashes", value, HASHES_MAX)),
    "witness": ("witness", _witness),
    "watchers": ("watchers", lambda value: _texts("watchers", value, WATCHERS_MAX)),
    "portable": ("portable", _truth),
    "deactivated": ("deactivated", _truth),
    "ttl": ("ttl", _ttl),
}
