"""Who is trusted for what: the file that TRUSTID_TRUST names.

    {
      "types": {
        "https://school.example/vct/degree/1": {
          "issuers": ["https://school.example", "did:web:school.example"],
          "x509_anchors": ["school-ca.pem", "MIIB…"]
        }
      },
      "registries": {
        "https://hospital.example/revocation/vaccination": {
          "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "…"}],
          "committee": {"file": "committee.json", "hash": "…"}
        }
      },
      "epochs": {"max_age_seconds": 172800, "previous_seconds": 21600}
    }

- A key of `types` is a credential type (`vct`), written exactly as the issuer
  writes it. A type that is not named is trusted from nobody.
- `issuers` are the values of `iss` that are trusted for this type: the
  issuer's public URL or its DID.
- `x509_anchors` are certificates under which an issuer's own certificate must
  stand when it signs with `x5c`: the name of a PEM file (from this file's
  folder) or base64 of DER. May be left out for issuers that use a DID or
  publish their keys at `/.well-known/jwt-vc-issuer`.
- `registries` are the revocation registries whose statements are believed, by
  URI, with the public JWKs that sign them. A credential with a slot in another
  registry is refused.
- `committee`, for a registry that has one: each new epoch needs a certificate
  of this committee as well. `file` says who its members are
  (`trustid.keys.committee_file`), from this file's folder; `hash` is the
  committee's, base64url, and must be the file's.
- `epochs` says how old what a holder proves may be: `max_age_seconds` since the
  newest statement, `previous_seconds` for which the epoch before is still
  taken, `renew_seconds` between two looks for a newer one (`EpochPolicy`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from trustid.encoding import JsonObject, b64_decode, b64url_decode, b64url_encode, parse_json_object
from trustid.errors import ConfigurationError, TrustidError
from trustid.keys import public_key_from_jwk
from trustid.keys.committee_file import read_committee
from trustid.keys.quorum import Committee
from trustid.keys.x509 import certificate_from_pem, leaf_names
from trustid.protocols.trust import TrustPolicy
from trustid.status.epochs.statement import keys_by_thumbprint
from trustid.status.epochs.trust import EpochPolicy, RegistryTrust

__all__ = ["Trust", "load_trust"]

TRUST_FILE_MAX: Final = 1 << 20
ANCHOR_FILE_MAX: Final = 64 * 1024
FILE_MEMBERS: Final = frozenset({"types", "registries", "epochs"})
MEMBERS: Final = frozenset({"issuers", "x509_anchors"})
EPOCH_MEMBERS: Final = frozenset({"max_age_seconds", "previous_seconds", "renew_seconds"})
REGISTRY_MEMBERS: Final = frozenset({"keys", "committee"})
COMMITTEE_MEMBERS: Final = frozenset({"file", "hash"})
KEYS_MAX: Final = 16
SECONDS_MAX: Final = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Trust:
    """What the trust file says.

    Attributes:
        policy: Which issuers are trusted for which types.
        registries: Which revocation registries are believed.
        epochs: How old their epochs may be.
    """

    policy: TrustPolicy = field(default_factory=TrustPolicy)
    registries: tuple[RegistryTrust, ...] = ()
    epochs: EpochPolicy = field(default_factory=EpochPolicy)


def load_trust(path: Path | None) -> Trust:
    """Read the trust file.

    Args:
        path: The file; None trusts nobody.

    Raises:
        ConfigurationError: `setting_missing`: it cannot be read;
            `setting_unsafe`: it does not say what is described above.
    """
    if path is None:
        return Trust()
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
    types, registries = content.get("types"), content.get("registries", {})
    if not isinstance(types, dict) or not isinstance(registries, dict) or content.keys() - FILE_MEMBERS:
        raise _wrong('expected {"types": {…}}, perhaps "registries" and "epochs", and no other member')
    read = {vct: _type(vct, entry, path.parent) for vct, entry in types.items()}
    policy = TrustPolicy(
        issuers={vct: issuers for vct, (issuers, _) in read.items()},
        anchors={vct: anchors for vct, (_, anchors) in read.items()},
    )
    believed = tuple(_registry(uri, entry, path.parent) for uri, entry in registries.items())
    return Trust(policy, believed, _epochs(content.get("epochs", {})))


def _registry(uri: str, entry: Any, folder: Path) -> RegistryTrust:
    known = isinstance(entry, dict) and not entry.keys() - REGISTRY_MEMBERS
    keys = entry.get("keys") if known else None
    if not isinstance(keys, list) or not 0 < len(keys) <= KEYS_MAX:
        raise _wrong(
            f"{uri[:60]}: expected an object with keys, 1 to {KEYS_MAX} public JWKs, perhaps a committee"
        )
    committee = _committee(uri, entry["committee"], folder) if "committee" in entry else None
    try:
        return RegistryTrust(uri, keys_by_thumbprint(*map(public_key_from_jwk, keys)), committee)
    except (TrustidError, TypeError) as err:
        raise _wrong(f"{uri[:60]}: no URI of a registry, or a key that cannot be read") from err


def _committee(uri: str, entry: Any, folder: Path) -> Committee:
    texts = isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values())
    if not texts or entry.keys() != COMMITTEE_MEMBERS:
        raise _wrong(f"{uri[:60]}: committee: expected the name of its file, and its hash in base64url")
    try:
        committee = read_committee(folder / entry["file"])
        expected = b64url_decode(entry["hash"])
    except OSError as err:
        raise ConfigurationError(
            "setting_missing", f"TRUSTID_TRUST: {entry['file'][:60]} cannot be read"
        ) from err
    except TrustidError as err:
        raise _wrong(f"{uri[:60]}: committee: {err.code}: {err.message}") from err
    if committee.hash != expected:
        raise _wrong(f"{uri[:60]}: the committee in its file has the hash {b64url_encode(committee.hash)}")
    return committee


def _epochs(entry: Any) -> EpochPolicy:
    if not isinstance(entry, dict) or entry.keys() - EPOCH_MEMBERS:
        raise _wrong(f"epochs: expected some of {', '.join(sorted(EPOCH_MEMBERS))}")
    if not all(type(value) is int and 0 <= value <= SECONDS_MAX for value in entry.values()):
        raise _wrong(f"epochs: expected seconds, at most {SECONDS_MAX}")
    try:
        return EpochPolicy(**entry)
    except ConfigurationError as err:
        raise _wrong(f"epochs: {err.message}") from err


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
