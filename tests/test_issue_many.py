"""`trustid.issue_many`: the same credentials as one by one, all or none, on several processes."""

from __future__ import annotations

from typing import Any

import pytest

import trustid
from refusing import refused
from trustid import Row, issue_many, keys
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.errors import TrustidError
from trustid.facade import bulk

NOW = 1_800_000_000
KEY = keys.generate("P-256")
HOLDER = keys.generate("P-256").public_key
VCT = "urn:example:degree"


def rows(count: int) -> list[Row]:
    status = [{"status_list": {"idx": place, "uri": "https://school.example/1"}} for place in range(count)]
    return [
        Row({"name": f"Möbius {place}", "number": place}, HOLDER, status[place], NOW + place)
        for place in range(count)
    ]


def made(given: list[Row], **options: Any) -> list[Any]:
    return issue_many(given, VCT, KEY, clock=lambda: NOW, **options)


def check(credentials: list[str], given: list[Row]) -> None:
    assert len(credentials) == len(given)
    for text, row in zip(credentials, given, strict=True):
        vc = SdJwtVc.parse(text)
        vc.verify(KEY.public_key)
        assert vc.claims().items() >= dict(row.claims).items()
        assert (vc.holder_key, vc.status, vc.expires_at, vc.issued_at) == (
            row.holder,
            row.status,
            row.expires_at,
            NOW,
        )


@pytest.mark.parametrize("processes", [1, 2])
def test_every_row_in_its_place(processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_ROWS", 10)
    seen: list[tuple[int, int]] = []
    given = rows(25)
    check(made(given, processes=processes, progress=lambda *part: seen.append(part)), given)
    assert seen == [(10, 25), (20, 25), (25, 25)]
    assert made([], processes=processes) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_the_first_bad_row_is_named_and_nothing_comes_out(
    processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK_ROWS", 4)
    given = rows(20)
    bad = [*given[:13], Row({"_sd": "x"}), *given[14:17], Row({"...": 1}), *given[18:]]
    with refused("disclosure_name_forbidden") as caught:
        made(bad, processes=processes)
    assert caught.value.message.startswith("row 13: ")
    check(made(given, processes=processes), given)


@pytest.mark.parametrize("form", ["ldp_vc", "vc+jwt"])
def test_other_formats_and_options(form: Any) -> None:
    key = keys.generate("Ed25519")
    options = {"cryptosuite": "eddsa-rdfc-2022"} if form == "ldp_vc" else {}
    one, two = issue_many(
        [Row({"name": "Ada"}), Row({"name": "Grace"})],
        "urn:example:Degree",
        key,
        form,
        clock=lambda: NOW,
        **options,
    )
    # Both are deterministic: what one call makes is what the other makes.
    assert one == trustid.issue(
        {"name": "Ada"}, "urn:example:Degree", key, form, clock=lambda: NOW, **options
    )
    assert one != two


def test_limits() -> None:
    assert len(made(rows(1), processes=256)) == 1
    for processes in (0, -1, 257):
        with refused("limit_exceeded"):
            made(rows(1), processes=processes)
    with pytest.raises(TrustidError):
        issue_many(rows(1), VCT, KEY, "another")  # type: ignore[arg-type]
