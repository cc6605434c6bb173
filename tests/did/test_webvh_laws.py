"""did:webvh: laws. Any changed byte is refused; whatever comes in, only our errors come out."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from did.webvh_forging import KEYS, NOW, P256, START, joined
from strategies import json_objects
from trustid.did import webvh
from trustid.did.webvh import Changes, Log, WitnessRule
from trustid.encoding import canonicalize, canonicalize_parsed, dump_json, parse_json, parse_json_object
from trustid.errors import MalformedError, TrustidError

WITNESS = f"did:key:{KEYS[3].public_key.to_multikey()}"


def written() -> tuple[bytes, bytes]:
    log = webvh.create("https://school.example", key=KEYS[0], methods={"key-1": P256.public_key}, now=START)
    log = webvh.update(log, key=KEYS[0], now=START + 60, changes=Changes(update_keys=[KEYS[1].public_key]))
    log = webvh.update(log, key=KEYS[1], now=START + 120, changes=Changes(witness=WitnessRule(1, (WITNESS,))))
    proof = webvh.approve(log.current.version_id, KEYS[3], created="2026-01-01T00:00:00Z")
    return joined(log.lines), webvh.witness_file({log.current.version_id: [proof]})


LOG, PROOFS = written()


@given(st.integers(0, len(LOG) - 2), st.integers(0, 7))
def test_law_any_flipped_bit_of_a_log_is_refused(place: int, bit: int) -> None:
    assert Log.read(LOG, now=NOW, witness_data=PROOFS)
    changed = bytearray(LOG)
    changed[place] ^= 1 << bit
    try:
        found = Log.read(bytes(changed), now=NOW, witness_data=PROOFS)
    except TrustidError:
        return
    # Only white space between two tokens may be another: what was signed is the same.
    assert [parse_json_object(line) for line in found.lines] == [
        parse_json_object(line) for line in LOG.splitlines()
    ]


@given(st.integers(0, len(PROOFS) - 1), st.integers(0, 7))
def test_law_any_flipped_bit_of_the_witnesses_is_refused(place: int, bit: int) -> None:
    changed = bytearray(PROOFS)
    changed[place] ^= 1 << bit
    try:
        Log.read(LOG, now=NOW, witness_data=bytes(changed))
    except TrustidError:
        return
    assert parse_json(bytes(changed)) == parse_json(PROOFS)


@given(st.binary(max_size=300), st.integers(0, len(LOG)), st.integers(0, 200))
def test_law_spliced_bytes_are_refused(data: bytes, start: int, length: int) -> None:
    changed = LOG[:start] + data + LOG[start + length :]
    with contextlib.suppress(TrustidError):
        found = Log.read(changed, now=NOW, witness_data=PROOFS)
        # Whatever still holds is the log, or the beginning of it that needs no witnesses yet.
        lines = [parse_json_object(line) for line in LOG.splitlines()]
        assert [parse_json_object(line) for line in found.lines] == lines[: len(found.lines)]


@given(json_objects, st.sampled_from(["parameters", "state", "proof", "versionId", "versionTime"]))
def test_law_only_our_errors_come_out(value: dict[str, object], member: str) -> None:
    for content in (value, parse_json_object(LOG.splitlines()[0]) | {member: value}):
        with contextlib.suppress(TrustidError):
            Log.read(dump_json(content), now=NOW)
    with contextlib.suppress(TrustidError):
        Log.read(LOG, now=NOW, witness_data=dump_json([value]))


@given(json_objects)
def test_law_the_fast_canonical_form_is_the_canonical_form(value: dict[str, object]) -> None:
    parsed = parse_json(dump_json(value))
    try:
        expected = canonicalize(parsed)
    except MalformedError:
        expected = b""
    try:
        found = canonicalize_parsed(parsed)
    except MalformedError:
        found = b""
    assert found == expected


@given(
    st.lists(
        st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(":,[]{}0123456789.eE+- ")
    )
)
def test_law_no_number_is_overlooked(values: list[object]) -> None:
    test_law_the_fast_canonical_form_is_the_canonical_form.hypothesis.inner_test(
        {"a": values, "b": values[-1:]}
    )  # type: ignore[attr-defined]
    for value in values:
        test_law_the_fast_canonical_form_is_the_canonical_form.hypothesis.inner_test({"a": value})  # type: ignore[attr-defined]
