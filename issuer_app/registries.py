"""Which credentials are revoked through an accumulator: the file that TRUSTID_REGISTRIES names.

    {
      "vaccination": {
        "registry": "https://hospital.example/revocation/vaccination",
        "keys": [{"kty": "OKP", "crv": "Ed25519", "x": "…"}],
        "folder": "published"
      }
    }

- A member is a credential configuration; wallets that ask for it get copies
  that share one slot of this registry instead of a place each in a status list.
- `registry` is the registry's URI, `keys` are the public keys that sign its
  statements; wallets read both in the issuer's metadata.
- `folder` is where `trustid revocation publish` puts what everybody may see,
  relative to this file. It is served where the URI lies below
  `/revocation/` of this server; left out, another host serves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import ConfigurationError, TrustidError
from trustid.keys import public_key_from_jwk
from trustid.status.epochs.statement import check_registry_uri

__all__ = ["IssuerRegistry", "load_registries"]

FILE_MAX: Final = 1 << 20
KEYS_MAX: Final = 16
MEMBERS: Final = frozenset({"registry", "keys", "folder"})


@dataclass(frozen=True, slots=True)
class IssuerRegistry:
    """A registry as its issuer knows it.

    Attributes:
        uri: Its name, and where it is published.
        keys: Public JWKs of those who sign its statements.
        folder: What is published, or None where another host has it.
    """

    uri: str
    keys: tuple[JsonObject, ...]
    folder: Path | None

    def to_json(self) -> JsonObject:
        """What wallets need to know: the registry and whose signature counts."""
        return {"registry": self.uri, "keys": list(self.keys)}


def load_registries(path: Path | None) -> Mapping[str, IssuerRegistry]:
    """Read the file, by credential configuration.

    Raises:
        ConfigurationError: `setting_missing`: it cannot be read;
            `setting_unsafe`: it does not say what is described above.
    """
    if path is None:
        return {}
    try:
        with path.open("rb") as file:
            content = parse_json_object(file.read(FILE_MAX + 1), max_bytes=FILE_MAX)
    except OSError as err:
        raise ConfigurationError("setting_missing", "TRUSTID_REGISTRIES: the file cannot be read") from err
    except TrustidError as err:
        raise _wrong(f"not the JSON that is expected: {err.message}") from err
    return {name: _registry(name, entry, path.parent) for name, entry in content.items()}


def _registry(name: str, entry: Any, place: Path) -> IssuerRegistry:
    if not isinstance(entry, dict) or entry.keys() - MEMBERS:
        raise _wrong(f"{name[:60]}: expected an object with registry, keys and folder")
    keys, folder = entry.get("keys"), entry.get("folder")
    if not isinstance(keys, list) or not 0 < len(keys) <= KEYS_MAX:
        raise _wrong(f"{name[:60]}: keys: expected 1 to {KEYS_MAX} public JWKs")
    if folder is not None and not isinstance(folder, str):
        raise _wrong(f"{name[:60]}: folder: expected a path")
    try:
        return IssuerRegistry(
            check_registry_uri(entry.get("registry")),
            # Read and written again: what goes to the world holds no private member.
            tuple(public_key_from_jwk(key).to_jwk() for key in keys),
            None if folder is None else place / folder,
        )
    except (TrustidError, TypeError) as err:
        raise _wrong(f"{name[:60]}: a registry or key that cannot be read") from err


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError("setting_unsafe", f"TRUSTID_REGISTRIES: {message}")
