"""A wallet and an HTTP client written from the specifications, with nothing of the project's code in them.

A mistake that the project makes on both sides cannot cancel out here: HTTP is http.client, signatures and
certificates are `cryptography`, encryption is `jwcrypto`.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from jwcrypto import jwe, jwk

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of an OAuth error or of a problem document."""
        body = self.json
        return body.get("error") or body.get("code") or ""

    def is_refused(self, status: int, code: str) -> None:
        """Hold it against an exact status and code, as JSON that nobody may keep."""
        assert (self.status, self.error) == (status, code), (self.status, self.body[:500])
        assert self.headers.get_content_type() in (JSON, "application/problem+json")
        assert "no-store" in self.headers["Cache-Control"]


def http_call(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        place = parts.path or "/"
        connection.request(method, f"{place}?{parts.query}" if parts.query else place, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def get(url: str, **headers: str) -> Answer:
    return http_call("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})


def post_form(url: str, fields: dict[str, str], **headers: str) -> Answer:
    return http_call("POST", url, urlencode(fields).encode(), {"Content-Type": FORM, **headers})


def post_json(url: str, value: Any, token: str | None = None) -> Answer:
    headers = {"Content-Type": JSON}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return http_call("POST", url, json.dumps(value).encode(), headers)


# --- keys and tokens -------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A key pair that signs JWTs; ES256 or EdDSA."""

    private: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

    @classmethod
    def new(cls, alg: str = "ES256") -> Key:
        if alg == "ES256":
            return cls(ec.generate_private_key(ec.SECP256R1()))
        return cls(ed25519.Ed25519PrivateKey.generate())

    @property
    def alg(self) -> str:
        return "ES256" if isinstance(self.private, ec.EllipticCurvePrivateKey) else "EdDSA"

    @property
    def jwk(self) -> dict[str, str]:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            numbers = self.private.public_key().public_numbers()
            x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
            return {"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)}
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(self.private.public_key().public_bytes_raw())}

    @property
    def did_jwk(self) -> str:
        return f"did:jwk:{b64(json.dumps(self.jwk).encode())}"

    def sign(self, header: dict[str, Any], payload: Any) -> str:
        text = ".".join(b64(json.dumps(part).encode()) for part in (header, payload))
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            signature = self.private.sign(text.encode())
        return f"{text}.{b64(signature)}"


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a compact JWS, without any check."""
    header, payload, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload))


def check_es256(token: str, public_key: Any) -> None:
    """Check an ES256 signature; raises when it does not hold."""
    text, _, signature = token.rpartition(".")
    raw = unb64(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public_key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))


def public_key_of(members: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(unb64(members[name]), "big") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def leaf_of(token: str) -> x509.Certificate:
    """The certificate that signed a token."""
    return x509.load_der_x509_certificate(base64.b64decode(parts_of(token)[0]["x5c"][0]))


# --- collecting ------------------------------------------------------------------


@dataclass
class Collector:
    """The wallet's side of OpenID4VCI 1.0, one step a call, every step changeable."""

    issuer: str
    metadata: dict[str, Any] = field(default_factory=dict)
    token_endpoint: str = ""

    def __post_init__(self) -> None:
        self.metadata = get(f"{self.issuer}/.well-known/openid-credential-issuer").json
        server = get(f"{self.issuer}/.well-known/oauth-authorization-server").json
        self.token_endpoint = server["token_endpoint"]

    @staticmethod
    def offer(uri: str) -> dict[str, Any]:
        query = parse_qs(urlsplit(uri).query)
        if "credential_offer" in query:
            return json.loads(query["credential_offer"][0])  # type: ignore[no-any-return]
        return get(query["credential_offer_uri"][0]).json  # type: ignore[no-any-return]

    def token(self, code: str, **fields: str) -> Answer:
        return post_form(self.token_endpoint, {"grant_type": GRANT, "pre-authorized_code": code, **fields})

    def nonce(self) -> str:
        return http_call("POST", self.metadata["nonce_endpoint"], b"").json["c_nonce"]  # type: ignore[no-any-return]

    def proof(
        self,
        key: Key,
        nonce: str | None,
        *,
        header: dict[str, Any] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> str:
        """A key proof; a member given as None is left out."""
        members = {"typ": "openid4vci-proof+jwt", "alg": key.alg, "jwk": key.jwk} | (header or {})
        payload = {"aud": self.issuer, "iat": int(time.time()), "nonce": nonce} | (claims or {})
        return key.sign(
            {name: value for name, value in members.items() if value is not None},
            {name: value for name, value in payload.items() if value is not None},
        )

    def request(self, token: str, body: dict[str, Any]) -> Answer:
        return post_json(self.metadata["credential_endpoint"], body, token)

    def collect(self, token: str, configuration_id: str, *keys: Key) -> list[str]:
        nonce = self.nonce()
        proofs = [self.proof(key, nonce) for key in keys]
        answer = self.request(
            token, {"credential_configuration_id": configuration_id, "proofs": {"jwt": proofs}}
        )
        assert answer.status == 200, answer.body
        return [entry["credential"] for entry in answer.json["credentials"]]


# --- presenting ------------------------------------------------------------------


@dataclass(frozen=True)
class SdJwt:
    """An SD-JWT taken apart."""

    token: str
    disclosures: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> SdJwt:
        token, *disclosures, binding = text.split("~")
        assert binding == "", "an SD-JWT ends with a tilde"
        return cls(token, tuple(disclosures))

    def opened(self) -> list[list[Any]]:
        return [json.loads(unb64(disclosure)) for disclosure in self.disclosures]

    def show(self, *names: str) -> str:
        """The SD-JWT with the disclosures of these names only."""
        shown = [text for text in self.disclosures if json.loads(unb64(text))[1] in names]
        return "".join(f"{part}~" for part in (self.token, *shown))


def digest(text: str) -> str:
    return b64(hashlib.sha256(text.encode("ascii")).digest())


def bind(shown: str, key: Key, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Append a key binding JWT; a member given as None is left out."""
    payload = {"iat": int(time.time()), "sd_hash": digest(shown)} | claims
    kept = {name: value for name, value in payload.items() if value is not None}
    return shown + key.sign({"alg": key.alg, "typ": "kb+jwt"} | (header or {}), kept)


def request_of(link: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Fetch a request object: its header, its payload, and the link's parameters."""
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    answer = get(parameters["request_uri"])
    assert answer.status == 200, answer.body
    assert answer.headers.get_content_type() == "application/oauth-authz-req+jwt"
    return (*parts_of(answer.body.decode()), parameters)


def encrypt(payload: dict[str, Any], request: dict[str, Any], enc: str, **header: str) -> str:
    """An encrypted answer to a request, as direct_post.jwt asks for."""
    public = request["client_metadata"]["jwks"]["keys"][0]
    protected = {"alg": "ECDH-ES", "enc": enc, "kid": public["kid"]} | header
    sealed = jwe.JWE(json.dumps(payload).encode(), json.dumps(protected))
    sealed.add_recipient(jwk.JWK(**public))
    return sealed.serialize(compact=True)  # type: ignore[no-any-return]


def random_text(length: int = 16) -> str:
    return secrets.token_urlsafe(length)
