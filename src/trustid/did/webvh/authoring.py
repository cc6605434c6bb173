"""Writing a did:webvh log: create, update, move, deactivate.

Each function gives the log as it will be read: the new entry passes every check
that a resolver makes before anything is handed out. Entries are published in
this order: proofs of witnesses first, then the log.

Reference:
    did:webvh 1.0, "Create (Register)", "Update (Rotate)", "Deactivate (Revoke)",
    "DID Portability".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trustid.did.location import Location
from trustid.did.webvh.entries import PLACEHOLDER, Entry, entry_hash, scid_of
from trustid.did.webvh.log import Log
from trustid.did.webvh.parameters import METHOD, WitnessRule, key_hash
from trustid.did.webvh.proofs import make_proof
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import ResolutionError
from trustid.keys import PublicKey, SigningKey

__all__ = ["Changes", "create", "deactivate", "move", "update"]

CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")


@dataclass(frozen=True, slots=True)
class Changes:
    """What an entry sets; None leaves a parameter as it is.

    Attributes:
        update_keys: Who may sign from now on; by default, in the first entry, whoever signs it.
        next_keys: The only keys that the next entry may set: pre-rotation. Empty to end it.
        witness: Who must approve entries; an empty mapping for nobody any more.
        watchers: Where copies are kept.
        ttl: How many seconds the DID may be kept.
        portable: Whether the DID may move; true in the first entry only.
    """

    update_keys: Sequence[PublicKey] | None = None
    next_keys: Sequence[PublicKey] | None = None
    witness: WitnessRule | Mapping[str, Any] | None = None
    watchers: Sequence[str] | None = None
    ttl: int | None = None
    portable: bool | None = None

    def to_json(self) -> JsonObject:
        """The parameters to write."""
        rule = self.witness
        named: JsonObject = {
            "updateKeys": None
            if self.update_keys is None
            else [key.to_multikey() for key in self.update_keys],
            "nextKeyHashes": None
            if self.next_keys is None
            else [key_hash(key.to_multikey()) for key in self.next_keys],
            "witness": rule.to_json() if isinstance(rule, WitnessRule) else rule,
            "watchers": None if self.watchers is None else list(self.watchers),
            "ttl": self.ttl,
            "portable": self.portable,
        }
        return {name: value for name, value in named.items() if value is not None}


def create(
    public_url: str,
    *path: str,
    key: SigningKey,
    methods: Mapping[str, PublicKey],
    now: int,
    changes: Changes | None = None,
    services: Sequence[JsonObject] = (),
) -> Log:
    """Begin a DID.

    Args:
        public_url: Scheme, host, optional port and path under which the log will lie.
        path: Further path segments.
        key: An Ed25519 key that signs the first entry and, by default, the next.
        methods: Fragment (without `#`) -> key for the document, each listed for
            making assertions and for authentication.
        now: Epoch seconds.
        changes: What the first entry sets.
        services: Services of the document, with relative ids.

    Raises:
        ResolutionError: `did_malformed` for a URL that no DID can spell;
            `did_log_parameters` or `did_log_proof` for what no log may hold.

    Example:
        >>> from trustid.keys import generate
        >>> key = generate("Ed25519")
        >>> log = create("https://school.example", key=key, methods={"key-1": key.public_key}, now=1_800_000_000)
        >>> log.did.endswith(":school.example")
        True
    """
    did = f"did:webvh:{PLACEHOLDER}:{Location.of_url(public_url, *path)}"
    parameters = {"method": METHOD, "scid": PLACEHOLDER, "updateKeys": [key.public_key.to_multikey()]}
    parameters |= (changes or Changes()).to_json()
    entry = Entry(PLACEHOLDER, _time(now), parameters, document_for(did, methods, services), [])
    scid = scid_of(entry, PLACEHOLDER)
    text = dump_json(entry.to_json(proofs=False)).replace(PLACEHOLDER.encode(), scid.encode())
    return _appended((), Entry.of_json(parse_json_object(text)), scid, key, now)


def document_for(
    did: str, methods: Mapping[str, PublicKey], services: Sequence[JsonObject] = ()
) -> JsonObject:
    """The document of a DID with these keys; keys are written as Multikey."""
    names = [f"{did}#{fragment}" for fragment in methods]
    document: JsonObject = {
        "@context": list(CONTEXTS),
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": key.to_multikey()}
            for name, key in zip(names, methods.values(), strict=True)
        ],
        "assertionMethod": names,
        "authentication": list(names),
    }
    return document | ({"service": [dict(service) for service in services]} if services else {})


def update(
    log: Log,
    *,
    key: SigningKey,
    now: int,
    methods: Mapping[str, PublicKey] | None = None,
    document: JsonObject | None = None,
    changes: Changes | None = None,
) -> Log:
    """Add a version.

    Args:
        log: The log so far.
        key: Whoever may sign: one of the current update keys, or, with
            pre-rotation, one of those that this entry sets.
        now: Epoch seconds; after the version before.
        methods: New keys of the document, in place of the old ones; its services stay.
        document: A whole new document; neither for one that stays as it is.
        changes: What the entry sets.

    Raises:
        ResolutionError: `did_log_invalid`, `did_log_parameters` or `did_log_proof`.
    """
    state = dict(log.current.state if document is None else document)
    if methods is not None:
        state |= {
            name: value
            for name, value in document_for(log.did, methods).items()
            if name in ("verificationMethod", "assertionMethod", "authentication")
        }
    return _next(log, (changes or Changes()).to_json(), state, key, now)


def move(
    log: Log, public_url: str, *path: str, key: SigningKey, now: int, changes: Changes | None = None
) -> Log:
    """Give a portable DID a new place; SCID and history stay, and the old name is noted.

    Raises:
        ResolutionError: `did_log_parameters`; the DID is not portable. Otherwise as `update`.
    """
    old = log.did
    new = f"did:webvh:{log.current.parameters.scid}:{Location.of_url(public_url, *path)}"
    state = _renamed(log.current.state, old, new)
    known = log.current.state.get("alsoKnownAs", [])
    state["alsoKnownAs"] = [*(known if isinstance(known, list) else []), old]
    return _next(log, (changes or Changes()).to_json(), state, key, now)


def deactivate(log: Log, *, key: SigningKey, now: int) -> Log:
    """Give a DID up, for good; nobody may sign any more.

    Raises:
        ResolutionError: `did_log_parameters`; pre-rotation must be ended by an
            entry of its own before. Otherwise as `update`.
    """
    return _next(log, {"deactivated": True, "updateKeys": []}, log.current.state, key, now)


def _next(log: Log, parameters: JsonObject, state: JsonObject, key: SigningKey, now: int) -> Log:
    entry = Entry("", _time(now), parameters, state, [])
    return _appended(log.lines, entry, log.current.version_id, key, now)


def _appended(lines: tuple[bytes, ...], entry: Entry, before: str, key: SigningKey, now: int) -> Log:
    version_id = f"{len(lines) + 1}-{entry_hash(entry.canonical_parts(), before)}"
    document = entry.to_json(version_id=version_id, proofs=False)
    entry = replace(entry, version_id=version_id, proofs=[make_proof(document, key, entry.version_time)])
    log = Log.read_unwitnessed(b"\n".join((*lines, dump_json(entry.to_json()))), now=now)
    log.resolution(log.current)
    return log


def _time(now: int) -> str:
    try:
        return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as err:
        raise ResolutionError("did_log_invalid", "expected a time that can be written") from err


def _renamed(value: Any, old: str, new: str) -> Any:
    """A document in which each DID and DID URL of the old name has the new one."""
    if isinstance(value, dict):
        return {name: _renamed(item, old, new) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.startswith((f"{old}#", f"{old}/", f"{old}?"))):
        return new + value[len(old) :]
    return value
