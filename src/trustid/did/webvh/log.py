"""A did:webvh log that was verified as a whole, and the versions in it.

The order of checks for each entry: size and form; that the DID may have gone on
(deactivation); parameters; time; place (`state.id`); the entry's hash, which
chains it to the one before; the SCID (first entry); the form of the proofs and
who made them. Then, over the whole log, the signatures (in one row, which takes
a processor less time), and last the witnesses. One entry that does not hold makes the whole log
invalid, also for queries of earlier versions.

Reference:
    did:webvh 1.0, "Read (Resolve)".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from trustid.did.document import DidDocument
from trustid.did.resolution import Resolution
from trustid.did.syntax import Did
from trustid.did.webvh.entries import Entry, digest, entry_hash, locate, read_time, scid_of
from trustid.did.webvh.parameters import Parameters, WitnessRule
from trustid.did.webvh.proofs import KeyRing, Signature, read_proof
from trustid.did.webvh.services import with_implicit_services
from trustid.did.webvh.witnesses import Approvals
from trustid.encoding import JsonObject
from trustid.errors import LimitExceededError, ResolutionError, TrustidError

__all__ = ["LOG_BYTES_MAX", "Log", "Version"]

LOG_BYTES_MAX = 2 * 1024 * 1024
ENTRIES_MAX = 1024
PROOFS_MAX = 8
"""Proofs of one entry; each must hold."""
CLOCK_SKEW_SECONDS = 60
"""How far ahead of our clock an entry's time may lie."""


def _invalid(message: str) -> ResolutionError:
    return ResolutionError("did_log_invalid", message)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a DID, verified.

    Attributes:
        number: From 1.
        version_id: Its full id.
        version_time: As the controller wrote it.
        since: The same in epoch seconds.
        did: The DID that it describes; another one after a move.
        state: The document as it stands in the log.
        parameters: What holds after it.
        witness: Who had to approve it; None for nobody.
    """

    number: int
    version_id: str
    version_time: str
    since: float
    did: Did
    state: JsonObject
    parameters: Parameters
    witness: WitnessRule | None


@dataclass(frozen=True, slots=True)
class Log:
    """A log whose every entry holds; made by `read` only.

    Attributes:
        versions: All of them, the first one first.
        lines: The entries as they were written.
        retrieved: When it was fetched, in epoch seconds; None for a log that was not.
    """

    versions: tuple[Version, ...]
    lines: tuple[bytes, ...] = field(repr=False)
    retrieved: int | None = None

    @classmethod
    def read(
        cls, data: bytes, *, now: int, witness_data: bytes | None = None, retrieved: int | None = None
    ) -> Self:
        """Verify a log.

        Args:
            data: The file `did.jsonl`, at most 2 MiB and 1024 entries.
            now: Epoch seconds.
            witness_data: The file `did-witness.json`; needed when `needs_witnesses`.

        Raises:
            ResolutionError: `did_log_invalid`, `did_log_proof`, `did_log_parameters`.
            UnsupportedError: A version of the method other than 1.0.
            LimitExceededError: `limit_exceeded`.

        Cost:
            Two hashes and one Ed25519 verification for each entry.
        """
        log = cls.read_unwitnessed(data, now=now, retrieved=retrieved)
        log.check_witnesses(witness_data)
        return log

    @classmethod
    def read_unwitnessed(cls, data: bytes, *, now: int, retrieved: int | None = None) -> Self:
        """Verify a log but for its witnesses; `check_witnesses` must follow."""
        if len(data) > LOG_BYTES_MAX:
            raise LimitExceededError("limit_exceeded", f"expected a log of at most {LOG_BYTES_MAX} bytes")
        lines = data.removesuffix(b"\n").split(b"\n")
        if len(lines) > ENTRIES_MAX:
            raise LimitExceededError("limit_exceeded", f"expected at most {ENTRIES_MAX} entries")
        keys = KeyRing()
        versions: list[Version] = []
        signatures: list[Signature] = []
        for line in lines:
            version, found = _checked(Entry.parse(line), versions[-1] if versions else None, keys, now)
            versions.append(version)
            signatures += found
        for signature in signatures:
            signature.verify()
        return cls(tuple(versions), tuple(lines), retrieved)

    @property
    def current(self) -> Version:
        """The last version."""
        return self.versions[-1]

    @property
    def did(self) -> str:
        """The DID, as the last version names it."""
        return str(self.current.did)

    @property
    def deactivated(self) -> bool:
        """Whether the DID was given up."""
        return self.current.parameters.deactivated

    @property
    def needs_witnesses(self) -> bool:
        """Whether any entry had to be approved by witnesses."""
        return any(version.witness is not None for version in self.versions)

    def check_witnesses(self, witness_data: bytes | None) -> None:
        """Refuse a log in which an entry lacks its witnesses.

        Raises:
            ResolutionError: `did_log_invalid`.
            LimitExceededError: `limit_exceeded`.
        """
        if not self.needs_witnesses:
            return
        if witness_data is None:
            raise _invalid("expected proofs of witnesses, found none")
        approvals = Approvals(witness_data, [version.version_id for version in self.versions], KeyRing())
        for number, version in enumerate(self.versions):
            if version.witness is not None:
                approvals.check(number, version.witness)

    def names(self, did: str) -> bool:
        """Whether some version describes this DID: the current name, or one before a move."""
        return any(str(version.did) == did for version in self.versions)

    def at(self, seconds: float) -> Resolution:
        """The version in force at a time.

        Raises:
            ResolutionError: `did_not_found`; before the first.
        """
        for version in reversed(self.versions):
            if version.since <= seconds:
                return self.resolution(version)
        raise ResolutionError("did_not_found", "expected a version that was in force at that time")

    def version(self, *, version_id: str | None = None, number: int | None = None) -> Resolution:
        """The version of an id, of a number, or of both; the current one for neither.

        Raises:
            ResolutionError: `did_not_found`.
        """
        for version in reversed(self.versions):
            if version_id in (None, version.version_id) and number in (None, version.number):
                return self.resolution(version)
        raise ResolutionError("did_not_found", "expected a version of that id and number")

    def resolution(self, version: Version) -> Resolution:
        """A version as the result of a resolution.

        Raises:
            ResolutionError: `did_document_invalid` or `did_document_mismatch`.
        """
        state = with_implicit_services(version.state, locate(version.did)[1])
        return Resolution(
            DidDocument.from_json(state, str(version.did)),
            self._metadata(version),
            self.retrieved,
            self,
            self.current.parameters.ttl,
        )

    def _metadata(self, version: Version) -> JsonObject:
        """DID document metadata; texts, since DID Resolution allows no numbers."""
        last, first = self.current, self.versions[0]
        holds = last.parameters
        names = list(dict.fromkeys(str(each.did) for each in self.versions))
        metadata: JsonObject = {
            "versionId": version.version_id,
            "versionTime": version.version_time,
            "versionNumber": str(version.number),
            "created": first.version_time,
            "updated": last.version_time,
            "scid": holds.scid,
            "portable": holds.portable,
            "deactivated": holds.deactivated,
            "ttl": str(holds.ttl),
            "watchers": list(holds.watchers),
            "witness": {},
        }
        if version.number < last.number:
            following = self.versions[version.number]
            metadata |= {"nextVersionId": following.version_id, "nextUpdate": following.version_time}
        if holds.witness is not None:
            metadata["witness"] = holds.witness.to_json() | {"threshold": str(holds.witness.threshold)}
        if len(names) > 1:
            metadata |= {"canonicalId": self.did, "equivalentId": names}
        return metadata


def _checked(
    entry: Entry, previous: Version | None, keys: KeyRing, now: int
) -> tuple[Version, list[Signature]]:
    """Check all of an entry but its signatures, which are given back."""
    if previous is not None and previous.parameters.deactivated:
        raise _invalid("expected no entry after the deactivation")
    if previous is None:
        parameters = Parameters.first(entry.parameters)
    else:
        parameters = previous.parameters.next(entry.parameters)
    since = _checked_time(entry, previous, now)
    did = _checked_place(entry, previous, parameters)
    number = 1 if previous is None else previous.number + 1
    parts = entry.canonical_parts()
    before = parameters.scid if previous is None else previous.version_id
    if entry.version_id != f"{number}-{entry_hash(parts, before)}":
        raise _invalid(f"expected versionId to be {number} and the hash of the entry")
    if previous is None and scid_of(entry, parameters.scid) != parameters.scid:
        raise _invalid("expected the SCID to be the hash of the first entry")
    signatures = _signatures(entry, digest(parts, entry.version_id), _signers(parameters, previous), keys)
    version = Version(
        number,
        entry.version_id,
        entry.version_time,
        since,
        did,
        entry.state,
        parameters,
        _witnesses(parameters, previous),
    )
    return version, signatures


def _checked_time(entry: Entry, previous: Version | None, now: int) -> float:
    since = read_time(entry.version_time)
    if since > now + CLOCK_SKEW_SECONDS:
        raise _invalid("expected a versionTime that has come")
    if previous is not None and since <= previous.since:
        raise _invalid("expected a versionTime after the one before")
    return since


def _checked_place(entry: Entry, previous: Version | None, parameters: Parameters) -> Did:
    """The DID of an entry: the SCID never changes, the place only of portable DIDs."""
    name = entry.state.get("id")
    if previous is not None and name == str(previous.did):
        return previous.did
    try:
        did = Did.parse(name if isinstance(name, str) else "")
        scid = locate(did)[0]
    except TrustidError as err:
        raise _invalid("expected a did:webvh as the document's id") from err
    if scid != parameters.scid:
        raise _invalid("expected the document's id to carry the SCID")
    if previous is not None:
        known = entry.state.get("alsoKnownAs", [])
        if not parameters.portable:
            raise ResolutionError("did_log_parameters", "expected a DID that moves to be portable")
        if not isinstance(known, list) or str(previous.did) not in known:
            raise _invalid("expected the former name in alsoKnownAs")
    return did


def _signers(parameters: Parameters, previous: Version | None) -> tuple[str, ...]:
    """Who may sign an entry ("Authorized Keys")."""
    if previous is None or previous.parameters.next_key_hashes:
        return parameters.update_keys
    return previous.parameters.update_keys


def _witnesses(parameters: Parameters, previous: Version | None) -> WitnessRule | None:
    """Who must approve an entry: whoever had to approve the next one before it; the first ones at once."""
    if previous is not None and previous.parameters.witness is not None:
        return previous.parameters.witness
    return parameters.witness


def _signatures(entry: Entry, hashed: bytes, signers: tuple[str, ...], keys: KeyRing) -> list[Signature]:
    if not 1 <= len(entry.proofs) <= PROOFS_MAX:
        raise ResolutionError("did_log_proof", f"expected 1 to {PROOFS_MAX} proofs on each entry")
    return [read_proof(hashed, proof, allowed=signers, keys=keys) for proof in entry.proofs]
