"""Who is trusted for what: the file that TRUSTID_TRUST names.

    {
      "types": {
        "https://school.example/vct/degree/1": {
          "issuers": ["https://school.example", "did:web:school.example"],
          "x509_anchors": ["school-ca.pem", "MIIB…"]
        }
      }
    }

- A key of `types` is a credential type (`vct`), written exactly as the issuer
  writes it. A type that is not named is trusted from nobody.
- `issuers` are the values of `iss` that are trusted for this type: the
  issuer's public URL or its DID.
- `x509_anchors` are certificates under which an issuer's own certificate must
  stand when it signs with `x5c`: the name of a PEM file (from this file's
  folder) or base64 of DER. May be left out for issuers that use a DID or
  publish their keys at `/.well-known/jwt-vc-issuer`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from trustid.encoding import JsonObject, b64_decode, parse_json_object
from trustid.errors import ConfigurationError, TrustidError
from trustid.keys.x509 import certificate_from_pem, leaf_names
from trustid.protocols.trust import TrustPolicy

__all__ = ["load_trust"]

TRUST_FILE_MAX: Final = 1 << 20
ANCHOR_FILE_MAX: Final = 64 * 1024
MEMBERS: Final = frozenset({"issuers", "x509_anchors"})


def load_trust(path: Path | None) -> TrustPolicy:
    """Read the trust file.

    Args:
        path: The file; None trusts nobody.

    Raises:
        ConfigurationError: `setting_missing`: it cannot be read;
            `setting_unsafe`: it does not say what is described above.
    """
    if path is None:
        return TrustPolicy()
    try:
        if path.stat().st_size > TRUST_FILE_MAX:
            raise _wrong(f"expected a file of at most {TRUST_FILE_MAX} bytes")
        text = path.read_bytes()
    except OSError as err:
        raise ConfigurationError("setting_missing", "TRUSTID_TRUST: the file cannot be read") from err
    try:
        content = parse_json_object(text, max_bytes=TRUST_FILE_MAX)
    except TrustidError as err:
        raise _wrong(f"not the JSON that is expected: {err.message}") from err
    types = content.get("types")
    if not isinstance(types, dict) or content.keys() - {"types"}:
        raise _wrong('expected {"types": {…}} and no other member')
    read = {vct: _type(vct, entry, path.parent) for vct, entry in types.items()}
    return TrustPolicy(
        issuers={vct: issuers for vct, (issuers, _) in read.items()},
        anchors={vct: anchors for vct, (_, anchors) in read.items()},
    )


def _type(vct: str, entry: Any, folder: Path) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    if not isinstance(entry, dict) or entry.keys() - MEMBERS or not vct:
        raise _wrong(f"{vct[:60]}: expected an object with issuers and x509_anchors")
    issuers = _strings(entry, "issuers", vct)
    if not issuers:
        raise _wrong(f"{vct[:60]}: expected at least one issuer")
    anchors = tuple(_anchor(text, folder) for text in _strings(entry, "x509_anchors", vct))
    return issuers, anchors


def _strings(entry: JsonObject, name: str, vct: str) -> tuple[str, ...]:
    values = entry.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise _wrong(f"{vct[:60]}: {name}: expected a list of strings")
    return tuple(values)


def _anchor(text: str, folder: Path) -> bytes:
    try:
        if text.endswith(".pem"):
            file = folder / text
            if file.stat().st_size > ANCHOR_FILE_MAX:
                raise _wrong(f"{file.name}: expected at most {ANCHOR_FILE_MAX} bytes")
            return certificate_from_pem(file.read_bytes())
        leaf_names([text])  # reads it, so that what is no certificate is refused now
        return b64_decode(text)
    except OSError as err:
        raise ConfigurationError("setting_missing", f"TRUSTID_TRUST: {text[:60]} cannot be read") from err
    except ConfigurationError:
        raise
    except TrustidError as err:
        raise _wrong(
            f"an x509_anchor is neither a PEM file nor base64 of a certificate: {text[:30]}"
        ) from err


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError("setting_unsafe", f"TRUSTID_TRUST: {message}")
