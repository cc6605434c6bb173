"""Proofs of membership: what holds, and that nothing else does."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustid.errors import LimitExceededError, MalformedError, ProofError, TrustidError
from trustid.status.accumulator import Accumulator, Manager, Params
from trustid.status.membership import (
    PROOF_BYTES,
    Commitment,
    MembershipProof,
    MembershipVerifier,
    Opening,
    Presentation,
    Witness,
)

REGISTRY = b"https://revocation.example/registry/1"
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
INFINITY = bytes([0xC0]) + bytes(47)


@dataclass(frozen=True)
class Request:
    """What a proof is tied to."""

    verifier: bytes = b"x509_san_dns:verifier.example"
    nonce: bytes = b"a nonce of the verifier"
    credential_hash: bytes = hashlib.sha256(b"credential").digest()

    def arguments(self) -> dict[str, bytes]:
        return {
            "verifier": self.verifier,
            "nonce": self.nonce,
            "credential_hash": self.credential_hash,
        }


@dataclass(frozen=True)
class Holder:
    """A credential's slot, as its holder sees it."""

    manager: Manager
    slot: int
    opening: Opening

    def witness(self) -> Witness:
        manager = self.manager
        row = manager.row(self.slot)
        return Witness.check(manager.params, manager.accumulator, self.opening.member, row)

    def show(self, request: Request) -> Presentation:
        proof = self.witness().prove(self.opening, **request.arguments())
        return Presentation(proof, self.opening.commitment, **request.arguments())


REQUEST = Request()


@pytest.fixture(scope="module")
def manager() -> Manager:
    manager = Manager.create(REGISTRY, 4_096)
    for slot in range(20):
        manager.take(slot)
    return manager


@pytest.fixture(scope="module")
def holder(manager: Manager) -> Holder:
    return Holder(manager, 7, Opening.generate(manager.member(7)))


@pytest.fixture(scope="module")
def proof(holder: Holder) -> bytes:
    return bytes(holder.witness().prove(holder.opening, **REQUEST.arguments()))


@pytest.fixture(scope="module")
def verifier(manager: Manager) -> MembershipVerifier:
    return MembershipVerifier(manager.params, manager.accumulator)


def refused(kind: type[TrustidError], call: Callable[[], Any]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return caught.value.code


def shown(proof: bytes, commitment: Commitment, request: Request = REQUEST) -> Presentation:
    return Presentation(MembershipProof.from_bytes(proof), commitment, **request.arguments())


def refused_both_ways(verifier: MembershipVerifier, presentation: Presentation) -> None:
    """Alone, in a batch, and named by its place."""
    assert refused(ProofError, lambda: verifier.verify(presentation)) == "acc_proof_invalid"
    assert refused(ProofError, lambda: verifier.verify_batch([presentation])) == "acc_proof_invalid"
    assert verifier.find_invalid([presentation]) == [0]


def test_a_proof_holds_and_is_288_bytes(holder: Holder, verifier: MembershipVerifier, proof: bytes) -> None:
    assert len(proof) == PROOF_BYTES == 288
    presentation = shown(proof, holder.opening.commitment)
    verifier.verify(presentation)
    verifier.verify_batch([presentation])
    assert verifier.find_invalid([presentation]) == []
    assert bytes(MembershipProof.from_bytes(proof)) == proof
    verifier.verify_batch([])


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, verifier=b"x509_san_dns:other.example"),
        replace(REQUEST, nonce=b"another nonce of the verifier"),
        replace(REQUEST, credential_hash=hashlib.sha256(b"another credential").digest()),
        Request(REQUEST.verifier + REQUEST.nonce[:1], REQUEST.nonce[1:], REQUEST.credential_hash),
    ],
    ids=["verifier", "nonce", "credential", "boundary between two parts"],
)
def test_B176_another_request(
    holder: Holder, verifier: MembershipVerifier, proof: bytes, other: Request
) -> None:
    verifier.verify(shown(proof, holder.opening.commitment))
    refused_both_ways(verifier, shown(proof, holder.opening.commitment, other))


def changed_registries(manager: Manager) -> dict[str, tuple[Params, Accumulator]]:
    """The registry with one public thing changed: each is well formed."""
    params, value = bytes(manager.params), bytes(manager.accumulator)
    stranger = Manager.create(REGISTRY, 4_096)
    key, other_value = stranger.params.public_key, bytes(stranger.accumulator)
    return {
        "public key": (Params.from_bytes(params[:112] + key + params[208:]), manager.accumulator),
        "capacity": (
            Params.from_bytes(params[:208] + (4_095).to_bytes(8, "big") + params[216:]),
            manager.accumulator,
        ),
        "registry": (Params.from_bytes(params + b"0"), manager.accumulator),
        "epoch": (manager.params, Accumulator.from_bytes((1).to_bytes(8, "big") + value[8:])),
        "value": (manager.params, Accumulator.from_bytes(other_value)),
    }


def test_B176_another_registry_or_epoch(holder: Holder, manager: Manager, proof: bytes) -> None:
    presentation = shown(proof, holder.opening.commitment)
    MembershipVerifier(manager.params, manager.accumulator).verify(presentation)
    for params, value in changed_registries(manager).values():
        refused_both_ways(MembershipVerifier(params, value), presentation)


def test_B177_the_commitment_of_another_credential(
    holder: Holder, manager: Manager, verifier: MembershipVerifier, proof: bytes
) -> None:
    """Another handle's commitment, and another one to the same handle."""
    for slot in (8, 7):
        other = Opening.generate(manager.member(slot))
        refused_both_ways(verifier, shown(proof, other.commitment))
    verifier.verify(shown(proof, holder.opening.commitment))
    foreign = Opening.generate(manager.member(8))
    code = refused(MalformedError, lambda: holder.witness().prove(foreign, **REQUEST.arguments()))
    assert code == "handle_invalid"


@pytest.mark.parametrize("index", range(3))
def test_B175_each_response_changed(
    holder: Holder, verifier: MembershipVerifier, proof: bytes, index: int
) -> None:
    at = 192 + 32 * index
    number = int.from_bytes(proof[at : at + 32], "big")

    def changed(value: int) -> bytes:
        return proof[:at] + value.to_bytes(32, "big") + proof[at + 32 :]

    assert changed(number) == proof
    for value in ((number + 1) % ORDER, (number - 1) % ORDER, 0, ORDER - number):
        refused_both_ways(verifier, shown(changed(value), holder.opening.commitment))
    for value in (ORDER, 2**256 - 1, number + ORDER):
        data = changed(value)
        assert refused(ProofError, lambda data=data: MembershipProof.from_bytes(data)) == "acc_proof_invalid"


def test_B175_points_swapped_negated_and_cut(
    holder: Holder, verifier: MembershipVerifier, proof: bytes
) -> None:
    points = [proof[48 * index : 48 * index + 48] for index in range(4)]
    for first in range(4):
        for second in range(first):
            order = list(points)
            order[first], order[second] = order[second], order[first]
            data = b"".join(order) + proof[192:]
            refused_both_ways(verifier, shown(data, holder.opening.commitment))
        negated = list(points)
        negated[first] = bytes([points[first][0] ^ 0x20]) + points[first][1:]
        data = b"".join(negated) + proof[192:]
        refused_both_ways(verifier, shown(data, holder.opening.commitment))
    for data in (proof[:-1], proof + b"\0", b"", proof[:192]):
        assert refused(ProofError, lambda data=data: MembershipProof.from_bytes(data)) == "acc_proof_invalid"


def test_B174_points_of_a_proof_that_are_none(
    holder: Holder, verifier: MembershipVerifier, proof: bytes
) -> None:
    for at in (0, 48):
        data = proof[:at] + INFINITY + proof[at + 48 :]
        assert refused(ProofError, lambda data=data: MembershipProof.from_bytes(data)) == "acc_proof_invalid"
        data = proof[:at] + bytes(48) + proof[at + 48 :]
        assert refused(MalformedError, lambda data=data: MembershipProof.from_bytes(data)) == "point_encoding"
    for at in (96, 144):
        for point in (INFINITY, bytes(48), b"\xff" * 48):
            data = proof[:at] + point + proof[at + 48 :]
            refused_both_ways(verifier, shown(data, holder.opening.commitment))
    verifier.verify(shown(proof, holder.opening.commitment))


@pytest.mark.parametrize("place", [0, 9, 12])
def test_B174_many_read_at_once_are_those_read_one_by_one(holder: Holder, proof: bytes, place: int) -> None:
    """In lanes of eight and what is left over; the place of what is refused is named."""
    commitment = bytes(holder.opening.commitment)
    assert MembershipProof.read_all(13 * proof, threads=2) == 13 * [MembershipProof.from_bytes(proof)]
    assert Commitment.read_all(13 * commitment, threads=2) == 13 * [holder.opening.commitment]
    assert (MembershipProof.read_all(b""), Commitment.read_all(b"")) == ([], [])
    for bad in (
        INFINITY,
        bytes(48),
        b"\xff" * 48,
        bytes([0x80]) + bytes(47),
        bytes([0x80]) + bytes(46) + b"\1",
    ):
        for one, whole, read, from_bytes in (
            (bad + proof[48:], proof, MembershipProof.read_all, MembershipProof.from_bytes),
            (proof[:48] + bad + proof[96:], proof, MembershipProof.read_all, MembershipProof.from_bytes),
            (bad, commitment, Commitment.read_all, Commitment.from_bytes),
        ):
            with pytest.raises(TrustidError) as alone:
                from_bytes(one)
            with pytest.raises(type(alone.value), match=rf"\b{place}\b") as together:
                read(place * whole + one + (12 - place) * whole, threads=1)
            assert together.value.code == alone.value.code
    assert refused(ProofError, lambda: MembershipProof.read_all(proof[1:])) == "acc_proof_invalid"
    assert refused(MalformedError, lambda: Commitment.read_all(commitment[1:])) == "point_encoding"
    assert refused(LimitExceededError, lambda: Commitment.read_all(65_537 * commitment)) == "limit_exceeded"
    assert refused(LimitExceededError, lambda: MembershipProof.read_all(proof, threads=0)) == "limit_exceeded"


def test_the_forgery_with_the_identity(holder: Holder, proof: bytes) -> None:
    """A = B = identity and a randomizer of 0 would pass for anybody, alone and in a batch."""
    forged = INFINITY + INFINITY + proof[96:192] + bytes(32) + proof[224:]
    assert refused(ProofError, lambda: MembershipProof.from_bytes(forged)) == "acc_proof_invalid"


def test_two_proofs_share_no_point_and_no_scalar(holder: Holder) -> None:
    """Neither do two copies of one credential, even for the same request."""
    manager, slot = holder.manager, holder.slot
    copies = [holder, Holder(manager, slot, Opening.generate(holder.opening.member))]
    parts: list[bytes] = []
    for copy in (*copies, *copies):
        data = bytes(copy.witness().prove(copy.opening, **REQUEST.arguments()))
        parts += [data[at : at + 48] for at in range(0, 192, 48)]
        parts += [data[at : at + 32] for at in range(192, 288, 32)]
    parts += [bytes(copy.opening.commitment) for copy in copies]
    parts += [manager.row(slot), manager.accumulator.value]
    assert len(set(parts)) == len(parts) == 4 * 7 + 4


def test_B176_requests_that_tie_to_nothing(holder: Holder) -> None:
    witness = holder.witness()
    bad = [
        replace(REQUEST, verifier=b""),
        replace(REQUEST, verifier=bytes(2_049)),
        replace(REQUEST, nonce=b""),
        replace(REQUEST, nonce=bytes(15)),
        replace(REQUEST, nonce=bytes(1_025)),
        replace(REQUEST, credential_hash=bytes(31)),
    ]
    good = [
        replace(REQUEST, nonce=bytes(16)),
        replace(REQUEST, nonce=bytes(1_024), verifier=bytes(2_048)),
    ]
    for request in good:
        made = witness.prove(holder.opening, **request.arguments())
        Presentation(made, holder.opening.commitment, **request.arguments())
    for request in bad:
        arguments = request.arguments()
        code = refused(MalformedError, lambda given=arguments: witness.prove(holder.opening, **given))
        assert code == "malformed"
        code = refused(
            MalformedError,
            lambda given=arguments: Presentation(made, holder.opening.commitment, **given),
        )
        assert code == "malformed"


def test_B166_a_revoked_holder_is_out_and_the_others_are_in() -> None:
    manager = Manager.create(REGISTRY, 4_096)
    holders = [Holder(manager, slot, Opening.generate(manager.take(slot))) for slot in range(3)]
    old = holders[0].witness().prove(holders[0].opening, **REQUEST.arguments())
    stale = Presentation(old, holders[0].opening.commitment, **REQUEST.arguments())
    MembershipVerifier(manager.params, manager.accumulator).verify(stale)
    after = manager.revoke([0])
    verifier = MembershipVerifier(manager.params, after)
    refused_both_ways(verifier, stale)
    verifier.verify_batch([holder.show(REQUEST) for holder in holders[1:]])


@pytest.fixture(scope="module")
def many(manager: Manager) -> list[Presentation]:
    """Sixteen proofs that hold, each for a request of its own."""
    found = []
    for slot in range(16):
        one = Holder(manager, slot, Opening.generate(manager.member(slot)))
        found.append(one.show(replace(REQUEST, nonce=secrets.token_bytes(16))))
    return found


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.sets(st.integers(0, 15)), threads=st.integers(1, 3))
def test_a_batch_says_what_single_checks_say(
    manager: Manager,
    verifier: MembershipVerifier,
    many: list[Presentation],
    holder: Holder,
    proof: bytes,
    bad: set[int],
    threads: int,
) -> None:
    wrong = shown(proof, holder.opening.commitment, replace(REQUEST, nonce=bytes(16)))
    batch = [wrong if index in bad else one for index, one in enumerate(many)]
    assert verifier.find_invalid(batch, threads=threads) == sorted(bad)
    if bad:
        with pytest.raises(ProofError, match=f"at index {min(bad)}"):
            verifier.verify_batch(batch, threads=threads)
    else:
        verifier.verify_batch(batch, threads=threads)


def test_threads_and_length_have_limits(verifier: MembershipVerifier, many: list[Presentation]) -> None:
    verifier.verify_batch(many, threads=256)
    for threads in (0, 257):
        code = refused(LimitExceededError, lambda count=threads: verifier.verify_batch(many, threads=count))
        assert code == "limit_exceeded"
    code = refused(LimitExceededError, lambda: verifier.verify_batch([many[0]] * 65_537))
    assert code == "limit_exceeded"


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 8 * PROOF_BYTES - 1))
def test_any_flipped_bit_refuses(
    holder: Holder, verifier: MembershipVerifier, proof: bytes, bit: int
) -> None:
    changed = bytearray(proof)
    changed[bit // 8] ^= 1 << bit % 8
    data = bytes(changed)
    with pytest.raises((ProofError, MalformedError)):
        verifier.verify(shown(data, holder.opening.commitment))


DECODERS: list[Callable[[bytes], Any]] = [
    MembershipProof.from_bytes,
    Commitment.from_bytes,
    Accumulator.from_bytes,
    Params.from_bytes,
]


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_are_refused_or_come_back(holder: Holder, proof: bytes, data: st.DataObject) -> None:
    """Every accepted encoding encodes to itself again; only our errors come out of any bytes."""
    good = [
        proof,
        bytes(holder.opening.commitment),
        bytes(holder.manager.accumulator),
        bytes(holder.manager.params),
    ]
    index = data.draw(st.integers(0, 3))
    kept = data.draw(st.integers(0, len(good[index])))
    text = good[index][:kept] + data.draw(st.binary(max_size=len(good[index]) - kept))
    for given_bytes in (good[index], text):
        try:
            value = DECODERS[index](given_bytes)
        except TrustidError:
            assert given_bytes != good[index]
        else:
            assert bytes(value) == given_bytes
