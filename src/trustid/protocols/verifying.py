"""The order in which a presentation is checked.

`verify_presentation` is the one place where everything is put together: what
the credential says, whom the verifier trusts, whether it still holds, who is
showing it, and whether it answers the question. What each step means for one
format stands beside it (`trustid.protocols.presentation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import JsonObject, b64url_decode, sha256
from trustid.errors import Check, TrustidError, UnsupportedError
from trustid.protocols.claims_path import Path
from trustid.protocols.dcql import (
    CredentialQuery,
    CredentialView,
    DcqlQuery,
    check_answer,
    check_credential,
    read_vp_token,
)
from trustid.protocols.presentation import Expected, Membership, Presented, Sources
from trustid.protocols.presentation_enveloped import PresentedEnveloped
from trustid.protocols.presentation_mdoc import PresentedMdoc
from trustid.protocols.presentation_sd_jwt_vc import PresentedSdJwtVc
from trustid.protocols.presentation_w3c import PresentedW3c
from trustid.protocols.presenter import COSE_SIGN1, Presenter, open_presentation, types_of
from trustid.protocols.status_step import MembershipChecks, check_status
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.status.bitstring import EntryStatus
from trustid.status.check import StatusResult

__all__ = [
    "CHECK_NAMES",
    "Check",
    "Expected",
    "IssuerMetadata",
    "Sources",
    "TrustPolicy",
    "Verified",
    "holders_key",
    "subjects_of",
    "verify_answer",
    "verify_presentation",
]

PASSED = {
    "readable": "The presentation can be read.",
    "issuer_trusted": "Its issuer is trusted for this type of credential.",
    "key_found": "The issuer's key was found.",
    "signature": "The issuer signed exactly this.",
    "time": "It is valid at this time.",
    "not_revoked": "Its issuer has not taken it back.",
    "holder_present": "It was presented by its holder.",
    "answers_question": "It answers what was asked.",
}
"""The checks in their order, and what it means that each one held."""

CHECK_NAMES = tuple(PASSED)

ENVELOPED = frozenset({"EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"})

NO_STATUS = "Its issuer gave it no status: it holds until it expires."
PROVED_STATUS = "Its holder proved that it was not taken back, without saying which one it is."
NO_HOLDER = "No proof of the holder was asked for."
NO_QUESTION = "No question was held against it."


@dataclass(frozen=True, slots=True)
class Verified:
    """A presentation that passed every check.

    Attributes:
        format: dc+sd-jwt, ldp_vc, vc+jwt, vc+sd-jwt, vc+cose, jwt_vc_json or mso_mdoc.
        issuer: Who stated it: a DID, an https URL, or a name in a certificate.
        subject: About whom, if the credential says so.
        credential_type: The vct, or the most specific type.
        claims: What was stated and shown.
        holder_key_thumbprint: RFC 7638 thumbprint of the holder's key, if the
            credential is bound to one.
        status: "valid", or "none" when the issuer gave it no status.
        status_age_seconds: How long ago the issuer vouched for the status.
        status_epoch: For a credential with a slot in a registry: for which
            epoch its holder proved that it was not revoked.
        linkability: What of it verifiers could compare to find out that two
            presentations come from one person.
        checks: What was checked, in order; each one held.
        view: What a query is held against.
        status_entries: For a W3C credential what each of its status entries
            says: that there is a newer credential (`refresh`), or a message.
    """

    format: str
    issuer: str
    subject: str | None
    credential_type: str
    claims: JsonObject = field(repr=False)
    holder_key_thumbprint: str | None
    status: str
    status_age_seconds: int | None
    linkability: str
    checks: tuple[Check, ...]
    view: CredentialView = field(repr=False)
    status_entries: tuple[EntryStatus, ...] = ()
    status_epoch: int | None = None


def verify_presentation(
    presentation: str | JsonObject,
    *,
    policy: TrustPolicy,
    sources: Sources,
    now: int,
    expected: Expected | None = None,
    question: CredentialQuery | None = None,
    also_asked: Sequence[Path] = (),
    memberships: MembershipChecks | None = None,
) -> Verified:
    """Check one presentation: the verifying order.

    Args:
        presentation: An SD-JWT VC with or without key binding; a W3C
            credential or presentation with a Data Integrity proof, or in an
            envelope (JWT, SD-JWT, or COSE in base64url); an mdoc in base64url.
        policy: Whom and what the verifier trusts.
        sources: Where DIDs, issuer keys and status lists come from.
        now: Epoch seconds.
        expected: Audience and nonce that the holder must have signed. Needed
            as soon as the holder has to prove anything.
        question: The part of the query that it answers, if there was one.
        also_asked: Claims that other parts of the query ask of the same
            credential (see `check_credential`).
        memberships: Where several presentations came together: what checks
            their proofs of not being revoked together.

    Returns:
        What was proved.

    Raises:
        TrustidError: The code of the first check that did not hold; `.checks`
            are the checks up to and including that one.

    Reference:
        RFC 9901, section 7.3; VC Data Model 2.0, section 7.1; OpenID4VP 1.0,
        section 8.6; draft-ietf-oauth-status-list-21, section 8.3.
    """
    steps = _Steps()
    # 1. Reading comes first and is bounded: nothing is believed, nothing is fetched.
    with steps.step("readable"):
        presented = _read(presentation)
    # 2. Trust comes before anything that opens a connection. A stranger's credential names a
    #    DID, a key and a status list on servers of the stranger's choice; to look there would
    #    make this machine a tool against others and tell the stranger who checks what.
    with steps.step("issuer_trusted"):
        presented.check_trust(policy, now)
    # 3. The key comes from the trusted issuer's own place, never from the credential.
    with steps.step("key_found"):
        key = presented.find_key(sources)
    # 4. Until the signature holds, every claim is hearsay: time, status and holder come after.
    with steps.step("signature"):
        claims = presented.check_signature(key, policy, now)
    # 5. Time costs nothing, and an expired credential is expired whatever its list says
    #    (Token Status List, section 7.1); so no list is fetched for it.
    with steps.step("time"):
        presented.check_time(policy, now)
    # 6. Status before the holder's proof: that it was taken back matters whoever shows it.
    #    By now the address is one that a trusted issuer signed. A proof that a slot was not revoked
    #    is held against this verifier's own name and nonce, not against what the holder's JWT says.
    with steps.step("not_revoked") as outcome:
        proofs = memberships or MembershipChecks(sources.epochs, expected)
        status = check_status(presented, policy, sources, proofs)
        outcome.sentence = _status_sentence(status)
    # 7. The holder's key is in the credential, so this needs all of the above.
    with steps.step("holder_present") as outcome:
        required = policy.require_key_binding or (
            question is not None and question.require_cryptographic_holder_binding
        )  # either side may demand it; what was sent decides nothing
        bound = presented.check_holder(policy, sources, now, expected, required=required)
        outcome.sentence = None if bound else NO_HOLDER
    # 8. Only a fact is held against the question.
    with steps.step("answers_question") as outcome:
        view = presented.view(holder_bound=bound)
        outcome.sentence = NO_QUESTION if question is None else None
        if question is not None:
            check_credential(question, view, also_asked=also_asked)
    return _verified(presented, claims, status, view, steps.checks)


def verify_answer(
    query: DcqlQuery,
    vp_token: Any,
    *,
    policy: TrustPolicy,
    sources: Sources,
    now: int,
    expected: Expected,
) -> dict[str, tuple[Verified, ...]]:
    """Check a whole answer to a query.

    Args:
        query: The question that was asked.
        vp_token: The parsed JSON value that came back.
        policy: As `verify_presentation`.
        sources: As `verify_presentation`.
        now: Epoch seconds.
        expected: Audience and nonce of the request.

    Returns:
        For each query id that was answered, what was proved.

    Raises:
        TrustidError: As `verify_presentation`; `query_mismatch` or
            `presentation_reused` for the answer as a whole.

    Reference:
        OpenID4VP 1.0, sections 8.1 and 8.6.
    """
    presentations = read_vp_token(query, vp_token)
    asked = _asked_by_credential(query, presentations)
    memberships = MembershipChecks(sources.epochs, expected, lambda: _memberships(presentations))
    verified = {
        query_id: tuple(
            verify_presentation(
                one,
                policy=policy,
                sources=sources,
                now=now,
                expected=expected,
                question=query.credential(query_id),
                also_asked=asked.get(_signed_part(one), ()),
                memberships=memberships,
            )
            for one in each
        )
        for query_id, each in presentations.items()
    }
    check_answer(query, {query_id: [one.view for one in each] for query_id, each in verified.items()})
    return verified


def _status_sentence(status: StatusResult | None) -> str | None:
    if status is None:
        return NO_STATUS
    return None if status.epoch is None else PROVED_STATUS


def _memberships(presentations: dict[str, tuple[str | JsonObject, ...]]) -> Iterator[Membership]:
    """What can be read of an answer's slots; what cannot is refused in its own turn."""
    everything = [one for each in presentations.values() for one in each]
    for one in everything if len(everything) > 1 else ():
        with suppress(TrustidError):
            membership = _read(one).membership()
            if membership is not None:
                yield membership


def _signed_part(presentation: str | JsonObject) -> bytes | None:
    """What tells that two presentations show one credential; None where nothing can be held back anyway."""
    if not isinstance(presentation, str):
        return None
    return sha256(presentation.partition("~")[0].encode("utf-8", "surrogatepass"))


def _asked_by_credential(
    query: DcqlQuery, presentations: dict[str, tuple[str | JsonObject, ...]]
) -> dict[bytes | None, list[Path]]:
    """The claims that all parts of the query together ask of each credential (section 6.4)."""
    asked: dict[bytes | None, list[Path]] = {}
    for query_id, each in presentations.items():
        for part in {_signed_part(one) for one in each}:
            asked.setdefault(part, []).extend(claim.path for claim in query.credential(query_id).claims)
    return asked


def _verified(
    presented: Presented,
    claims: JsonObject,
    status: StatusResult | None,
    view: CredentialView,
    checks: Sequence[Check],
) -> Verified:
    return Verified(
        format=presented.format,
        issuer=presented.issuer,
        subject=presented.subject,
        credential_type=presented.credential_type,
        claims=claims,
        holder_key_thumbprint=presented.holder_key_thumbprint,
        status="none" if status is None else "valid",
        status_age_seconds=None if status is None else status.age_seconds,
        linkability=presented.linkability,
        checks=tuple(checks),
        view=view,
        status_epoch=None if status is None else status.epoch,
        status_entries=() if status is None else status.entries,
    )


def _read(presentation: str | JsonObject) -> Presented:
    """A credential, alone or the only one in a presentation."""
    presenter = open_presentation(presentation)
    if presenter is None:
        return _read_credential(presentation, None)
    if len(presenter.credentials) != 1:
        raise UnsupportedError("unsupported", "expected a presentation of one credential")
    return _read_credential(presenter.credentials[0], presenter)


def _read_credential(credential: str | JsonObject, presenter: Presenter | None) -> Presented:
    """Recognise the format by what can stand in no other one; the reader of that format does the rest."""
    if not isinstance(credential, str):
        if not ENVELOPED.isdisjoint(types_of(credential)):
            return PresentedEnveloped.read_envelope(credential, presenter)
        return PresentedW3c.read(credential, presenter)
    if "~" in credential:
        sd_jwt = SdJwt.parse(credential)
        # A W3C credential has an @context and no vct; older SD-JWT VCs have the same typ.
        if "@context" in sd_jwt.payload and "vct" not in sd_jwt.payload:
            return PresentedEnveloped.of_sd_jwt(sd_jwt, presenter)
        return _alone(PresentedSdJwtVc.of(sd_jwt), presenter)
    if "." in credential:
        return PresentedEnveloped.read(credential, presenter)
    data = b64url_decode(credential)
    if data[:1] == COSE_SIGN1:
        return PresentedEnveloped.of_cose(data, presenter)
    return _alone(PresentedMdoc.read(data), presenter)


def subjects_of(credential: str | JsonObject) -> frozenset[str]:
    """About whom a W3C credential is, as it says itself: for one whose signature holds."""
    presented = _read_credential(credential, None)
    return presented.subjects if isinstance(presented, PresentedW3c | PresentedEnveloped) else frozenset()


def holders_key(credential: str | JsonObject) -> str | None:
    """The thumbprint of the key that an enveloped credential is bound to, if it is; as `subjects_of`."""
    presented = _read_credential(credential, None)
    bound = presented.bound_key() if isinstance(presented, PresentedEnveloped) else None
    return None if bound is None else bound.thumbprint()


def _alone(presented: Presented, presenter: Presenter | None) -> Presented:
    if presenter is not None:
        raise UnsupportedError("unsupported", "expected a W3C credential in the presentation")
    return presented


@dataclass(slots=True)
class _Outcome:
    """Lets a step say in other words how it passed."""

    sentence: str | None = None


class _Steps:
    """Collects the checks, and hands them to the error that ends them."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    @contextmanager
    def step(self, name: str) -> Iterator[_Outcome]:
        outcome = _Outcome()
        try:
            yield outcome
        except TrustidError as err:
            self.checks.append(Check(name, False, err.code, err.public))
            err.checks = tuple(self.checks)
            raise
        self.checks.append(Check(name, True, "ok", outcome.sentence or PASSED[name]))
