"""Proofs in a document: what they claim, and whether that is what is wanted.

`verify_document` is the one way in: it checks every proof of a document, in
the order options, purpose, time, challenge, domain, key, signature. One proof
that does not hold refuses the document.

Reference:
    W3C Verifiable Credential Data Integrity 1.0, sections 2.1 and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from trustid.credentials.model_values import check_url, parse_datetime
from trustid.encoding import JsonObject
from trustid.errors import MalformedError, ProofError, SignatureError, TrustError
from trustid.keys import PublicKey, SigningKey

__all__ = [
    "MAX_PROOFS",
    "Creator",
    "Expectation",
    "KeyResolver",
    "Verifier",
    "VerifiedDocument",
    "check_options",
    "check_proof",
    "split_proofs",
    "verify_document",
]

MAX_PROOFS: Final = 16
"""How many proofs one document may carry."""

SKEW_SECONDS: Final = 60
"""How far two clocks may differ."""


class ResolvedMethod(Protocol):
    """A verification method: its id, the identifier that controls it, its key."""

    @property
    def id(self) -> str:
        """The DID URL."""

    @property
    def controller(self) -> str:
        """The DID."""

    @property
    def public_key(self) -> PublicKey:
        """The key."""


class KeyResolver(Protocol):
    """Finds verification methods; `did.resolver.Resolver` is one."""

    def verification_method(self, did_url: str, relationship: str, /) -> ResolvedMethod:
        """The method, if its document lists it for this relationship."""


Creator = Callable[[Mapping[str, Any], Mapping[str, Any], SigningKey], JsonObject]
"""Makes a proof for a document, with options and a key; one for each cryptosuite."""

Verifier = Callable[[Mapping[str, Any], Mapping[str, Any], PublicKey], None]
"""Checks a document without its proof, a proof and a key, and raises; one for each cryptosuite."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a proof must claim to be of use here.

    Attributes:
        purpose: "assertionMethod" for credentials, "authentication" for presentations.
        now: An aware time.
        challenge: What the verifier asked for, if it asked.
        domain: What the verifier calls itself, if it said so.
        controller: Whose proof it must be, if that is known.
        skew_seconds: How far the signer's clock may be off.
    """

    purpose: str
    now: datetime
    challenge: str | None = None
    domain: str | None = None
    controller: str | None = None
    skew_seconds: int = SKEW_SECONDS


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """A document whose every proof holds.

    Attributes:
        document: The document without its proofs.
        controllers: Who made each proof, in the order of the proofs.
    """

    document: JsonObject = field(repr=False)
    controllers: tuple[str, ...]


def verify_document(
    document: Mapping[str, Any],
    *,
    resolver: KeyResolver,
    suites: Mapping[str, Verifier],
    expected: Expectation,
) -> VerifiedDocument:
    """Check every proof of a document, sets and chains of proofs included.

    Args:
        document: The secured document.
        resolver: Finds keys, and knows what they may be used for.
        suites: The cryptosuites allowed, by name.
        expected: What each proof must claim.

    Raises:
        ProofError: proof_invalid, challenge_mismatch, domain_mismatch.
        TrustidError: What the resolver raises where a DID cannot be resolved.

    Cost:
        One resolution and one signature for each proof; at most `MAX_PROOFS`.

    Reference:
        Sections 4.4 and 4.5.
    """
    unsecured, proofs = split_proofs(document)
    controllers = []
    for proof in proofs:
        check_proof(proof, expected)
        verifier = suites.get(proof["cryptosuite"])
        if verifier is None:
            raise ProofError("proof_invalid", "expected a cryptosuite that is allowed here")
        method = _method(proof, resolver, expected)
        earlier = _previous(proof, proofs)
        verifier({**unsecured, "proof": earlier} if earlier else unsecured, proof, method.public_key)
        controllers.append(method.controller)
    return VerifiedDocument(unsecured, tuple(controllers))


def split_proofs(document: Mapping[str, Any]) -> tuple[JsonObject, list[JsonObject]]:
    """Take a document and its proofs apart.

    Raises:
        ProofError: proof_invalid: there is none, or too many, or one is no object.
    """
    unsecured = dict(document)
    found = unsecured.pop("proof", None)
    proofs = found if type(found) is list else [found]
    if not proofs or len(proofs) > MAX_PROOFS or not all(type(proof) is dict for proof in proofs):
        raise ProofError("proof_invalid", f"expected 1 to {MAX_PROOFS} proofs")
    return unsecured, proofs


def check_options(proof: Mapping[str, Any]) -> None:
    """Check that a proof's members are there and of their types.

    Raises:
        ProofError: proof_invalid.

    Reference:
        Section 2.1.
    """
    if proof.get("type") != "DataIntegrityProof" or type(proof.get("cryptosuite")) is not str:
        raise ProofError("proof_invalid", "expected a DataIntegrityProof with a cryptosuite")
    try:
        check_url(proof.get("verificationMethod"), "verificationMethod")
        if "id" in proof:
            check_url(proof["id"], "id")
        for name in ("created", "expires"):
            if name in proof:
                parse_datetime(proof[name], name)
    except MalformedError as err:
        raise ProofError("proof_invalid", err.message) from err
    for name in ("proofPurpose", "challenge", "nonce"):
        if type(proof.get(name, "")) is not str:
            raise ProofError("proof_invalid", f"expected {name} to be text")
    if not proof.get("proofPurpose"):
        raise ProofError("proof_invalid", "expected a proofPurpose")


def check_proof(proof: Mapping[str, Any], expected: Expectation) -> None:
    """Check what a proof says of itself: purpose, time, challenge and domain.

    Raises:
        ProofError: proof_invalid, challenge_mismatch, domain_mismatch.

    Reference:
        Section 4.4, steps 3 to 8.
    """
    check_options(proof)
    if proof["proofPurpose"] != expected.purpose:
        raise ProofError("proof_invalid", f"expected a proof for {expected.purpose}")
    if "created" in proof:
        ahead = (parse_datetime(proof["created"], "created") - expected.now).total_seconds()
        if ahead > expected.skew_seconds:
            raise ProofError("proof_invalid", "expected a proof that was made before now")
    if "expires" in proof:
        late = (expected.now - parse_datetime(proof["expires"], "expires")).total_seconds()
        if late >= expected.skew_seconds:
            raise ProofError("proof_invalid", "expected a proof that has not expired")
    if expected.challenge is not None and proof.get("challenge") != expected.challenge:
        raise ProofError("challenge_mismatch", "expected the challenge of this request")
    if expected.domain is not None and _domains(proof.get("domain")) != [expected.domain]:
        raise ProofError("domain_mismatch", "expected the domain of this verifier, and no other")


def _domains(value: object) -> list[object]:
    # A proof that is good for two verifiers can be carried from one to the other.
    return value if type(value) is list else [value]


def _method(proof: Mapping[str, Any], resolver: KeyResolver, expected: Expectation) -> ResolvedMethod:
    try:
        method = resolver.verification_method(proof["verificationMethod"], expected.purpose)
    except (TrustError, SignatureError) as err:
        raise ProofError("proof_invalid", "expected a key that its owner lists for this purpose") from err
    if method.id != proof["verificationMethod"] or method.id.partition("#")[0] != method.controller:
        raise ProofError("proof_invalid", "expected a verification method of its own controller")
    if expected.controller is not None and method.controller != expected.controller:
        raise ProofError("proof_invalid", "expected a proof by the party that the document names")
    return method


def _previous(proof: Mapping[str, Any], proofs: Sequence[JsonObject]) -> list[JsonObject]:
    """The proofs that this one was made after, and covers (section 4.5)."""
    if "previousProof" not in proof:
        return []
    wanted = proof["previousProof"]
    names = wanted if type(wanted) is list else [wanted]
    if not names:
        raise ProofError("proof_invalid", "expected previousProof to name a proof")
    found = [other for other in proofs if other is not proof and other.get("id") in names]
    if len({other["id"] for other in found}) != len(names) or len(found) != len(names):
        raise ProofError("proof_invalid", "expected each previous proof once in the document")
    return found
