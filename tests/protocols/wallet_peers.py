"""An issuer and a verifier made of the messages alone, so that tests can bend each one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.encoding import b64_encode, b64url_encode, sha256
from trustid.errors import FetchError
from trustid.fetching import Fetched
from trustid.keys import generate, public_key_from_jwk
from trustid.keys.jose import EncryptionKey
from trustid.keys.x509 import DevelopmentCa

NOW = 1_790_000_000
ISSUER = "https://school.example/tenant"
VERIFIER = "https://shop.example"
VCT = f"{ISSUER}/vct/degree/1"
CLAIMS = {
    "family_name": "Rossi",
    "given_name": "Ada",
    "degree": {"name": "Physics", "type": "BSc"},
    "diploma_number": "D1",
}
DISCLOSABLE = (("family_name",), ("given_name",), ("degree", "name"), ("degree", "type"), ("diploma_number",))
CA = DevelopmentCa.create("Test CA", now=NOW)


class Http:
    """Answers from a table of handlers and remembers what was asked."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[str, bytes, dict[str, str]], tuple[int, str, bytes]]] = {}
        self.asked: list[tuple[str, str]] = []

    def get(self, url, *, accept, max_bytes=None, raise_for_status=True) -> Fetched:
        return self._answer("GET", url, b"", {}, raise_for_status=raise_for_status)

    def post(self, url, *, body, content_type, accept, headers=None, max_bytes=None) -> Fetched:
        return self._answer("POST", url, body, dict(headers or {}), raise_for_status=False)

    def _answer(self, method, url, body, headers, *, raise_for_status) -> Fetched:
        self.asked.append((method, url))
        if url not in self.handlers:
            raise FetchError("fetch_blocked", "no such place in this test")
        status, media_type, content = self.handlers[url](method, body, headers)
        if raise_for_status and status >= 400:
            raise FetchError("fetch_failed", f"status {status}")
        return Fetched(status, {"content-type": media_type}, content, url)

    def json(self, url: str, value: Any) -> None:
        self.handlers[url] = lambda method, body, headers: (
            200,
            "application/json",
            json.dumps(value).encode(),
        )


@dataclass
class School:
    """An issuer; every field may be bent by a test."""

    http: Http
    key: Any = field(default_factory=lambda: generate("P-256"))
    tx_code: dict[str, Any] | None = None
    batch_size: int = 3
    metadata: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    issued: dict[str, Any] = field(default_factory=dict)
    bend: Callable[[list[str]], list[str]] = list
    nonces: list[str] = field(default_factory=list)
    stale_nonces: int = 0
    tries: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        leaf = CA.issue(
            self.key.public_key,
            common_name="School",
            dns_names=["school.example"],
            uris=[ISSUER],
            valid_days=30,
            now=NOW,
        )
        self.x5c = [b64_encode(leaf)]
        host = "https://school.example"
        self.http.handlers |= {
            f"{host}/.well-known/openid-credential-issuer/tenant": self._metadata,
            f"{host}/.well-known/oauth-authorization-server/tenant": self._server,
            f"{ISSUER}/token": self._token,
            f"{ISSUER}/nonce": self._nonce,
            f"{ISSUER}/credential": self._credential,
        }

    def offer(self, **changes: Any) -> dict[str, Any]:
        grant: dict[str, Any] = {"pre-authorized_code": "code-1"}
        if self.tx_code is not None:
            grant["tx_code"] = self.tx_code
        return {
            "credential_issuer": ISSUER,
            "credential_configuration_ids": ["degree"],
            "grants": {"urn:ietf:params:oauth:grant-type:pre-authorized_code": grant},
        } | changes

    def link(self, **changes: Any) -> str:
        return f"openid-credential-offer://?credential_offer={quote(json.dumps(self.offer(**changes)))}"

    def _metadata(self, method, body, headers):
        configuration = {
            "format": "dc+sd-jwt",
            "vct": VCT,
            "cryptographic_binding_methods_supported": ["jwk"],
            "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256", "EdDSA"]}},
            "credential_metadata": {"display": [{"name": "Degree\x1b[31m", "locale": "en"}]},
        } | self.configuration
        return self._json({
            "credential_issuer": ISSUER,
            "credential_endpoint": f"{ISSUER}/credential",
            "nonce_endpoint": f"{ISSUER}/nonce",
            "batch_credential_issuance": {"batch_size": self.batch_size},
            "credential_configurations_supported": {"degree": configuration},
        } | self.metadata)  # fmt: skip

    def _server(self, method, body, headers):
        return self._json({"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"} | self.server)

    def _token(self, method, body, headers):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.tries.append(form.get("tx_code"))
        if form["pre-authorized_code"] != "code-1" or (
            self.tx_code is not None and form.get("tx_code") != "4711"
        ):
            return self._json({"error": "invalid_grant"}, 400)
        return self._json({"access_token": "token-1", "token_type": "Bearer", "expires_in": 300})

    def _nonce(self, method, body, headers):
        self.nonces.append(f"nonce-{len(self.nonces)}")
        return self._json({"c_nonce": self.nonces[-1]})

    def _credential(self, method, body, headers):
        request = json.loads(body)
        if headers.get("Authorization") != "Bearer token-1":
            return self._json({"error": "invalid_token"}, 401)
        proofs = [jose.parse(proof) for proof in request["proofs"]["jwt"]]
        if self.stale_nonces:
            self.stale_nonces -= 1
            return self._json({"error": "invalid_nonce"}, 400)
        credentials = []
        for proof in proofs:
            if "jwk" not in proof.header:
                return self._json({"error": "invalid_proof"}, 400)
            key = public_key_from_jwk(proof.header["jwk"])
            jose.verify(proof, key, algorithms=["ES256", "EdDSA"], typ="openid4vci-proof+jwt")
            if not self.nonces or proof.claims() != {"aud": ISSUER, "iat": NOW, "nonce": self.nonces[-1]}:
                return self._json({"error": "invalid_proof"}, 400)
            credentials.append(self.credential(key))
        return self._json({"credentials": [{"credential": one} for one in self.bend(credentials)]})

    def credential(self, holder, **changes: Any) -> str:
        """One degree; `changes` bend the arguments."""
        arguments: dict[str, Any] = {
            "vct": VCT, "issuer": ISSUER, "key": self.key, "holder": holder, "disclosable": DISCLOSABLE,
            "issued_at": NOW, "expires_at": NOW + 86_400, "x5c": self.x5c,
        } | self.issued | changes  # fmt: skip
        return issue_sd_jwt_vc(CLAIMS, **arguments)

    @staticmethod
    def _json(value: Any, status: int = 200):
        return status, "application/json", json.dumps(value).encode()


QUERY = {
    "credentials": [
        {
            "id": "d",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [VCT]},
            "claims": [{"path": ["degree", "name"]}],
        }
    ]
}


@dataclass
class Shop:
    """A verifier; every field may be bent by a test."""

    http: Http
    prefix: str = "x509_san_dns"
    key: Any = field(default_factory=lambda: generate("P-256"))
    payload: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    dns_name: str = "shop.example"
    encryption_key: EncryptionKey | None = None
    posted: list[dict[str, str]] = field(default_factory=list)
    answer: Any = field(default_factory=lambda: (200, {"redirect_uri": f"{VERIFIER}/done?code=1"}))

    def __post_init__(self) -> None:
        self.http.handlers |= {f"{VERIFIER}/request": self._request, f"{VERIFIER}/response": self._response}
        self.leaf = CA.issue(
            self.key.public_key, common_name="Shop", dns_names=[self.dns_name], valid_days=30, now=NOW
        )

    @property
    def client_id(self) -> str:
        return {
            "x509_san_dns": "x509_san_dns:shop.example",
            "x509_hash": f"x509_hash:{b64url_encode(sha256(self.leaf))}",
            "redirect_uri": f"redirect_uri:{VERIFIER}/response",
        }[self.prefix]

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "aud": "https://self-issued.me/v2", "iat": NOW, "exp": NOW + 300, "response_type": "vp_token",
            "response_mode": "direct_post", "client_id": self.client_id, "response_uri": f"{VERIFIER}/response",
            "nonce": "n-1", "state": "s-1", "dcql_query": QUERY, "client_metadata": {},
        }  # fmt: skip
        if self.encryption_key is not None:
            content["response_mode"] = "direct_post.jwt"
            content["client_metadata"] = {
                "jwks": {"keys": [self.encryption_key.public_jwk() | {"alg": "ECDH-ES", "use": "enc"}]}
            }
        content |= self.payload
        return {name: value for name, value in content.items() if name not in self.dropped}

    def request_object(self, **more: Any) -> str:
        header = {"typ": "oauth-authz-req+jwt", "x5c": [b64_encode(self.leaf)]} | self.header
        content = self.content()
        return jose.sign(
            header, content | more if isinstance(content, dict) else json.dumps(content).encode(), self.key
        )

    def link(self, **changes: str) -> str:
        parameters = {"client_id": self.client_id, "request_uri": f"{VERIFIER}/request"} | changes
        return f"openid4vp://?{urlencode(parameters)}"

    def link_by_value(self) -> str:
        return f"openid4vp://?{urlencode({'client_id': self.client_id, 'request': self.request_object()})}"

    def link_unsigned(self, **changes: Any) -> str:
        content = self.content() | changes
        parameters = {
            name: json.dumps(value) if isinstance(value, dict) else value for name, value in content.items()
        }
        return f"openid4vp://?{urlencode(parameters)}"

    def _request(self, method, body, headers):
        nonce = parse_qs(body.decode()).get("wallet_nonce", [None])[0]
        more = {"wallet_nonce": nonce} if nonce is not None else {}
        return 200, "application/oauth-authz-req+jwt", self.request_object(**more).encode()

    def _response(self, method, body, headers):
        self.posted.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        status, value = self.answer
        return status, "application/json", json.dumps(value).encode()


def host_of(url: str) -> str:
    return urlsplit(url).netloc
