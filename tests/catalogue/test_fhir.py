"""FHIR Immunization: decided on fields, refused by name, never overstating a series."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustid.catalogue import load
from trustid.catalogue.loading import sample
from trustid.catalogue.vaccination.fhir import read_immunizations
from trustid.errors import MalformedError, TrustidError

TYPE = load()["vaccination"]
PATIENT = json.loads(sample("vaccination", "Patient-example.json"))


def read(data: bytes | dict, patients=(PATIENT,)):
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    return read_immunizations(text, TYPE, centre="Example Hospital", country="NL", patients=patients)


def dose(identifier: str, number: int | None = None, series: int | None = None, **members) -> dict:
    resource = {
        "resourceType": "Immunization",
        "id": identifier,
        "status": "completed",
        "vaccineCode": {
            "coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "10", "display": "IPV"}]
        },
        "patient": {"reference": "Patient/example"},
        "occurrenceDateTime": f"2020-0{number or 1}-01",
        "lotNumber": "L1",
        "protocolApplied": [
            {
                "targetDisease": [{"coding": [{"system": "http://snomed.info/sct", "code": "398102009"}]}],
                "doseNumberPositiveInt": number,
                "seriesDosesPositiveInt": series,
            }
        ],
    }
    return resource | members


def bundle(*doses: dict) -> dict:
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in (PATIENT, *doses)]}


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("notGiven", ["immunization_not_done"]),
        ("example", ["immunization_subpotent"]),
        ("historical", ["occurrence_missing", "lot_missing"]),
        ("subpotent", []),
        ("protocol", []),
    ],
)
def test_the_published_examples_are_decided_on_their_fields(name, codes) -> None:
    records = read(sample("vaccination", f"Immunization-{name}.json"))
    assert codes == [problem.code for record in records for problem in record.problems]
    assert all((record.claims is None) == bool(codes) for record in records)
    for record in records:
        if record.claims is not None:
            TYPE.check_claims(record.claims)
            assert (record.claims["family_name"], record.claims["given_name"]) == ("Chalmers", "Peter James")


def test_one_dose_against_two_diseases_gives_two_certificates() -> None:
    records = read(sample("vaccination", "Immunization-protocol.json"))
    assert [(record.claims["target_disease"], record.claims["dose_number"]) for record in records] == [
        ("hepatitis-a", 1),
        ("hepatitis-b", 2),
    ]


def test_a_bundle_of_another_vendor_is_read() -> None:
    records = read(sample("vaccination", "covid-vaccines-bundle.json"), patients=())
    assert [record.claims["dose_number"] for record in records] == [1, 2, 3]
    assert {"ABC General Hospital"} == {record.claims["administering_centre"] for record in records}
    assert all(record.claims["series_complete"] == {"covid-19": False} for record in records)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"status": "not-done"}, "immunization_not_done"),
        ({"status": "entered-in-error"}, "immunization_entered_in_error"),
        ({"status": "COMPLETED"}, "immunization_status"),
        ({"status": None}, "immunization_status"),
        ({"isSubpotent": True}, "immunization_subpotent"),
        ({"isSubpotent": "true"}, "immunization_subpotent"),
        ({"patient": {"reference": "Patient/nobody"}}, "patient_unresolvable"),
        ({"patient": None}, "patient_unresolvable"),
        ({"occurrenceDateTime": "2020"}, "occurrence_missing"),
        ({"lotNumber": None}, "lot_missing"),
        ({"lotNumber": "L\u202e1"}, "text_unfit"),
        ({"lotNumber": "L" * 65}, "text_unfit"),
        ({"vaccineCode": {"text": "something"}}, "vaccine_missing"),
        ({"protocolApplied": [{"targetDisease": [{"coding": [{"system": "x", "code": "y"}]}]}]}, "disease_unknown"),
    ],
)  # fmt: skip
def test_each_refusal_has_its_name_and_its_twin_is_accepted(members, code) -> None:
    (good,) = read(bundle(dose("a", 1, 1)))
    assert good.claims is not None
    (bad,) = read(bundle(dose("a", 1, 1, **members)))
    assert (None, [code]) == (bad.claims, [problem.code for problem in bad.problems])


def complete(*doses: dict) -> list[bool | None]:
    records = read(bundle(*doses))
    return [record.claims and record.claims["series_complete"]["poliomyelitis"] for record in records]


def test_series_complete_counts_only_doses_that_count() -> None:
    assert complete(dose("a", 1, 2), dose("b", 2, 2)) == [False, True]
    assert complete(dose("b", 2, 2)) == [True]
    # The first dose was too weak: the second is not the end of the series.
    assert complete(dose("a", 1, 2, isSubpotent=True), dose("b", 2, 2)) == [None, False]
    # Another first dose took its place.
    assert complete(dose("a", 1, 2, isSubpotent=True), dose("c", 1, 2), dose("b", 2, 2)) == [
        None,
        False,
        True,
    ]
    assert complete(dose("a", 1, 2, status="entered-in-error"), dose("c", 1, 2), dose("b", 2, 2)) == [
        None,
        False,
        True,
    ]
    # A weak dose without a number may be any of them.
    assert complete(dose("a", None, 2, isSubpotent=True), dose("b", 2, 2)) == [None, False]
    # Without the length of the series nothing is claimed.
    assert complete(dose("a", 2, None)) == [False]


def test_the_narrative_is_never_read() -> None:
    text = {"status": "generated", "div": "<div><script>alert(1)</script></div>"}
    records = read(bundle(dose("a", 1, 1, text=text)))
    assert "script" not in repr(records)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"resourceType":"Patient"}', b'{"resourceType":"Bundle","entry":[1]}']
)
def test_what_is_no_record_is_refused(data) -> None:
    assert read(bundle(dose("a", 1, 1)))
    with pytest.raises(MalformedError) as refusal:
        read(data)
    assert refusal.value.code == "malformed"


JSON = st.recursive(st.none() | st.booleans() | st.integers(-3, 200) | st.text(max_size=4), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["coding", "system", "code", "reference", "targetDisease", "family", "given"]), inner, max_size=3), max_leaves=5)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_members_give_claims_that_fit_or_a_refusal(data) -> None:
    members = data.draw(
        st.dictionaries(st.sampled_from([*sorted(dose("a")), "manufacturer", "performer"]), JSON, max_size=3)
    )
    try:
        records = read(bundle(dose("a", 1, 1), dose("b", 1, 1) | members))
    except TrustidError:
        return
    for record in records:
        assert (record.claims is None) == bool(record.problems)
        if record.claims is not None:
            TYPE.check_claims(record.claims)
