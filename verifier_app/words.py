"""What checks and refusals are called at the counter: short words, and what to do.

A clerk has a person in front of them and no time for protocol words. Every
check has a name that says what is known when it holds; every refusal says what
to do next, and never blames the person for what a machine did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trustid.errors import CODES, Check
from trustid.protocols.verifying import NO_HOLDER, NO_STATUS, PROVED_STATUS

__all__ = ["CheckWords", "check_words", "headline"]


@dataclass(frozen=True, slots=True)
class CheckWords:
    """One check as a clerk reads it.

    Attributes:
        title: What was checked.
        ok: Whether it held.
        explanation: What that means, or what went wrong.
        advice: What to do; empty when it held.
        code: The word for the operator; empty when it held.
    """

    title: str
    ok: bool
    explanation: str
    advice: str
    code: str


CHECKS: Final[Mapping[str, tuple[str, str, str]]] = {
    "answered": ("The wallet answered", "An answer arrived from a wallet.", "The wallet did not answer"),
    "readable": (
        "The credential can be read",
        "It is complete and in a form that is understood here.",
        "The credential cannot be read",
    ),
    "issuer_trusted": (
        "It comes from an issuer we trust",
        "The issuer is on our list for this kind of credential.",
        "It does not come from an issuer we trust",
    ),
    "key_found": (
        "The issuer's key was found",
        "The key that the issuer signs with is known.",
        "The issuer's key was not found",
    ),
    "signature": (
        "It is genuine and unchanged",
        "The issuer's signature fits every word that was shown.",
        "It is not genuine",
    ),
    "time": ("It is valid today", "It has begun and has not expired.", "It is not valid today"),
    "not_revoked": (
        "It has not been taken back",
        "The issuer has neither revoked nor suspended it.",
        "It may have been taken back",
    ),
    "holder_present": (
        "It belongs to this wallet",
        "The wallet proved just now that the credential was issued to it.",
        "It was not shown to belong to this wallet",
    ),
    "answers_question": (
        "It answers our question",
        "Everything that was asked for is there, and nothing else.",
        "It does not answer our question",
    ),
}
"""Name of a check: its title when it holds, what that means, its title when it does not."""

BY_OUTCOME: Final[Mapping[str, tuple[str, str]]] = {
    NO_STATUS: ("It holds until it expires", "Its issuer gave it no way to be taken back."),
    PROVED_STATUS: (
        "It has not been taken back",
        "The wallet proved it without showing a number that could be recognised.",
    ),
    NO_HOLDER: (
        "It may be shown by anybody",
        "The question asked for no proof that it belongs to this wallet.",
    ),
}
"""Checks that hold in another way than the usual one must not say more than is known."""

REVOKED_TITLE: Final = "It has been taken back"

TRY_AGAIN: Final = "Ask again with a new code."
NEW_CREDENTIAL: Final = "Ask the person to get a new one from the issuer."
OTHER_WALLET: Final = "Ask the person to use the wallet that the credential was issued to, and ask again."
OPERATOR: Final = "This needs your operator. Note the word below and tell them."

ADVICE: Final[Mapping[str, tuple[str, str]]] = {
    "wallet_declined": (
        "The wallet sent no credential.",
        "The person may have said no, or has no credential that fits. Ask them, then ask again.",
    ),
    "session_expired": ("Nobody answered in time.", TRY_AGAIN),
    "expired": ("It has expired.", NEW_CREDENTIAL),
    "not_yet_valid": (
        "It is not valid yet.",
        "Ask the person to come back when it is, or to show another one.",
    ),
    "revoked": (
        "The issuer has taken it back. It no longer counts.",
        "Do not accept it. The issuer can say why.",
    ),
    "suspended": ("The issuer has suspended it for now.", "Do not accept it today. The issuer can say why."),
    "status_application": (
        "The issuer has put a mark of its own on it.",
        "Do not accept it. Ask the issuer.",
    ),
    "status_unavailable": (
        "The issuer's list of revoked credentials cannot be reached.",
        "It may well be good, but that cannot be known now. Wait a few minutes and ask again.",
    ),
    "status_missing": (
        "The issuer gave it no way to be taken back, and our rules ask for one.",
        "Do not accept it. Tell your operator if this should be allowed.",
    ),
    "status_stale": (
        "The issuer's list of revoked credentials is too old.",
        "Wait a few minutes and ask again.",
    ),
    "acc_epoch_stale": (
        "The wallet's proof that it was not taken back is out of date.",
        "Ask the person to refresh the wallet, then ask again. If the wallet then says revoked, do not accept it.",
    ),
    "acc_epoch_future": (
        "The wallet knows a newer state of the issuer's registry than we do.",
        "Wait a few minutes and ask again.",
    ),
    "acc_proof_missing": (
        "The wallet did not prove that it was not taken back.",
        "Ask the person to use a wallet that can, or to get a credential with a list entry from the issuer.",
    ),
    "acc_proof_invalid": ("The proof that it was not taken back does not hold.", "Do not accept it."),
    "acc_registry_unknown": (
        "It can be taken back only through a registry that is not on our list.",
        "Do not accept it. If the registry should be on the list, tell your operator.",
    ),
    "issuer_not_trusted": (
        "The issuer is not on our list for this kind of credential.",
        "Do not accept it. If the issuer should be on the list, tell your operator.",
    ),
    "signature_invalid": ("It was changed, or was not made by the issuer it names.", "Do not accept it."),
    "disclosure_unreferenced": ("It shows something that the issuer never signed.", "Do not accept it."),
    "x5c_invalid": ("The issuer's certificate is not valid or not one we trust.", OPERATOR),
    "kb_required": ("The wallet did not prove that the credential is its own.", OTHER_WALLET),
    "kb_signature": ("The wallet could not prove that the credential is its own.", OTHER_WALLET),
    "kb_nonce": ("The proof was made for another request.", TRY_AGAIN),
    "kb_aud": ("The proof was made for somebody else, not for us.", "Do not accept it. " + TRY_AGAIN),
    "kb_iat": (
        "The proof is too old, or the clock of the person's device is wrong.",
        "Ask the person to check the time on the device, then ask again.",
    ),
    "kb_sd_hash": (
        "The proof was made for something other than what was shown.",
        "Do not accept it. " + TRY_AGAIN,
    ),
    "holder_mismatch": ("The person presenting is not the one it was issued to.", OTHER_WALLET),
    "query_mismatch": (
        "What came is not what was asked for: something is missing, or more was shown than asked.",
        "Ask the person for the right credential, then ask again.",
    ),
    "presentation_reused": ("One credential was sent twice as if it were two.", TRY_AGAIN),
}

UNANSWERED: Final = frozenset({"wallet_declined", "session_expired"})
UNDECIDED: Final = frozenset(
    {"status_unavailable", "status_stale", "did_unreachable", "acc_epoch_stale", "acc_epoch_future"}
)

FAMILIES: Final[tuple[tuple[str, tuple[str, str]], ...]] = (
    ("status_", ("The issuer's list of revoked credentials cannot be relied on.", OPERATOR)),
    ("acc_", ("The issuer's registry of revocations cannot be relied on.", OPERATOR)),
    ("did_", ("The issuer's identity could not be looked up.", "Wait a few minutes and ask again.")),
    ("fetch_", ("The issuer could not be reached.", "Wait a few minutes and ask again.")),
    ("tls_", ("The issuer could not be reached safely.", OPERATOR)),
    ("issuer_", ("The issuer's key is not what it should be.", OPERATOR)),
    ("disclosure_", ("It was put together wrongly.", "Do not accept it.")),
    ("kb_", ("The wallet could not prove that the credential is its own.", OTHER_WALLET)),
)


def check_words(check: Check) -> CheckWords:
    """Say a check in a clerk's words."""
    title, meaning, failed_title = CHECKS.get(check.name, (check.name, "", check.name))
    if check.ok:
        title, meaning = BY_OUTCOME.get(check.sentence, (title, meaning))
        return CheckWords(title, True, meaning, "", "")
    if check.code in ("revoked", "suspended"):
        failed_title = REVOKED_TITLE
    explanation, advice = _refusal_words(check.code)
    return CheckWords(failed_title, False, explanation, advice, check.code)


def headline(state: str, checks: Sequence[Check]) -> tuple[str, str]:
    """The line above everything else, and one sentence that says why."""
    if state == "verified":
        return "Everything checks out.", "What stands below was shown, and every check holds."
    if state == "pending":
        return "Waiting for an answer.", ""
    code = next((check.code for check in checks if not check.ok), "internal_error")
    explanation, advice = _refusal_words(code)
    sentence = f"{explanation} {advice}"
    if code in UNANSWERED:
        return "No credential was shown.", sentence
    if code in UNDECIDED or code.startswith(("fetch_", "tls_")):
        return "This cannot be decided now.", sentence
    return "Do not accept this.", sentence


def _refusal_words(code: str) -> tuple[str, str]:
    """What went wrong, and what to do."""
    if code in ADVICE:
        return ADVICE[code]
    for prefix, words in FAMILIES:
        if code.startswith(prefix):
            return words
    public = CODES[code].public if code in CODES else "Something went wrong."
    return public, "Do not accept it. " + TRY_AGAIN
