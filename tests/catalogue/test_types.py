"""The catalogue's types are whole, consistent and say the same to every reader."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustid.catalogue import load
from trustid.catalogue.schema import check_schema, check_schema_is_understood
from trustid.errors import InternalError, MalformedError

TYPES = load()
PARAMETERS = pytest.mark.parametrize("credential_type", TYPES.values(), ids=list(TYPES))


def test_the_three_use_cases_are_there() -> None:
    assert sorted(TYPES) == ["degree", "student-id", "vaccination"]


@PARAMETERS
def test_vct_is_a_path_under_the_issuer(credential_type) -> None:
    expected = f"https://issuer.example/vct/{credential_type.configuration_id}/1"
    assert expected == credential_type.vct("https://issuer.example")
    assert expected == credential_type.vct("https://issuer.example/")


@PARAMETERS
def test_schemas_are_valid_and_fit_the_samples(credential_type) -> None:
    schema = dict(credential_type.claims_schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(
        dict(credential_type.sample_claims), schema, format_checker=jsonschema.FormatChecker()
    )
    credential_type.check_claims(credential_type.sample_claims)


@PARAMETERS
def test_every_claim_has_names_in_both_languages_and_stands_in_the_schema(credential_type) -> None:
    for claim in credential_type.claims:
        assert {"en", "zh-CN"} == set(claim.names)
        schema = credential_type.claims_schema
        for name in claim.path:
            schema = schema["properties"][name]
    top = {claim.path[0] for claim in credential_type.claims}
    assert set(credential_type.claims_schema["properties"]) == top
    required = set(credential_type.claims_schema["required"])
    assert required == {path[0] for path in credential_type.mandatory}


@PARAMETERS
def test_questions_ask_for_claims_that_exist(credential_type) -> None:
    paths = {claim.path for claim in credential_type.claims}
    assert credential_type.questions
    for question in credential_type.questions:
        query = question.query(["https://issuer.example/vct/1"])
        (credential,) = query["credentials"]
        assert credential["meta"]["vct_values"] == ["https://issuer.example/vct/1"]
        assert credential["format"] == "dc+sd-jwt"
        for claim in credential["claims"]:
            path = tuple(claim["path"])
            assert any(path[: len(known)] == known for known in paths), path


@PARAMETERS
def test_type_metadata_and_credential_metadata_name_every_claim(credential_type) -> None:
    metadata = credential_type.type_metadata("https://issuer.example")
    assert metadata["vct"] == credential_type.vct("https://issuer.example")
    assert len(metadata["claims"]) == len(credential_type.claims)
    assert all(claim["sd"] == "always" and claim["display"] for claim in metadata["claims"])
    assert [claim["path"] for claim in metadata["claims"]] == [
        claim["path"] for claim in credential_type.credential_metadata()["claims"]
    ]
    assert credential_type.credential_metadata()["display"][0]["locale"] == "en"


@PARAMETERS
def test_claims_that_do_not_fit_are_refused_and_their_twin_is_not(credential_type) -> None:
    good = dict(credential_type.sample_claims)
    credential_type.check_claims(good)
    with pytest.raises(MalformedError) as refusal:
        credential_type.check_claims(good | {"smuggled": "in"})
    assert refusal.value.code == "claim_type_invalid"
    assert "smuggled" not in str(refusal.value)
    for name in credential_type.claims_schema["required"]:
        with pytest.raises(MalformedError) as refusal:
            credential_type.check_claims({key: value for key, value in good.items() if key != name})
        assert refusal.value.code == "claim_type_invalid"


def test_a_schema_with_an_unknown_keyword_is_our_bug() -> None:
    check_schema_is_understood({"type": "object", "properties": {"a": {"type": "string"}}})
    with pytest.raises(InternalError):
        check_schema_is_understood({"type": "object", "properties": {"a": {"anyOf": []}}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(0, 3, allow_nan=False) | st.text(max_size=3)
    | st.sampled_from(["2026-02-30", "2026-02-28", "20260228", "student", "a@b", "CN", "measles"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "type", "measles", "system", "code", "x"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(sorted(TYPES)))
def test_the_checker_agrees_with_jsonschema(data, name) -> None:
    """Change up to two members of good claims into anything; both checkers say the same."""
    credential_type = TYPES[name]
    claims = dict(credential_type.sample_claims)
    for member in data.draw(st.lists(st.sampled_from([*sorted(claims), "x"]), max_size=2)):
        claims[member] = data.draw(JSON)
    oracle = jsonschema.Draft202012Validator(
        dict(credential_type.claims_schema), format_checker=jsonschema.FormatChecker()
    )
    try:
        check_schema(claims, credential_type.claims_schema)
        ours = True
    except MalformedError as refusal:
        assert refusal.code == "claim_type_invalid"
        ours = False
    assert oracle.is_valid(claims) == ours
