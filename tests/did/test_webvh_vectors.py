"""The official did:webvh 1.0 test suite: 30 resolutions and 8 attacks.

One case says what the specification does not: in `witness-update` the second
entry replaces two witnesses by one. The new list counts "AFTER the new DID log
entry has been published" ("Witness Lists"), so that the entry needs both old
witnesses, and has one. The generator `python` refuses it, the generator `ts`
resolves it; here it is refused for both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trustid.did.resolver import Resolver
from trustid.did.webvh import Log
from trustid.errors import ResolutionError
from trustid.fetching import Fetcher

FOLDER = Path(__file__).parents[1] / "vectors" / "did-webvh"
NOW = 1_800_000_000
NAMES = {
    "invalidDid": {"did_log_invalid", "did_malformed"},
    "invalidProof": {"did_log_proof"},
    "invalidParameters": {"did_log_parameters"},
}
CASES = sorted(FOLDER.glob("*/*/resolutionResult*.json"))
AGAINST_THE_SPECIFICATION = {"witness-update/ts/resolutionResult.json"}
"""Resolved by their generator, to be refused by the specification."""


def case_id(path: Path) -> str:
    return str(path.relative_to(FOLDER))


POSITIVE = [path for path in CASES if "negative" not in str(path)]
WITH_LOG = [path for path in CASES if "negative" in str(path) and (path.parent / "did.jsonl").stat().st_size]
WITHOUT_LOG = [path for path in CASES if "negative" in str(path) and path not in WITH_LOG]


def test_every_case_is_here() -> None:
    assert (len(POSITIVE), len(WITH_LOG) + len(WITHOUT_LOG)) == (30, 8)
    assert {case_id(path) for path in CASES} > AGAINST_THE_SPECIFICATION


def read(path: Path) -> Log:
    witness = path.parent / "did-witness.json"
    return Log.read(
        (path.parent / "did.jsonl").read_bytes(),
        now=NOW,
        witness_data=witness.read_bytes() if witness.exists() else None,
    )


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """A document whose implicit services are named in one way: the generators differ in that."""
    services = []
    for service in document["service"]:
        name = service["id"].removeprefix(document["id"])
        address = service["serviceEndpoint"]
        services.append(
            service | {"id": name, "serviceEndpoint": address.rstrip("/") if name == "#files" else address}
        )
    return document | {"service": services}


@pytest.mark.parametrize("path", POSITIVE, ids=case_id)
def test_resolution(path: Path) -> None:
    expected = json.loads(path.read_text())
    error = (expected["didResolutionMetadata"] or {}).get("error")
    if error or case_id(path) in AGAINST_THE_SPECIFICATION:
        with pytest.raises(ResolutionError) as caught:
            read(path)
        assert caught.value.code in NAMES[error or "invalidDid"]
        return
    log = read(path)
    number = path.name.removeprefix("resolutionResult").removesuffix("json").strip(".")
    # The generator `python` gives the last version also where an earlier one was asked for.
    asked = int(number) if number and "/ts/" in str(path) else log.current.number
    result = log.version(number=asked).to_json()
    deactivated = expected["didDocumentMetadata"].get("deactivated", False)
    assert result["didDocumentMetadata"]["deactivated"] is deactivated
    document = log.version(number=asked).document.to_json()
    assert comparable(document) == comparable(expected["didDocument"])
    assert result["didDocument"] == (None if deactivated else document)
    # `updated` is that of the last entry ("Read (Resolve)"); the generator `ts` gives the version's own.
    last = ("updated",) if asked == log.current.number else ()
    for name in ("created", "versionId", "versionTime", *last):
        assert result["didDocumentMetadata"][name] == expected["didDocumentMetadata"][name]


@pytest.mark.parametrize("path", WITH_LOG, ids=case_id)
def test_attack(path: Path) -> None:
    expected = json.loads(path.read_text())["didResolutionMetadata"]["error"]
    with pytest.raises(ResolutionError) as caught:
        read(path)
    assert caught.value.code in NAMES[expected]


@pytest.mark.parametrize("path", WITHOUT_LOG, ids=case_id)
def test_attack_in_the_did_itself(path: Path) -> None:
    script = (path.parents[1] / "script.yaml").read_text()
    dids = [line.split('"')[1] for line in script.splitlines() if line.strip().startswith("did:")]
    assert dids
    resolver = Resolver(Fetcher(), clock=lambda: NOW)
    for did in dids:
        with pytest.raises(ResolutionError) as caught:
            resolver.resolve(did)
        assert caught.value.code == "did_malformed"
