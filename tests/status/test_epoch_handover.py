"""A manager changes the key of its statements: who followed goes on, and nobody's past is rewritten."""

from __future__ import annotations

from typing import Any

import pytest

from refusing import refused
from registry_under_test import DAY, URI, Tampering, World, trusting
from trustid import keys
from trustid.encoding import b64url_encode
from trustid.keys import SigningKey
from trustid.status.epochs.accepting import EpochTrust
from trustid.status.epochs.chain import StatementChain
from trustid.status.epochs.checking import check_published
from trustid.status.epochs.holding import HeldSlot, HolderKeeping
from trustid.status.epochs.memory import MemoryRowStore, MemorySeenStatements
from trustid.status.epochs.signers import MAX_HANDOVERS
from trustid.status.epochs.statement import (
    SignedStatement,
)
from trustid.status.epochs.trust import EpochPolicy

OTHER_HEADER = b'{"alg":"EdDSA","kid":"nobody","typ":"trustid-epoch+jwt"}'
HANDED_OVER = 2
"""The epoch in which `rotated` hands over."""


def chain_of(made: World, source: Any = None) -> tuple[StatementChain, MemorySeenStatements]:
    seen = MemorySeenStatements()
    return StatementChain(source or made.source, seen, made.clock), seen


def test_the_old_key_names_the_new_one_and_the_new_one_signs_from_then_on(rotated: World) -> None:
    first, second = rotated.keys.signing_keys
    statements = [rotated.registry.statement(epoch) for epoch in range(4)]
    assert [one.signer for one in statements if one] == [first.public_key.thumbprint()] * 3 + [
        second.public_key.thumbprint()
    ]
    named = [one.statement.successor for one in statements if one]
    assert named == [None, None, second.public_key, None]
    assert [one.statement.handover for one in statements if one] == [None, None, None, HANDED_OVER]
    assert rotated.registry.statement_key == second.public_key
    assert rotated.registry.successor is None
    rotated.registry.replay()


@pytest.mark.parametrize("trusted", ["first", "second", "both"])
@pytest.mark.parametrize("followed_to", [None, 0, 1, 2, 3])
def test_who_trusts_the_old_key_follows_and_who_trusts_the_new_one_begins(
    rotated: World, trusted: str, followed_to: int | None
) -> None:
    """Whatever was accepted before: nothing, an epoch of the old key, the handover, an epoch of the new key."""
    first, second = rotated.keys.signing_keys
    chain, seen = chain_of(rotated)
    if followed_to is not None:
        token = rotated.source.statement(URI, followed_to)
        seen.keep(URI, followed_to, token)
    trust = trusting(*{"first": (first,), "second": (second,), "both": (first, second)}[trusted])
    assert chain.renew(trust).epoch == 3
    assert chain.before(trust, chain.renew(trust)).epoch == HANDED_OVER
    if followed_to != 3:
        # A process that begins later, and may fetch nothing, believes what was accepted.
        assert StatementChain(Tampering(None), seen, rotated.clock).latest(trust) is not None
    assert check_published(trust, rotated.source, clock=rotated.clock).statements == 4


def test_many_handovers_are_followed_and_not_more(made: World) -> None:
    first = made.keys.signing_keys[0]
    for _ in range(4):
        made.hand_over("Ed25519")
        made.publish()
    made.publish()
    chain, _ = chain_of(made)
    assert chain.renew(trusting(first)).epoch == 5
    assert check_published(trusting(first), made.source, clock=made.clock).statements == 6
    # Each handover is found from the one after it; a host that tells of ever more of them is not followed for ever.
    source = Tampering(made.source)
    stranger = keys.generate("Ed25519")
    newest = made.registry.statement(5)
    assert newest is not None
    for epoch in range(6, MAX_HANDOVERS + 8):
        source.answers["statement", epoch] = made.forge(
            newest,
            key=stranger,
            accumulator=_at(newest, epoch),
            handover=epoch - 1,
            successor=stranger.public_key,
        )
    source.answers["latest",] = source.answers["statement", MAX_HANDOVERS + 7]
    with refused("acc_value_untrusted"):
        chain_of(made, source)[0].renew(trusting(first))
    assert len(source.asked) == MAX_HANDOVERS + 1


def _at(signed: SignedStatement, epoch: int) -> Any:
    accumulator = signed.statement.accumulator
    return type(accumulator).from_bytes(epoch.to_bytes(8, "big") + accumulator.value)


# --- an attacker has one of the keys ------------------------------------------------------


def forged(made: World, epoch: int, key: SigningKey, **changes: Any) -> str:
    """Another statement in the place of one: another root of rows, and whatever else."""
    signed = made.registry.statement(epoch)
    assert signed is not None
    return made.forge(signed, key=key, **({"rows_root": bytes([7]) * 32} | changes))


def test_the_new_key_alone_signs_nothing_of_the_past(rotated: World) -> None:
    first, second = rotated.keys.signing_keys
    for epoch, changes in (
        (1, {}),
        (HANDED_OVER, {"successor": None}),
        (HANDED_OVER, {"handover": 1, "successor": None}),
    ):
        source = Tampering(rotated.source)
        source.answers["latest",] = source.answers["statement", epoch] = forged(
            rotated, epoch, second, **changes
        )
        with refused("acc_value_untrusted"):
            chain_of(rotated, source)[0].renew(trusting(first))
        source.answers["latest",] = rotated.source.statement(
            URI, epoch
        )  # what the old key signed of that epoch
        assert chain_of(rotated, source)[0].renew(trusting(first)).epoch == epoch


def test_the_new_key_alone_does_not_hang_its_epochs_on_another_past(rotated: World) -> None:
    """An auditor who walks back to epoch 0, and everybody who followed before, sees the place where it tears."""
    first, second = rotated.keys.signing_keys
    source = Tampering(rotated.source)
    source.answers["latest",] = forged(rotated, 3, second, previous=bytes(32))
    with refused("acc_equivocation"):
        check_published(trusting(first), source, clock=rotated.clock)
    # Who trusts the new key alone cannot tell who signed the statement that does not fit.
    for key, code in ((first, "acc_equivocation"), (second, "acc_value_untrusted")):
        chain, seen = chain_of(rotated, source)
        seen.keep(URI, 1, rotated.source.statement(URI, 1))
        with refused(code):
            chain.renew(trusting(key))
        assert seen.latest(URI) == rotated.source.statement(URI, 1)
    assert check_published(trusting(first), rotated.source, clock=rotated.clock).statements == 4


def test_the_old_key_alone_signs_no_later_epoch(rotated: World) -> None:
    """The reason to change it: who follows refuses it from the handover on, whatever it says about handovers."""
    first, second = rotated.keys.signing_keys
    after_handover = rotated.registry.statement(HANDED_OVER)
    newest = rotated.registry.statement(3)
    assert after_handover is not None
    assert newest is not None
    for kept, changes, code in (
        (after_handover, {}, "acc_value_untrusted"),
        (after_handover, {"handover": None}, "acc_update_invalid"),
        (newest, {"previous": newest.hash, "accumulator": _at(newest, 4)}, "acc_value_untrusted"),
        (
            newest,
            {"previous": newest.hash, "accumulator": _at(newest, 4), "handover": None},
            "acc_update_invalid",
        ),
    ):
        source = Tampering(rotated.source)
        token = forged(rotated, 3, first, issued_at=newest.statement.issued_at + 1, **changes)
        chain, _ = chain_of(rotated, source)
        source.answers["latest",] = kept.token
        assert chain.renew(trusting(first)) == kept
        source.answers["latest",] = token
        with refused(code):
            chain.renew(trusting(first))
        source.answers["latest",] = rotated.publish().token if kept is newest else newest.token
        assert chain.renew(trusting(first)).signer == second.public_key.thumbprint()
        if kept is newest:
            break


def test_a_handover_of_another_history_leaves_no_trace(rotated: World) -> None:
    """The old key names an accomplice in epoch 1, after somebody has accepted epoch 3 by the new key alone."""
    first, second = rotated.keys.signing_keys
    accomplice = keys.generate("Ed25519")
    chain, seen = chain_of(rotated)
    assert chain.renew(trusting(second)).epoch == 3
    newest = rotated.registry.statement(3)
    assert newest is not None
    source = Tampering(rotated.source)
    source.answers["statement", 1] = forged(rotated, 1, first, successor=accomplice.public_key)
    source.answers["latest",] = rotated.forge(
        newest,
        key=accomplice,
        accumulator=_at(newest, 4),
        previous=newest.hash,
        issued_at=newest.statement.issued_at + 1,
        handover=1,
    )
    lied_to = StatementChain(source, seen, rotated.clock)
    with refused("acc_update_invalid"):
        lied_to.renew(trusting(first))
    assert seen.statement(URI, 1) is None
    rotated.publish()
    assert chain.renew(trusting(first)).epoch == 4


def test_a_handover_is_the_one_of_the_chain(rotated: World) -> None:
    """The old key signs two statements for the epoch of the handover; a host shows first one, then the other."""
    first, _ = rotated.keys.signing_keys
    signed = rotated.registry.statement(HANDED_OVER)
    assert signed is not None
    twin = forged(rotated, HANDED_OVER, first, successor=signed.statement.successor)

    class TwoFaced(Tampering):
        def statement(self, registry: str, epoch: int) -> str:
            shown_before = ("statement", epoch) in self.asked
            self.asked.append(("statement", epoch))
            other = epoch == HANDED_OVER and not shown_before
            return twin if other else str(rotated.source.statement(registry, epoch))

    chain, seen = chain_of(rotated, TwoFaced(rotated.source))
    seen.keep(URI, 0, rotated.source.statement(URI, 0))
    with refused("acc_equivocation"):
        chain.renew(trusting(first))
    assert [seen.statement(URI, epoch) for epoch in (1, 2, 3)] == [None] * 3
    assert StatementChain(rotated.source, seen, rotated.clock).renew(trusting(first)).epoch == 3


def test_a_host_cannot_spoil_a_signature_that_others_need(rotated: World) -> None:
    """The hash leaves the signature out: what is kept of a handover is what a key vouches for."""
    first, second = rotated.keys.signing_keys
    good = rotated.source.statement(URI, HANDED_OVER)
    header, payload, signature = good.split(".")
    for bad in (
        f"{header}.{payload}.{b64url_encode(bytes(64))}",
        f"{b64url_encode(OTHER_HEADER)}.{payload}.{signature}",
    ):
        source = Tampering(rotated.source)
        source.answers["statement", HANDED_OVER] = bad
        chain, seen = chain_of(rotated, source)
        newest = chain.renew(trusting(second))
        assert chain.before(trusting(second), newest).hash == newest.statement.previous
        assert seen.statement(URI, HANDED_OVER) is None
        with refused("acc_value_untrusted", "malformed"):
            chain_of(rotated, source)[0].renew(trusting(first))
        assert StatementChain(rotated.source, seen, rotated.clock).renew(trusting(first)).epoch == 3


# --- verifiers and holders ------------------------------------------------------------------


def test_verifiers_take_both_epochs_of_a_handover(made: World) -> None:
    policy = EpochPolicy(previous_seconds=DAY, renew_seconds=0)
    first = made.keys.signing_keys[0]
    follower = EpochTrust(
        [trusting(first)], made.source, MemorySeenStatements(), clock=made.clock, policy=policy
    )
    assert follower.accept(URI, 0).newest
    second = made.hand_over()
    made.publish()
    assert follower.accept(URI, 1).newest
    made.publish()
    newcomer = EpochTrust(
        [trusting(second)], made.source, MemorySeenStatements(), clock=made.clock, policy=policy
    )
    for verifier in (follower, newcomer):
        assert verifier.accept(URI, 2).newest
        assert not verifier.accept(URI, 1).newest
        with refused("acc_epoch_stale"):
            verifier.accept(URI, 0)


def test_a_verifier_that_drops_the_old_key_keeps_what_it_accepted(made: World) -> None:
    """Its operator names the new key in the place of the old one; a rollback is still one."""
    seen = MemorySeenStatements()
    made.publish()
    before = EpochTrust([trusting(made.keys.signing_keys[0])], made.source, seen, clock=made.clock)
    assert before.accept(URI, 1).newest
    second = made.hand_over()
    after = EpochTrust([trusting(second)], made.source, seen, clock=made.clock)
    with refused("acc_value_untrusted"):
        after.accept(URI, 1)  # epoch 1 is still the old key's
    made.publish()
    made.publish()
    made.clock.now += DAY // 2
    assert after.accept(URI, 3).newest
    source = Tampering(made.source)
    old = made.registry.statement(0)
    assert old is not None
    source.answers["latest",] = made.forge(old, key=second)
    with refused("acc_rollback"):
        EpochTrust([trusting(second)], source, seen, clock=made.clock).renew(URI)


def test_holders_follow_and_prove_without_fetching(made: World) -> None:
    slot = made.slots[1]
    held = made.held(slot)
    source, rows = Tampering(made.source), MemoryRowStore()
    holder = HolderKeeping(source, MemorySeenStatements(), rows, clock=made.clock)
    assert holder.refresh(held).epoch == 0
    made.hand_over()
    made.publish()
    made.publish()
    assert holder.refresh(held).epoch == 2
    source.asked.clear()
    assert holder.witness(held).statement.epoch == 2
    assert source.asked == []
    # A credential that came later, with the new key, and shares what the wallet has accepted.
    later = HeldSlot(trusting(made.keys.signing_keys[1]), slot, held.member)
    assert holder.witness(later).statement.epoch == 2
    made.publish()
    assert [refusal for _, refusal in holder.refresh_all([held, later])] == [None, None]
