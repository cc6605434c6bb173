"""Answering a question: choosing credentials, showing the least, proving to be the holder.

Planning and sending are two steps, so that the person sees exactly what the
verifier would see, and decides in between.

Reference:
    OpenID4VP 1.0, sections 6.4 (selecting), 8.1 (vp_token), 8.2
    (direct_post), 8.3 (encryption) and 8.5 (errors); RFC 9901, section 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from trustid.credentials.sd_jwt import Path
from trustid.encoding import JsonObject, dump_json, parse_json_object
from trustid.errors import MalformedError, ProtocolError, QueryError, StatusUnknownError, TrustidError
from trustid.keys.jose import AGREEMENT_CURVES, encrypt
from trustid.protocols.dcql import Match, Matching, match
from trustid.protocols.openid4vp import ENC_VALUES
from trustid.protocols.ports_wallet import CredentialCopy, HeldCredential, WalletStore, find_credential
from trustid.protocols.received_request import ReceivedRequest
from trustid.protocols.showing import present_copy, shown_claims, view_of
from trustid.protocols.wallet_http import FORM, JSON, HttpClient, error_of
from trustid.status.accumulator_entry import STATUS_PROOF
from trustid.status.epochs.holding import HolderKeeping, KeptWitness
from trustid.status.epochs.trust import EpochPolicy
from trustid.status.proving import prove_status

__all__ = ["Answer", "Showing", "decline", "make_vp_token", "plan_answer", "send_answer"]

DEFAULT_ENC: Final = "A128GCM"
"""Section 5.1: what a verifier takes that names no content encryption."""

REDIRECT_MAX: Final = 2048

ROW_AGE_MAX: Final = EpochPolicy().max_age_seconds
"""How old the epoch of a kept row may be: what verifiers take that set nothing else."""


@dataclass(frozen=True, slots=True)
class Showing:
    """What one part of the question gets to see.

    Attributes:
        query_id: The part of the question.
        credential: The credential it is answered with.
        paths: The claims that were asked for.
        claims: Everything about the person that becomes visible.
        seen_before: No copy is left that was never shown: verifiers that
            compare notes can tell that this is the same person as before.
    """

    query_id: str
    credential: HeldCredential
    paths: tuple[Path, ...]
    claims: JsonObject = field(repr=False)
    seen_before: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was not sent yet.

    Attributes:
        request: The question.
        showings: What would be shown, part by part.
    """

    request: ReceivedRequest
    showings: tuple[Showing, ...]


def plan_answer(
    request: ReceivedRequest,
    held: Sequence[HeldCredential],
    *,
    now: int,
    choice: Mapping[str, str] | None = None,
    keeping: HolderKeeping | None = None,
) -> Answer:
    """Choose what to answer with, showing the least.

    Args:
        request: The question.
        held: What the wallet holds.
        now: Epoch seconds; expired credentials are left out.
        choice: The credential's id for each query id, where the person chose.
        keeping: The rows that were fetched before; a credential whose slot was
            revoked, or whose row is too old, is left out. Nothing is fetched.

    Raises:
        QueryError: `query_mismatch`: the wallet has no answer. Nothing may be sent then.
        ProtocolError: `not_found`: what was chosen does not answer the question.
        RevokedError: `revoked`: the only answer was revoked.
        StatusUnknownError: `acc_epoch_stale`: the only answer has no row that is new enough.

    Cost:
        A pairing for each credential that has a slot in a registry.
    """
    # The newest first: an institution that issued twice meant the second to hold.
    newest = sorted(held, key=lambda one: one.received_at, reverse=True)
    current = [one for one in newest if one.expires_at is None or now < one.expires_at]
    matching = _match(request, current, keeping)
    showings = []
    for query_id in matching.required:
        found = matching.matches[query_id]
        chosen = (choice or {}).get(query_id)
        if chosen is not None:
            found = tuple(one for one in found if one.credential.id == chosen)
            if not found:
                raise ProtocolError("not_found", "the credential chosen does not answer this question")
        showings.append(_showing(found[0], find_credential(held, found[0].credential.id)))
    if not showings:
        raise QueryError("query_mismatch", "the wallet holds no answer to this question")
    return Answer(request, tuple(showings))


def send_answer(
    answer: Answer, *, store: WalletStore, http: HttpClient, now: int, keeping: HolderKeeping | None = None
) -> str | None:
    """Make the presentations and send them.

    Each part uses up one copy, counted before anything leaves the wallet.

    Returns:
        Where the browser goes next, if the verifier says so.

    Raises:
        ProtocolError: `verifier_refused`.
        FetchError: The verifier cannot be reached.
        TrustidError: As `make_vp_token`; nothing was sent then.
    """
    vp_token = make_vp_token(answer, store=store, now=now, keeping=keeping)
    return _post(answer.request, _form(answer.request, vp_token), http)


def make_vp_token(
    answer: Answer, *, store: WalletStore, now: int, keeping: HolderKeeping | None = None
) -> JsonObject:
    """Make the presentations of an answer, without sending them.

    Each part uses up one copy, counted before the presentation exists.

    Returns:
        Query ids with their presentations (section 8.1).

    Raises:
        RevokedError: `revoked`.
        StatusUnknownError: `acc_epoch_stale`.
    """
    request = answer.request
    key = None if request.response_mode == "direct_post" else _encryption(request.metadata)[0]
    vp_token: JsonObject = {}
    for showing in answer.showings:
        kept = _witness(showing.credential, keeping)
        copy = store.use_copy(showing.credential.id)
        presentation = present_copy(
            showing.credential,
            copy,
            showing.paths,
            request,
            now=now,
            encryption_key=key,
            extra_claims=None if kept is None else _status_proof(kept, copy, request),
        )
        vp_token[showing.query_id] = [presentation]
    return vp_token


def _witness(held: HeldCredential, keeping: HolderKeeping | None) -> KeptWitness | None:
    """What a proof for this credential is made from; None where it needs none."""
    slot = held.slot
    if slot is None:
        return None
    if keeping is None:
        raise StatusUnknownError("acc_epoch_stale", "expected a wallet that keeps rows")
    return keeping.witness(slot, max_age_seconds=ROW_AGE_MAX)


def _status_proof(kept: KeptWitness, copy: CredentialCopy, request: ReceivedRequest) -> JsonObject:
    """The claim of the key binding JWT that proves: not revoked, for this verifier, nonce and copy alone."""
    if copy.status_secrets is None:
        raise StatusUnknownError("status_malformed", "expected what opens the commitment of each copy")
    proof = prove_status(
        kept, copy.status_secrets, copy.text, audience=request.asker.client_id, nonce=request.nonce
    )
    return {STATUS_PROOF: proof}


def decline(request: ReceivedRequest, *, http: HttpClient) -> None:
    """Tell the verifier that there will be no answer, and not why.

    Raises:
        FetchError: The verifier cannot be reached.
        ProtocolError: `verifier_refused`.

    Reference:
        OpenID4VP 1.0, section 8.5: one code for a person who does not want to
        and a wallet that cannot.
    """
    form = {"error": "access_denied"}
    if request.state is not None:
        form["state"] = request.state
    _post(request, form, http)


def _match(
    request: ReceivedRequest, current: Sequence[HeldCredential], keeping: HolderKeeping | None
) -> Matching:
    usable: list[HeldCredential] = []
    refusal: TrustidError | None = None
    for one in current:
        try:
            _witness(one, keeping)
            usable.append(one)
        except TrustidError as err:
            refusal = refusal or err
    try:
        return match(request.query, [view_of(one) for one in usable])
    except QueryError:
        if refusal is not None:
            match(request.query, [view_of(one) for one in current])
            # With it there would be an answer: that is what the person must hear before anybody is shown anything.
            raise refusal from None
        raise


def _showing(found: Match, held: HeldCredential) -> Showing:
    claims = shown_claims(held, found.paths)
    return Showing(found.query_id, held, found.paths, claims, seen_before=held.fresh_copies == 0)


def _form(request: ReceivedRequest, vp_token: JsonObject) -> dict[str, str]:
    if request.response_mode == "direct_post":
        form = {"vp_token": dump_json(vp_token).decode()}
        return form if request.state is None else form | {"state": request.state}
    content: JsonObject = {"vp_token": vp_token}
    if request.state is not None:
        content["state"] = request.state
    key, enc = _encryption(request.metadata)
    return {"response": encrypt(dump_json(content), key, enc=enc)}


def _encryption(metadata: JsonObject) -> tuple[JsonObject, str]:
    """Choose the verifier's key and the content encryption (section 8.3)."""
    jwks = metadata.get("jwks")
    keys = jwks.get("keys", []) if isinstance(jwks, dict) else []
    values = metadata.get("encrypted_response_enc_values_supported", [DEFAULT_ENC])
    enc = next((value for value in ENC_VALUES if isinstance(values, list) and value in values), None)
    for key in keys if isinstance(keys, list) else []:
        if (
            isinstance(key, dict)
            and key.get("alg") == "ECDH-ES"
            and key.get("crv") in AGREEMENT_CURVES
            and key.get("use", "enc") == "enc"
        ):
            if enc is None:
                break
            return key, enc
    raise ProtocolError(
        "request_invalid",
        "client_metadata: expected a key on P-256, P-384 or X25519 for ECDH-ES with A128GCM or A256GCM",
    )


def _post(request: ReceivedRequest, form: Mapping[str, str], http: HttpClient) -> str | None:
    answer = http.post(request.response_uri, body=urlencode(form).encode(), content_type=FORM, accept=JSON)
    if answer.status >= 300:
        message = f"the verifier answered {answer.status} {error_of(answer)}"
        raise ProtocolError("verifier_refused", message.rstrip())
    try:
        redirect = parse_json_object(answer.body).get("redirect_uri") if answer.body else None
    except MalformedError:
        # The answer has arrived; a body that cannot be read only means that there is nowhere to go on.
        return None
    return redirect if isinstance(redirect, str) and _is_web_address(redirect) else None


def _is_web_address(url: str) -> bool:
    """Anything else (javascript:, data:) could run in whatever opens it."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return False
    return scheme in ("https", "http") and len(url) <= REDIRECT_MAX and url.isascii() and url.isprintable()
