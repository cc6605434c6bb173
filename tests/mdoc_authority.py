"""An authority with the certificates that ISO/IEC 18013-5, annex B asks for: country and extended key usage."""

from __future__ import annotations

import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

MDL_SIGNER = ObjectIdentifier("1.0.18013.5.1.2")
"""Extended key usage of a document signer (table B.3)."""


class MdocAuthority:
    """Certifies document signers.

    Attributes:
        certificate: Its own certificate, DER.
    """

    def __init__(self, name: str = "IACA", country: str = "AT") -> None:
        self._secret = ec.generate_private_key(ec.SECP256R1())
        self._name, self._country = name, country
        self.certificate = self._certificate(name, self._secret.public_key(), ca=True)

    def signer(self, point: bytes) -> bytes:
        """The certificate of a document signer with this P-256 key, DER."""
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        return self._certificate("Document signer", public, ca=False)

    def _named(self, name: str) -> x509.Name:
        parts = ((NameOID.COUNTRY_NAME, self._country), (NameOID.COMMON_NAME, name))
        return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])

    def _certificate(self, subject: str, public: Any, *, ca: bool) -> bytes:
        # An hour back: what a test signs may be dated before a full hour that strikes while it runs.
        start = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
        start -= datetime.timedelta(hours=1)
        usage = [False] * 9
        usage[0], usage[5], usage[6] = not ca, ca, ca
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._named(subject))
            .issuer_name(self._named(self._name))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + datetime.timedelta(days=30))
            .add_extension(x509.KeyUsage(*usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._secret.public_key()), critical=False
            )
            .add_extension(
                x509.IssuerAlternativeName([x509.UniformResourceIdentifier("https://iaca.example")]),
                critical=False,
            )
        )
        if ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        else:
            builder = builder.add_extension(x509.ExtendedKeyUsage([MDL_SIGNER]), critical=True)
        return builder.sign(self._secret, hashes.SHA256()).public_bytes(Encoding.DER)
