"""ECDSA on P-256, P-384 and, for reading only, secp256k1. With keys/x509.py the only door to cryptography."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trustid import _core
from trustid.encoding import JsonObject, b64url_decode, b64url_encode, multibase_encode
from trustid.errors import MalformedError, SignatureError
from trustid.keys.secret import Secret

__all__ = [
    "MULTICODEC_P256_PRIVATE",
    "MULTICODEC_P256_PUBLIC",
    "MULTICODEC_P384_PRIVATE",
    "MULTICODEC_P384_PUBLIC",
    "MULTICODEC_SECP256K1_PUBLIC",
    "P256AgreementKey",
    "P256PublicKey",
    "P256SigningKey",
    "P384PublicKey",
    "P384SigningKey",
    "Secp256k1PublicKey",
]

MULTICODEC_P256_PUBLIC: Final = b"\x80\x24"  # p256-pub, 0x1200 as a varint
MULTICODEC_P384_PUBLIC: Final = b"\x81\x24"  # p384-pub, 0x1201 as a varint
MULTICODEC_SECP256K1_PUBLIC: Final = b"\xe7\x01"  # secp256k1-pub, 0xe7 as a varint
MULTICODEC_P256_PRIVATE: Final = b"\x86\x26"  # p256-priv, 0x1306 as a varint
MULTICODEC_P384_PRIVATE: Final = b"\x87\x26"  # p384-priv, 0x1307 as a varint


class _EcPublicKey:
    """What the curves share; each names its own constants."""

    __slots__ = ("_key", "_point", "_thumbprint")

    algorithm: ClassVar[str]
    curve_name: ClassVar[str]
    coordinate_bytes: ClassVar[int]
    multicodec: ClassVar[bytes]
    _curve: ClassVar[ec.EllipticCurve]
    _hash: ClassVar[Any]
    # The digest is made here: hashlib is quicker at it.
    _scheme: ClassVar[ec.ECDSA]

    def __init__(self, key: ec.EllipticCurvePublicKey | None, point: bytes) -> None:
        self._key = key
        self._point = point
        self._thumbprint: str | None = None

    @classmethod
    def _of(cls, key: ec.EllipticCurvePublicKey) -> Self:
        return cls(key, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @classmethod
    def from_bytes(cls, point: bytes) -> Self:
        """Read a point, compressed or uncompressed (SEC 1, section 2.3.4).

        Raises:
            MalformedError: `key_invalid` for another form or length, the point
                at infinity, or a point that is not on the curve.
        """
        size = cls.coordinate_bytes
        forms = {size + 1: b"\x02\x03", 2 * size + 1: b"\x04"}
        if point[:1] == b"" or point[0] not in forms.get(len(point), b""):
            raise MalformedError(
                "key_invalid", f"expected a {cls.curve_name} point, found {len(point)} bytes of another form"
            )
        return cls._read(bytes(point))

    @classmethod
    def _read(cls, point: bytes) -> Self:
        if len(point) == cls.coordinate_bytes + 1:
            # The square root is quicker here, and the point is whole once it is needed.
            return cls(None, _core.decompress_point(cls.curve_name, point))
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(cls._curve, point)
        except ValueError as err:
            raise MalformedError("key_invalid", f"expected a point of the curve {cls.curve_name}") from err
        return cls(key, point)

    @classmethod
    def from_coordinates(cls, x: str, y: str) -> Self:
        """Read the members `x` and `y` of a JWK (RFC 7518, section 6.2.1).

        Raises:
            MalformedError: `key_invalid` for another length or a point that is
                not on the curve.
        """
        try:
            point = b64url_decode(x), b64url_decode(y)
        except MalformedError as err:
            raise MalformedError("key_invalid", "expected base64url coordinates") from err
        if any(len(coordinate) != cls.coordinate_bytes for coordinate in point):
            raise MalformedError("key_invalid", f"expected coordinates of {cls.coordinate_bytes} bytes")
        return cls.from_bytes(b"\x04" + point[0] + point[1])

    def to_bytes(self) -> bytes:
        """The compressed point: 33 bytes for P-256, 49 for P-384."""
        size = self.coordinate_bytes
        return bytes([2 + (self._point[-1] & 1)]) + self._point[1 : size + 1]

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the signature holds, else raise.

        The signature is r and s, each of the curve's length. Both s and its
        negative are accepted, as ECDSA does: signature bytes never identify
        anything here.

        Raises:
            SignatureError: `signature_invalid`.

        Cost:
            70 microseconds on 2020s hardware (P-256).

        Reference:
            FIPS 186-5, section 6.4.2; RFC 7518, section 3.4.
        """
        size = self.coordinate_bytes
        if len(signature) != 2 * size:
            raise SignatureError("signature_invalid", f"expected {2 * size} bytes, found {len(signature)}")
        der, digest = _core.ecdsa_der_of_fixed(signature), self._hash(message).digest()
        try:
            self._loaded().verify(der, digest, self._scheme)
        except InvalidSignature as err:
            raise SignatureError(
                "signature_invalid", f"expected an {self.algorithm} signature of this key"
            ) from err

    def to_jwk(self) -> JsonObject:
        """The JWK of RFC 7518, section 6.2.1."""
        x, y = self._coordinates()
        return {"kty": "EC", "crv": self.curve_name, "x": x, "y": y}

    def to_multikey(self) -> str:
        """Multikey text of the compressed point: zDn... for P-256."""
        return multibase_encode(self.multicodec + self.to_bytes())

    def thumbprint(self) -> str:
        """The JWK thumbprint (RFC 7638, section 3.2)."""
        if self._thumbprint is None:
            x, y = self._coordinates()
            text = f'{{"crv":"{self.curve_name}","kty":"EC","x":"{x}","y":"{y}"}}'
            self._thumbprint = b64url_encode(hashlib.sha256(text.encode("ascii")).digest())
        return self._thumbprint

    def _loaded(self) -> ec.EllipticCurvePublicKey:
        """The key as `cryptography` wants it, made when it is first used: most keys are only carried."""
        if self._key is None:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(self._curve, self._point)
        return self._key

    def _coordinates(self) -> tuple[str, str]:
        size = self.coordinate_bytes
        return b64url_encode(self._point[1 : size + 1]), b64url_encode(self._point[size + 1 :])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _EcPublicKey):
            return NotImplemented
        return self.curve_name == other.curve_name and self._point == other._point

    def __hash__(self) -> int:
        return hash(self._point)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.to_multikey()}>"


class P256PublicKey(_EcPublicKey):
    """A public key on P-256, for ES256."""

    __slots__ = ()

    algorithm = "ES256"
    curve_name = "P-256"
    coordinate_bytes = 32
    multicodec = MULTICODEC_P256_PUBLIC
    _curve = ec.SECP256R1()
    _hash = staticmethod(hashlib.sha256)
    _scheme = ec.ECDSA(Prehashed(hashes.SHA256()))


class P384PublicKey(_EcPublicKey):
    """A public key on P-384, for ES384."""

    __slots__ = ()

    algorithm = "ES384"
    curve_name = "P-384"
    coordinate_bytes = 48
    multicodec = MULTICODEC_P384_PUBLIC
    _curve = ec.SECP384R1()
    _hash = staticmethod(hashlib.sha384)
    _scheme = ec.ECDSA(Prehashed(hashes.SHA384()))


class Secp256k1PublicKey(_EcPublicKey):
    """A public key on secp256k1, for ES256K: verified here, never signed with (RFC 8812)."""

    __slots__ = ()

    algorithm = "ES256K"
    curve_name = "secp256k1"
    coordinate_bytes = 32
    multicodec = MULTICODEC_SECP256K1_PUBLIC
    _curve = ec.SECP256K1()
    _hash = staticmethod(hashlib.sha256)
    _scheme = ec.ECDSA(Prehashed(hashes.SHA256()))


class _EcSigningKey(Secret):
    """What the secret keys of the curves share."""

    __slots__ = ("_key",)

    _kind: ClassVar[type[_EcPublicKey]]
    _order: ClassVar[int]

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> Self:
        """Make a new key from the operating system's randomness."""
        return cls(ec.generate_private_key(cls._kind._curve))

    @classmethod
    def from_bytes(cls, secret: bytes) -> Self:
        """Read the secret scalar, big-endian and as long as a coordinate, from 1 to the order less 1.

        Raises:
            MalformedError: `key_invalid` for another length or range.
        """
        size = cls._kind.coordinate_bytes
        scalar = int.from_bytes(secret, "big")
        if len(secret) != size or not 0 < scalar < cls._order:
            raise MalformedError(
                "key_invalid", f"expected a {cls._kind.curve_name} secret of {size} bytes below the order"
            )
        return cls(ec.derive_private_key(scalar, cls._kind._curve))

    def to_bytes(self) -> bytes:
        """The secret scalar, as long as a coordinate, for the keystore only."""
        return self._key.private_numbers().private_value.to_bytes(self._kind.coordinate_bytes, "big")

    def sign(self, message: bytes) -> bytes:
        """Sign any bytes; r and s, each as long as a coordinate (RFC 7518, section 3.4)."""
        der = self._key.sign(self._kind._hash(message).digest(), self._kind._scheme)
        return _core.ecdsa_fixed_of_der(der, self._kind.coordinate_bytes)


class P256SigningKey(_EcSigningKey):
    """A P-256 secret key; it signs with ES256."""

    __slots__ = ("_public_key",)

    algorithm: Final = "ES256"
    _kind = P256PublicKey
    _order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        super().__init__(key)
        self._public_key = P256PublicKey._of(key.public_key())

    @property
    def public_key(self) -> P256PublicKey:
        """The public key that checks what this key signs."""
        return self._public_key

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member `d`, for the keystore only."""
        return self._public_key.to_jwk() | {"d": b64url_encode(self.to_bytes())}


class P384SigningKey(_EcSigningKey):
    """A P-384 secret key; it signs with ES384."""

    __slots__ = ("_public_key",)

    algorithm: Final = "ES384"
    _kind = P384PublicKey
    _order = int(
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
        16,
    )

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        super().__init__(key)
        self._public_key = P384PublicKey._of(key.public_key())

    @property
    def public_key(self) -> P384PublicKey:
        """The public key that checks what this key signs."""
        return self._public_key

    def to_private_jwk(self) -> JsonObject:
        """The JWK with its secret member `d`, for the keystore only."""
        return self._public_key.to_jwk() | {"d": b64url_encode(self.to_bytes())}


class P256AgreementKey(Secret):
    """A P-256 secret key for one ECDH key agreement, never for signatures."""

    __slots__ = ("_key",)

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> P256AgreementKey:
        """Make a new key from the operating system's randomness."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @property
    def public_key(self) -> P256PublicKey:
        """What the other side is given."""
        return P256PublicKey._of(self._key.public_key())

    def agree(self, other: P256PublicKey) -> bytes:
        """The shared x coordinate, 32 bytes (NIST SP 800-56A, section 5.7.1.2)."""
        return self._key.exchange(ec.ECDH(), other._loaded())
