"""`trustid wallet`: a person's wallet on the command line."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from trustid.cli_network import fetcher_for, read_anchors
from trustid.cli_output import EXIT_CODES, REFUSED, Output, clean, with_output
from trustid.cli_wallet_slots import REVOKED, refresh_exit, refreshed, say_refreshed, slot_state
from trustid.encoding import JsonObject
from trustid.errors import ConfigurationError, ProtocolError
from trustid.protocols.holding import Answer, HeldCredential, Holder
from trustid.protocols.openid4vci import CredentialOffer
from trustid.protocols.ports_wallet import find_credential
from trustid.settings import read_secret_file
from trustid.stores.wallet_folder import WalletFolder

__all__ = ["wallet"]

PASSPHRASE_MIN: Final = 8

ASKER_PROOFS: Final = {
    "certificate": "proved by a certificate of an authority you trust",
    "did": "proved by the key of its DID",
    "known": "the same key as when you answered before",
    "first-use": "NOT ESTABLISHED: its certificate comes from an unknown authority, seen for the first time",
    "unsigned": "NOT PROVED: anybody could have made this question",
}
ISSUER_PROOFS: Final = {
    "certificate": "certificate of a trusted authority",
    "metadata": "key published at the issuer's address",
    "did": "key of the issuer's DID",
    "first-use": "certificate of an unknown authority",
}

_ANCHORS = click.option(
    "--trust-anchor",
    "anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="PEM certificate of an authority to trust; without any, certificates are taken at first use and marked so.",
)


@click.group(
    epilog="""\b
Settings:
  TRUSTID_WALLET                   the wallet's folder; ~/.local/share/trustid/wallet by default
  TRUSTID_WALLET_PASSPHRASE_FILE   file (mode 0600) with its passphrase; you are asked without it
  TRUSTID_ALLOW_HTTP=1             for development: http and loopback for the hosts in the link you give
"""
)
def wallet() -> None:
    """Collect credentials, keep them encrypted, show what is needed of them."""


@wallet.command(
    epilog=f"""\b
Example:
  trustid wallet accept 'openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fschool.example%2Foffers%2F1' --tx-code 4711

{EXIT_CODES}"""
)
@click.argument("offer_uri")
@click.option("--tx-code", help="The code that the institution told you by another way.")
@click.option(
    "--copies", type=click.IntRange(1, 100), default=10, show_default=True, help="One-time copies to ask for."
)
@_ANCHORS
@with_output
def accept(
    output: Output, *, offer_uri: str, tx_code: str | None, copies: int, anchors: tuple[Path, ...]
) -> None:
    """Accept the offer behind OFFER_URI and keep the credential."""
    trusted = read_anchors(anchors)
    holder = Holder.open(_folder(), fetcher_for(offer_uri), issuer_anchors=trusted, copies=copies)
    offer = holder.read_offer(offer_uri)
    output.say(f"Offer from {clean(offer.credential_issuer)}")
    if tx_code is None and offer.tx_code is not None and not output.as_json and _may_ask():
        tx_code = _ask_for_code(offer)
    received = holder.accept(offer, tx_code=tx_code)
    output.result({"accepted": [_summary(one) for one in received]})
    for one in received:
        _show(output, one)
    if any(one.registry is not None for one in received):
        new = {one.id for one in received}
        say_refreshed(output, [outcome for outcome in holder.refresh() if outcome[0].id in new])


@wallet.command(name="list", epilog=EXIT_CODES)
@with_output
def list_credentials(output: Output) -> None:
    """List what the wallet holds."""
    folder = _folder() if _exists() else None
    held = () if folder is None else folder.credentials()
    states = {one.id: slot_state(folder, one) for one in held if folder is not None}
    output.result({"credentials": [_summary(one) | {"slot": states[one.id]} for one in held]})
    if not held:
        output.say("The wallet is empty. Accept an offer: trustid wallet accept OFFER_URI")
        return
    rows = [
        [
            one.id,
            one.title,
            one.issuer,
            "REVOKED" if states[one.id] == REVOKED else _day(one.expires_at),
            f"{one.fresh_copies} of {len(one.copies)}",
        ]
        for one in held
    ]
    output.table(["id", "title", "issuer", "valid until", "unused copies"], rows)


@wallet.command(
    epilog=f"""\b
Example:
  trustid wallet show 1ebd39b4f0322318 --raw > degree.txt

{EXIT_CODES}"""
)
@click.argument("credential_id")
@click.option(
    "--raw", is_flag=True, help="Print the credential itself, with everything in it, to be kept in a file."
)
@with_output
def show(output: Output, credential_id: str, raw: bool) -> None:
    """Show everything that the credential CREDENTIAL_ID states."""
    folder = _folder_that_exists()
    held = find_credential(folder.credentials(), credential_id)
    state = slot_state(folder, held)
    text = {"credential": held.copies[0].text} if raw else {}
    output.result(_summary(held) | {"slot": state, "claims": held.claims()} | text)
    if raw:
        output.say(held.copies[0].text)
    else:
        _show(output, held, state)


@wallet.command(epilog=EXIT_CODES)
@click.argument("credential_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_output
def remove(output: Output, credential_id: str, yes: bool) -> None:
    """Forget the credential CREDENTIAL_ID and its keys, for good."""
    folder = _folder_that_exists()
    held = find_credential(folder.credentials(), credential_id)
    if not yes:
        click.confirm(f"Forget {clean(held.title)} from {clean(held.issuer)}?", abort=True, err=True)
    folder.remove(credential_id)
    output.result({"removed": credential_id})
    output.say("Forgotten.")


@wallet.command(
    epilog=f"""\b
Run it each day, from a timer; not when something is to be presented: who serves a
registry sees when it is asked, and for which 4,096 credentials. A credential that is found
revoked ends it with 1, once.

{EXIT_CODES}"""
)
@with_output
@click.pass_context
def refresh(context: click.Context, output: Output) -> None:
    """Fetch what revocation registries have published, so that presenting needs no network but the verifier's."""
    folder = _folder_that_exists()
    # The addresses came with credentials that were accepted; loopback is open for them in development alone.
    held = [one for one in folder.credentials() if one.registry is not None]
    known = {one.id for one in held if slot_state(folder, one) == REVOKED}
    links = [one.registry.registry for one in held if one.registry is not None]
    outcomes = Holder.open(folder, fetcher_for(*links)).refresh()
    output.result({"credentials": [refreshed(one, refusal) for one, refusal in outcomes]})
    say_refreshed(output, outcomes)
    if not outcomes:
        output.say("No credential has a slot in a registry; there is nothing to fetch.")
    context.exit(refresh_exit(outcomes, known))


@wallet.command(
    epilog=f"""\b
Example:
  trustid wallet present 'openid4vp://?client_id=x509_san_dns%3Ashop.example&request_uri=https%3A%2F%2Fshop.example%2Fr%2F1'

With --json and without --yes nothing is sent: you see what would be shown.

{EXIT_CODES}"""
)
@click.argument("request_uri")
@click.option("--yes", is_flag=True, help="Show it without asking; you have seen who asks and what for.")
@click.option("--credential", "credential_id", help="Answer with this credential, where several fit.")
@_ANCHORS
@with_output
@click.pass_context
def present(
    context: click.Context,
    output: Output,
    *,
    request_uri: str,
    yes: bool,
    credential_id: str | None,
    anchors: tuple[Path, ...],
) -> None:
    """Answer the question behind REQUEST_URI, after showing who asks and what would be disclosed."""
    holder = Holder.open(
        _folder_that_exists(), fetcher_for(request_uri), verifier_anchors=read_anchors(anchors)
    )
    request = holder.read_request(request_uri)
    choice = {one.id: credential_id for one in request.query.credentials} if credential_id else None
    answer = holder.plan(request, choice=choice)
    _show_plan(output, answer)
    if not yes and output.as_json:
        output.result(_plan(answer) | {"sent": False, "redirect_uri": None})
        context.exit(REFUSED)
    if not yes and not click.confirm("Show this?", default=False, err=True):
        holder.decline(request)
        output.say("Nothing was shown; the verifier was told that you decline.")
        context.exit(REFUSED)
    redirect = holder.send(answer)
    output.result(_plan(answer) | {"sent": True, "redirect_uri": redirect})
    output.say("Shown.", "green")
    if redirect is not None:
        output.say(f"Continue at {clean(redirect)}")


def _path() -> Path:
    named = os.environ.get("TRUSTID_WALLET")
    return Path(named) if named else Path.home() / ".local" / "share" / "trustid" / "wallet"


def _exists() -> bool:
    return (_path() / "keystore.json").exists()


def _folder_that_exists() -> WalletFolder:
    if not _exists():
        raise ConfigurationError(
            "setting_missing",
            f"there is no wallet at {_path()}; accept an offer first, or set TRUSTID_WALLET",
        )
    return _folder()


def _folder() -> WalletFolder:
    return WalletFolder.open(_path(), _passphrase(new=not _exists()))


def _passphrase(*, new: bool) -> bytes:
    file = os.environ.get("TRUSTID_WALLET_PASSPHRASE_FILE")
    if file:
        passphrase = read_secret_file(Path(file), "TRUSTID_WALLET_PASSPHRASE_FILE").reveal()
    elif _may_ask():
        text = "New passphrase of the wallet" if new else "Passphrase of the wallet"
        passphrase = click.prompt(text, hide_input=True, confirmation_prompt=new, err=True).encode()
    else:
        raise ConfigurationError(
            "setting_missing", "TRUSTID_WALLET_PASSPHRASE_FILE is not set, and nobody is there to be asked"
        )
    if new and len(passphrase) < PASSPHRASE_MIN:
        raise ConfigurationError(
            "setting_unsafe", f"expected a passphrase of {PASSPHRASE_MIN} characters or more"
        )
    return passphrase


def _may_ask() -> bool:
    return sys.stdin.isatty()


def _ask_for_code(offer: CredentialOffer) -> str:
    description = offer.tx_code.description if offer.tx_code else None
    code = click.prompt(clean(description or "Code from the institution"), err=True)
    if not isinstance(code, str):
        raise ProtocolError("tx_code_needed", "expected a transaction code")
    return code


def _summary(held: HeldCredential) -> JsonObject:
    return {
        "id": held.id,
        "title": held.title,
        "issuer": held.issuer,
        "issuer_proof": held.issuer_proof,
        "source": held.source,
        "configuration_id": held.configuration_id,
        "vct": held.vct,
        "received_at": held.received_at,
        "expires_at": held.expires_at,
        "copies": len(held.copies),
        "unused_copies": held.fresh_copies,
        "registry": None if held.registry is None else held.registry.registry,
    }


def _show(output: Output, held: HeldCredential, state: str | None = None) -> None:
    about = [
        ("issuer", held.issuer),
        ("established by", ISSUER_PROOFS[held.issuer_proof]),
        ("valid until", _day(held.expires_at)),
        ("unused copies", f"{held.fresh_copies} of {len(held.copies)}"),
        ("id", held.id),
    ]
    if state is not None:
        about.append(("revocation", "REVOKED by its issuer" if state == REVOKED else state))
    hidden = {"iss", "iat", "nbf", "exp", "cnf", "vct", "status", "vct#integrity", "aka_vcts"}
    claims = [(name, clean(value)) for name, value in held.claims().items() if name not in hidden]
    output.panel(held.title, [*about, *claims])


def _show_plan(output: Output, answer: Answer) -> None:
    request = answer.request
    output.panel(
        "Who asks",
        [
            ("name", request.asker.name),
            ("identity", ASKER_PROOFS[request.asker.proof]),
            ("answer goes to", request.response_host),
        ],
    )
    for showing in answer.showings:
        lines = [(name, clean(value)) for name, value in showing.claims.items()]
        output.panel(
            f"Would be shown of: {showing.credential.title}", lines or [("", "only that you hold it")]
        )
        if showing.seen_before:
            output.say(
                "Every copy was shown before: verifiers who compare can tell that it is you. Collect new copies.",
                "yellow",
            )


def _plan(answer: Answer) -> dict[str, Any]:
    asker = answer.request.asker
    return {
        "asker": {"client_id": asker.client_id, "name": asker.name, "proof": asker.proof},
        "response_host": answer.request.response_host,
        "shown": [
            {
                "query_id": one.query_id,
                "credential": one.credential.id,
                "title": one.credential.title,
                "claims": one.claims,
                "seen_before": one.seen_before,
            }
            for one in answer.showings
        ],
    }


def _day(moment: int | None) -> str:
    return "no end" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
