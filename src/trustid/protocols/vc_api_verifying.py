"""The verifying side of the VC API: credentials and presentations, checked in the verifying order.

Nothing is switched off by a request. Every check is made, in the one order;
`options.checks` only says which of them the caller needs: where a check that
was not asked for is the first that does not hold, all that were asked for
held before it, and the answer says so in its warnings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from trustid.credentials.data_integrity.proof import split_proofs
from trustid.credentials.jose import DEFAULT_ALGORITHMS
from trustid.encoding import JsonObject
from trustid.errors import HolderBindingError, MalformedError, ProofError, TrustidError
from trustid.protocols.ports import Clock
from trustid.protocols.presentation import Sources
from trustid.protocols.presenter import AskedFor, Presenter, open_presentation
from trustid.protocols.trust import TrustPolicy
from trustid.protocols.vc_api import problem_details, read_members
from trustid.protocols.verifying import CHECK_NAMES, holders_key, subjects_of, verify_presentation

__all__ = ["SUITE_ALGORITHMS", "AnybodyPolicy", "VcVerifying"]

PROOF: Final = "proof"
ASKABLE: Final[Mapping[str, str]] = {
    PROOF: "signature",
    "validity": "time",
    "status": "not_revoked",
    "credentialStatus": "not_revoked",
}
"""What `options.checks` may name -> the last check of the verifying order that belongs to it."""

SUITE_ALGORITHMS: Final = (*DEFAULT_ALGORITHMS, "ES384")
"""What test suites sign with."""

CREDENTIAL_TYPES: Final = ("VerifiableCredential", "EnvelopedVerifiableCredential")
PRESENTATION_TYPES: Final = ("VerifiablePresentation", "EnvelopedVerifiablePresentation")
PURPOSE: Final = "expectedProofPurpose"
CHALLENGE_MAX: Final = 2048
CHECKS_MAX: Final = 16


class AnybodyPolicy(TrustPolicy):
    """Trusts every issuer for every type: for test suites, whose issuers nobody can name beforehand."""

    __slots__ = ()

    def check_issuer(self, issuer: str | None, credential_types: Collection[str]) -> None:
        """Lets everybody pass."""


@dataclass(frozen=True, slots=True)
class _Options:
    challenge: str | None
    domain: str | None
    checks: tuple[str, ...]
    purpose: str | None

    @classmethod
    def read(cls, value: Any) -> _Options:
        options = read_members(value, {"challenge", "domain", "checks", PURPOSE}, what="options")
        for name in ("challenge", "domain", PURPOSE):
            text = options.get(name, "x")
            if not isinstance(text, str) or not 0 < len(text) <= CHALLENGE_MAX:
                raise MalformedError("malformed", f"expected {name} to be text")
        checks = options.get("checks", [])
        known = isinstance(checks, list) and len(checks) <= CHECKS_MAX
        if not known or not all(isinstance(check, str) and check in ASKABLE for check in checks):
            raise MalformedError("malformed", f"expected checks to be some of {', '.join(ASKABLE)}")
        return cls(options.get("challenge"), options.get("domain"), tuple(checks), options.get(PURPOSE))

    def check_purpose(self, purpose: str) -> None:
        """Refuse a wish for another purpose than the one that such a document has."""
        if self.purpose not in (None, purpose):
            raise ProofError("proof_invalid", "expected a proof for the purpose that was asked for")

    def check_addressed(self, document: Mapping[str, Any]) -> None:
        """Refuse a credential that is not for this challenge and domain, where they were given.

        Credentials are made for no verifier, as a rule: who names a challenge
        wants a proof that has it (Data Integrity 1.0, section 4.4, steps 6 and 7).
        """
        if self.challenge is None and self.domain is None:
            return
        for proof in split_proofs(document)[1]:
            if self.challenge is not None and proof.get("challenge") != self.challenge:
                raise ProofError("challenge_mismatch", "expected the challenge of this request")
            if self.domain is not None and proof.get("domain") not in (self.domain, [self.domain]):
                raise ProofError("domain_mismatch", "expected the domain of this request, and no other")

    def excuses(self, err: TrustidError) -> bool:
        """Whether everything that was asked for held before this check did not."""
        if not self.checks or not err.checks:
            return False
        last = max(CHECK_NAMES.index(ASKABLE[check]) for check in self.checks)
        return CHECK_NAMES.index(err.checks[-1].name) > last


class VcVerifying:
    """Checks what the VC API brings.

    Args:
        policy: Whom and what to trust.
        sources: Where DIDs, keys and status lists come from.
        clock: The time.
    """

    def __init__(self, *, policy: TrustPolicy, sources: Sources, clock: Clock) -> None:
        self._policy = policy
        self._sources = sources
        self._clock = clock

    def credential(self, body: Any) -> JsonObject:
        """Answer POST /credentials/verify.

        Args:
            body: `{"verifiableCredential": {...}, "options": {"checks": [...]}}`; the options
                may name a challenge, a domain and the `expectedProofPurpose` too.

        Returns:
            The answer with status 200; its `errors` are empty.

        Raises:
            TrustidError: The code of the first check that did not hold, for an answer with status 400.

        Reference:
            VC API 0.3, section 3.4.1; VC Data Model 2.0, section 7.1.
        """
        request = read_members(body, {"verifiableCredential", "options"}, what="the request")
        options = _Options.read(request.get("options", {}))
        document = _document(request.get("verifiableCredential"), CREDENTIAL_TYPES)
        options.check_purpose("assertionMethod")
        warnings = self._credential(document, options)
        options.check_addressed(document)
        return _answer(options, warnings)

    def presentation(self, body: Any) -> JsonObject:
        """Answer POST /presentations/verify.

        The credentials come first, then the holder: only the holder whom a
        trusted issuer named leads to a connection.

        Args:
            body: `{"verifiablePresentation": {...}, "options": {"challenge", "domain", "checks"}}`;
                in an envelope or with a proof inside, and so each credential in it.

        Returns:
            The answer with status 200; its `errors` are empty.

        Raises:
            TrustidError: As `credential`; `challenge_mismatch`, `domain_mismatch`, `holder_mismatch`.

        Reference:
            VC API 0.3, section 3.4.2; VC Data Model 2.0, sections 4.13 and 7.1.
        """
        request = read_members(body, {"verifiablePresentation", "options"}, what="the request")
        options = _Options.read(request.get("options", {}))
        document = _document(request.get("verifiablePresentation"), PRESENTATION_TYPES)
        options.check_purpose("authentication")
        presenter = open_presentation(document)
        if presenter is None:
            raise MalformedError("malformed", "expected a presentation")
        warnings: list[JsonObject] = []
        for credential in presenter.credentials:
            warnings += self._credential(credential, options)
        others = not _about_the_signer(presenter)
        if others and self._policy.require_key_binding:
            raise HolderBindingError("holder_mismatch", "expected every credential to be about the holder")
        asked = AskedFor(options.domain, options.challenge)
        key = presenter.check(asked, self._policy, self._sources, self._clock())
        bound = [holders_key(credential) for credential in presenter.credentials]
        if any(one is not None and one != key.thumbprint() for one in bound):
            raise HolderBindingError("holder_mismatch", "expected the key that each credential is bound to")
        if others:
            warnings.append(problem_details(HolderBindingError("holder_mismatch")))
        return _answer(options, warnings)

    def _credential(self, document: str | JsonObject, options: _Options) -> list[JsonObject]:
        """Check one credential; gives back warnings."""
        try:
            verify_presentation(
                document,
                policy=replace(self._policy, require_key_binding=False),
                sources=self._sources,
                now=self._clock(),
            )
        except TrustidError as err:
            if options.excuses(err):
                return [problem_details(err)]
            raise
        return []


def _about_the_signer(presenter: Presenter) -> bool:
    """Whether there is a credential, and each is about the one who made every proof.

    Decided before anything of the holder is resolved, when the issuers' signatures hold.
    """
    signers = presenter.signers()
    about = [subjects_of(credential) for credential in presenter.credentials]
    return bool(about) and all(one == signers for one in about)


def _document(value: Any, wanted: Collection[str]) -> JsonObject:
    if not isinstance(value, dict):
        raise MalformedError("malformed", "expected an object")
    types = value.get("type")
    if not any(name in wanted for name in (types if isinstance(types, list) else [types])):
        raise MalformedError("malformed", f"expected the type {' or '.join(wanted)}")
    return value


def _answer(options: _Options, warnings: list[JsonObject]) -> JsonObject:
    return {
        "verified": True,
        "checks": list(options.checks or (PROOF, "validity", "status")),
        "warnings": warnings,
        "errors": [],
        "problemDetails": warnings,
    }
