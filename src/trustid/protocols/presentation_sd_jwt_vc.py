"""SD-JWT VC as a presentation: what each step of the verifying order means for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trustid.credentials.disclosed_claims import hash_algorithm
from trustid.credentials.disclosure import DIGEST_KEY, DIGESTS_KEY, RESERVED_NAMES, Disclosure, digests_of
from trustid.credentials.issuer_keys import IssuerKeySource, X5cSource, key_source
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.encoding import JsonObject, b64url_encode, sha256
from trustid.errors import HolderBindingError, StatusUnknownError, TrustError, TrustidError
from trustid.keys import PublicKey
from trustid.protocols.claims_path import UNDISCLOSED, Path
from trustid.protocols.dcql import CredentialView
from trustid.protocols.finding_keys import ListKeys, certified_key, certified_name, published_key
from trustid.protocols.presentation import LINKABLE_BY_SIGNATURE, Expected, Membership, Sources
from trustid.protocols.trust import TrustPolicy
from trustid.status.accumulator_entry import ACCUMULATOR, STATUS_LIST, STATUS_PROOF, credential_hash
from trustid.status.check import KeyOf

__all__ = ["PresentedSdJwtVc", "disclosed_paths", "key_binding_membership"]


@dataclass(slots=True)
class PresentedSdJwtVc:
    """See `trustid.protocols.presentation.Presented`."""

    credential: SdJwtVc
    source: IssuerKeySource
    format: str = "dc+sd-jwt"
    issuer: str = ""
    subject: str | None = None
    linkability: str = LINKABLE_BY_SIGNATURE
    holder_key_thumbprint: str | None = None
    _certified_key: PublicKey | None = None
    _key: PublicKey | None = None
    _trusted_types: tuple[str, ...] = field(default=())

    @classmethod
    def read(cls, text: str) -> PresentedSdJwtVc:
        """Read an SD-JWT VC, with or without key binding."""
        return cls.of(SdJwt.parse(text))

    @classmethod
    def of(cls, presented: SdJwt) -> PresentedSdJwtVc:
        """Look at an SD-JWT as an SD-JWT VC."""
        credential = SdJwtVc.of(presented)
        return cls(credential, credential.key_source())

    @property
    def credential_type(self) -> str:
        """The vct."""
        return self.credential.vct

    def check_trust(self, policy: TrustPolicy, now: int) -> None:
        """Trust by certificate where the policy has an anchor for the type, otherwise by name.

        A credential may carry further types (`aka_vcts`); it counts as one
        only if the issuer is trusted for that type as well.
        """
        credential = self.credential
        if isinstance(self.source, X5cSource) and policy.anchors_for(credential.vct):
            self.issuer = credential.issuer or certified_name(self.source)
            self._certified_key = self._check_certified(self.source, credential.vct, policy, now)
        else:
            policy.check_issuer(credential.issuer, [credential.vct])
            self.issuer = credential.issuer or ""
            if isinstance(self.source, X5cSource):
                # Trusted by name: then the key comes from where that name leads, not from the chain.
                header = credential.sd_jwt.issuer_jwt.header
                self.source = key_source(
                    {name: header[name] for name in ("kid",) if name in header}, self.issuer
                )
        self._trusted_types = tuple(
            vct
            for vct in sorted(credential.types)
            if vct == credential.vct or self._is_trusted_for(vct, policy, now)
        )

    def _check_certified(self, source: X5cSource, vct: str, policy: TrustPolicy, now: int) -> PublicKey:
        key = certified_key(source, policy.anchors_for(vct), now)
        if policy.names_issuers(vct):
            # An authority may certify many; where issuers are named as well, both must fit.
            policy.check_issuer(self.issuer, [vct])
        return key

    def _is_trusted_for(self, vct: str, policy: TrustPolicy, now: int) -> bool:
        try:
            if isinstance(self.source, X5cSource):
                self._check_certified(self.source, vct, policy, now)
            else:
                policy.check_issuer(self.issuer, [vct])
        except TrustError:
            return False
        return True

    def find_key(self, sources: Sources) -> PublicKey:
        """The certified key, the key in the issuer's metadata, or the key in its DID document."""
        self._key = self._certified_key or published_key(self.source, sources)
        return self._key

    def check_signature(self, key: PublicKey, policy: TrustPolicy, now: int) -> JsonObject:  # noqa: ARG002
        """Signature and type of the token, and every rule about disclosures."""
        self.credential.verify(key, algorithms=policy.algorithms)
        claims = self.credential.claims()
        subject = claims.get("sub")
        self.subject = subject if isinstance(subject, str) else None
        return claims

    def check_time(self, policy: TrustPolicy, now: int) -> None:
        """`nbf` and `exp`."""
        self.credential.check_time(now, policy.clock_skew_seconds)

    def status_reference(self) -> JsonObject | None:
        """The claim `status`."""
        status = self.credential.status
        if status is None:
            return None
        if STATUS_LIST in status:
            return status
        if ACCUMULATOR not in status:
            raise StatusUnknownError(
                "status_unsupported", f"expected a status of the kind {STATUS_LIST} or {ACCUMULATOR}"
            )
        return None

    def membership(self) -> Membership | None:
        """The member `accumulator` of the claim `status`, and the proof in the key binding JWT."""
        status = self.credential.status
        if status is None or ACCUMULATOR not in status:
            return None
        return key_binding_membership(self.credential.sd_jwt, status[ACCUMULATOR])

    def list_keys(self, policy: TrustPolicy, sources: Sources) -> KeyOf:
        """The keys of the same issuer; see `ListKeys`."""
        anchors = policy.anchors_for(self.credential.vct)
        return ListKeys(self.source, self.issuer, self._key, anchors, sources)

    def check_holder(
        self,
        policy: TrustPolicy,
        sources: Sources,  # noqa: ARG002
        now: int,
        expected: Expected | None,
        *,
        required: bool,
    ) -> bool:
        """The key binding JWT. Whether one is needed never depends on whether one was sent."""
        present = self.credential.sd_jwt.key_binding is not None
        if not required and (not present or expected is None):
            self.holder_key_thumbprint = self._thumbprint_if_readable()
            return False
        if expected is None:
            raise HolderBindingError(
                "kb_required", "no request was given that the holder could have answered"
            )
        self.credential.check_key_binding(
            audience=expected.audience,
            nonce=expected.nonce,
            now=now,
            max_age_seconds=policy.key_binding_max_age_seconds,
            skew_seconds=policy.clock_skew_seconds,
            algorithms=policy.algorithms,
        )
        self.holder_key_thumbprint = self._thumbprint_if_readable()
        return True

    def _thumbprint_if_readable(self) -> str | None:
        """The holder's key for those who want to know; a key that nobody asked about refuses nothing."""
        try:
            key = self.credential.holder_key
        except TrustidError:
            return None
        return None if key is None else key.thumbprint()

    def view(self, *, holder_bound: bool) -> CredentialView:
        """The claims in place, with the paths that were disclosed."""
        sd_jwt = self.credential.sd_jwt
        claims, disclosed = disclosed_paths(sd_jwt)
        return CredentialView(
            id=b64url_encode(sha256(sd_jwt.presentation_text.partition("~")[0].encode("ascii"))),
            format=self.format,
            credential_types=self._trusted_types,
            claims=claims,
            disclosed=disclosed,
            holder_bound=holder_bound,
        )


def key_binding_membership(sd_jwt: SdJwt, entry: Any) -> Membership:
    """A slot whose proof travels in the key binding JWT, whose signature is checked later."""
    binding = sd_jwt.key_binding
    proof = None if binding is None else binding.claims().get(STATUS_PROOF)
    return Membership(entry, proof, credential_hash(sd_jwt.issuer_jwt.compact()))


def disclosed_paths(sd_jwt: SdJwt) -> tuple[JsonObject, tuple[Path, ...]]:
    """The claims with every array element in its original place, and where disclosures went.

    `SdJwt.claims` leaves out hidden array elements, which moves the ones
    behind them; a claims path with an index counts in the whole credential,
    as the holder sees it. Call it only after `SdJwt.claims` has accepted the
    disclosures: no rule is checked here again.
    """
    payload = sd_jwt.payload
    texts = [disclosure.text for disclosure in sd_jwt.disclosures]
    known = dict(zip(digests_of(texts, hash_algorithm(payload)), sd_jwt.disclosures, strict=True))
    paths: list[Path] = []
    return _opened(payload, (), known, paths), tuple(paths)


def _opened(value: Any, path: Path, known: dict[str, Disclosure], paths: list[Path]) -> Any:
    if isinstance(value, list):
        return [_opened_element(element, (*path, index), known, paths) for index, element in enumerate(value)]
    if not isinstance(value, dict):
        return value
    opened = {
        name: _opened(inner, (*path, name), known, paths)
        for name, inner in value.items()
        if name not in RESERVED_NAMES
    }
    for digest in value.get(DIGESTS_KEY, ()):
        disclosure = known.get(digest)
        if disclosure is not None and disclosure.name is not None:
            place = (*path, disclosure.name)
            paths.append(place)
            opened[disclosure.name] = _opened(disclosure.value, place, known, paths)
    return opened


def _opened_element(element: Any, path: Path, known: dict[str, Disclosure], paths: list[Path]) -> Any:
    if not isinstance(element, dict) or DIGEST_KEY not in element:
        return _opened(element, path, known, paths)
    disclosure = known.get(element[DIGEST_KEY])
    if disclosure is None:
        return UNDISCLOSED
    paths.append(path)
    return _opened(disclosure.value, path, known, paths)
