"""What the wallet's command says of slots in revocation registries: how they stand, and how a refresh went."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from trustid.cli_output import OK, REFUSED, UNREACHABLE, Output, clean, exit_code_of
from trustid.encoding import JsonObject
from trustid.errors import RevokedError, TrustidError
from trustid.protocols.holding import HeldCredential
from trustid.stores.wallet_folder import WalletFolder

__all__ = ["REVOKED", "Outcomes", "refresh_exit", "refreshed", "say_refreshed", "slot_state"]

REVOKED = "revoked"

Outcomes = Iterable[tuple[HeldCredential, TrustidError | None]]


def slot_state(folder: WalletFolder, held: HeldCredential) -> str | None:
    """What was known of a credential's slot at the last refresh; None for one without a slot."""
    slot = held.slot
    if slot is None:
        return None
    kept = folder.rows.row(slot.trust.registry, slot.place)
    if kept is None:
        return "never refreshed"
    return REVOKED if kept.revoked else f"not revoked in epoch {kept.epoch}"


def refreshed(held: HeldCredential, refusal: TrustidError | None) -> JsonObject:
    """How the refresh of one credential went."""
    return {"id": held.id, "title": held.title, "state": "current" if refusal is None else refusal.code}


def say_refreshed(output: Output, outcomes: Outcomes) -> None:
    """The same for people."""
    for held, refusal in outcomes:
        if refusal is None:
            output.say(f"{clean(held.title)}: not revoked; ready to be shown.")
        elif isinstance(refusal, RevokedError):
            output.say(f"{clean(held.title)}: REVOKED by its issuer. It cannot be shown any more.", "red")
        else:
            output.say(f"{clean(held.title)}: not up to date ({refusal.public}) [{refusal.code}]", "yellow")


def refresh_exit(outcomes: Outcomes, known: Collection[str]) -> int:
    """The exit code of a refresh.

    Args:
        outcomes: How it went for each credential.
        known: Those that were known as revoked before: no news, and no failure of every day to come.
    """
    codes = {
        exit_code_of(refusal) for held, refusal in outcomes if refusal is not None and held.id not in known
    }
    if not codes:
        return OK
    return UNREACHABLE if codes == {UNREACHABLE} else REFUSED
