"""Rosters: every fault is found, in its row and column, and nothing is repaired silently."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trustid.catalogue import RowProblem, load, read_roster
from trustid.catalogue.generating import graduates, patients
from trustid.catalogue.loading import sample
from trustid.catalogue.rosters import MAX_ROSTER_BYTES, MAX_ROSTER_ROWS
from trustid.errors import LimitExceededError, MalformedError, TrustidError

STUDENT = load()["student-id"]
DEGREE = load()["degree"]
VACCINATION = load()["vaccination"]

HEADER = "sourcedId,familyName,givenName,email,program,fieldOfStudy,degree,creditsEarned,activityEndDate,diplomaNumber"
GOOD = "S1,陈,思远,chen@university.example,BSc Physics,Physics,Bachelor of Science,160,2026-06-30,D-1"


def roster(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows]).encode()


def found(check) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in check.all_problems]


def test_the_school_roster_is_read_whole() -> None:
    check = read_roster(sample("student_id", "oneroster_users.csv"), STUDENT)
    assert (check.all_problems, len(check.rows), len(check.ready)) == ((), 200, 185)
    assert {"role is teacher"} == {row.skipped for row in check.rows if row.claims is None}
    assert (check.encoding, check.delimiter, check.columns_dropped) == ("utf-8", "comma", ("password",))
    first = check.rows[0]
    assert (
        first.number,
        first.reference,
        first.claims["firstName"],
        first.claims["familyName"],
    ) == (2, "S0001", "欢", "杨")
    assert first.claims["eduPersonPrincipalName"] == "user0001@school.example"


def test_byte_order_mark_and_semicolons_are_understood() -> None:
    check = read_roster(sample("student_id", "oneroster_users_bom_semicolon.csv"), STUDENT)
    assert (
        check.encoding,
        check.delimiter,
        len(check.ready),
        check.all_problems,
    ) == ("utf-8", "semicolon", 5, ())


def test_the_messy_roster_is_refused_row_by_row() -> None:
    check = read_roster(sample("student_id", "oneroster_users_messy.csv"), STUDENT)
    assert found(check) == [
        (3, "email", "cell_email"),
        (4, "sourcedId", "cell_duplicate"),
        (5, "familyName", "cell_missing"),
        (6, "dateLastModified", "cell_date"),
        (7, "givenName", "cell_space"),
        (8, "role", "cell_choice"),
        (9, "grades", "cell_several"),
        (11, "email", "cell_duplicate"),
        (12, "givenName", "cell_formula"),
        (14, "status", "cell_choice"),
        (15, "familyName", "cell_direction"),
        (16, "", "row_short"),
    ]
    assert len(check.ready) == 8


def test_gb18030_is_understood() -> None:
    check = read_roster(sample("student_id", "oneroster_users_messy_gb18030.csv"), STUDENT)
    assert check.encoding == "gb18030"
    assert check.rows[0].claims["familyName"] == "杨"
    assert [problem.row for problem in check.all_problems] == [3, 4, 5, 6]


def test_passwords_are_dropped_on_read() -> None:
    check = read_roster(sample("student_id", "oneroster_users_messy.csv"), STUDENT)
    assert b"secret123" in sample("student_id", "oneroster_users_messy.csv")
    assert "secret123" not in repr(check)


def test_problems_do_not_repeat_what_stands_in_the_cell() -> None:
    check = read_roster(roster(GOOD.replace("2026-06-30", "30/06/1999")), DEGREE)
    assert found(check) == [(2, "activityEndDate", "cell_date")]
    assert "1999" not in repr(check.rows[0].problems)


def test_samples_are_what_the_generator_makes_and_are_clean() -> None:
    for text, folder, name, credential_type in (
        (patients(), "vaccination", "patients.csv", VACCINATION),
        (graduates(), "degree", "graduates.csv", DEGREE),
    ):
        assert text.encode() == sample(folder, name)
        check = read_roster(text.encode(), credential_type)
        assert (check.all_problems, len(check.ready)) == ((), 20)


def test_series_complete_is_worked_out_from_the_row() -> None:
    check = read_roster(patients().encode(), VACCINATION)
    for row in check.ready:
        complete = row.claims["dose_number"] >= row.claims["series_doses"]
        assert {row.claims["target_disease"]: complete} == row.claims["series_complete"]
    assert {True, False} == {next(iter(row.claims["series_complete"].values())) for row in check.ready}


def test_a_dose_before_birth_is_refused() -> None:
    good = patients()
    assert (read_roster(good.encode(), VACCINATION).all_problems,) == ((),)
    bad = good.replace("2018-10-22", "2016-10-22")
    assert found(read_roster(bad.encode(), VACCINATION)) == [(2, "occurrence_date", "cell_contradiction")]


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
        ("思远", "", "givenName", "cell_missing"),
        ("思远", "思远　", "givenName", "cell_space"),
        ("思远", " 思远", "givenName", "cell_space"),
        ("思远", "思\u202e远", "givenName", "cell_direction"),
        ("思远", "思\u2067远", "givenName", "cell_direction"),
        ("思远", "思\u0007远", "givenName", "cell_control"),
        ("思远", "思\ufffd远", "givenName", "cell_control"),
        ("思远", "=1+1", "givenName", "cell_formula"),
        ("思远", "@SUM(A1)", "givenName", "cell_formula"),
        ("思远", "-2+3", "givenName", "cell_formula"),
        ("思远", "x" * 1_001, "givenName", "cell_too_long"),
        ("chen@university.example", "chen@university", "email", "cell_email"),
        ("chen@university.example", "a b@university.example", "email", "cell_email"),
        ("160", "１６０", "creditsEarned", "cell_number"),
        ("160", "160.5", "creditsEarned", "cell_number"),
        ("2026-06-30", "2026-06-31", "activityEndDate", "cell_date"),
        ("2026-06-30", "30/06/2026", "activityEndDate", "cell_date"),
        ("2026-06-30", "2026-6-30", "activityEndDate", "cell_date"),
        ("D-1", "D 1", "diplomaNumber", "cell_pattern"),
        ("D-1", "D1|D2", "diplomaNumber", "cell_several"),
    ],
)
def test_each_fault_is_named_and_its_twin_is_accepted(old, new, column, code) -> None:
    assert read_roster(roster(GOOD), DEGREE).all_problems == ()
    assert [(2, column, code)] == found(read_roster(roster(GOOD.replace(old, new, 1)), DEGREE))


def test_duplicates_name_the_first_row() -> None:
    check = read_roster(roster(GOOD, "", GOOD.replace("S1", "S2")), DEGREE)
    assert [RowProblem(4, "diplomaNumber", "cell_duplicate", "The same stands in row 2. Keep one.")] == list(
        check.all_problems
    )


def test_rows_that_are_too_long_or_too_short_are_refused() -> None:
    assert found(read_roster(roster(GOOD + ",x"), DEGREE)) == [(2, "", "row_long")]
    assert found(read_roster(roster("S1,陈"), DEGREE)) == [(2, "", "row_short")]


def test_a_missing_column_is_named() -> None:
    header = HEADER.replace("program", "programme")
    check = read_roster(roster(GOOD, header=header), DEGREE)
    assert found(check) == [(1, "program", "column_missing")]
    assert check.rows == ()


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"PK\x03\x04\x00binary", b"a,a\n1,2", roster('"open'), b"\xff\xfe\x00", b"a,b\n\x81\x20"],
)
def test_what_is_no_table_is_refused_whole(data) -> None:
    assert read_roster(roster(GOOD), DEGREE).all_problems == ()
    with pytest.raises(MalformedError) as refusal:
        read_roster(data, DEGREE)
    assert refusal.value.code == "malformed"


def test_limits_hold_and_what_fits_is_read() -> None:
    rows = [GOOD.replace("S1", f"S{n}").replace("D-1", f"D-{n}") for n in range(MAX_ROSTER_ROWS)]
    check = read_roster(roster(*rows), DEGREE)
    assert (len(check.ready), check.all_problems) == (MAX_ROSTER_ROWS, ())
    for data in (roster(*rows, "S,x"), b"x" * (MAX_ROSTER_BYTES + 1), ",".join("x" * 300).encode()):
        with pytest.raises(LimitExceededError) as refusal:
            read_roster(data, DEGREE)
        assert refusal.value.code == "limit_exceeded"


def test_utf_16_with_a_mark_is_understood() -> None:
    check = read_roster(roster(GOOD).decode().replace(",", "\t").encode("utf-16"), DEGREE)
    assert (check.encoding, check.delimiter, check.all_problems) == ("utf-16", "tab", ())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_any_bytes_give_a_check_or_a_coded_refusal(data) -> None:
    try:
        check = read_roster(data, DEGREE)
    except TrustidError:
        return
    for row in check.ready:
        DEGREE.check_claims(row.claims)
