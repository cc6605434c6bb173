"""A JWE made without jwcrypto."""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from trustid.encoding import b64url_decode, b64url_encode, dump_json


def jwe_by_hand(shared, epk, *, plaintext=b"hi", iv=bytes(12), **header):
    """Concat KDF and AES-GCM, as RFC 7518 writes them."""
    header = {"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk} | header
    enc = header["enc"]
    bits = int(enc[1:4])
    other = struct.pack(">I", len(enc)) + enc.encode()
    for name in ("apu", "apv"):
        information = b64url_decode(header.get(name, ""))
        other += struct.pack(">I", len(information)) + information
    other += struct.pack(">I", bits)
    cek = ConcatKDFHash(hashes.SHA256(), bits // 8, other).derive(shared)
    protected = b64url_encode(dump_json(header))
    sealed = AESGCM(cek).encrypt(iv, plaintext, protected.encode())
    return f"{protected}..{b64url_encode(iv)}.{b64url_encode(sealed[:-16])}.{b64url_encode(sealed[-16:])}"
