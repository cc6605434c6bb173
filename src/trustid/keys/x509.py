"""Certificates that vouch for a signing key: x5c. With keys/ec.py the door to cryptography.

`check_x5c` is for chains that come with a token; `DevelopmentCa` makes chains
for trying things out and for closed circles. A public authority's certificates
are made elsewhere.

References:
    RFC 5280; RFC 7515, section 4.1.6 (x5c); HAIP 1.0 (leaf not self-signed,
    anchor not in the chain).
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store
from cryptography.x509.verification import VerificationError as PathError

from trustid.encoding import b64_decode
from trustid.errors import MalformedError, TrustError, UnsupportedError
from trustid.keys.ec import P256PublicKey, P384PublicKey
from trustid.keys.ed25519 import Ed25519PublicKey
from trustid.keys.secret import Secret
from trustid.keys.signing import PublicKey

__all__ = [
    "MAX_CERTIFICATES",
    "MAX_CERTIFICATE_BYTES",
    "DevelopmentCa",
    "LeafNames",
    "certificate_from_pem",
    "check_x5c",
    "leaf_key",
    "leaf_names",
]

MAX_CERTIFICATES: Final = 5
MAX_CERTIFICATE_BYTES: Final = 8 * 1024
CA_VALID_DAYS: Final = 3650

_HOUR: Final = 3600
_CURVES: Final[dict[str, type[P256PublicKey] | type[P384PublicKey]]] = {
    ec.SECP256R1.name: P256PublicKey,
    ec.SECP384R1.name: P384PublicKey,
}


@dataclass(frozen=True, slots=True)
class LeafNames:
    """Whom the first certificate of a chain names.

    Attributes:
        dns_names: The dNSName entries of its subject alternative name.
        uris: The uniformResourceIdentifier entries.
        country: The countryName of its subject.
    """

    dns_names: tuple[str, ...]
    uris: tuple[str, ...]
    country: str | None = None


def check_x5c(
    x5c: object,
    *,
    trust_anchors: Sequence[bytes],
    now: int,
    dns_name: str | None = None,
    uri: str | None = None,
    anchor_in_chain: bool = False,
) -> PublicKey:
    """Check a certificate chain and return the key that it vouches for.

    The chain is taken as it stands: each certificate is issued by the next
    one, the last one by a trust anchor. Nothing is fetched, so certificate
    revocation is not asked for.

    Args:
        x5c: The header member: 1 to `MAX_CERTIFICATES` certificates, base64 of DER.
        trust_anchors: Certificates trusted beforehand, DER.
        now: Seconds since 1970.
        dns_name: A host that the leaf must name.
        uri: A URI that the leaf must name.
        anchor_in_chain: Tolerate the anchor as the last certificate, which
            HAIP forbids and others send.

    Returns:
        The leaf's public key.

    Raises:
        TrustError: `x5c_invalid`.

    Reference:
        RFC 5280, section 6.1; RFC 7515, section 4.1.6.
    """
    chain = _read_chain(x5c)
    anchors = [_load(anchor) for anchor in trust_anchors]
    if anchor_in_chain and len(chain) > 1 and chain[-1] in anchors:
        chain.pop()
    if any(certificate in anchors for certificate in chain):
        raise TrustError("x5c_invalid", "expected a chain without its trust anchor")
    leaf = chain[0]
    if leaf.issuer == leaf.subject:
        raise TrustError("x5c_invalid", "expected a leaf that is not self-signed")
    _check_path(chain, anchors, now)
    names = _names(leaf)
    if dns_name is not None and dns_name.lower() not in names.dns_names:
        raise TrustError("x5c_invalid", "expected the host among the leaf's names")
    if uri is not None and uri not in names.uris:
        raise TrustError("x5c_invalid", "expected the URI among the leaf's names")
    return _public_key(leaf)


def leaf_names(x5c: object) -> LeafNames:
    """Return whom the leaf names, without checking the chain.

    Raises:
        TrustError: `x5c_invalid`, a certificate cannot be read.
    """
    return _names(_read_chain(x5c)[0])


def leaf_key(x5c: object, *, now: int) -> PublicKey:
    """Return the leaf's key with nobody vouching for it, for trust on first use.

    Only what the certificate says of itself is checked: that its time is now.
    Whoever uses the key must say that its owner is unknown.

    Raises:
        TrustError: `x5c_invalid`, it cannot be read or its time is not now.
    """
    leaf = _read_chain(x5c)[0]
    moment = datetime.datetime.fromtimestamp(now, datetime.UTC)
    if not leaf.not_valid_before_utc <= moment <= leaf.not_valid_after_utc:
        raise TrustError("x5c_invalid", "expected a certificate that is valid now")
    return _public_key(leaf)


def certificate_from_pem(pem: bytes) -> bytes:
    """Read one PEM certificate, as trust anchors are configured; DER comes back.

    Raises:
        TrustError: `x5c_invalid`.
    """
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError as err:
        raise TrustError("x5c_invalid", "expected a PEM certificate") from err


def _read_chain(x5c: object) -> list[x509.Certificate]:
    if not isinstance(x5c, list) or not 1 <= len(x5c) <= MAX_CERTIFICATES:
        raise TrustError("x5c_invalid", f"expected a list of 1 to {MAX_CERTIFICATES} certificates")
    chain = []
    for text in x5c:
        if not isinstance(text, str) or len(text) > MAX_CERTIFICATE_BYTES * 4 // 3 + 4:
            raise TrustError("x5c_invalid", f"expected certificates of at most {MAX_CERTIFICATE_BYTES} bytes")
        try:
            chain.append(_load(b64_decode(text)))
        except MalformedError as err:
            raise TrustError("x5c_invalid", "expected certificates in base64") from err
    return chain


def _load(der: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        # The extensions are parsed only when asked for; ask now, so that all that follows is read.
        _ = certificate.extensions, certificate.subject, certificate.issuer
    except (ValueError, x509.DuplicateExtension, x509.InvalidVersion, CryptographyDeprecationWarning) as err:
        raise TrustError("x5c_invalid", "expected an X.509 certificate") from err
    if certificate.serial_number <= 0:
        raise TrustError("x5c_invalid", "expected a positive serial number")
    return certificate


def _is_authority(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("expected CA:TRUE")  # becomes a PathError


def _signs_certificates(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage) -> None:
    if not found.key_cert_sign:
        raise ValueError("expected keyCertSign")


def _is_no_authority(
    _policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints | None
) -> None:
    if found is not None and found.ca:
        raise ValueError("expected a leaf that is no authority")


def _signs_content(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.digital_signature:
        raise ValueError("expected digitalSignature")


_AUTHORITY_RULES: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)
_LEAF_RULES: Final = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_content)
)


def _check_path(chain: list[x509.Certificate], anchors: list[x509.Certificate], now: int) -> None:
    if not anchors:
        raise TrustError("x5c_invalid", "expected at least one trust anchor")
    verifier = (
        PolicyBuilder()
        .store(Store(anchors))
        .time(datetime.datetime.fromtimestamp(now, datetime.UTC))
        .max_chain_depth(MAX_CERTIFICATES)
        .extension_policies(ca_policy=_AUTHORITY_RULES, ee_policy=_LEAF_RULES)
        .build_client_verifier()
    )
    try:
        path = verifier.verify(chain[0], chain[1:]).chain
    except PathError as err:
        raise TrustError("x5c_invalid", "expected a valid path to a trust anchor") from err
    # The verifier finds any path; x5c is that path, in that order, and nothing else.
    if path[:-1] != chain:
        raise TrustError("x5c_invalid", "expected each certificate to be issued by the next one")


def _names(leaf: x509.Certificate) -> LeafNames:
    countries = leaf.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    country = str(countries[0].value) if countries else None
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return LeafNames((), (), country)
    dns_names = tuple(name.lower() for name in found.get_values_for_type(x509.DNSName))
    return LeafNames(dns_names, tuple(found.get_values_for_type(x509.UniformResourceIdentifier)), country)


def _public_key(certificate: x509.Certificate) -> PublicKey:
    try:
        key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
            point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            return _CURVES[key.curve.name].from_bytes(point)
        if isinstance(key, ed25519.Ed25519PublicKey):
            return Ed25519PublicKey.from_bytes(key.public_bytes_raw())
    except ValueError as err:
        raise TrustError("x5c_invalid", "expected a valid key in the certificate") from err
    raise TrustError("x5c_invalid", "expected a key on P-256, P-384 or Ed25519")


class DevelopmentCa(Secret):
    """A certificate authority of one's own: a P-256 root that issues leaves.

    Attributes:
        certificate_der: The root certificate, to be handed to those who trust it.
    """

    __slots__ = ("_certificate", "_key", "certificate_der")

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate
        self.certificate_der = certificate.public_bytes(Encoding.DER)

    @classmethod
    def create(cls, common_name: str, *, now: int | None = None) -> DevelopmentCa:
        """Make a new authority, valid for `CA_VALID_DAYS` from this hour on (or from `now`)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        certificate = (
            _builder(name, name, key.public_key(), now, CA_VALID_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_key_usage(signs_content=False), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(key, certificate)

    @classmethod
    def from_pem(cls, pem: bytes) -> DevelopmentCa:
        """Read what `to_pem` wrote.

        Raises:
            MalformedError: `key_invalid`.
        """
        try:
            key = load_pem_private_key(pem, password=None)
            certificate = x509.load_pem_x509_certificate(pem)
        except (ValueError, TypeError) as err:
            raise MalformedError("key_invalid", "expected a PEM key and a PEM certificate") from err
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise MalformedError("key_invalid", "expected an EC key and its certificate")
        return cls(key, certificate)

    def to_pem(self) -> bytes:
        """The secret key and the certificate, for the keystore only."""
        secret = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return secret + self._certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        public_key: PublicKey,
        *,
        common_name: str,
        dns_names: Sequence[str] = (),
        uris: Sequence[str] = (),
        valid_days: int,
        now: int | None = None,
    ) -> bytes:
        """Issue a leaf certificate for a signing key.

        Args:
            public_key: A key on P-256, P-384 or Ed25519.
            common_name: The name that people read.
            dns_names: Hosts that the key speaks for.
            uris: URIs that the key speaks for, as an issuer's identifier.
            valid_days: How long, from this hour on.
            now: Seconds since 1970; by default the clock's.

        Returns:
            The certificate, DER.
        """
        key = _to_cryptography(public_key)
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
        names += [x509.UniformResourceIdentifier(uri) for uri in uris]
        builder = (
            _builder(_name(common_name), self._certificate.subject, key, now, valid_days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_content=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey,
    now: int | None,
    valid_days: int,
) -> x509.CertificateBuilder:
    # From the full hour, so that the moment of issuing is not written down.
    seconds = int(time.time()) if now is None else now
    start = datetime.datetime.fromtimestamp(seconds - seconds % _HOUR, datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=valid_days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _key_usage(*, signs_content: bool) -> x509.KeyUsage:
    signs_certificates = not signs_content
    rest = (False, False, False, False, signs_certificates, signs_certificates, False, False)
    return x509.KeyUsage(signs_content, *rest)


def _to_cryptography(public_key: PublicKey) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    match public_key:
        case P256PublicKey():
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key.to_bytes())
        case P384PublicKey():
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), public_key.to_bytes())
        case Ed25519PublicKey():
            return ed25519.Ed25519PublicKey.from_public_bytes(public_key.to_bytes())
    raise UnsupportedError("unsupported", "expected a key on P-256, P-384 or Ed25519")
