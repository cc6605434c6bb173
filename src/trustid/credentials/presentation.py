"""Credentials and presentations of the W3C data model, with a proof inside.

A credential is proved for `assertionMethod` by its issuer, a presentation for
`authentication` by its holder, who answers one verifier's challenge. A
presentation is only as good as every credential in it.

Reference:
    W3C Verifiable Credentials Data Model 2.0, sections 4.13 and 7.1; W3C
    Verifiable Credential Data Integrity 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trustid.credentials.data_integrity import (
    SUITES,
    Creator,
    Expectation,
    KeyResolver,
    Verifier,
    eddsa_jcs_2022,
    verify_document,
)
from trustid.credentials.json_ld import OWN_CONTEXT
from trustid.credentials.model import V2_CONTEXT, Credential, Presentation
from trustid.encoding import JsonObject
from trustid.errors import HolderBindingError, MalformedError, ProofError, TrustError
from trustid.keys import SigningKey

__all__ = [
    "VerifiedPresentation",
    "check_subjects",
    "issue_credential",
    "make_presentation",
    "verify_credential",
    "verify_presentation",
]


@dataclass(frozen=True, slots=True)
class VerifiedPresentation:
    """A presentation whose proof, and that of every credential in it, holds.

    Attributes:
        holder: The DID that answered the challenge.
        credentials: The credentials, without their proofs.
    """

    holder: str = field(repr=False)
    credentials: tuple[Credential, ...]


def issue_credential(
    credential: Mapping[str, Any],
    *,
    key: SigningKey,
    verification_method: str,
    created: datetime,
    create: Creator = eddsa_jcs_2022.create,
) -> JsonObject:
    """Secure a credential.

    Args:
        credential: A credential of version 2.0 without proof.
        key: The issuer's key, of a kind that the cryptosuite signs with.
        verification_method: The DID URL of that key.
        created: Now.
        create: The cryptosuite, one of `data_integrity.CREATORS`.

    Raises:
        MalformedError: It is no credential of version 2.0, or has a proof already.
        TrustError: issuer_mismatch: the key belongs to another than its issuer.
    """
    view = Credential.read(credential)
    if view.version != "2.0" or "proof" in credential:
        raise MalformedError("malformed", "expected a credential of version 2.0 without a proof")
    if verification_method.partition("#")[0] != view.issuer:
        raise TrustError("issuer_mismatch", "expected a key of the issuer")
    options = {
        "created": _timestamp(created),
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    return {**credential, "proof": create(credential, options, key)}


def verify_credential(
    credential: Mapping[str, Any],
    *,
    resolver: KeyResolver,
    now: datetime,
    suites: Mapping[str, Verifier] = SUITES,
) -> Credential:
    """Check a credential's form, that its issuer signed it, and that it holds now.

    Whether the issuer is trusted and the status are the caller's to check.

    Raises:
        MalformedError: Its form is wrong.
        ProofError: proof_invalid.
        TrustError: issuer_mismatch: another party than its issuer proved it.
        NotYetValidError: not_yet_valid.
        ExpiredError: expired.
    """
    view = Credential.read(credential)
    verified = verify_document(
        credential, resolver=resolver, suites=suites, expected=Expectation("assertionMethod", now)
    )
    if set(verified.controllers) != {view.issuer}:
        raise TrustError("issuer_mismatch", "expected every proof to be the issuer's")
    view.check_time(now)
    return Credential.read(verified.document)


def make_presentation(
    credentials: Sequence[Mapping[str, Any]],
    *,
    key: SigningKey,
    verification_method: str,
    created: datetime,
    challenge: str,
    domain: str,
    create: Creator = eddsa_jcs_2022.create,
    status_proof: Mapping[str, Any] | None = None,
) -> JsonObject:
    """Present credentials to one verifier, once.

    Args:
        credentials: Secured credentials.
        key: The holder's key, of a kind that the cryptosuite signs with.
        verification_method: The DID URL of that key.
        created: Now.
        challenge: What the verifier asked for.
        domain: What the verifier calls itself.
        create: The cryptosuite, one of `data_integrity.CREATORS`.
        status_proof: The holder's proof that the credential was not revoked,
            from `trustid.status.proving`, to become the proof's `statusProof`.
    """
    presentation: JsonObject = {
        "@context": [V2_CONTEXT] if status_proof is None else [V2_CONTEXT, OWN_CONTEXT],
        "type": ["VerifiablePresentation"],
        "holder": verification_method.partition("#")[0],
        "verifiableCredential": [dict(credential) for credential in credentials],
    }
    Presentation.read(presentation)
    options: JsonObject = {
        "created": _timestamp(created),
        "verificationMethod": verification_method,
        "proofPurpose": "authentication",
        "challenge": challenge,
        "domain": domain,
    }
    if status_proof is not None:
        options["statusProof"] = dict(status_proof)
    return {**presentation, "proof": create(presentation, options, key)}


def verify_presentation(
    presentation: Mapping[str, Any],
    *,
    resolver: KeyResolver,
    now: datetime,
    challenge: str,
    domain: str,
    suites: Mapping[str, Verifier] = SUITES,
) -> VerifiedPresentation:
    """Check a presentation and every credential in it.

    Raises:
        MalformedError: Its form is wrong.
        ProofError: proof_invalid, also for an enveloped credential; challenge_mismatch, domain_mismatch.
        HolderBindingError: holder_mismatch: `holder` is not who proved it.
        TrustidError: Whatever `verify_credential` raises.
    """
    view = Presentation.read(presentation)
    if view.enveloped:
        raise ProofError("proof_invalid", "expected credentials with a proof inside")
    expected = Expectation("authentication", now, challenge=challenge, domain=domain)
    verified = verify_document(presentation, resolver=resolver, suites=suites, expected=expected)
    holders = set(verified.controllers)
    if len(holders) != 1 or (view.holder is not None and view.holder not in holders):
        raise HolderBindingError("holder_mismatch", "expected the holder to have made the proof")
    credentials = tuple(
        [
            verify_credential(credential.document, resolver=resolver, now=now, suites=suites)
            for credential in view.credentials
        ]
    )
    return VerifiedPresentation(verified.controllers[0], credentials)


def check_subjects(presentation: VerifiedPresentation) -> None:
    """Check that every credential is about the holder and nobody else.

    A policy: some credentials may be shown by others than their subject.

    Raises:
        HolderBindingError: holder_mismatch.
    """
    for credential in presentation.credentials:
        if set(credential.subjects) != {presentation.holder}:
            raise HolderBindingError("holder_mismatch", "expected the holder to be the subject")


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
