"""The cryptosuite ecdsa-sd-2023: the holder shows some of what the issuer stated.

The issuer signs what is mandatory together with a fresh key, and with that key
each other statement by itself (the base proof). The holder takes the
signatures of what it keeps back away (the derived proof). P-256 only.

Derived proofs of one credential carry the same signatures and labels, so that
verifiers can link them; only what was kept back stays unknown.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, sections 3.4 to 3.6.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid.credentials.data_integrity.ecdsa_sd_proof_value import (
    HMAC_KEY_BYTES,
    BaseProofValue,
    DerivedProofValue,
    is_base,
)
from trustid.credentials.data_integrity.proof import Creator, check_options, split_proofs
from trustid.credentials.data_integrity.selection import check_pointers, select
from trustid.credentials.data_integrity.statements import Statements, relabel
from trustid.credentials.json_ld import Contexts, canonical_labels, nquads_lines
from trustid.encoding import JsonObject, sha256
from trustid.errors import MalformedError, ProofError, SignatureError
from trustid.keys import P256PublicKey, P256SigningKey, PublicKey, SigningKey

__all__ = [
    "CRYPTOSUITE",
    "create",
    "create_base",
    "derive",
    "essential_pointers",
    "selective_creator",
    "verify",
]

CRYPTOSUITE: Final = "ecdsa-sd-2023"

ALGORITHM: Final = "ES256"
_ESSENTIAL: Final = (
    "issuer",
    "validFrom",
    "validUntil",
    "credentialStatus",
    "credentialSchema",
    "termsOfUse",
)
"""What a verifier goes by: kept back, an expired or revoked credential would look as good as any."""


def create(document: Mapping[str, Any], options: Mapping[str, Any], key: SigningKey) -> JsonObject:
    """Make a base proof from which the holder can keep back all but `essential_pointers`.

    As `create_base`.
    """
    return selective_creator(())(document, options, key)


def selective_creator(pointers: Sequence[str]) -> Creator:
    """Makes base proofs from which the holder can keep back all but these and `essential_pointers`."""

    def creator(document: Mapping[str, Any], options: Mapping[str, Any], key: SigningKey) -> JsonObject:
        mandatory = dict.fromkeys((*essential_pointers(document), *pointers))
        return create_base(document, options, key, mandatory_pointers=tuple(mandatory))

    return creator


def essential_pointers(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Pointers to what no holder should be able to keep back: issuer, validity, status, and about whom it is.

    Example:
        >>> essential_pointers({"issuer": "did:web:a.example", "credentialSubject": {"id": "urn:x", "a": 1}})
        ('/issuer', '/credentialSubject/id')
    """
    found = [f"/{name}" for name in _ESSENTIAL if name in document]
    subjects = document.get("credentialSubject")
    if isinstance(subjects, Mapping) and "id" in subjects:
        found.append("/credentialSubject/id")
    elif isinstance(subjects, list):
        for place, subject in enumerate(subjects):
            if isinstance(subject, Mapping) and "id" in subject:
                found.append(f"/credentialSubject/{place}/id")
    return tuple(found)


def create_base(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    key: SigningKey,
    *,
    mandatory_pointers: Sequence[str],
    contexts: Contexts | None = None,
) -> JsonObject:
    """Make a base proof, for the holder's eyes only.

    Args:
        document: The document, without the proof to be made.
        options: As `ecdsa_rdfc_2019.create`.
        key: A P-256 key, the one that `verificationMethod` names.
        mandatory_pointers: JSON pointers to what the holder may not keep
            back; exactly these. See `essential_pointers`.
        contexts: The bundled ones if none are given.

    Returns:
        The proof, to be put into the document as `proof`.

    Raises:
        ProofError: proof_invalid: an option is missing, or the key is of another kind.
        MalformedError: A pointer leads nowhere; what `Contexts.skolemize` raises.
        UnsupportedError, LimitExceededError: As those.

    Cost:
        One signature for each statement that may be kept back, some 40 microseconds each.

    Reference:
        Section 3.6.1.
    """
    return create_base_derand(
        document,
        options,
        key,
        mandatory_pointers=mandatory_pointers,
        contexts=contexts or Contexts.bundled(),
        hmac_key=secrets.token_bytes(HMAC_KEY_BYTES),
        proof_key=P256SigningKey.generate(),
    )


def create_base_derand(
    document: Mapping[str, Any],
    options: Mapping[str, Any],
    key: SigningKey,
    *,
    mandatory_pointers: Sequence[str],
    contexts: Contexts,
    hmac_key: bytes,
    proof_key: P256SigningKey,
) -> JsonObject:
    """As `create_base`, with the secrets that it makes: each may be used once."""
    if key.algorithm != ALGORITHM:
        raise ProofError("proof_invalid", "expected a P-256 key")
    proof: JsonObject = {"type": "DataIntegrityProof", "cryptosuite": CRYPTOSUITE, **options}
    proof.pop("proofValue", None)
    _check(proof)
    pointers = check_pointers(list(mandatory_pointers))
    statements = Statements.of(document, hmac_key, contexts)
    mandatory = frozenset(statements.select(pointers).indexes)
    public_key = P256PublicKey.multicodec + proof_key.public_key.to_bytes()
    signed = _signed(proof, document, public_key, [statements.lines[i] for i in sorted(mandatory)], contexts)
    value = BaseProofValue(
        base_signature=key.sign(signed),
        public_key=public_key,
        hmac_key=hmac_key,
        signatures=tuple(
            proof_key.sign(line.encode())
            for index, line in enumerate(statements.lines)
            if index not in mandatory
        ),
        mandatory_pointers=pointers,
    )
    return {**proof, "proofValue": value.to_text()}


def derive(
    document: Mapping[str, Any], pointers: Sequence[str], *, contexts: Contexts | None = None
) -> JsonObject:
    """Show some of a document: what is mandatory, and what was selected.

    Args:
        document: A document with one base proof of this cryptosuite; other
            proofs in it are left out, since they cover all of it.
        pointers: JSON pointers to what shall be shown beside what is mandatory.
        contexts: The bundled ones if none are given.

    Returns:
        The part of the document, with a derived proof.

    Raises:
        ProofError: proof_invalid: not one base proof, or one that does not fit the document.
        MalformedError: A pointer leads nowhere, or there is nothing to show.
        TrustidError: What `Contexts.skolemize` raises.

    Cost:
        Four times that of reading the document; no signature.

    Reference:
        Sections 3.5.4 and 3.6.6.
    """
    contexts = contexts or Contexts.bundled()
    unsecured, proof = _base_proof(document)
    base = BaseProofValue.parse(proof["proofValue"])
    selective = check_pointers(list(pointers))
    combined = check_pointers([*base.mandatory_pointers, *selective])
    if not combined:
        raise MalformedError("malformed", "expected a JSON pointer, since nothing is mandatory")
    statements = Statements.of(unsecured, base.hmac_key, contexts)
    mandatory = frozenset(statements.select(base.mandatory_pointers).indexes)
    others = [index for index in range(len(statements.lines)) if index not in mandatory]
    if len(others) != len(base.signatures):
        raise ProofError("proof_invalid", "expected a signature for each statement that may be kept back")
    shown = statements.select(combined)
    wanted = frozenset(shown.indexes)
    labels = canonical_labels(shown.nquads)
    value = DerivedProofValue(
        base_signature=base.base_signature,
        public_key=base.public_key,
        signatures=tuple(
            signature for index, signature in zip(others, base.signatures, strict=True) if index in wanted
        ),
        labels={canonical: statements.labels[label] for label, canonical in labels.items()},
        mandatory_indexes=tuple(place for place, index in enumerate(shown.indexes) if index in mandatory),
    )
    return {**select(unsecured, combined), "proof": {**proof, "proofValue": value.to_text()}}


def verify(
    document: Mapping[str, Any],
    proof: Mapping[str, Any],
    key: PublicKey,
    *,
    contexts: Contexts | None = None,
) -> None:
    """Check that a key signed all that this document says, with these options.

    A base proof is refused: it was not made for verifiers. Purpose, time,
    challenge and the owner of the key are for `data_integrity.proof` to check.

    Args:
        document: The document without its proof.
        proof: The derived proof.
        key: The key that its verification method stands for.
        contexts: The bundled ones if none are given.

    Raises:
        ProofError: proof_invalid.
        TrustidError: What `Contexts.canonicalize` raises.

    Cost:
        One signature, and one for each statement that could have been kept
        back; at most `MAX_STATEMENTS`, some 90 microseconds each.

    Reference:
        Sections 3.5.9 and 3.6.7.
    """
    _check(proof)
    if key.algorithm != ALGORITHM:
        raise ProofError("proof_invalid", "expected a P-256 key")
    contexts = contexts or Contexts.bundled()
    value = DerivedProofValue.parse(proof.get("proofValue"))
    lines = _relabelled(contexts.canonicalize(document), value.labels)
    mandatory = frozenset(value.mandatory_indexes)
    others = [line for index, line in enumerate(lines) if index not in mandatory]
    if not mandatory <= frozenset(range(len(lines))) or len(others) != len(value.signatures):
        raise ProofError("proof_invalid", "expected a signature for each statement that is not mandatory")
    signed = _signed(proof, document, value.public_key, [lines[i] for i in value.mandatory_indexes], contexts)
    try:
        key.verify(value.base_signature, signed)
        once = _proof_key(value.public_key)
        for line, signature in zip(others, value.signatures, strict=True):
            once.verify(signature, line.encode())
    except SignatureError as err:
        raise ProofError("proof_invalid", "expected a signature over each statement and the options") from err


def _check(proof: Mapping[str, Any]) -> None:
    check_options(proof)
    if proof["cryptosuite"] != CRYPTOSUITE or "@context" in proof:
        raise ProofError("proof_invalid", f"expected the cryptosuite {CRYPTOSUITE} and no @context")


def _signed(
    proof: Mapping[str, Any],
    document: Mapping[str, Any],
    public_key: bytes,
    mandatory: Sequence[str],
    contexts: Contexts,
) -> bytes:
    """What the issuer signs (section 3.5.1)."""
    configuration = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in document:
        configuration["@context"] = document["@context"]
    proof_hash = sha256(contexts.canonicalize(configuration))
    return proof_hash + public_key + sha256("".join(mandatory).encode())


def _base_proof(document: Mapping[str, Any]) -> tuple[JsonObject, JsonObject]:
    unsecured, proofs = split_proofs(document)
    found = [
        proof
        for proof in proofs
        if proof.get("cryptosuite") == CRYPTOSUITE and is_base(proof.get("proofValue"))
    ]
    if len(found) != 1:
        raise ProofError("proof_invalid", f"expected one base proof of {CRYPTOSUITE}")
    _check(found[0])
    return unsecured, found[0]


def _relabelled(canonical: bytes, labels: Mapping[str, str]) -> list[str]:
    try:
        lines = sorted(relabel(line, labels) for line in nquads_lines(canonical))
    except MalformedError as err:
        raise ProofError("proof_invalid", err.message) from err
    named = {node for line in lines for node in line.split(" ")[:3] if node.startswith("_:")}
    if len(named) != len(labels):
        raise ProofError("proof_invalid", "expected labels for the nodes of this document only")
    return lines


def _proof_key(data: bytes) -> P256PublicKey:
    prefix = P256PublicKey.multicodec
    try:
        if not data.startswith(prefix):
            raise MalformedError("key_invalid", "expected a P-256 key")
        return P256PublicKey.from_bytes(data[len(prefix) :])
    except MalformedError as err:
        raise ProofError("proof_invalid", "expected a P-256 key in proofValue") from err
