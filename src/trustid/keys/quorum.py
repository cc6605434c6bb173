"""One short signature that says: enough of this committee agreed to this statement.

A committee is an ordered list of keys whose possession was proved, each with a
weight, and a threshold. Members sign a statement wherever they are; the
signatures come in any order and from anywhere, and a `VoteCollector` adds them
up. The certificate is the committee's hash, one bit a member and one signature:
1.4 kB for ten thousand members. Checking it costs one addition a signer and one
verification.

What a member signs is not the statement alone but the committee's hash before
it, so that a vote in one committee counts in no other.

Example:
    >>> from trustid.keys.bls import SecretKey
    >>> secrets = [SecretKey.generate() for _ in range(4)]
    >>> committee = Committee([Member(secret.proven_key()) for secret in secrets], threshold=3)
    >>> votes = VoteCollector(committee, b"epoch 7")
    >>> for place in (3, 0, 2):
    ...     votes.add(place, committee.sign(secrets[place], b"epoch 7"))
    >>> certificate = QuorumCertificate.from_bytes(votes.certificate().to_bytes())
    >>> certificate.verify(committee, b"epoch 7").signers
    (0, 2, 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trustid.encoding import JsonObject, b64url_decode, b64url_encode, cbor_decode, cbor_encode, sha256
from trustid.errors import LimitExceededError, MalformedError, SignatureError
from trustid.keys.bls import (
    KeyStore,
    ProvenKey,
    SecretKey,
    Signature,
    Suite,
    aggregate,
    fast_aggregate_verify,
    find_invalid,
)

__all__ = [
    "MAX_CERTIFICATE_BYTES",
    "MAX_MEMBERS",
    "MAX_WEIGHT",
    "Committee",
    "Member",
    "Quorum",
    "QuorumCertificate",
    "VoteCollector",
]

MAX_MEMBERS = 1 << 14
MAX_WEIGHT = 1 << 32
MAX_CERTIFICATE_BYTES = 4096
"""What a certificate of the largest committee fits into."""

_COMMITTEE_TAG = "TrustID committee 1"
_VOTE_TAG = b"TrustID vote 1\n"
_CERTIFICATE_VERSION = 1
_HASH_BYTES = 32
_SUITE_OF_SIZE = {96: Suite.MIN_PK_POSSESSION, 48: Suite.MIN_SIG_POSSESSION}


@dataclass(frozen=True, slots=True)
class Member:
    """One signer of a committee.

    Attributes:
        key: The key, whose possession was proved.
        weight: What its signature counts, 1 to 2^32.
    """

    key: ProvenKey
    weight: int = 1


class Committee:
    """Who may sign, what each signature counts, and how much is enough.

    Args:
        members: 1 to 16,384 members of one suite, in an order that is part of
            the committee; no key stands twice.
        threshold: The least sum of weights, 1 to the sum of all.

    Raises:
        SignatureError: `duplicate_signer`, a key stands twice; `suite_mismatch`.
        MalformedError: `malformed`, a weight or the threshold is out of range.
        LimitExceededError: `limit_exceeded`, more than 16,384 members.
    """

    __slots__ = ("_hash", "_members", "_threshold")

    def __init__(self, members: Sequence[Member], threshold: int) -> None:
        self._members = tuple(members)
        self._threshold = threshold
        _check_members(self._members)
        total = sum(member.weight for member in self._members)
        if not 1 <= threshold <= total:
            raise MalformedError("malformed", f"expected a threshold of 1 to {total}, found {threshold}")
        rows = [[bytes(member.key), member.weight] for member in self._members]
        self._hash = sha256(cbor_encode([_COMMITTEE_TAG, self.suite.id, threshold, rows]))

    @classmethod
    def from_store(cls, store: KeyStore, threshold: int, weights: Sequence[int] | None = None) -> Committee:
        """Make a committee of all keys of a store of proven keys, in its order.

        Args:
            store: 1 to 16,384 proven keys.
            threshold: As in the constructor.
            weights: As many weights as there are keys; None counts each as 1.

        Raises:
            SignatureError: `pop_required`, the keys of the store were not proved.
            MalformedError: `malformed`, another number of weights than of keys.
            LimitExceededError: `limit_exceeded`.
        """
        if len(store) > MAX_MEMBERS:
            raise LimitExceededError("limit_exceeded", f"expected at most {MAX_MEMBERS} members")
        weights = [1] * len(store) if weights is None else weights
        if len(weights) != len(store):
            raise MalformedError("malformed", f"expected {len(store)} weights, found {len(weights)}")
        return cls(
            [Member(store.proven_key(place), weight) for place, weight in enumerate(weights)], threshold
        )

    @property
    def members(self) -> tuple[Member, ...]:
        """The members, in order; a member's place is its index here."""
        return self._members

    @property
    def threshold(self) -> int:
        """The least sum of weights that is a quorum."""
        return self._threshold

    @property
    def suite(self) -> Suite:
        """The suite of all keys."""
        return self._members[0].key.suite

    @property
    def hash(self) -> bytes:
        """SHA-256 of the canonical CBOR of suite, threshold, keys and weights: 32 bytes."""
        return self._hash

    def signing_input(self, statement: bytes) -> bytes:
        """What members sign: a tag, this committee's hash, and the statement."""
        return _VOTE_TAG + self._hash + statement

    def sign(self, secret: SecretKey, statement: bytes) -> Signature:
        """Sign a statement as a member of this committee.

        Cost:
            That of one signature.
        """
        return secret.sign(self.signing_input(statement))

    def __repr__(self) -> str:
        return f"<Committee of {len(self._members)}, threshold {self._threshold}, {self._hash.hex()}>"


@dataclass(frozen=True, slots=True)
class Quorum:
    """What a certificate proved.

    Attributes:
        signers: The places of those who signed, in order.
        weight: What their signatures count together.
    """

    signers: tuple[int, ...]
    weight: int


@dataclass(frozen=True, slots=True)
class QuorumCertificate:
    """Proof that enough of a committee signed a statement.

    Attributes:
        committee_hash: `Committee.hash`, 32 bytes.
        bitmap: One bit a member: bit `i % 8`, from the lowest, of byte `i // 8`.
        signature: Sum of the signatures of those whose bit is set.
    """

    committee_hash: bytes
    bitmap: bytes
    signature: Signature

    def verify(self, committee: Committee, statement: bytes) -> Quorum:
        """Check that enough members of `committee` signed `statement`.

        The committee is the caller's: a certificate that names another one is
        refused, and its weights and threshold are what counts.

        Returns:
            Who signed, and their weight.

        Raises:
            SignatureError: `committee_mismatch`; `quorum_missing`, the weights do
                not reach the threshold; `aggregate_invalid`; `suite_mismatch`.
            MalformedError: `malformed`, the bitmap does not fit the committee.

        Cost:
            About a microsecond a signer, and one verification.
        """
        if self.committee_hash != committee.hash:
            raise SignatureError("committee_mismatch", "expected a certificate of this committee")
        signers = _set_bits(self.bitmap, len(committee.members))
        weight = _check_weight(committee, signers)
        keys = [committee.members[place].key for place in signers]
        fast_aggregate_verify(self.signature, keys, committee.signing_input(statement))
        return Quorum(signers, weight)

    def to_bytes(self) -> bytes:
        """The compact form: a CBOR array of version, committee's hash, bitmap and signature."""
        return cbor_encode([_CERTIFICATE_VERSION, self.committee_hash, self.bitmap, bytes(self.signature)])

    @classmethod
    def from_bytes(cls, data: bytes) -> QuorumCertificate:
        """Read the compact form; only the form that `to_bytes` writes is read.

        Raises:
            MalformedError: `malformed`, not such an array; the codes of
                `Signature.from_bytes` for what is no signature.
        """
        value = cbor_decode(data, max_bytes=MAX_CERTIFICATE_BYTES, max_depth=2)
        if not isinstance(value, list) or len(value) != 4 or type(value[0]) is not int:
            raise MalformedError("malformed", "expected a certificate: an array of four")
        if value[0] != _CERTIFICATE_VERSION:
            raise MalformedError("malformed", f"expected version {_CERTIFICATE_VERSION}, found {value[0]}")
        certificate = cls._of_parts(*value[1:])
        if certificate.to_bytes() != data:
            raise MalformedError("malformed", "expected the canonical form of a certificate")
        return certificate

    def to_json(self) -> JsonObject:
        """The form for JSON documents; bytes are base64url without padding."""
        return {
            "committee": b64url_encode(self.committee_hash),
            "signers": b64url_encode(self.bitmap),
            "signature": b64url_encode(bytes(self.signature)),
        }

    @classmethod
    def from_json(cls, value: JsonObject) -> QuorumCertificate:
        """Read the form that `to_json` writes.

        Raises:
            MalformedError: `malformed`; the codes of `Signature.from_bytes`.
        """
        names = ("committee", "signers", "signature")
        if set(value) != set(names) or not all(isinstance(value[name], str) for name in names):
            raise MalformedError("malformed", f"expected a certificate with {', '.join(names)}")
        return cls._of_parts(*(b64url_decode(value[name]) for name in names))

    @classmethod
    def _of_parts(cls, committee_hash: object, bitmap: object, signature: object) -> QuorumCertificate:
        if not (
            isinstance(committee_hash, bytes) and isinstance(bitmap, bytes) and isinstance(signature, bytes)
        ):
            raise MalformedError("malformed", "expected hash, bitmap and signature as bytes")
        if len(committee_hash) != _HASH_BYTES or not 1 <= len(bitmap) <= MAX_MEMBERS // 8:
            raise MalformedError("malformed", "expected a hash of 32 bytes and a bitmap")
        suite = _SUITE_OF_SIZE.get(len(signature))
        if suite is None:
            raise MalformedError("point_encoding", f"expected 48 or 96 bytes, found {len(signature)}")
        return cls(committee_hash, bitmap, Signature.from_bytes(signature, suite))


class VoteCollector:
    """Adds up the signatures of a committee's members over one statement.

    Every signature is checked before it counts, so that nobody outside or
    inside the committee can spoil the sum. A member's signature that comes
    again changes nothing: there is only one that is right.

    Args:
        committee: Whose signatures count.
        statement: What they sign.
    """

    def __init__(self, committee: Committee, statement: bytes) -> None:
        self._committee = committee
        self._input = committee.signing_input(statement)
        self._votes: dict[int, Signature] = {}

    @property
    def weight(self) -> int:
        """What the signatures so far count together."""
        return sum(self._committee.members[place].weight for place in self._votes)

    @property
    def reached(self) -> bool:
        """Whether the signatures so far are a quorum."""
        return self.weight >= self._committee.threshold

    def add(self, place: int, signature: Signature) -> None:
        """Check and count one member's signature.

        Raises:
            SignatureError: `signature_invalid`, it is not this member's over
                this statement; `suite_mismatch`.
            MalformedError: `malformed`, there is no such place.

        Cost:
            One verification.
        """
        self._member(place).key.verify(signature, self._input)
        self._votes[place] = signature

    def add_many(self, votes: Iterable[tuple[int, Signature]], *, threads: int = 1) -> tuple[int, ...]:
        """Check many signatures together and count those that hold.

        Args:
            votes: Places and signatures, from anywhere, in any order.
            threads: Threads to use, the caller's included.

        Returns:
            The indices, in `votes`, of those that do not hold and were left out.

        Raises:
            MalformedError: `malformed`, a place is not one; nothing was counted.
            SignatureError: `suite_mismatch`; nothing was counted.

        Cost:
            About a third of a verification for each, since they share the message.
        """
        given = list(votes)
        if not given:
            return ()
        keys = [self._member(place).key for place, _ in given]
        signatures = [signature for _, signature in given]
        bad = find_invalid(keys, [self._input] * len(given), signatures, threads=threads)
        refused = set(bad)
        self._votes.update(vote for index, vote in enumerate(given) if index not in refused)
        return tuple(bad)

    def certificate(self) -> QuorumCertificate:
        """The certificate of all signatures so far.

        Raises:
            SignatureError: `quorum_missing`, they do not reach the threshold.
        """
        places = sorted(self._votes)
        _check_weight(self._committee, places)
        bitmap = bytearray((len(self._committee.members) + 7) // 8)
        for place in places:
            bitmap[place // 8] |= 1 << (place % 8)
        total = aggregate([self._votes[place] for place in places])
        return QuorumCertificate(self._committee.hash, bytes(bitmap), total)

    def _member(self, place: int) -> Member:
        members = self._committee.members
        if not 0 <= place < len(members):
            raise MalformedError("malformed", f"expected a place below {len(members)}, found {place}")
        return members[place]


def _check_members(members: tuple[Member, ...]) -> None:
    if not members:
        raise MalformedError("malformed", "expected at least one member, found none")
    if len(members) > MAX_MEMBERS:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_MEMBERS} members")
    seen = set()
    for place, member in enumerate(members):
        if member.key.suite != members[0].key.suite:
            raise SignatureError("suite_mismatch", f"expected keys of one suite, found another at {place}")
        if type(member.weight) is not int or not 1 <= member.weight <= MAX_WEIGHT:
            raise MalformedError("malformed", f"expected a weight of 1 to 2^32 at {place}")
        if member.key in seen:
            raise SignatureError("duplicate_signer", f"expected each key once, found one again at {place}")
        seen.add(member.key)


def _check_weight(committee: Committee, places: Iterable[int]) -> int:
    weight = sum(committee.members[place].weight for place in places)
    if weight < committee.threshold:
        raise SignatureError("quorum_missing", f"expected a weight of {committee.threshold}, found {weight}")
    return weight


def _set_bits(bitmap: bytes, members: int) -> tuple[int, ...]:
    """The places whose bit is set; refuses a bitmap of another length or with bits beyond the last."""
    if len(bitmap) != (members + 7) // 8:
        raise MalformedError("malformed", f"expected a bitmap for {members} members")
    places = tuple(8 * at + bit for at, byte in enumerate(bitmap) for bit in range(8) if byte >> bit & 1)
    if places and places[-1] >= members:
        raise MalformedError("malformed", f"expected places below {members}, found {places[-1]}")
    return places
