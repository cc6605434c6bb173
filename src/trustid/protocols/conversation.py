"""The part of a session that lives only until its end: links, nonce, state, key.

It is kept sealed and bound to its session, so that neither a copy of the store
nor a row moved by hand lets anybody answer in another's name.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from trustid.credentials.mdoc import openid4vp_transcript
from trustid.encoding import b64url_decode, dump_json, parse_json_object, sha256
from trustid.errors import ProtocolError
from trustid.keys import P256PublicKey
from trustid.keys.jose import EncryptionKey
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.openid4vp import WalletAnswer, WalletRefusal
from trustid.protocols.ports_verifier import StoredSession
from trustid.protocols.presentation import Expected

__all__ = ["Conversation", "begun_by", "seal_context", "token_hash"]

CONVERSATION_MAX: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Conversation:
    """What verifier and wallet say to each other in one session, and nowhere else."""

    request_id: str
    nonce: str = field(repr=False)
    state: str = field(repr=False)
    link: str = field(repr=False)
    redirect_uri: str | None
    encryption_key: EncryptionKey | None = field(repr=False)

    def to_bytes(self) -> bytes:
        """The form in which it is sealed."""
        key = self.encryption_key.to_private_jwk() if self.encryption_key else None
        return dump_json(
            {
                "request_id": self.request_id,
                "nonce": self.nonce,
                "state": self.state,
                "link": self.link,
                "redirect_uri": self.redirect_uri,
                "encryption_key": key,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Conversation:
        """Read an opened conversation."""
        stored = parse_json_object(data, max_bytes=CONVERSATION_MAX)
        key = stored.pop("encryption_key")
        return cls(**stored, encryption_key=EncryptionKey.from_private_jwk(key) if key else None)

    def expected(self, *, audience: str, response_uri: str) -> Expected:
        """What the holder must have signed in this session.

        Args:
            audience: What the verifier calls itself towards this wallet.
            response_uri: Where the answer goes.

        Reference:
            OpenID4VP 1.0, appendices B.2.6.1 (mdoc) and B.3.6 (SD-JWT VC).
        """
        thumbprint = None
        if self.encryption_key is not None:
            jwk = self.encryption_key.public_jwk()
            thumbprint = b64url_decode(P256PublicKey.from_coordinates(jwk["x"], jwk["y"]).thumbprint())
        transcript = openid4vp_transcript(
            client_id=audience, nonce=self.nonce, response_uri=response_uri, jwk_thumbprint=thumbprint
        )
        return Expected(audience, self.nonce, transcript)

    def check_state(self, response: WalletAnswer | WalletRefusal, query: DcqlQuery) -> None:
        """Refuse a response that belongs to another session.

        Some wallets never send `state` back; the link, which no two sessions
        share, then ties the response to its session. Where holder binding is
        not asked for, no nonce comes back either, and `state` is demanded.

        Raises:
            ProtocolError: `session_unknown`.

        Reference:
            OpenID4VP 1.0, section 5.3.
        """
        if response.state is not None:
            if not hmac.compare_digest(response.state.encode(), self.state.encode()):
                raise ProtocolError("session_unknown", "state: belongs to no session under this link")
        elif isinstance(response, WalletAnswer) and not all(
            credential.require_cryptographic_holder_binding for credential in query.credentials
        ):
            raise ProtocolError("session_unknown", "state: missing, and needed without holder binding")

    def redirect_with(self, response_code: str) -> str | None:
        """Where the wallet sends the browser, with the code that opens the result."""
        if self.redirect_uri is None:
            return None
        joint = "&" if "?" in self.redirect_uri else "?"
        return f"{self.redirect_uri}{joint}{urlencode({'response_code': response_code})}"


def token_hash(token: str) -> bytes:
    """What the store sees of a secret in a link or a cookie."""
    return sha256(token.encode("utf-8", "surrogatepass"))


def seal_context(purpose: str, session_id: str) -> bytes:
    """Binds something sealed to its purpose and its session."""
    return f"verifier/{purpose}/{session_id}".encode()


def begun_by(session: StoredSession, browser: str | None) -> bool:
    """Whether a browser's secret is the one that began the session."""
    if browser is None or session.browser_hash is None:
        return False
    return hmac.compare_digest(session.browser_hash, token_hash(browser))
