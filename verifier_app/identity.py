"""The verifier's keys and certificate: made at the first start, kept in the keystore.

An operator who has a certificate of a public authority names it:

| variable | meaning |
|---|---|
| TRUSTID_X_CERTIFICATE_FILE | PEM, the leaf first, without the anchor |

and puts its key into the keystore as `verifier.request`. Without it a
development authority issues one for the host of TRUSTID_PUBLIC_URL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trustid import keys
from trustid.did import web as did_web
from trustid.encoding import JsonObject, b64url_encode, sha256
from trustid.errors import ConfigurationError, KeystoreError, TrustidError
from trustid.keys import PublicKey
from trustid.keys.keystore import Keystore
from trustid.keys.sealing import SealingKey
from trustid.keys.x509 import DevelopmentCa, certificate_from_pem
from trustid.protocols.openid4vp import VerifierIdentity
from trustid.protocols.ports import Clock
from trustid.settings import ServerSettings

__all__ = ["Keys", "load_keys"]

REQUEST_KEY: Final = "verifier.request"
STORE_SECRET: Final = "verifier.store"
AUTHORITY: Final = "verifier.development-ca"
CERTIFICATE: Final = "verifier.certificate"
KEY_FRAGMENT: Final = "request"
CERTIFICATE_DAYS: Final = 825
CERTIFICATE_FILE: Final = "TRUSTID_X_CERTIFICATE_FILE"
CERTIFICATE_FILE_MAX: Final = 64 * 1024
PEM_END: Final = b"-----END CERTIFICATE-----\n"
NAME_MAX: Final = 48
NAME_DIGEST: Final = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """What the keystore gave.

    Attributes:
        identity: Who the verifier is towards wallets.
        sealing: Seals what the store keeps.
        session_key: Signs the staff cookie.
        did_document: What /.well-known/did.json serves.
        development_ca: The development authority's certificate (DER), or None.
    """

    identity: VerifierIdentity
    sealing: SealingKey
    session_key: bytes
    did_document: JsonObject
    development_ca: bytes | None


def load_keys(settings: ServerSettings, *, clock: Clock) -> Keys:
    """Open the keystore, and make what is missing in it.

    Raises:
        KeystoreError: It is unsafe or does not open.
        ConfigurationError: `setting_unsafe`: the certificate cannot be read. Whether it fits the host is checked
            where it is used, by the desk.
    """
    keystore = settings.open_keystore()
    signing_key = keystore.get_or_add(REQUEST_KEY, lambda: keys.generate("P-256"))
    chain = _configured_chain(settings)
    authority = None if chain else _authority(keystore, settings, clock)
    if authority is not None:
        chain = (_development_certificate(keystore, settings, authority, signing_key.public_key, clock),)
    secret = SealingKey(keystore.secret_or_add(STORE_SECRET))
    did = _did(settings)
    identity = VerifierIdentity(
        public_url=settings.public_url,
        key=signing_key,
        certificates=chain,
        did=did,
        key_id=f"{did}#{KEY_FRAGMENT}",
    )
    return Keys(
        identity=identity,
        sealing=secret.derive("verifier sessions"),
        session_key=secret.mac(b"verifier staff cookie"),
        did_document=did_web.document_for(did, {KEY_FRAGMENT: signing_key.public_key}),
        development_ca=authority.certificate_der if authority else None,
    )


def _did(settings: ServerSettings) -> str:
    try:
        return did_web.create(settings.public_url)
    except TrustidError as err:
        raise ConfigurationError("setting_unsafe", "TRUSTID_PUBLIC_URL: expected a host with a name") from err


def _configured_chain(settings: ServerSettings) -> tuple[bytes, ...]:
    name = settings.extra.get(CERTIFICATE_FILE)
    if not name:
        return ()
    path = Path(name)
    try:
        if path.stat().st_size > CERTIFICATE_FILE_MAX:
            raise ConfigurationError(
                "setting_unsafe", f"{CERTIFICATE_FILE}: over {CERTIFICATE_FILE_MAX} bytes"
            )
        text = path.read_bytes()
    except OSError as err:
        raise ConfigurationError("setting_missing", f"{CERTIFICATE_FILE}: the file cannot be read") from err
    blocks = [block + PEM_END for block in text.split(PEM_END)[:-1]]
    try:
        return tuple(certificate_from_pem(block) for block in blocks)
    except TrustidError as err:
        raise ConfigurationError("setting_unsafe", f"{CERTIFICATE_FILE}: expected PEM certificates") from err


def _authority(keystore: Keystore, settings: ServerSettings, clock: Clock) -> DevelopmentCa:
    name = f"{settings.organisation} development authority"[:NAME_MAX]
    return DevelopmentCa.from_pem(
        _kept(keystore, AUTHORITY, lambda: DevelopmentCa.create(name, now=clock()).to_pem())
    )


def _development_certificate(
    keystore: Keystore, settings: ServerSettings, authority: DevelopmentCa, key: PublicKey, clock: Clock
) -> bytes:
    """The certificate for this host; another host gets another one, under the same authority."""
    name = f"{CERTIFICATE}.{b64url_encode(sha256(settings.public_host.encode()))[:NAME_DIGEST]}"

    def issue() -> bytes:
        return authority.issue(
            key,
            common_name=settings.organisation[:NAME_MAX],
            dns_names=[settings.public_host],
            valid_days=CERTIFICATE_DAYS,
            now=clock(),
        )

    return _kept(keystore, name, issue)


def _kept(keystore: Keystore, name: str, make: Callable[[], bytes]) -> bytes:
    """What the keystore keeps under a name, made now if there is nothing; one process makes it, all get it."""
    if not keystore.has(name):
        try:
            keystore.add(name, make())
        except KeystoreError as err:
            if err.code != "keystore_exists":
                raise
    return keystore.secret(name)
