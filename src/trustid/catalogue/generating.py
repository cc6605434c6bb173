"""Making the synthetic sample rosters, the same at every run.

    python -m trustid.catalogue.generating

writes `vaccination/samples/patients.csv` and `degree/samples/graduates.csv`
beside this file. A test holds the files against this generator. Nobody in them
exists: names are drawn from common Chinese family and given names, numbers
carry the prefix 99, which no institution of the examples assigns, and every
address is under a reserved example domain (RFC 2606).
"""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from random import Random

__all__ = ["graduates", "patients"]

SEED = 2026
PEOPLE = 20

_FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN_NAMES = "小雨 子轩 欣怡 浩然 雨桐 宇航 梓涵 思远 诗琪 俊杰 佳宁 明哲 若曦 天佑 静怡 嘉豪 语嫣 博文 心悦 家乐".split()  # noqa: SIM905 - one name a word reads better

# CVX code, name on the certificate, lot prefix, disease, doses in the series.
_VACCINES = (
    ("03", "MMR", "MMR", "measles", 2),
    ("08", "Hepatitis B, paediatric", "HEB", "hepatitis-b", 3),
    ("21", "Varicella", "VAR", "varicella", 2),
    ("10", "IPV", "IPV", "poliomyelitis", 4),
)

_DEGREES = (
    ("BSc Computer Science", "Computer Science", "Bachelor of Science"),
    ("BSc Physics", "Physics", "Bachelor of Science"),
    ("BA History", "History", "Bachelor of Arts"),
    ("MSc Public Health", "Public Health", "Master of Science"),
)


def patients() -> str:
    """Return a clinic's list of doses for twenty invented children, as CSV."""
    # A seeded generator on purpose: sample data, nothing secret.
    random = Random(SEED)  # noqa: S311
    rows: list[list[str | int]] = []
    for number, given_name in enumerate(_GIVEN_NAMES, 1):
        # Twelve of twenty rows are measles, the question that schools ask.
        code, vaccine, lot, disease, series = _VACCINES[0] if number % 5 < 3 else random.choice(_VACCINES[1:])
        birthdate = date(2016, 9, 1) + timedelta(days=random.randrange(730))
        dose = series if number % 6 else 1
        occurrence = birthdate + timedelta(days=240 + 400 * (dose - 1) + random.randrange(60))
        email = f"guardian{number:02}@example.org"
        rows.append(
            [
                f"MR-99{number:04}", _FAMILY_NAMES[number - 1], given_name, birthdate.isoformat(), random.choice((1, 2)),
                code, vaccine, "Example Biologics", f"{lot}{occurrence:%y}A{random.randrange(100, 1000)}", occurrence.isoformat(),
                dose, series, disease, "Example Community Health Centre", email,
            ]
        )  # fmt: skip
    header = "patient_id,family_name,given_name,birthdate,sex,cvx_code,vaccine,manufacturer,lot_number,occurrence_date,dose_number,series_doses,target_disease,clinic,email"
    return _csv(header, rows)


def graduates() -> str:
    """Return a registrar's list of twenty invented graduates, as CSV."""
    random = Random(SEED)  # noqa: S311
    rows: list[list[str | int]] = []
    for number, given_name in enumerate(reversed(_GIVEN_NAMES), 1):
        program, field, degree = random.choice(_DEGREES)
        email = f"graduate{number:02}@university.example"
        diploma = f"990002026{number:06}"
        rows.append(
            [
                f"S99{number:05}", _FAMILY_NAMES[-number], given_name, email, program, field, degree,
                random.randrange(120, 181), "2026-06-30", diploma,
            ]
        )  # fmt: skip
    header = "sourcedId,familyName,givenName,email,program,fieldOfStudy,degree,creditsEarned,activityEndDate,diplomaNumber"
    return _csv(header, rows)


def _csv(header: str, rows: list[list[str | int]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def main() -> None:
    """Write the sample files beside this module."""
    folder = Path(__file__).parent
    (folder / "vaccination" / "samples" / "patients.csv").write_text(patients(), encoding="utf-8", newline="")
    (folder / "degree" / "samples" / "graduates.csv").write_text(graduates(), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
