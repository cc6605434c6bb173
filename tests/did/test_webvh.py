"""did:webvh: what a controller can write, and what no log may hold; each refusal beside its twin."""

from __future__ import annotations

from typing import Any

import pytest

from did.webvh_forging import KEYS, NOW, P256, START, forge, joined, resigned, time_text
from trustid.did import webvh
from trustid.did.syntax import Did
from trustid.did.webvh import Changes, Log, WitnessRule
from trustid.did.webvh.parameters import key_hash
from trustid.did.webvh.proofs import make_proof
from trustid.encoding import dump_json, parse_json_object
from trustid.errors import LimitExceededError, ResolutionError, TrustidError, UnsupportedError

FIRST, SECOND, THIRD, *WITNESSES = KEYS
WITNESS_DIDS = tuple(f"did:key:{key.public_key.to_multikey()}" for key in WITNESSES)


def begun(**changes: Any) -> Log:
    return webvh.create(
        "https://school.example",
        key=FIRST,
        methods={"key-1": P256.public_key},
        now=START,
        changes=Changes(**changes),
    )


PLAIN = begun()
PORTABLE = begun(portable=True)
COMMITTED = begun(next_keys=[SECOND.public_key])
WITNESSED = begun(witness=WitnessRule(2, WITNESS_DIDS))


def refused(data: bytes, *, witness_data: bytes | None = None) -> str:
    with pytest.raises(TrustidError) as caught:
        Log.read(data, now=NOW, witness_data=witness_data)
    return caught.value.code


def accepted(data: bytes, *, witness_data: bytes | None = None) -> Log:
    return Log.read(data, now=NOW, witness_data=witness_data)


def test_create_and_read_again() -> None:
    log = accepted(joined(PLAIN.lines))
    assert log == PLAIN
    assert log.did.startswith("did:webvh:Qm")
    assert log.did.endswith(":school.example")
    document = log.resolution(log.current).document
    assert document.verification_method("#key-1", "assertionMethod").public_key == P256.public_key
    services = document.to_json()["service"]
    assert [service["id"] for service in services] == ["#files", "#whois"]
    assert services[0]["serviceEndpoint"] == "https://school.example/"
    assert services[1]["serviceEndpoint"] == "https://school.example/whois.vp"


def test_the_log_may_end_without_a_newline_and_with_one() -> None:
    assert accepted(b"\n".join(PLAIN.lines)) == PLAIN
    assert refused(joined(PLAIN.lines) + b"\n") == "did_log_invalid"


def test_places() -> None:
    log = webvh.create(
        "https://school.example:8443/a", "b", key=FIRST, methods={"k": P256.public_key}, now=START
    )
    assert log.did.endswith(":school.example%3A8443:a:b")
    assert webvh.log_url(log.did) == "https://school.example:8443/a/b/did.jsonl"
    assert webvh.witness_url(PLAIN.did) == "https://school.example/.well-known/did-witness.json"


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1", "10.0.0.1%3A443", "2130706433", "0x7f.1", "017700000001", "[::1]", "127%2E0%2E0%2E1",
        "127.0.0.1%3a8080", "School.example", "school.example.", "school.example:..", "school.example:a%2Fb",
        "", "user%40school.example", "school.example%3A0", "school.example%3A70000",
    ],
)  # fmt: skip
def test_B094_B096_no_address_and_no_way_out(place: str) -> None:
    scid = PLAIN.current.parameters.scid
    assert webvh.log_url(f"did:webvh:{scid}:school.example:a")
    with pytest.raises(ResolutionError) as caught:
        webvh.log_url(f"did:webvh:{scid}:{place}")
    assert caught.value.code == "did_malformed"


@pytest.mark.parametrize("scid", ["", "Qm", "Qm" + "0" * 44, "zQm" + "1" * 43, "{SCID}"])
def test_scid_form(scid: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        webvh.log_url(f"did:webvh:{scid}:school.example")
    assert caught.value.code == "did_malformed"


# --- the chain -------------------------------------------------------------------


def test_update_keeps_and_replaces() -> None:
    log = webvh.update(PLAIN, key=FIRST, now=START + 60, methods={"key-2": SECOND.public_key})
    assert log.current.number == 2
    assert log.did == PLAIN.did
    assert log.version(number=1).document.methods()[0].public_key == P256.public_key
    assert log.version().document.methods()[0].public_key == SECOND.public_key
    same = webvh.update(log, key=FIRST, now=START + 61)
    assert same.current.state == log.current.state


def test_an_entry_changed_after_signing_is_refused() -> None:
    twin = forge(PLAIN)
    assert accepted(twin).current.number == 2
    line = parse_json_object(twin.splitlines()[1])
    for member, value in (
        ("versionId", "2-" + PLAIN.current.version_id[2:]),
        ("versionId", "3" + line["versionId"][1:]),
        ("versionTime", time_text(START + 61)),
        ("parameters", {"ttl": 5}),
        ("state", line["state"] | {"alsoKnownAs": ["did:web:evil.example"]}),
    ):
        assert refused(joined((PLAIN.lines[0], dump_json(line | {member: value})))) == "did_log_invalid"
        again = resigned(twin.splitlines()[1], **{member: value})
        assert refused(joined((PLAIN.lines[0], again))) == "did_log_invalid"


def test_entries_left_out_doubled_or_in_another_order() -> None:
    log = accepted(forge(accepted(forge(PLAIN))))
    one, two, three = log.lines
    assert accepted(joined((one, two))).current.number == 2
    for lines in ((two,), (one, three), (one, one), (two, one), (one, three, two), (one, two, two)):
        assert refused(joined(lines)) in ("did_log_invalid", "did_log_parameters")
    assert refused(b"") == "did_log_invalid"


def test_the_scid_is_the_hash_of_the_first_entry() -> None:
    other = begun(ttl=60)
    line = parse_json_object(PLAIN.lines[0])
    scid = other.current.parameters.scid
    text = PLAIN.lines[0].replace(PLAIN.current.parameters.scid.encode(), scid.encode())
    assert refused(joined((resigned(text),))) == "did_log_invalid"
    for left in (line["state"] | {"note": "{SCID}"}, line["state"] | {"{SCID}": 1}):
        assert refused(joined((resigned(PLAIN.lines[0], state=left),))) == "did_log_invalid"


@pytest.mark.parametrize("member", ["versionId", "versionTime", "parameters", "state", "proof"])
def test_members_of_an_entry(member: str) -> None:
    line = parse_json_object(forge(PLAIN).splitlines()[1])
    assert accepted(joined((PLAIN.lines[0], dump_json(line))))
    without = {name: value for name, value in line.items() if name != member}
    assert refused(joined((PLAIN.lines[0], dump_json(without)))) == "did_log_invalid"
    wrong = line | {member: 5}
    assert refused(joined((PLAIN.lines[0], dump_json(wrong)))) == "did_log_invalid"
    assert refused(joined((PLAIN.lines[0], dump_json(line | {"more": 1})))) == "did_log_invalid"
    doubled = dump_json(line).replace(b"{", b'{"%s":1,' % member.encode(), 1)
    assert refused(joined((PLAIN.lines[0], doubled))) == "did_log_invalid"


@pytest.mark.parametrize("seconds", [0, -1])
def test_time_goes_on(seconds: int) -> None:
    assert accepted(forge(PLAIN, seconds=1))
    assert refused(forge(PLAIN, seconds=seconds)) == "did_log_invalid"


def test_time_has_come() -> None:
    data = forge(PLAIN)
    since = accepted(data).current.since
    assert Log.read(data, now=int(since) - 60)
    with pytest.raises(ResolutionError) as caught:
        Log.read(data, now=int(since) - 61)
    assert caught.value.code == "did_log_invalid"


@pytest.mark.parametrize(
    "text",
    ["2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+02:00", "2026-13-01T00:00:00Z", "soon",
     "2026-01-01 00:00:00Z", "20260101T000000Z", "2026-02-30T00:00:00Z"],
)  # fmt: skip
def test_time_form(text: str) -> None:
    assert accepted(forge(PLAIN, versionTime="2026-01-01T00:00:00Z"))
    assert accepted(forge(PLAIN, versionTime="2026-01-01T00:00:00.5+00:00"))
    assert refused(forge(PLAIN, versionTime=text)) == "did_log_invalid"


# --- who may sign ----------------------------------------------------------------


def test_rotation_counts_from_the_next_entry() -> None:
    rotated = accepted(forge(PLAIN, parameters={"updateKeys": [SECOND.public_key.to_multikey()]}))
    assert accepted(forge(rotated, key=SECOND)).current.number == 3
    assert refused(forge(rotated, key=FIRST)) == "did_log_proof"
    at_once = forge(PLAIN, key=SECOND, parameters={"updateKeys": [SECOND.public_key.to_multikey()]})
    assert refused(at_once) == "did_log_proof"


def test_a_proof_needs_each_of_its_parts() -> None:
    line = parse_json_object(forge(PLAIN).splitlines()[1])
    (proof,) = line["proof"]

    def with_proofs(proofs: Any) -> bytes:
        return joined((PLAIN.lines[0], dump_json(line | {"proof": proofs})))

    assert accepted(with_proofs([proof]))
    assert accepted(with_proofs([proof, proof]))
    name = f"did:key:{SECOND.public_key.to_multikey()}#{SECOND.public_key.to_multikey()}"
    for wrong in (
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"proofPurpose": "authentication"},
        {"verificationMethod": name},
        {"verificationMethod": proof["verificationMethod"].partition("#")[0]},
        {"verificationMethod": 5},
        {"created": "yesterday"},
        {"created": "2025-06-15T15:07:41Z"},
        {"proofValue": proof["proofValue"][:-1]},
        {"proofValue": "u" + proof["proofValue"][1:]},
        {"proofValue": proof["proofValue"][:-1] + ("2" if proof["proofValue"][-1] == "1" else "1")},
        {"@context": ["https://www.w3.org/ns/did/v1"]},
        {"nonce": "1"},
    ):
        assert refused(with_proofs([proof | wrong])) == "did_log_proof", wrong
        assert refused(with_proofs([proof, proof | wrong])) == "did_log_proof", wrong
    for wrongs in ([], [None], ["proof"], [proof] * 9):
        assert refused(with_proofs(wrongs)) == "did_log_proof"


def test_only_ed25519_keys_update() -> None:
    with pytest.raises(ResolutionError) as caught:
        webvh.update(PLAIN, key=P256, now=START + 60)
    assert caught.value.code == "did_log_proof"
    with pytest.raises(ResolutionError) as caught:
        webvh.update(PLAIN, key=FIRST, now=START + 60, changes=Changes(update_keys=[P256.public_key]))
    assert caught.value.code == "did_log_parameters"


def test_prerotation() -> None:
    commit = {"updateKeys": [SECOND.public_key.to_multikey()], "nextKeyHashes": []}
    good = accepted(forge(COMMITTED, key=SECOND, parameters=commit))
    assert good.current.parameters.update_keys == (SECOND.public_key.to_multikey(),)
    # Off now: the plain rules hold again.
    assert accepted(forge(good, key=SECOND)).current.number == 3
    other = {"updateKeys": [THIRD.public_key.to_multikey()], "nextKeyHashes": []}
    assert refused(forge(COMMITTED, key=THIRD, parameters=other)) == "did_log_parameters"
    assert refused(forge(COMMITTED, key=FIRST, parameters=commit)) == "did_log_proof"
    for name in commit:
        missing = {key: value for key, value in commit.items() if key != name}
        assert refused(forge(COMMITTED, key=SECOND, parameters=missing)) == "did_log_parameters"
    both = commit | {"updateKeys": [*commit["updateKeys"], THIRD.public_key.to_multikey()]}
    assert refused(forge(COMMITTED, key=SECOND, parameters=both)) == "did_log_parameters"
    assert (
        refused(forge(COMMITTED, key=FIRST, parameters=commit | {"updateKeys": []})) == "did_log_parameters"
    )


def test_prerotation_through_the_functions() -> None:
    log = webvh.update(
        COMMITTED,
        key=SECOND,
        now=START + 60,
        changes=Changes(update_keys=[SECOND.public_key], next_keys=[THIRD.public_key]),
    )
    assert log.current.parameters.next_key_hashes == (key_hash(THIRD.public_key.to_multikey()),)
    with pytest.raises(ResolutionError):
        webvh.deactivate(log, key=THIRD, now=START + 120)
    ended = webvh.update(
        log, key=THIRD, now=START + 120, changes=Changes(update_keys=[THIRD.public_key], next_keys=[])
    )
    assert webvh.deactivate(ended, key=THIRD, now=START + 180).deactivated


# --- parameters --------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        {"scid": PLAIN.current.parameters.scid}, {"unknown": 1}, {"portable": True}, {"portable": "yes"},
        {"deactivated": 1}, {"ttl": -1}, {"ttl": True}, {"ttl": 2**31 + 1}, {"ttl": "60"}, {"watchers": "x"},
        {"watchers": [""]}, {"updateKeys": "x"}, {"updateKeys": [5]}, {"updateKeys": ["z6Mk"]},
        {"nextKeyHashes": {}}, {"nextKeyHashes": [1]}, {"method": "did:webvh"}, {"method": 1},
        {"witness": []}, {"witness": {"threshold": 1}}, {"witness": {"threshold": 1, "witnesses": []}},
        {"witness": {"threshold": 0, "witnesses": [{"id": WITNESS_DIDS[0]}]}},
        {"witness": {"threshold": 2, "witnesses": [{"id": WITNESS_DIDS[0]}]}},
        {"witness": {"threshold": True, "witnesses": [{"id": WITNESS_DIDS[0]}]}},
        {"witness": {"threshold": 1, "witnesses": [{"id": "did:web:w.example"}]}},
        {"witness": {"threshold": 1, "witnesses": [{"id": WITNESS_DIDS[0], "weight": 5}]}},
        {"witness": {"threshold": 2, "witnesses": [{"id": WITNESS_DIDS[0]}] * 2}},
        {"witness": {"threshold": 1, "witnesses": [WITNESS_DIDS[0]]}},
        {"updateKeys": [FIRST.public_key.to_multikey()] * 33},
    ],
)  # fmt: skip
def test_parameters_that_no_entry_may_set(parameters: dict[str, Any]) -> None:
    assert accepted(forge(PLAIN, parameters={"ttl": 0, "watchers": ["https://w.example"], "portable": False}))
    assert refused(forge(PLAIN, parameters=parameters)) == "did_log_parameters"


@pytest.mark.parametrize("name", ["method", "scid", "updateKeys"])
def test_the_first_entry_needs(name: str) -> None:
    parameters = dict(parse_json_object(PLAIN.lines[0])["parameters"])
    del parameters[name]
    assert refused(joined((resigned(PLAIN.lines[0], parameters=parameters),))) == "did_log_parameters"


@pytest.mark.parametrize("method", ["did:webvh:0.5", "did:webvh:1.1", "did:webvh:2.0"])
def test_another_version_of_the_method_is_unsupported(method: str) -> None:
    assert accepted(forge(PLAIN, parameters={"method": "did:webvh:1.0"}))
    with pytest.raises(UnsupportedError):
        Log.read(forge(PLAIN, parameters={"method": method}), now=NOW)


def test_null_means_the_default() -> None:
    log = accepted(forge(PLAIN, parameters={"watchers": None, "witness": None, "ttl": None}))
    assert (log.current.parameters.watchers, log.current.parameters.ttl) == ((), 3600)
    assert refused(forge(PLAIN, parameters={"portable": None})) == "did_log_parameters"


# --- moving and ending ---------------------------------------------------------------


def test_move() -> None:
    log = webvh.move(PORTABLE, "https://other.example", "new", key=FIRST, now=START + 60)
    assert log.did == f"did:webvh:{PORTABLE.current.parameters.scid}:other.example:new"
    assert log.names(PORTABLE.did)
    result = log.resolution(log.current)
    assert result.document.id == log.did
    assert result.document.to_json()["alsoKnownAs"] == [PORTABLE.did]
    assert result.document.verification_method("#key-1", "assertionMethod").id == f"{log.did}#key-1"
    assert result.metadata["canonicalId"] == log.did
    assert result.metadata["equivalentId"] == [PORTABLE.did, log.did]


def test_a_move_needs_to_be_allowed_and_told() -> None:
    with pytest.raises(ResolutionError) as caught:
        webvh.move(PLAIN, "https://other.example", key=FIRST, now=START + 60)
    assert caught.value.code == "did_log_parameters"
    moved = webvh.move(PORTABLE, "https://other.example", key=FIRST, now=START + 60)
    state = moved.current.state
    assert accepted(forge(PORTABLE, state=state))
    untold = {name: value for name, value in state.items() if name != "alsoKnownAs"}
    assert refused(forge(PORTABLE, state=untold)) == "did_log_invalid"
    assert refused(forge(PORTABLE, state=state | {"alsoKnownAs": "x"})) == "did_log_invalid"
    stopped = accepted(forge(PORTABLE, parameters={"portable": False}))
    assert refused(forge(stopped, state=state)) == "did_log_parameters"
    assert refused(forge(stopped, parameters={"portable": True})) == "did_log_parameters"


def test_the_scid_never_changes() -> None:
    foreign = begun(ttl=60).current.parameters.scid
    for name in (
        f"did:webvh:{foreign}:school.example",
        "did:web:school.example",
        "did:webvh:x:school.example",
        5,
        None,
    ):
        state = PORTABLE.current.state | {"id": name, "alsoKnownAs": [PORTABLE.did]}
        assert refused(forge(PORTABLE, state=state)) == "did_log_invalid"


def test_deactivation_is_the_end() -> None:
    log = webvh.deactivate(PLAIN, key=FIRST, now=START + 60)
    assert log.deactivated
    assert log.resolution(log.current).deactivated
    assert log.version(number=1).deactivated
    result = log.resolution(log.current).to_json()
    assert (result["didDocument"], result["didDocumentMetadata"]["deactivated"]) == (None, True)
    assert refused(forge(log)) == "did_log_invalid"
    # Also when keys were left that could sign.
    kept = accepted(forge(PLAIN, parameters={"deactivated": True}))
    assert refused(forge(kept)) == "did_log_invalid"


# --- witnesses -------------------------------------------------------------------------


def proofs_for(log: Log, *approvals: tuple[int, int]) -> bytes:
    """A witness file: pairs of a witness's number and the entry it approves."""
    entries: dict[str, list[Any]] = {}
    for witness, number in approvals:
        version = log.versions[number - 1]
        entries.setdefault(version.version_id, []).append(
            webvh.approve(version.version_id, WITNESSES[witness], created=version.version_time)
        )
    return webvh.witness_file(entries)


@pytest.mark.parametrize(
    ("approvals", "ok"),
    [
        (((0, 1), (1, 1)), True),
        (((0, 1), (1, 1), (2, 1)), True),
        (((0, 1),), False),
        (((0, 1), (0, 1)), False),
        ((), False),
    ],
)
def test_threshold(approvals: tuple[tuple[int, int], ...], ok: bool) -> None:
    data, proofs = joined(WITNESSED.lines), proofs_for(WITNESSED, *approvals)
    if ok:
        assert accepted(data, witness_data=proofs)
    else:
        assert refused(data, witness_data=proofs) == "did_log_invalid"
    assert refused(data) == "did_log_invalid"


def test_a_later_approval_covers_earlier_entries_only() -> None:
    log = Log.read_unwitnessed(forge(WITNESSED), now=NOW)
    data = joined(log.lines)
    assert accepted(data, witness_data=proofs_for(log, (0, 2), (1, 2)))
    assert refused(data, witness_data=proofs_for(log, (0, 2), (1, 1))) == "did_log_invalid"


def test_witnesses_are_replaced_after_the_entry_that_says_so() -> None:
    rule = WitnessRule(1, WITNESS_DIDS[2:3]).to_json()
    log = Log.read_unwitnessed(forge(WITNESSED, parameters={"witness": rule}), now=NOW)
    assert refused(joined(log.lines), witness_data=proofs_for(log, (2, 2))) == "did_log_invalid"
    assert accepted(joined(log.lines), witness_data=proofs_for(log, (0, 2), (1, 2)))
    ended = Log.read_unwitnessed(forge(WITNESSED, parameters={"witness": {}}), now=NOW)
    assert refused(joined(ended.lines), witness_data=proofs_for(ended, (0, 1), (1, 1))) == "did_log_invalid"
    assert accepted(joined(ended.lines), witness_data=proofs_for(ended, (0, 2), (1, 2)))
    free = Log.read_unwitnessed(forge(ended), now=NOW)
    assert accepted(joined(free.lines), witness_data=proofs_for(free, (0, 2), (1, 2)))


def test_witnesses_begin_at_once() -> None:
    rule = WitnessRule(1, WITNESS_DIDS[:1]).to_json()
    log = Log.read_unwitnessed(forge(PLAIN, parameters={"witness": rule}), now=NOW)
    assert refused(joined(log.lines), witness_data=b"[]") == "did_log_invalid"
    assert accepted(joined(log.lines), witness_data=proofs_for(log, (0, 2)))


def test_proofs_of_another_log_and_forged_ones_do_not_count() -> None:
    other = begun(witness=WitnessRule(2, WITNESS_DIDS), ttl=60)
    data = joined(WITNESSED.lines)
    good = parse_list(proofs_for(WITNESSED, (0, 1), (1, 1)))
    assert accepted(data, witness_data=dump_json([*parse_list(proofs_for(other, (2, 1))), *good]))
    assert refused(data, witness_data=proofs_for(other, (0, 1), (1, 1))) == "did_log_invalid"
    replayed = parse_list(proofs_for(other, (0, 1), (1, 1)))
    replayed[0]["versionId"] = WITNESSED.current.version_id
    assert refused(data, witness_data=dump_json(replayed)) == "did_log_invalid"
    # A proof that does not hold is passed over when a good one of the same witness follows.
    assert accepted(data, witness_data=dump_json([*replayed, *good]))
    stranger = make_proof({"versionId": WITNESSED.current.version_id}, SECOND, time_text(START))
    one = parse_list(proofs_for(WITNESSED, (0, 1)))
    one[0]["proof"].append(stranger)
    assert refused(data, witness_data=dump_json(one)) == "did_log_invalid"


def parse_list(data: bytes) -> list[Any]:
    return parse_json_object(b'{"list":' + data + b"}")["list"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[5]",
        b'[{"versionId":1,"proof":[]}]',
        b'[{"versionId":"x","proof":{}}]',
        b"[null]",
        b"nul",
    ],
)
def test_no_witness_file(data: bytes) -> None:
    assert refused(joined(WITNESSED.lines), witness_data=data) == "did_log_invalid"


def test_who_needs_no_witnesses_is_not_asked_for_them() -> None:
    assert accepted(joined(PLAIN.lines), witness_data=b"nonsense") == PLAIN


# --- versions and limits -----------------------------------------------------------------


def test_versions() -> None:
    log = webvh.update(PLAIN, key=FIRST, now=START + 60, methods={"key-2": SECOND.public_key})
    assert log.at(START).metadata["versionNumber"] == "1"
    assert log.at(START + 59.9).metadata["nextVersionId"] == log.current.version_id
    assert log.at(START + 60).metadata["versionNumber"] == "2"
    assert log.version(version_id=PLAIN.current.version_id).metadata["versionNumber"] == "1"
    for asked in ({"number": 3}, {"number": 0}, {"version_id": "1-Qm"}):
        with pytest.raises(ResolutionError) as caught:
            log.version(**asked)  # type: ignore[arg-type]
        assert caught.value.code == "did_not_found"
    with pytest.raises(ResolutionError) as caught:
        log.version(version_id=PLAIN.current.version_id, number=2)
    assert caught.value.code == "did_not_found"
    with pytest.raises(ResolutionError) as caught:
        log.at(START - 1)
    assert caught.value.code == "did_not_found"


def test_own_services_take_precedence() -> None:
    files = {"id": "#files", "type": "relativeRef", "serviceEndpoint": "https://cdn.example/"}
    whois = {"id": f"{PLAIN.did}#whois", "type": "Other", "serviceEndpoint": "https://w.example/x"}
    state = PLAIN.current.state | {"service": [files, whois]}
    log = accepted(forge(PLAIN, state=state))
    assert log.resolution(log.current).document.to_json()["service"] == [files, whois]


def test_a_document_that_is_none_is_refused_when_it_is_asked_for() -> None:
    for state, code in (
        ({"service": 5}, "did_document_invalid"),
        (
            {"verificationMethod": [{"id": "did:web:x.example#k", "type": "Multikey"}]},
            "did_document_mismatch",
        ),
    ):
        log = accepted(forge(PLAIN, state=PLAIN.current.state | state))
        assert log.version(number=1)
        with pytest.raises(ResolutionError) as caught:
            log.version()
        assert caught.value.code == code


def test_limits() -> None:
    for data in (b"x" * (2 * 1024 * 1024 + 1), b"\n" * 1025, b'{"versionId":"' + b"x" * 65536 + b'"}'):
        with pytest.raises(LimitExceededError):
            Log.read(data, now=NOW)
    deep = PLAIN.lines[0].replace(b'"state":{', b'"state":{"a":' + b"[" * 20 + b"]" * 20 + b",")
    with pytest.raises(LimitExceededError):
        Log.read(deep, now=NOW)
    many = dump_json([{"versionId": "x", "proof": [{}] * 1025}])
    with pytest.raises(LimitExceededError):
        Log.read(joined(WITNESSED.lines), now=NOW, witness_data=many)


def test_a_did_of_a_log_can_be_read_back() -> None:
    assert str(Did.parse(PLAIN.did)) == PLAIN.did
