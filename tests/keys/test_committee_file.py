"""Committees in files: proofs of possession are checked, and every member is read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid.encoding import b64url_encode
from trustid.errors import LimitExceededError
from trustid.keys import committee_file
from trustid.keys.bls import SecretKey, Suite
from trustid.keys.committee_file import committee_from_json, read_committee
from trustid.keys.quorum import Committee, Member

SECRETS = [SecretKey.from_bytes(bytes(31) + bytes([number])) for number in (1, 2, 3)]


def entry(secret: SecretKey, **more: Any) -> dict[str, Any]:
    """A member, as `trustid keys new --kind BLS` prints it."""
    return {
        "public_key": b64url_encode(bytes(secret.public_key())),
        "proof_of_possession": b64url_encode(secret.prove_possession().to_bytes()),
    } | more


def text(*members: Any, threshold: Any = 2, **more: Any) -> bytes:
    return json.dumps({"threshold": threshold, "members": list(members)} | more).encode()


@pytest.mark.parametrize(
    "suite", [Suite.MIN_PK_POSSESSION, Suite.MIN_SIG_POSSESSION], ids=["min-pk", "min-sig"]
)
def test_a_committee_is_read_as_it_is(tmp_path: Path, suite: Suite) -> None:
    secrets = [SecretKey.from_bytes(bytes(31) + bytes([number]), suite) for number in (1, 2, 3)]
    (tmp_path / "committee.json").write_bytes(
        text(entry(secrets[0]), entry(secrets[1], weight=5), entry(secrets[2]), threshold=6)
    )
    members = [Member(secret.proven_key(), weight) for secret, weight in zip(secrets, (1, 5, 1), strict=True)]
    assert read_committee(tmp_path / "committee.json").hash == Committee(members, 6).hash


def test_a_member_proves_that_it_has_the_secret_of_its_key() -> None:
    """A key that is made of others' keys would sign for all of them."""
    first, second, third = map(entry, SECRETS)
    assert committee_from_json(text(first, second, third)).threshold == 2
    with refused("pop_invalid"):
        committee_from_json(text(first, second | {"proof_of_possession": third["proof_of_possession"]}))
    with refused("duplicate_signer"):
        committee_from_json(text(first, first))


def test_files_are_read_strictly(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = map(entry, SECRETS)
    assert committee_from_json(text(first, second)).threshold == 2
    other = entry(SecretKey.from_bytes(bytes(31) + b"\4", Suite.MIN_SIG_POSSESSION))
    for bad, code in (
        (text(), "malformed"),
        (text(first, second, threshold=3), "malformed"),
        (text(first, second, threshold=0), "malformed"),
        (text(first, second, threshold=True), "malformed"),
        (text(first, second, threshold="2"), "malformed"),
        (text(first, second, more=1), "malformed"),
        (text(first, "second"), "malformed"),
        (text(first, second | {"more": 1}), "malformed"),
        (text(first, second | {"public_key": 7}), "malformed"),
        (text(first, second | {"public_key": "AAAA"}), "point_encoding"),
        (text(first, second | {"public_key": b64url_encode(bytes([0xC0]) + bytes(47))}), "key_invalid"),
        (text(first, second | {"weight": 0}), "malformed"),
        (text(first, second | {"weight": "1"}), "malformed"),
        (text(first, second | {"weight": True}), "malformed"),
        (text(first, other), "suite_mismatch"),
        (b"[]", "malformed"),
        (b"", "malformed"),
    ):
        with refused(code):
            committee_from_json(bad)
    monkeypatch.setattr(committee_file, "MAX_MEMBERS", 2)
    assert committee_from_json(text(first, second)).threshold == 2
    with pytest.raises(LimitExceededError):
        committee_from_json(text(first, second, third))
