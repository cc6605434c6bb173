"""The short way in, and the README's example."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import trustid
from trustid import Issuer, Verifier, Wallet
from trustid.errors import (
    ConfigurationError,
    HolderBindingError,
    KeystoreError,
    MalformedError,
    ProtocolError,
    QueryError,
    ReplayError,
    RevokedError,
    SignatureError,
    TrustError,
    TrustidError,
)
from trustid.protocols.verifying import CHECK_NAMES

NOW = 1_790_000_000
CLAIMS = {"family_name": "Rossi", "degree": {"name": "Physics"}}


class World:
    """A school, a graduate and an employer, with a clock that tests move."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.school = Issuer.open(f"sqlite:///{folder}/school.db", passphrase=b"passphrase", clock=self.clock)
        self.wallet = Wallet.create(clock=self.clock)
        self.employer = Verifier.open(
            trust={"degree": [self.school.did]}, sources=[self.school], clock=self.clock
        )

    def clock(self) -> int:
        return self.now

    def graduate(self, copies: int = 1):
        issued = self.school.issue("degree", CLAIMS, holder=self.wallet.keys(copies))
        self.wallet.add(issued)
        return issued

    def prove(self, *claims: str):
        question = self.employer.ask("degree", claims=claims)
        return self.employer.verify(self.wallet.answer(question), question)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.school.close()


def test_issue_hold_present_verify_revoke_refuse(world) -> None:
    issued = world.graduate()
    fact = world.prove("degree.name")
    assert fact.claims["degree"] == {"name": "Physics"}
    assert "family_name" not in fact.claims
    assert (fact.issuer, fact.status) == (world.school.did, "valid")
    assert [check.name for check in fact.checks if check.ok] == list(CHECK_NAMES)
    world.school.revoke(issued)
    world.employer.refresh()
    with pytest.raises(RevokedError) as refusal:
        world.prove("degree.name")
    assert refusal.value.code == "revoked"
    assert [check.ok for check in refusal.value.checks][-1] is False


def test_a_revocation_of_one_leaves_the_others(world) -> None:
    first = world.graduate()
    other = Wallet.create(clock=world.clock)
    other.add(world.school.issue("degree", CLAIMS, holder=other.key))
    world.school.revoke(first.issuance_id)
    question = world.employer.ask("degree", claims=["degree.name"])
    assert world.employer.verify(other.answer(question), question).status == "valid"


def test_a_revocation_is_seen_when_the_list_has_aged(world) -> None:
    issued = world.graduate()
    assert world.prove("degree.name")
    world.school.revoke(issued)
    assert world.prove("degree.name").status == "valid"
    world.now += 61
    with pytest.raises(RevokedError):
        world.prove("degree.name")


def test_a_suspension_ends(world) -> None:
    issued = world.graduate()
    world.school.suspend(issued)
    world.employer.refresh()
    with pytest.raises(RevokedError) as refusal:
        world.prove("degree.name")
    assert refusal.value.code == "suspended"
    world.school.resume(issued)
    world.employer.refresh()
    assert world.prove("degree.name").status == "valid"


def test_one_time_copies_are_shown_in_turn_and_revoked_together(world) -> None:
    issued = world.graduate(copies=3)
    keys = {world.prove("degree.name").holder_key_thumbprint for _ in range(3)}
    assert len(keys) == 3
    world.school.revoke(issued)
    world.employer.refresh()
    for _ in range(3):
        with pytest.raises(RevokedError):
            world.prove("degree.name")


def test_each_credential_gets_a_key_of_its_own(world) -> None:
    before = world.wallet.key.public_key
    assert world.wallet.key.public_key == before
    world.wallet.add(world.school.issue("degree", CLAIMS, holder=world.wallet.key))
    assert world.wallet.key.public_key != before


def test_a_question_is_answered_once_and_a_refused_answer_does_not_use_it_up(world) -> None:
    world.graduate()
    question = world.employer.ask("degree", claims=["degree.name"])
    answer = world.wallet.answer(question)
    with pytest.raises(QueryError) as refusal:
        world.employer.verify({"other": answer["credential"]}, question)
    assert refusal.value.code == "query_mismatch"
    world.employer.verify(answer, question)
    with pytest.raises(ReplayError) as replay:
        world.employer.verify(answer, question)
    assert replay.value.code == "session_consumed"


def test_an_answer_to_another_question_is_refused(world) -> None:
    world.graduate()
    first, second = (world.employer.ask("degree", claims=["degree.name"]) for _ in range(2))
    with pytest.raises(HolderBindingError) as refusal:
        world.employer.verify(world.wallet.answer(first), second)
    assert refusal.value.code == "kb_nonce"
    assert world.employer.verify(world.wallet.answer(second), second)


def test_an_answer_to_another_verifier_is_refused(world) -> None:
    world.graduate()
    stranger = Verifier.open(trust={"degree": [world.school.did]}, sources=[world.school], clock=world.clock)
    question = world.employer.ask("degree", claims=["degree.name"])
    with pytest.raises(ReplayError):
        stranger.verify(world.wallet.answer(question), question)


def test_a_question_that_nobody_answered_in_time_is_over(world) -> None:
    world.graduate()
    question = world.employer.ask("degree", claims=["degree.name"])
    answer = world.wallet.answer(question)
    world.now += 301
    with pytest.raises(ReplayError):
        world.employer.verify(answer, question)
    with pytest.raises(ProtocolError) as refusal:
        world.now += 120
        world.wallet.answer(question)
    assert refusal.value.code == "request_invalid"


def test_an_issuer_that_is_not_trusted_is_refused(world, tmp_path) -> None:
    world.graduate()
    mill = Issuer.open(f"sqlite:///{tmp_path}/mill.db", passphrase=b"passphrase", clock=world.clock)
    employer = Verifier.open(trust={"degree": [mill.did]}, sources=[mill, world.school], clock=world.clock)
    question = employer.ask("degree", claims=["degree.name"])
    with pytest.raises(TrustError) as refusal:
        employer.verify(world.wallet.answer(question), question)
    assert refusal.value.code == "issuer_not_trusted"
    mill.close()


def test_a_wallet_keeps_only_what_is_its_own(world) -> None:
    other = Wallet.create(clock=world.clock)
    issued = world.school.issue("degree", CLAIMS, holder=world.wallet.key)
    with pytest.raises(HolderBindingError) as refusal:
        other.add(issued)
    assert refusal.value.code == "holder_mismatch"
    assert other.credentials() == ()
    assert world.wallet.add(issued)


def test_the_issuer_demands_a_proof_of_the_key(world) -> None:
    class Thief:
        """Names a key that it does not have."""

        def prove(self, *, audience: str, nonce: str) -> str:
            header, payload, _ = world.wallet.key.prove(audience=audience, nonce=nonce).split(".")
            return f"{header}.{payload}.{'A' * 86}"

    with pytest.raises(ProtocolError) as refusal:
        world.school.issue("degree", CLAIMS, holder=Thief())
    assert refusal.value.code == "invalid_proof"
    assert world.school.issue("degree", CLAIMS, holder=world.wallet.key)


def test_claims_that_do_not_fit_are_refused(world) -> None:
    with pytest.raises(MalformedError) as refusal:
        world.school.issue("degree", {"family_name": "Rossi"}, holder=world.wallet.key)
    assert refusal.value.code == "claim_type_invalid"
    with pytest.raises(ProtocolError) as unknown:
        world.school.issue("knighthood", CLAIMS, holder=world.wallet.key)
    assert unknown.value.code == "unknown_credential_configuration"


def test_a_wallet_without_an_answer_says_nothing(world) -> None:
    question = world.employer.ask("degree", claims=["degree.name"])
    with pytest.raises(QueryError):
        world.wallet.answer(question)
    world.graduate()
    assert world.wallet.answer(question)


def test_a_forged_question_is_refused(world) -> None:
    world.graduate()
    question = world.employer.ask("degree", claims=["degree.name"])
    other = world.employer.ask("degree", claims=["degree.name", "family_name"])
    signature = question.link.rpartition(".")[2]
    forged = type(question)(
        link=other.link.rpartition(".")[0] + "." + signature,
        query=other.query,
        client_id=other.client_id,
        nonce=other.nonce,
        expires_at=other.expires_at,
    )
    with pytest.raises(SignatureError) as refusal:
        world.wallet.answer(forged)
    assert refusal.value.code == "signature_invalid"
    assert world.wallet.answer(other)


def test_plan_shows_the_person_who_asks_for_what(world) -> None:
    world.graduate()
    answer = world.wallet.plan(world.employer.ask("degree", claims=[["degree", "name"], "family_name"]))
    assert answer.request.asker.proof == "did"
    assert answer.showings[0].claims == {"degree": {"name": "Physics"}, "family_name": "Rossi"}


def test_everything_is_there_after_opening_again(world, tmp_path) -> None:
    wallet = Wallet.open(tmp_path / "wallet", b"a passphrase", clock=world.clock)
    issued = world.school.issue("degree", CLAIMS, holder=wallet.key)
    wallet.add(issued)
    did = world.school.did
    world.school.close()
    school = Issuer.open(f"sqlite:///{tmp_path}/school.db", passphrase=b"passphrase", clock=world.clock)
    wallet = Wallet.open(tmp_path / "wallet", b"a passphrase", clock=world.clock)
    assert school.did == did
    employer = Verifier.open(trust={"degree": [did]}, sources=[school], clock=world.clock)
    question = employer.ask("degree", claims=["family_name"])
    assert employer.verify(wallet.answer(question), question).claims["family_name"] == "Rossi"
    school.close()
    with pytest.raises(KeystoreError) as refusal:
        Issuer.open(f"sqlite:///{tmp_path}/school.db", passphrase=b"another passphrase")
    assert refusal.value.code == "key_unseal_failed"


def test_without_a_passphrase_one_is_made_for_the_owner_alone(tmp_path) -> None:
    store = f"sqlite:///{tmp_path}/school.db"
    first = Issuer.open(store)
    did = first.did
    first.close()
    second = Issuer.open(store)
    assert second.did == did
    second.close()
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


@pytest.mark.parametrize("store", ["school.db", "sqlite:///", "mongodb://x", "sqlite:///no/such/folder/s.db"])
def test_stores_that_cannot_be_used_are_refused(store) -> None:
    with pytest.raises(TrustidError) as refusal:
        Issuer.open(store)
    assert isinstance(refusal.value, ConfigurationError)


def test_a_verifier_asks_only_for_what_somebody_is_trusted_for(world) -> None:
    with pytest.raises(ProtocolError) as refusal:
        world.employer.ask("vaccination", claims=["lot_number"])
    assert refusal.value.code == "not_found"
    with pytest.raises(MalformedError) as malformed:
        world.employer.ask_query({"credentials": []})
    assert malformed.value.code == "query_malformed"


def test_nothing_secret_is_shown_by_repr(world) -> None:
    issued = world.graduate()
    question = world.employer.ask("degree", claims=["degree.name"])
    assert question.nonce not in repr(question)
    assert issued.copies[0] not in repr(issued)


def test_the_public_face_is_a_list() -> None:
    assert trustid.__all__ == ["Issuer", "Row", "Verifier", "Wallet", "issue", "issue_many", "verify"]
    with pytest.raises(AttributeError):
        trustid.nothing  # noqa: B018


def test_importing_one_floor_does_not_load_the_upper_ones() -> None:
    code = "import sys, trustid.keys; sys.exit(any(name.startswith(('trustid.stores', 'trustid.facade')) for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=50, check=False).returncode == 0


README = Path(__file__).resolve().parents[1] / "README.md"


def readme_example() -> str:
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    blocks = [block.partition("```")[0] for block in text.split("```python\n")[1:]]
    return next((block for block in blocks if "from trustid import" in block), "")


@pytest.mark.skipif(not readme_example(), reason="the README has no example yet")
def test_the_readme_example_runs(tmp_path) -> None:
    code = readme_example()
    assert len(code.strip().splitlines()) <= 30
    ast.parse(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "revoked" in done.stdout
