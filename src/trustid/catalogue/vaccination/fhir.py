"""Importing doses from a hospital's records: FHIR R4 Immunization.

What a record means stands in its fields and nowhere else: not in its file
name, and not in the HTML of `text.div`, which is written for people, may hold
script, and is never read here. A record that must not become a certificate is
refused by name, with the reason.

Reference:
    HL7 FHIR R4 (4.0.1), Immunization, Patient, Bundle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trustid.catalogue.cells import RowProblem, text_problem
from trustid.catalogue.types import CredentialType
from trustid.catalogue.vaccination import CVX_SYSTEM, DEFAULT_COUNTRY
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_BUNDLE_BYTES", "MAX_BUNDLE_ENTRIES", "ImmunizationRecord", "read_immunizations"]

MAX_BUNDLE_BYTES = 5 * 1024 * 1024
MAX_BUNDLE_ENTRIES = 10_000
MAX_DOSE_NUMBER = 100
"""No schedule has more doses; the claims schema bounds them likewise."""

_SNOMED = "http://snomed.info/sct"
_AIR = "urn:oid:1.2.36.1.2001.1005.17"
# Australian Immunisation Register vaccine codes, as the FHIR examples use them.

_DISEASES: Mapping[tuple[str, str], tuple[str, ...]] = {
    (_SNOMED, "14189004"): ("measles",),
    (_SNOMED, "36989005"): ("mumps",),
    (_SNOMED, "36653000"): ("rubella",),
    (_SNOMED, "40468003"): ("hepatitis-a",),
    (_SNOMED, "66071002"): ("hepatitis-b",),
    (_SNOMED, "38907003"): ("varicella",),
    (_SNOMED, "398102009"): ("poliomyelitis",),
    (_SNOMED, "6142004"): ("influenza",),
    (_SNOMED, "840539006"): ("covid-19",),
    (CVX_SYSTEM, "03"): ("measles", "mumps", "rubella"),
    (CVX_SYSTEM, "08"): ("hepatitis-b",),
    (CVX_SYSTEM, "10"): ("poliomyelitis",),
    (CVX_SYSTEM, "21"): ("varicella",),
    (CVX_SYSTEM, "104"): ("hepatitis-a", "hepatitis-b"),
    (CVX_SYSTEM, "207"): ("covid-19",),
    (CVX_SYSTEM, "208"): ("covid-19",),
    (CVX_SYSTEM, "229"): ("covid-19",),
    (_AIR, "FLUVAX"): ("influenza",),
    (_AIR, "GNFLU"): ("influenza",),
    (_AIR, "GNHEP"): ("hepatitis-b",),
}
"""What a code protects against: SNOMED CT diseases, CVX and AIR vaccines. Unknown codes are refused, not guessed."""

_SEXES = {"male": 1, "female": 2, "other": 9, "unknown": 0}
# ISO/IEC 5218 has no "other"; 9 is "not applicable".


@dataclass(frozen=True, slots=True)
class ImmunizationRecord:
    """One dose against one disease.

    Attributes:
        reference: `Immunization/` and the record's id, with the disease where one dose covers several.
        claims: Claims that fit the vaccination type; None if refused.
        problems: Why it is refused.
    """

    reference: str
    claims: Mapping[str, Any] | None
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Dose:
    """What the series of a person is counted from."""

    reference: str
    patient: str
    disease: str
    occurrence: str
    number: int | None
    series: int | None
    refused: bool
    claims: JsonObject


def read_immunizations(
    data: bytes,
    credential_type: CredentialType,
    *,
    centre: str,
    country: str = DEFAULT_COUNTRY,
    patients: Sequence[Mapping[str, Any]] = (),
) -> tuple[ImmunizationRecord, ...]:
    """Read a FHIR Bundle or a single Immunization.

    A dose that was not given, was entered in error or was too weak is refused,
    and does not count towards its series. `series_complete` is true only where
    the records show it: the dose's number reaches the series' length, and no
    lower dose is refused without another in its place. A record without a
    number is counted by its day among the accepted doses of the bundle.

    Args:
        data: JSON, at most `MAX_BUNDLE_BYTES`.
        credential_type: The vaccination type, whose schema the claims must fit.
        centre: Where doses were given whose record does not say so in words:
            the institution that issues.
        country: ISO 3166-1 alpha-2 of the institution.
        patients: Patient resources that the bundle refers to but does not hold.

    Returns:
        One entry for each dose and disease, in the order of the bundle.

    Raises:
        MalformedError: Not JSON, or no Bundle or Immunization.
        LimitExceededError: `limit_exceeded`.
    """
    document = parse_json_object(data, max_bytes=MAX_BUNDLE_BYTES)
    entries = list(_entries(document))
    known: dict[str, Mapping[str, Any]] = {}
    for url, patient in [*(("", patient) for patient in patients), *entries]:
        if patient.get("resourceType") == "Patient":
            identifier = _text(patient.get("id"))
            known |= {name: patient for name in (url, identifier and f"Patient/{identifier}") if name}
    found: list[_Dose | ImmunizationRecord] = []
    for place, (_, resource) in enumerate(entries):
        if resource.get("resourceType") == "Immunization":
            found.extend(_read_dose(resource, place, known, centre, country))
    doses = [one for one in found if isinstance(one, _Dose)]
    return tuple(
        one if isinstance(one, ImmunizationRecord) else _finish(one, doses, credential_type)
        for one in found
        if isinstance(one, ImmunizationRecord) or not one.refused
    )


def _entries(document: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    kind = document.get("resourceType")
    if kind == "Immunization":
        yield "", document
        return
    entries = document.get("entry")
    if kind != "Bundle" or not isinstance(entries, list):
        raise MalformedError("malformed", "expected a FHIR Bundle or Immunization")
    if len(entries) > MAX_BUNDLE_ENTRIES:
        raise LimitExceededError(
            "limit_exceeded", f"expected at most {MAX_BUNDLE_ENTRIES} entries in a bundle"
        )
    for entry in entries:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            raise MalformedError("malformed", "expected a resource in every bundle entry")
        yield _text(entry.get("fullUrl")), resource


def _read_dose(
    resource: JsonObject, place: int, patients: Mapping[str, Mapping[str, Any]], centre: str, country: str
) -> Iterator[_Dose | ImmunizationRecord]:
    """Yield a dose for each disease, and a record for each refusal.

    A refused dose is yielded both ways: people must read why, and the series
    must know that it does not count.
    """
    reference = f"Immunization/{_text(resource.get('id')) or place}"
    diseases = list(_protocols(resource))
    patient_reference = _text(_member(resource.get("patient"), "reference"))
    refusal = _refusal(resource)
    problems = [refusal] if refusal else _problems(resource, diseases, patient_reference, patients)
    if problems:
        yield ImmunizationRecord(reference, None, tuple(problems))
    base = {} if problems else _claims(resource, patients[patient_reference], centre, country)
    for disease, number, series in diseases:
        name = reference if len(diseases) == 1 else f"{reference} ({disease})"
        occurrence = _text(resource.get("occurrenceDateTime"))[:10]
        claims = base | {"target_disease": disease}
        yield _Dose(name, patient_reference, disease, occurrence, number, series, bool(problems), claims)


def _refusal(resource: JsonObject) -> RowProblem | None:
    """The reasons that end it: this dose does not count, whatever else the record says."""
    status = resource.get("status")
    if status == "not-done":
        return _problem("status", "immunization_not_done", "This dose was not given (status not-done).")
    if status == "entered-in-error":
        return _problem("status", "immunization_entered_in_error", "This record was entered in error.")
    if status != "completed":
        return _problem("status", "immunization_status", "The status is none that FHIR R4 knows.")
    if resource.get("isSubpotent", False) is not False:
        return _problem(
            "isSubpotent", "immunization_subpotent", "This dose was too weak to count (isSubpotent)."
        )
    return None


def _problems(
    resource: JsonObject,
    diseases: Sequence[tuple[str, int | None, int | None]],
    patient_reference: str,
    patients: Mapping[str, Mapping[str, Any]],
) -> list[RowProblem]:
    problems = []
    if patient_reference not in patients:
        problems.append(
            _problem(
                "patient", "patient_unresolvable", "The patient's record is not in the file. Export it too."
            )
        )
    if not _is_date(_text(resource.get("occurrenceDateTime"))[:10]):
        problems.append(
            _problem(
                "occurrenceDateTime",
                "occurrence_missing",
                "The record does not say on which day the dose was given.",
            )
        )
    if not _text(resource.get("lotNumber")):
        problems.append(_problem("lotNumber", "lot_missing", "The lot number is missing."))
    if not _coding(resource.get("vaccineCode")):
        problems.append(_problem("vaccineCode", "vaccine_missing", "The vaccine has no code."))
    if not diseases:
        problems.append(
            _problem(
                "protocolApplied",
                "disease_unknown",
                "Neither the protocol nor the vaccine's code says against which disease.",
            )
        )
    texts = (_text(resource.get("lotNumber")), _text(_member(resource.get("vaccineCode"), "text")))
    if any(text and text_problem(text) for text in texts):
        problems.append(
            _problem("", "text_unfit", "A text holds characters that may not stand on a certificate.")
        )
    return problems


def _claims(resource: JsonObject, patient: Mapping[str, Any], centre: str, country: str) -> JsonObject:
    code = _coding(resource["vaccineCode"])
    brand = _text(_member(resource["vaccineCode"], "text")) or code.get("display", code["code"])
    claims: JsonObject = {
        "vaccine_code": code,
        "vaccine_brand": brand,
        "lot_number": _text(resource["lotNumber"]),
        "occurrence_date": _text(resource["occurrenceDateTime"])[:10],
        "administering_centre": _performer(resource) or centre,
        "country": country,
    }
    manufacturer = _text(_member(resource.get("manufacturer"), "display"))
    if manufacturer:
        claims["manufacturer"] = manufacturer
    return claims | _person(patient)


def _person(patient: Mapping[str, Any]) -> JsonObject:
    claims: JsonObject = {}
    names = [
        name for name in _objects(patient.get("name")) if name.get("use") not in ("old", "maiden", "nickname")
    ]
    names.sort(key=lambda name: name.get("use") != "official")
    if names:
        family = _text(names[0].get("family"))
        given = " ".join(_text(part) for part in _list(names[0].get("given")))
        claims |= {
            name: text
            for name, text in (("family_name", family), ("given_name", given))
            if text and not text_problem(text)
        }
    birthdate = _text(patient.get("birthDate"))
    if _is_date(birthdate):
        claims["birthdate"] = birthdate
    if patient.get("gender") in _SEXES:
        claims["sex"] = _SEXES[patient["gender"]]
    return claims


def _protocols(resource: JsonObject) -> Iterator[tuple[str, int | None, int | None]]:
    """Disease, dose number and length of the series, for each disease of one dose."""
    applied = _objects(resource.get("protocolApplied"))
    for protocol in applied:
        number = _count(protocol.get("doseNumberPositiveInt"))
        series = _count(protocol.get("seriesDosesPositiveInt"))
        for concept in _objects(protocol.get("targetDisease")):
            for disease in _diseases(concept):
                yield disease, number, series
    if not applied:
        for disease in _diseases(resource.get("vaccineCode")):
            yield disease, None, None


def _diseases(concept: Any) -> tuple[str, ...]:
    for coding in _objects(_member(concept, "coding")):
        found = _DISEASES.get((_text(coding.get("system")), _text(coding.get("code"))))
        if found:
            return found
    return ()


def _finish(one: _Dose, doses: Sequence[_Dose], credential_type: CredentialType) -> ImmunizationRecord:
    series = [dose for dose in doses if (dose.patient, dose.disease) == (one.patient, one.disease)]
    accepted = sorted(
        (dose for dose in series if not dose.refused), key=lambda dose: (dose.occurrence, dose.reference)
    )
    number = one.number or 1 + [dose.reference for dose in accepted].index(one.reference)
    claims = dict(one.claims) | {"dose_number": number}
    if one.series is not None:
        claims["series_doses"] = one.series
    claims["series_complete"] = {one.disease: _is_complete(one, number, series)}
    try:
        credential_type.check_claims(claims)
    except MalformedError:
        problem = _problem(
            "", "text_unfit", "A value does not fit the certificate: too long, or of another form."
        )
        return ImmunizationRecord(one.reference, None, (problem,))
    return ImmunizationRecord(one.reference, claims)


def _is_complete(one: _Dose, number: int, series: Sequence[_Dose]) -> bool:
    if one.number is None or one.series is None or number < one.series:
        return False
    accepted = {dose.number for dose in series if not dose.refused}
    refused = {dose.number for dose in series if dose.refused and dose.occurrence <= one.occurrence}
    # A refused dose without a number might be any of them: it may have been one that the series needs.
    return None not in refused and refused.isdisjoint(set(range(1, number)) - accepted)


def _problem(column: str, code: str, message: str) -> RowProblem:
    return RowProblem(0, column, code, message)


def _performer(resource: JsonObject) -> str:
    for performer in _objects(resource.get("performer")):
        name = _text(_member(performer.get("actor"), "display"))
        if name and not text_problem(name):
            return name
    return ""


def _coding(concept: Any) -> dict[str, str]:
    for coding in _objects(_member(concept, "coding")):
        members = {name: _text(coding.get(name)) for name in ("system", "code", "display")}
        if members["system"] and members["code"]:
            return {name: text for name, text in members.items() if text}
    return {}


def _count(value: Any) -> int | None:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DOSE_NUMBER
        else None
    )


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]
