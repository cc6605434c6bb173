"""The query language: reading it, answering it, checking an answer."""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import json_values
from trustid.errors import MalformedError, QueryError, ReplayError, TrustidError
from trustid.protocols import dcql_query
from trustid.protocols.claims_path import UNDISCLOSED, covers, parse_path, select
from trustid.protocols.dcql import (
    CredentialView,
    DcqlQuery,
    check_answer,
    check_credential,
    match,
    read_vp_token,
)
from vectors_at import ran

VECTORS = Path(__file__).parent.parent / "vectors" / "openid4vp"
QUERIES = sorted((VECTORS / "query_lang").glob("*.json"))
EXAMPLE = (VECTORS / "claims-path-example.txt").read_text()
PID = "https://credentials.example.com/identity_credential"


def pid(**changes: object) -> CredentialView:
    claims = {
        "vct": PID,
        "family_name": "Doe",
        "given_name": "John",
        "address": {"street_address": "42 Market Street", "locality": "Milliways"},
        "postal_code": "90210",
        "locality": "Milliways",
        "region": "West",
        "date_of_birth": "1980-01-01",
        "nationalities": ["British", "Betelgeusian"],
        "age": 40,
        "adult": True,
    }
    view = CredentialView("pid-1", "dc+sd-jwt", (PID,), claims)
    return replace(view, **changes)


def shown(*paths: str | tuple, **changes: object) -> CredentialView:
    """What a verifier sees of the credential when exactly these claims are disclosed."""
    full = pid().claims
    places = [path if isinstance(path, tuple) else (path,) for path in paths]
    claims: dict = {"vct": PID}
    for name, *rest in places:
        if not rest:
            claims[name] = full[name]
        elif isinstance(full[name], dict):
            claims.setdefault(name, {})[rest[0]] = full[name][rest[0]]
        else:
            hidden = claims.setdefault(name, [UNDISCLOSED] * len(full[name]))
            hidden[rest[0]] = full[name][rest[0]]
    return pid(claims=claims, disclosed=tuple(places), **changes)


def query(*claims: object, **members: object) -> dict:
    entries = [claim if isinstance(claim, dict) else {"path": [claim]} for claim in claims]
    credential = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, **members}
    return {"credentials": [credential | ({"claims": entries} if entries else {})]}


def ask(*claims: object, **members: object) -> DcqlQuery:
    return DcqlQuery.parse(query(*claims, **members))


def refused(work: object, error: type[TrustidError] = QueryError) -> str:
    with pytest.raises(error) as caught:
        work()  # type: ignore[operator]
    return caught.value.code


# Claims path pointers


def test_vector_claims_path_example() -> None:
    """The credential of the specification, and what each of its paths selects (section 7.3)."""
    credential = json.loads(re.search(r"```json\n(.*?)```", EXAMPLE, re.DOTALL).group(1))
    paths = [json.loads(found) for found in re.findall(r"`(\[.*?\])`", EXAMPLE, re.DOTALL)]
    assert len(paths) == 5
    ran(len(paths) + 1)
    expected = [
        ["Arthur Dent"],
        [credential["address"]],
        ["42 Market Street"],
        ["Bachelor of Science", "Master of Science"],
        ["Betelgeusian"],
    ]
    assert [select(credential, parse_path(path)) for path in paths] == expected


@pytest.mark.parametrize(
    "path",
    [
        ("missing",),
        ("name", "inner"),  # a string where an object is needed
        ("address", 0),  # an object where an array is needed
        ("address", None),
        ("degrees", "type"),  # an array where an object is needed
        ("degrees", 2),
        ("degrees", None, "missing"),
        ("mixed", None, "a"),  # one of the selected elements is no object
        (),
    ],
)
def test_paths_that_select_nothing(path: tuple) -> None:
    document = {
        "name": "Ada",
        "address": {"street": "Main"},
        "degrees": [{"type": "BSc"}, {"type": "MSc"}],
        "mixed": [{"a": 1}, 2],
        "partly": [{"a": 1}, {"b": 2}],
    }
    assert select(document, ("degrees", None, "type")) == ["BSc", "MSc"]
    assert select(document, ("partly", None, "a")) == [1]
    assert refused(lambda: select(document, path)) == "query_mismatch"


def test_hidden_elements_are_not_selected() -> None:
    document = {"list": [UNDISCLOSED, "b"]}
    assert select(document, ("list", 1)) == ["b"]
    assert select(document, ("list", None)) == ["b"]
    assert refused(lambda: select(document, ("list", 0))) == "query_mismatch"
    assert repr(UNDISCLOSED) == "UNDISCLOSED"


@pytest.mark.parametrize("path", [[], "name", None, [-1], [1.0], [True], [{}], [["a"]], ["a"] * 33])
def test_paths_that_cannot_be_read(path: object) -> None:
    assert parse_path(["a", 0, None]) == ("a", 0, None)
    assert refused(lambda: parse_path(path), MalformedError) == "query_malformed"


@pytest.mark.parametrize(
    ("asked", "disclosed", "covered"),
    [
        (("a",), ("a",), True),
        (("a",), ("a", "b"), True),  # with its sub-claims
        (("a", "b"), ("a",), True),  # the object around it
        (("a", "b"), ("a", "c"), False),
        (("a", None), ("a", 3), True),
        (("a", 1), ("a", 3), False),
        (("a", None, "x"), ("a", 3, "y"), False),
        (("a",), ("b",), False),
    ],
)
def test_covers(asked: tuple, disclosed: tuple, covered: bool) -> None:
    assert covers(asked, disclosed) is covered


# Reading a query


@pytest.mark.parametrize("path", QUERIES, ids=[path.stem for path in QUERIES])
def test_vector_queries_are_read(path: Path) -> None:
    document = json.loads(path.read_text())
    parsed = DcqlQuery.parse(document)
    assert [credential.id for credential in parsed.credentials] == [
        one["id"] for one in document["credentials"]
    ]
    assert len(parsed.credential_sets) == len(document.get("credential_sets", []))
    for credential, source in zip(parsed.credentials, document["credentials"], strict=True):
        assert [list(claim.path) for claim in credential.claims] == [
            claim["path"] for claim in source["claims"]
        ]


def test_vector_query_for_a_jwt_credential() -> None:
    parsed = DcqlQuery.parse(json.loads((VECTORS / "request" / "dcql_jwt_vc.json").read_text()))
    assert parsed.credentials[0].type_values == (("IDCredential",),)


def test_every_member_is_read() -> None:
    parsed = DcqlQuery.parse(
        {
            "credentials": [
                {
                    "id": "a-1_B",
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": "org.iso.18013.5.1.mDL", "later": 1},
                    "multiple": True,
                    "require_cryptographic_holder_binding": False,
                    "trusted_authorities": [{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],
                    "claims": [{"id": "n", "path": ["ns", "name"], "values": ["x", 1, True]}],
                    "claim_sets": [["n"]],
                    "later": {},
                }
            ],
            "credential_sets": [{"options": [["a-1_B"]], "required": False}],
            "later": 1,
        }
    )
    credential = parsed.credential("a-1_B")
    assert credential.doctype_value == "org.iso.18013.5.1.mDL"
    assert credential.multiple
    assert not credential.require_cryptographic_holder_binding
    assert credential.trusted_authorities[0].values == ("s9tIpPmhxdiuNkHMEWNpYim8S8Y",)
    assert credential.claims[0].values == ("x", 1, True)
    assert not parsed.credential_sets[0].required
    with pytest.raises(KeyError):
        parsed.credential("b")


def test_what_is_left_out_is_the_strict_default() -> None:
    credential = ask().credentials[0]
    assert not credential.multiple
    assert credential.require_cryptographic_holder_binding
    assert credential.alternatives() == ((),)


GOOD = {
    "credentials": [
        {
            "id": "one",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [PID]},
            "multiple": False,
            "require_cryptographic_holder_binding": True,
            "trusted_authorities": [{"type": "aki", "values": ["AAAA"]}],
            "claims": [{"id": "a", "path": ["a"], "values": ["x"]}, {"id": "b", "path": ["b"]}],
            "claim_sets": [["a"], ["a", "b"]],
        },
        {"id": "two", "format": "ldp_vc", "meta": {"type_values": [["A", "B"]]}},
    ],
    "credential_sets": [{"options": [["one"], ["two"]], "required": True}],
}
C = ("credentials", 0)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("credentials",), []),
        (("credentials",), {}),
        (("credentials",), None),
        ((*C,), "x"),
        ((*C, "id"), ""),
        ((*C, "id"), "a b"),
        ((*C, "id"), "ä"),
        ((*C, "id"), 1),
        ((*C, "id"), "x" * 129),
        ((*C, "id"), "two"),  # twice
        ((*C, "format"), 1),
        ((*C, "format"), ""),
        ((*C, "meta"), None),
        ((*C, "meta"), []),
        ((*C, "meta", "vct_values"), []),
        ((*C, "meta", "vct_values"), "x"),
        ((*C, "meta", "vct_values"), [1]),
        (("credentials", 1, "meta", "type_values"), ["A"]),
        (("credentials", 1, "meta", "type_values"), [[]]),
        ((*C, "meta", "doctype_value"), 1),
        ((*C, "multiple"), "true"),
        ((*C, "multiple"), None),
        ((*C, "require_cryptographic_holder_binding"), 0),
        ((*C, "trusted_authorities"), []),
        ((*C, "trusted_authorities", 0), "aki"),
        ((*C, "trusted_authorities", 0, "type"), None),
        ((*C, "trusted_authorities", 0, "values"), []),
        ((*C, "trusted_authorities", 0, "values"), ["=="]),
        ((*C, "claims"), []),
        ((*C, "claims", 0), []),
        ((*C, "claims", 0, "id"), "b"),  # twice
        ((*C, "claims", 0, "path"), []),
        ((*C, "claims", 0, "values"), []),
        ((*C, "claims", 0, "values"), [None]),
        ((*C, "claims", 0, "values"), [1.5]),
        ((*C, "claims", 0, "values"), [{}]),
        ((*C, "claim_sets"), []),
        ((*C, "claim_sets"), [[]]),
        ((*C, "claim_sets"), [["c"]]),
        (("credential_sets",), []),
        (("credential_sets", 0), []),
        (("credential_sets", 0, "options"), []),
        (("credential_sets", 0, "options"), [[]]),
        (("credential_sets", 0, "options"), [["three"]]),
        (("credential_sets", 0, "required"), 1),
    ],
)
def test_malformed_queries(place: tuple, value: object) -> None:
    assert len(DcqlQuery.parse(GOOD).credentials) == 2
    changed = copy.deepcopy(GOOD)
    holder = changed
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    assert refused(lambda: DcqlQuery.parse(changed), MalformedError) == "query_malformed"


@pytest.mark.parametrize(
    ("holder", "member"),
    [
        (lambda q: q, "credentials"),
        (lambda q: q["credentials"][0], "id"),
        (lambda q: q["credentials"][0], "format"),
        (lambda q: q["credentials"][0], "meta"),
        (lambda q: q["credentials"][0], "claims"),  # claim_sets need claims
        (lambda q: q["credentials"][0]["claims"][0], "path"),
        (lambda q: q["credentials"][0]["claims"][0], "id"),  # claim_sets need ids
        (lambda q: q["credentials"][0]["trusted_authorities"][0], "type"),
        (lambda q: q["credentials"][0]["trusted_authorities"][0], "values"),
        (lambda q: q["credential_sets"][0], "options"),
    ],
)
def test_missing_members(holder: object, member: str) -> None:
    changed = copy.deepcopy(GOOD)
    del holder(changed)[member]  # type: ignore[operator]
    assert refused(lambda: DcqlQuery.parse(changed), MalformedError) == "query_malformed"


@pytest.mark.parametrize("name", ["", "a b", "ä", "a.b", 1, None, "x" * 129])
def test_ids(name: object) -> None:
    """Alone, so that no reference to the id can be what refuses."""
    ask({"id": "n", "path": ["a"]}, id="x" * 128)
    assert refused(lambda: ask(id=name), MalformedError) == "query_malformed"
    assert refused(lambda: ask({"id": name, "path": ["a"]}), MalformedError) == "query_malformed"


def test_ids_are_distinct() -> None:
    one = query()["credentials"][0]
    DcqlQuery.parse({"credentials": [one, {**one, "id": "other"}]})
    assert refused(lambda: DcqlQuery.parse({"credentials": [one, one]}), MalformedError) == "query_malformed"
    ask({"id": "a", "path": ["a"]}, {"id": "b", "path": ["b"]})
    twice = ({"id": "a", "path": ["a"]}, {"id": "a", "path": ["b"]})
    assert refused(lambda: ask(*twice), MalformedError) == "query_malformed"


def test_claim_sets_need_an_id_for_every_claim() -> None:
    named = {"id": "a", "path": ["a"]}
    ask(named, claim_sets=[["a"]])
    code = refused(lambda: ask(named, {"path": ["b"]}, claim_sets=[["a"]]), MalformedError)
    assert code == "query_malformed"
    assert refused(lambda: ask(claim_sets=[["a"]]), MalformedError) == "query_malformed"


def test_limits() -> None:
    one = query()["credentials"][0]
    many = [{**one, "id": f"c{number}"} for number in range(dcql_query.MAX_CREDENTIALS + 1)]
    DcqlQuery.parse({"credentials": many[:-1]})
    assert refused(lambda: DcqlQuery.parse({"credentials": many}), MalformedError) == "query_malformed"
    claims = [{"path": [f"c{number}"]} for number in range(dcql_query.MAX_CLAIMS + 1)]
    ask(*claims[:-1])
    assert refused(lambda: ask(*claims), MalformedError) == "query_malformed"


@given(json_values)
def test_law_any_json_is_read_or_refused(value: object) -> None:
    for work in (lambda: DcqlQuery.parse(value), lambda: read_vp_token(ask(), value)):
        with suppress(MalformedError, QueryError, ReplayError):
            work()


# What a wallet answers


def test_a_wallet_shows_what_was_asked_and_nothing_else() -> None:
    found = match(ask("family_name", {"path": ["address", "street_address"]}), [pid()])
    assert found.required == ("pid",)
    assert found.matches["pid"][0].paths == (("family_name",), ("address", "street_address"))


def test_without_claims_nothing_is_shown() -> None:
    assert match(ask(), [pid()]).matches["pid"][0].paths == ()


def test_the_first_claim_set_that_can_be_answered() -> None:
    """The vector of the specification: with region the first set, without it the second."""
    asked = DcqlQuery.parse(json.loads((VECTORS / "query_lang" / "claims_alternatives.json").read_text()))
    first = (("family_name",), ("locality",), ("region",), ("date_of_birth",))
    assert match(asked, [pid()]).matches["pid"][0].paths == first
    poor = pid(claims={name: value for name, value in pid().claims.items() if name != "region"})
    second = (("family_name",), ("postal_code",), ("date_of_birth",))
    assert match(asked, [poor]).matches["pid"][0].paths == second
    none = pid(claims={"family_name": "Doe"})
    assert refused(lambda: match(asked, [none])) == "query_mismatch"


@pytest.mark.parametrize(
    ("name", "values", "fits"),
    [
        ("family_name", ["Doe"], True),
        ("family_name", ["Roe", "Doe"], True),
        ("family_name", ["doe"], False),
        ("age", [40], True),
        ("age", ["40"], False),
        ("age", [True], False),
        ("adult", [True], True),
        ("adult", [1], False),
        ("adult", ["true"], False),
        ("address", ["x"], False),
    ],
)
def test_values_match_type_and_content(name: str, values: list, fits: bool) -> None:
    asked = ask({"path": [name], "values": values})
    if fits:
        match(asked, [pid()])
        check_credential(asked.credentials[0], shown(name))
    else:
        assert refused(lambda: match(asked, [pid()])) == "query_mismatch"
        assert refused(lambda: check_credential(asked.credentials[0], shown(name))) == "query_mismatch"


def test_vector_value_matching() -> None:
    asked = DcqlQuery.parse(json.loads((VECTORS / "query_lang" / "value_matching_simple.json").read_text()))
    match(asked, [pid()])
    other = pid(claims={**pid().claims, "postal_code": "10115"})
    assert refused(lambda: match(asked, [other])) == "query_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "ldp_vc"},
        {"credential_types": ("urn:other",)},
        {"credential_types": ()},
        {"holder_bound": False},
    ],
)
def test_credentials_of_another_kind_are_not_offered(changes: dict) -> None:
    match(ask("age"), [pid()])
    assert refused(lambda: match(ask("age"), [pid(**changes)])) == "query_mismatch"


def test_a_type_that_extends_the_one_asked() -> None:
    match(ask("age"), [pid(credential_types=("urn:german-pid", PID))])


def test_no_holder_binding_asked() -> None:
    match(ask("age", require_cryptographic_holder_binding=False), [pid(holder_bound=False)])


def test_w3c_types() -> None:
    asked = DcqlQuery.parse(
        {"credentials": [{"id": "d", "format": "ldp_vc", "meta": {"type_values": [["A", "B"], ["C"]]}}]}
    )
    match(asked, [CredentialView("1", "ldp_vc", ("B", "A", "X"), {})])
    match(asked, [CredentialView("1", "ldp_vc", ("C",), {})])
    assert refused(lambda: match(asked, [CredentialView("1", "ldp_vc", ("A", "X"), {})])) == "query_mismatch"


def test_mdoc() -> None:
    asked = DcqlQuery.parse(
        {
            "credentials": [
                {
                    "id": "m",
                    "format": "mso_mdoc",
                    "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
                    "claims": [{"path": ["org.iso.18013.5.1", "first_name"]}],
                }
            ]
        }
    )
    view = CredentialView(
        "1", "mso_mdoc", ("org.iso.18013.5.1.mDL",), {"org.iso.18013.5.1": {"first_name": "Ada"}}
    )
    match(asked, [view])
    assert refused(lambda: match(asked, [replace(view, credential_types=("org.x",))])) == "query_mismatch"


def test_trusted_authorities() -> None:
    aki = {"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}
    other = {"type": "etsi_tl", "values": ["https://lotl.example.com"]}
    certified = pid(authority_key_ids=("s9tIpPmhxdiuNkHMEWNpYim8S8Y",))
    match(ask("age", trusted_authorities=[aki]), [certified])
    match(ask("age", trusted_authorities=[other, aki]), [certified])
    assert refused(lambda: match(ask("age", trusted_authorities=[aki]), [pid()])) == "query_mismatch"
    assert refused(lambda: match(ask("age", trusted_authorities=[other]), [certified])) == "query_mismatch"
    # A hint for wallets; the verifier has its own policy.
    check_credential(ask("age", trusted_authorities=[aki]).credentials[0], shown("age"))


def sets() -> DcqlQuery:
    return DcqlQuery.parse(json.loads((VECTORS / "query_lang" / "credentials_alternatives.json").read_text()))


def holding(*query_ids: str) -> list[CredentialView]:
    wanted = sets()
    views = []
    for query_id in query_ids:
        part = wanted.credential(query_id)
        claims: dict = {}
        for claim in part.claims:
            holder = claims
            for step in claim.path[:-1]:
                holder = holder.setdefault(step, {})
            holder[claim.path[-1]] = "x"
        paths = tuple(claim.path for claim in part.claims)
        views.append(CredentialView(query_id, "dc+sd-jwt", part.vct_values, claims, paths))
    return views


@pytest.mark.parametrize(
    ("held", "required", "optional"),
    [
        (["pid"], ("pid",), ()),
        (["other_pid", "pid"], ("pid",), ()),
        (["other_pid", "nice_to_have"], ("other_pid",), (("nice_to_have",),)),
        (["pid_reduced_cred_1", "pid_reduced_cred_2"], ("pid_reduced_cred_1", "pid_reduced_cred_2"), ()),
    ],
)
def test_vector_credential_sets(held: list, required: tuple, optional: tuple) -> None:
    found = match(sets(), holding(*held))
    assert (found.required, found.optional) == (required, optional)
    answer = {view.id: [view] for view in holding(*required)}
    check_answer(sets(), answer)


@pytest.mark.parametrize("held", [[], ["pid_reduced_cred_1"], ["nice_to_have"]])
def test_credential_sets_that_cannot_be_answered(held: list) -> None:
    assert refused(lambda: match(sets(), holding(*held))) == "query_mismatch"
    assert (
        refused(lambda: check_answer(sets(), {view.id: [view] for view in holding(*held)}))
        == "query_mismatch"
    )


def test_an_answer_holds_no_credential_that_completes_no_option() -> None:
    def check(*ids: str) -> None:
        check_answer(sets(), {view.id: [view] for view in holding(*ids)})

    check("pid", "nice_to_have")
    assert refused(lambda: check("pid", "pid_reduced_cred_1")) == "query_mismatch"


def test_nothing_is_sent_unless_all_is_there() -> None:
    two = DcqlQuery.parse(
        {
            "credentials": [
                *query()["credentials"],
                {**query()["credentials"][0], "id": "b", "format": "ldp_vc"},
            ]
        }
    )
    assert refused(lambda: match(two, [pid()])) == "query_mismatch"


# What a verifier accepts


def test_B144_outer_form_of_an_answer() -> None:
    asked = ask("age")
    assert read_vp_token(asked, {"pid": ["a~b~"]}) == {"pid": ("a~b~",)}
    for answer in (
        {"other": ["a~"]},  # an id that was not asked
        {"pid": ["a~"], "other": ["b~"]},
        {},  # one missing
        {"pid": []},
        {"pid": ["a~", "b~"]},  # two where one was asked
        {"pid": "a~"},  # no array
        {"pid": {"0": "a~"}},
        {"pid": [1]},
        {"pid": [["a~"]]},
        {"pid": [None]},
        ["a~"],
        "a~",
        None,
    ):
        assert refused(lambda answer=answer: read_vp_token(asked, answer)) == "query_mismatch"


def test_B144_multiple() -> None:
    asked = ask("age", multiple=True)
    assert len(read_vp_token(asked, {"pid": ["a~", "b~"]})["pid"]) == 2
    many = [f"{number}~" for number in range(65)]
    assert refused(lambda: read_vp_token(asked, {"pid": many})) == "query_mismatch"
    check_answer(asked, {"pid": [shown("age"), shown("age")]})
    assert refused(lambda: check_answer(asked, {"pid": []})) == "query_mismatch"
    assert refused(lambda: check_answer(asked, {"other": [shown("age")]})) == "query_mismatch"
    more = {"pid": [shown("age")], "other": [shown("age")]}
    assert refused(lambda: check_answer(asked, more)) == "query_mismatch"


def test_B144_objects_are_presentations_too() -> None:
    assert read_vp_token(ask(), {"pid": [{"type": "x"}]}) == {"pid": ({"type": "x"},)}


def test_B146_one_presentation_under_two_ids() -> None:
    one = query("age")["credentials"][0]
    asked = DcqlQuery.parse({"credentials": [one, {**one, "id": "again"}]})
    assert len(read_vp_token(asked, {"pid": ["a~"], "again": ["b~"]})) == 2
    code = refused(lambda: read_vp_token(asked, {"pid": ["a~"], "again": ["a~"]}), ReplayError)
    assert code == "presentation_reused"
    same = {"pid": [{"a": 1, "b": 2}], "again": [{"b": 2, "a": 1}]}
    assert refused(lambda: read_vp_token(asked, same), ReplayError) == "presentation_reused"
    twice = {"pid": ["a~", "a~"]}
    assert (
        refused(lambda: read_vp_token(ask("age", multiple=True), twice), ReplayError) == "presentation_reused"
    )


def check(asked: DcqlQuery, view: CredentialView) -> None:
    check_answer(asked, {"pid": [view]})


def test_B144_claims_that_were_not_asked() -> None:
    asked = ask("age")
    check(asked, shown("age"))
    assert refused(lambda: check(asked, shown("age", "family_name"))) == "query_mismatch"
    assert refused(lambda: check(ask(), shown("age"))) == "query_mismatch"
    check(ask(), shown())


def test_B144_claims_that_are_missing() -> None:
    asked = ask("age", "family_name")
    check(asked, shown("age", "family_name"))
    assert refused(lambda: check(asked, shown("age"))) == "query_mismatch"


def test_B144_an_object_asked_for_and_a_part_of_it() -> None:
    check(ask("address"), shown("address"))
    check(ask("address"), shown(("address", "locality")))
    check(ask({"path": ["address", "locality"]}), shown(("address", "locality")))
    asked = ask({"path": ["address", "locality"]})
    both = shown(("address", "locality"), ("address", "street_address"))
    assert refused(lambda: check(asked, both)) == "query_mismatch"


def test_B144_elements_of_an_array() -> None:
    second = ask({"path": ["nationalities", 1]})
    check(second, shown(("nationalities", 1)))
    assert refused(lambda: check(second, shown(("nationalities", 0)))) == "query_mismatch"
    both = shown(("nationalities", 0), ("nationalities", 1))
    assert refused(lambda: check(second, both)) == "query_mismatch"
    check(ask({"path": ["nationalities", None]}), both)


def test_B144_claim_sets_are_not_added_up() -> None:
    asked = ask(
        {"id": "a", "path": ["adult"]}, {"id": "b", "path": ["date_of_birth"]}, claim_sets=[["a"], ["b"]]
    )
    check(asked, shown("adult"))
    check(asked, shown("date_of_birth"))
    assert refused(lambda: check(asked, shown("adult", "date_of_birth"))) == "query_mismatch"


def test_one_credential_for_two_questions_may_show_what_both_ask() -> None:
    """Section 6.4: more claims than one part asks, if another part asks them of the same credential."""
    one = query("age")["credentials"][0]
    two = {**one, "id": "name", "claims": [{"path": ["family_name"]}]}
    asked = DcqlQuery.parse({"credentials": [one, two]})
    both = shown("age", "family_name")
    check_answer(asked, {"pid": [both], "name": [both]})
    other = replace(shown("family_name"), id="pid-2")
    assert refused(lambda: check_answer(asked, {"pid": [both], "name": [other]})) == "query_mismatch"
    check_answer(asked, {"pid": [shown("age")], "name": [other]})


@pytest.mark.parametrize(
    "changes", [{"format": "vc+sd-jwt"}, {"credential_types": ("urn:other",)}, {"holder_bound": False}]
)
def test_B057_another_kind_than_asked(changes: dict) -> None:
    check(ask("age"), shown("age"))
    assert refused(lambda: check(ask("age"), shown("age", **changes))) == "query_mismatch"


@given(st.sets(st.sampled_from([name for name in pid().claims if name != "vct"]), min_size=1))
def test_law_what_a_wallet_answers_a_verifier_accepts(names: set[str]) -> None:
    asked = ask(*sorted(names))
    (found,) = match(asked, [pid()]).matches["pid"]
    check(asked, shown(*found.paths))
    for more in {"age", "region"} - names:
        assert refused(lambda more=more: check(asked, shown(*found.paths, more))) == "query_mismatch"
    for less in sorted(names):
        fewer = [path for path in found.paths if path != (less,)]
        assert refused(lambda fewer=fewer: check(asked, shown(*fewer))) == "query_mismatch"
