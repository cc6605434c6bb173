"""The older VC-JWT: a credential of version 1.1 in the claim `vc`, for wallets that know nothing newer.

Parts of the credential stand in claims of the JWT instead (iss, nbf, exp, jti,
sub). Reading puts them back; where the credential repeats one, it must say the
same, otherwise two verifiers could read two credentials out of one token.

Reference:
    Verifiable Credentials Data Model 1.1, section 6.3.1; OpenID4VCI 1.0,
    appendix A.1.1 (jwt_vc_json).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from trustid.credentials import jose
from trustid.credentials.enveloping import Lifetime, check_expected
from trustid.credentials.issuer_keys import IssuerKeySource, key_source
from trustid.credentials.jose import Jws
from trustid.credentials.key_binding import SKEW_SECONDS
from trustid.credentials.model import Credential, Presentation
from trustid.credentials.vc_jose import token_header
from trustid.encoding import JsonObject
from trustid.errors import HolderBindingError, MalformedError, TrustError
from trustid.keys import PublicKey, SigningKey

__all__ = ["JwtVcJson", "JwtVpJson", "issue_jwt_vc_json", "issue_jwt_vp_json"]

TYPS: Final = ("JWT", None)
"""The types that section 6.3.1 allows: it says JWT, where there is one at all."""

MAX_CREDENTIALS: Final = 64


def issue_jwt_vc_json(
    credential: Mapping[str, Any],
    *,
    key: SigningKey,
    kid: str | None = None,
    x5c: Sequence[str] | None = None,
) -> str:
    """Secure a credential of version 1.1 as a JWT.

    The credential stays whole in `vc`; what has a claim of its own is repeated
    there, so that verifiers of either habit find it.

    Args:
        credential: A credential of the data model 1.1; not changed.
        key: The issuer's key.
        kid: The name of the key.
        x5c: The issuer's certificates, the leaf first, the anchor left out.

    Raises:
        MalformedError: It is no such credential.

    Reference:
        Data model 1.1, section 6.3.1 (JWT encoding).
    """
    read = Credential.read(credential)
    if read.version != "1.1":
        raise MalformedError("malformed", "expected a credential of the data model 1.1")
    claims: JsonObject = {
        "iss": read.issuer,
        "nbf": _seconds(read.valid_from),
        "exp": _seconds(read.valid_until),
        "jti": credential.get("id"),
        "sub": read.subjects[0] if len(read.subjects) == 1 else None,
        "vc": dict(credential),
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    return jose.sign(token_header("JWT", None, kid=kid, x5c=x5c), claims, key)


def issue_jwt_vp_json(
    presentation: Mapping[str, Any],
    *,
    key: SigningKey,
    holder: str,
    audience: str,
    nonce: str,
    issued_at: int,
    expires_at: int,
    kid: str | None = None,
    status_proof: Mapping[str, Any] | None = None,
) -> str:
    """Secure a presentation of version 1.1 as a JWT.

    Args:
        presentation: With `verifiableCredential` a list of tokens; not changed.
        key: The holder's key.
        holder: The holder's DID, to become `iss`.
        audience: What the verifier calls itself.
        nonce: What the verifier asked for.
        issued_at: Seconds of the epoch.
        expires_at: Seconds of the epoch.
        kid: The name of the key.
        status_proof: As for `vc_jose.issue_vp_jwt`.

    Reference:
        Data model 1.1, section 6.3.1; OpenID4VP 1.0, appendix B.1.3.1.5.
    """
    _read_tokens(presentation)
    claims = {"iss": holder, "aud": audience, "nonce": nonce, "iat": issued_at, "nbf": issued_at}
    claims |= {"exp": expires_at, "vp": dict(presentation)}
    if status_proof is not None:
        claims["status_proof"] = dict(status_proof)
    return jose.sign(token_header("JWT", None, kid=kid), claims, key)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


@dataclass(frozen=True, slots=True)
class JwtVcJson:
    """An older credential, read. Its attributes are claimed, not yet verified.

    Attributes:
        jws: The token.
        document: The credential with the claims of the JWT put back.
        credential: The same, checked in form.
        lifetime: How long the token holds.
    """

    jws: Jws
    document: JsonObject = field(repr=False)
    credential: Credential
    lifetime: Lifetime

    @classmethod
    def parse(cls, token: str) -> JwtVcJson:
        """Read a jwt_vc_json.

        Raises:
            MalformedError: It cannot be read, or is no credential of version
                1.1, or a claim disagrees with the credential.
            SignatureError: A rule about the header is broken.
            TrustError: issuer_mismatch.

        Reference:
            Data model 1.1, section 6.3.1 (JWT decoding).
        """
        jws = jose.parse(token)
        claims = jws.claims()
        wrapped = claims.get("vc")
        if type(wrapped) is not dict or "vp" in claims:
            raise MalformedError("malformed", "expected the claim vc with a credential")
        lifetime = Lifetime.read(claims)
        document = _put_back(wrapped, claims, lifetime)
        credential = Credential.read(document)
        if credential.version != "1.1":
            raise MalformedError("malformed", "expected a credential of the data model 1.1")
        if claims.get("iss", credential.issuer) != credential.issuer:
            raise TrustError("issuer_mismatch", "expected iss and issuer to be the same")
        _check_dates(credential, lifetime)
        return cls(jws, document, credential, lifetime)

    def key_source(self) -> IssuerKeySource:
        """Where the issuer's key is to be found: see `issuer_keys.key_source`."""
        return key_source(self.jws.header, self.credential.issuer)

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the issuer's signature and the type of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.jws, key, algorithms=algorithms, typ=TYPS)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that token and credential both hold now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.lifetime.check(now, skew_seconds)
        self.credential.check_time(datetime.fromtimestamp(now, UTC), skew_seconds)


def _put_back(wrapped: JsonObject, claims: JsonObject, lifetime: Lifetime) -> JsonObject:
    """The credential, with the members that stand in claims of the JWT."""
    document = dict(wrapped)
    issuer, identifier, subject = claims.get("iss"), claims.get("jti"), claims.get("sub")
    if issuer is not None:
        # An issuer object without an id takes it from iss (section 6.3.1).
        given = document.get("issuer", issuer)
        document["issuer"] = {"id": issuer, **given} if isinstance(given, Mapping) else given
    if identifier is not None and document.setdefault("id", identifier) != identifier:
        raise MalformedError("malformed", "expected jti and id to be the same")
    about = document.get("credentialSubject")
    if subject is not None and isinstance(about, Mapping):
        document["credentialSubject"] = {"id": subject, **about}
        if document["credentialSubject"]["id"] != subject:
            raise MalformedError("malformed", "expected sub to be the credential's subject")
    for name, seconds in (("issuanceDate", lifetime.not_before), ("expirationDate", lifetime.expires_at)):
        if seconds is not None and name not in document:
            document[name] = _date(seconds)
    return document


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError) as err:
        raise MalformedError("claim_type_invalid", "expected a time that a calendar has") from err


def _check_dates(credential: Credential, lifetime: Lifetime) -> None:
    for inside, outside in (
        (credential.valid_from, lifetime.not_before),
        (credential.valid_until, lifetime.expires_at),
    ):
        if inside is not None and outside is not None and int(inside.timestamp()) != outside:
            raise MalformedError("malformed", "expected nbf and exp to be the credential's own dates")


@dataclass(frozen=True, slots=True)
class JwtVpJson:
    """An older presentation, read. Its attributes are claimed, not yet verified.

    Attributes:
        jws: The token.
        claims: What it says.
        holder: The claim `iss`, or the presentation's `holder`.
        tokens: The credentials in it, each a jwt_vc_json.
        lifetime: How long the token holds.
    """

    jws: Jws
    claims: JsonObject = field(repr=False)
    holder: str | None
    tokens: tuple[str, ...] = field(repr=False)
    lifetime: Lifetime

    @classmethod
    def parse(cls, token: str) -> JwtVpJson:
        """Read a presentation of version 1.1; the credentials in it are not opened.

        Raises:
            MalformedError: It cannot be read, or is no such presentation.
            SignatureError: A rule about the header is broken.
            HolderBindingError: holder_mismatch: `iss` and `holder` disagree.

        Reference:
            Data model 1.1, section 6.3.1.
        """
        jws = jose.parse(token)
        claims = jws.claims()
        wrapped = claims.get("vp")
        if type(wrapped) is not dict or "vc" in claims:
            raise MalformedError("malformed", "expected the claim vp with a presentation")
        tokens, inner_holder = _read_tokens(wrapped)
        holder = claims.get("iss", inner_holder)
        if holder is not None and type(holder) is not str:
            raise MalformedError("claim_type_invalid", "expected text as iss")
        if inner_holder is not None and inner_holder != holder:
            raise HolderBindingError("holder_mismatch", "expected iss and holder to be the same")
        return cls(jws, claims, holder, tokens, Lifetime.read(claims))

    @property
    def key_name(self) -> object:
        """How the token names the holder's key."""
        return self.jws.header.get("kid")

    def verify(self, key: PublicKey, *, algorithms: Collection[str] = jose.DEFAULT_ALGORITHMS) -> None:
        """Check the holder's signature and the type of the token.

        Raises:
            SignatureError: signature_invalid, alg_not_allowed, typ_mismatch.
        """
        jose.verify(self.jws, key, algorithms=algorithms, typ=TYPS)

    def check_time(self, now: int, skew_seconds: int = SKEW_SECONDS) -> None:
        """Check that the presentation holds now.

        Raises:
            NotYetValidError: not_yet_valid.
            ExpiredError: expired.
        """
        self.lifetime.check(now, skew_seconds)

    def check_expected(self, *, audience: str, nonce: str) -> None:
        """Check for whom it was made: see `enveloping.check_expected`."""
        check_expected(self.claims, audience=audience, nonce=nonce)


def _read_tokens(presentation: Mapping[str, Any]) -> tuple[tuple[str, ...], str | None]:
    """The tokens of a presentation, which are text instead of objects, and its holder."""
    found = presentation.get("verifiableCredential", [])
    tokens = [found] if type(found) is str else found
    if (
        type(tokens) is not list
        or len(tokens) > MAX_CREDENTIALS
        or not all(type(one) is str for one in tokens)
    ):
        raise MalformedError(
            "malformed", f"expected at most {MAX_CREDENTIALS} tokens in verifiableCredential"
        )
    rest = {name: value for name, value in presentation.items() if name != "verifiableCredential"}
    return tuple(tokens), Presentation.read(rest).holder
