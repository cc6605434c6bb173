"""W3C credentials and presentations with Data Integrity proofs: the verifying order for them.

A credential, alone or in a presentation of its holder. The documents are
compared as JSON: a type counts as the term that stands there, or as the URL
that an inline context gives it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trustid.credentials.data_integrity import Expectation, verify_document
from trustid.credentials.data_integrity.proof import check_options, split_proofs
from trustid.credentials.model import PROTECTED_TERMS, Credential
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, b64url_encode, canonicalize, sha256
from trustid.errors import (
    HolderBindingError,
    ProofError,
    SignatureError,
    StatusUnknownError,
    TrustError,
)
from trustid.keys import PublicKey
from trustid.protocols.dcql import CredentialView
from trustid.protocols.presentation import LINKABLE_BY_SIGNATURE, Expected, Membership, Sources
from trustid.protocols.presenter import AskedFor, Presenter
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import ENTRY_TYPE, credential_hash
from trustid.status.check import CREDENTIAL_STATUS, KeyOf

__all__ = ["PresentedW3c", "list_keys_of"]

BASE_TYPE = "VerifiableCredential"
BASE_TYPE_URL = "https://www.w3.org/2018/credentials#VerifiableCredential"


@dataclass(slots=True)
class PresentedW3c:
    """See `trustid.protocols.presentation.Presented`."""

    credential: Credential
    presenter: Presenter | None
    format: str = "ldp_vc"
    issuer: str = ""
    subject: str | None = None
    linkability: str = LINKABLE_BY_SIGNATURE
    holder_key_thumbprint: str | None = None
    _sources: Sources | None = None
    _algorithms: frozenset[str] = frozenset()
    _trusted_types: tuple[str, ...] = ()
    _document: JsonObject = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, document: JsonObject, presenter: Presenter | None) -> PresentedW3c:
        """Read a credential, perhaps one that somebody presents.

        Raises:
            MalformedError: `malformed` or `claim_type_invalid`.
        """
        return cls(Credential.read(document), presenter)

    @property
    def subjects(self) -> frozenset[str]:
        """About whom it is."""
        return frozenset(self.credential.subjects)

    @property
    def credential_type(self) -> str:
        """The last type that is not the base type: by custom the most specific one."""
        return next((name for name in reversed(self.credential.types) if name != BASE_TYPE), BASE_TYPE)

    def check_trust(self, policy: TrustPolicy, now: int) -> None:  # noqa: ARG002
        """Trust by name; and nobody but the issuer may have made a proof.

        The credential counts only as the types that its issuer is trusted for.
        """
        issuer = self.credential.issuer
        names = _type_names(self.credential)
        policy.check_issuer(issuer, names)
        for proof in split_proofs(self.credential.document)[1]:
            check_options(proof)
            if proof["verificationMethod"].partition("#")[0] != issuer:
                raise TrustError("issuer_mismatch", "expected every proof to be the issuer's")
        self.issuer = issuer
        self._trusted_types = (
            BASE_TYPE,
            BASE_TYPE_URL,
            *(name for name in names if _trusts(policy, issuer, name)),
        )

    def find_key(self, sources: Sources) -> PublicKey:
        """The key of each proof, as the issuer's DID document lists it; the first one comes back."""
        self._sources = sources
        proofs = split_proofs(self.credential.document)[1]
        found = [
            sources.resolver.public_key(proof["verificationMethod"], "assertionMethod") for proof in proofs
        ]
        self._algorithms = frozenset(key.algorithm for key in found)
        return found[0]

    def check_signature(self, key: PublicKey, policy: TrustPolicy, now: int) -> JsonObject:
        """Every proof of the credential."""
        if not {key.algorithm, *self._algorithms} <= set(policy.algorithms):
            raise SignatureError("alg_not_allowed", "expected an algorithm that the verifier accepts")
        expected = Expectation(
            "assertionMethod", _moment(now), controller=self.issuer, skew_seconds=policy.clock_skew_seconds
        )
        self._document = self._verified(self.credential.document, expected)
        subjects = self.credential.subjects
        self.subject = subjects[0] if len(subjects) == 1 else None
        return self._document

    def _verified(self, document: Any, expected: Expectation) -> JsonObject:
        if self._sources is None:
            raise ProofError("proof_invalid", "expected the key to be found first")
        sources = self._sources
        return verify_document(
            document, resolver=sources.resolver, suites=sources.suites, expected=expected
        ).document

    def check_time(self, policy: TrustPolicy, now: int) -> None:
        """`validFrom` and `validUntil`."""
        self.credential.check_time(_moment(now), policy.clock_skew_seconds)

    def status_reference(self) -> JsonObject | None:
        """The entries of `credentialStatus`; each must be of a kind that is understood."""
        return listed_entries(self.credential)

    def membership(self) -> Membership | None:
        """The entry of that type, and the proof in the holder's proof."""
        entry = accumulator_entry(self.credential)
        if entry is None:
            return None
        shown = None if self.presenter is None else self.presenter.status_proof()
        return Membership(entry, shown, credential_hash(self.credential.document))

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:  # noqa: ARG002
        """Keys that the issuer's DID document lists for stating facts."""
        return list_keys_of(self.issuer, sources.resolver)

    def check_holder(
        self, policy: TrustPolicy, sources: Sources, now: int, expected: Expected | None, *, required: bool
    ) -> bool:
        """The presentation's proof, by the one whom the credential is about.

        The holder is compared before the holder's DID is resolved: only a DID
        that a trusted issuer signed leads to a connection.
        """
        if self.presenter is None or expected is None:
            if required:
                raise HolderBindingError("kb_required", "expected a presentation for this request")
            return False
        if self.presenter.signers() != self.subjects:
            raise HolderBindingError("holder_mismatch", "expected the holder to be the subject")
        key = self.presenter.check(AskedFor(expected.audience, expected.nonce), policy, sources, now)
        self.holder_key_thumbprint = key.thumbprint()
        return True

    def view(self, *, holder_bound: bool) -> CredentialView:
        """The whole credential: nothing of it can be held back."""
        return CredentialView(
            id=b64url_encode(sha256(canonicalize(self._document))),
            format=self.format,
            credential_types=self._trusted_types,
            claims=self._document,
            holder_bound=holder_bound,
        )


def listed_entries(credential: Credential) -> JsonObject | None:
    """The entries of `credentialStatus` that are places in lists, or None without any."""
    entries = [entry for entry in credential.status if entry.get("type") != ENTRY_TYPE]
    return {CREDENTIAL_STATUS: entries} if entries else None


def accumulator_entry(credential: Credential) -> JsonObject | None:
    """The entry of `credentialStatus` that is a slot in a registry, or None without one.

    Raises:
        StatusUnknownError: `status_malformed`: two of them.
    """
    entries = [entry for entry in credential.status if entry.get("type") == ENTRY_TYPE]
    if len(entries) > 1:
        raise StatusUnknownError("status_malformed", f"expected one entry of the type {ENTRY_TYPE}")
    return entries[0] if entries else None


def list_keys_of(issuer: str, resolver: Resolver) -> KeyOf:
    """Finds the key of a status list's proof, which must be the issuer's.

    Holds on to the issuer's name and the resolver only.
    """

    def key_of(proof: JsonObject, _now: int) -> PublicKey:
        method = proof["verificationMethod"]
        if method.partition("#")[0] != issuer:
            raise TrustError("issuer_mismatch", "expected a list that the issuer signed")
        return resolver.public_key(method, "assertionMethod")

    return key_of


def _trusts(policy: TrustPolicy, issuer: str, name: str) -> bool:
    try:
        policy.check_issuer(issuer, [name])
    except TrustError:
        return False
    return True


def _type_names(credential: Credential) -> tuple[str, ...]:
    """Every type, as the term that stands there and as the URL that an inline context gives it."""
    own = [name for name in credential.types if name not in PROTECTED_TERMS]
    contexts = credential.document["@context"]
    inline = (
        [context for context in contexts if isinstance(context, dict)] if isinstance(contexts, list) else []
    )
    urls = [_meaning(context[name]) for context in inline for name in own if name in context]
    return (*own, *(url for url in urls if url is not None))


def _meaning(definition: Any) -> str | None:
    meaning = definition.get("@id") if isinstance(definition, dict) else definition
    return meaning if isinstance(meaning, str) else None


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now, UTC)
