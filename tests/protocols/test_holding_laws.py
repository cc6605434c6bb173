"""Whatever the other side sends, a wallet answers with its own errors and keeps nothing bad."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocols.wallet_peers import ISSUER, NOW, VERIFIER, Http, School, Shop
from trustid.errors import TrustidError
from trustid.keys.jose import EncryptionKey
from trustid.protocols.holding import Holder
from trustid.stores.wallet_memory import MemoryWallet

ENCRYPTION_KEY = EncryptionKey.generate("e-1")

few = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

NAMES = [
    "credential_issuer", "credential_endpoint", "nonce_endpoint", "batch_credential_issuance", "batch_size",
    "credential_configurations_supported", "degree", "format", "vct", "proof_types_supported", "jwt",
    "proof_signing_alg_values_supported", "cryptographic_binding_methods_supported", "credential_metadata",
    "display", "name", "authorization_servers", "issuer", "token_endpoint", "access_token", "token_type",
    "expires_in", "authorization_details", "credential_identifiers", "c_nonce", "credentials", "credential",
    "error", "grants", "tx_code", "length", "jwks", "keys", "alg", "crv", "kty", "x", "use", "kid", "meta",
    "encrypted_response_enc_values_supported", "vct_values", "claims", "path", "values", "id", "claim_sets",
    "credential_sets", "options", "required", "trusted_authorities", "multiple",
]  # fmt: skip
WORDS = [
    "",
    "https://[",
    "degree",
    "dc+sd-jwt",
    "Bearer",
    "jwk",
    "did:key",
    "ES256",
    "ECDH-ES",
    "P-256",
    "A128GCM",
    "a~b~",
    "d",
    "x.y.z",
    ISSUER,
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


def bend(document, data):
    """Replace, remove or add something at some place of a document."""
    if isinstance(document, dict) and document and data.draw(st.integers(0, 3)):
        name = data.draw(st.sampled_from([*document, *NAMES[:3]]))
        if data.draw(st.integers(0, 5)) == 0:
            return {one: value for one, value in document.items() if one != name}
        return document | {name: bend(document.get(name), data)}
    if isinstance(document, list) and document and data.draw(st.integers(0, 3)):
        place = data.draw(st.integers(0, len(document) - 1))
        return [*document[:place], bend(document[place], data), *document[place + 1 :]]
    return data.draw(values)


@few
@given(answer=st.sampled_from(["issuer", "server", "token", "nonce", "credential", "offer"]), data=st.data())
def test_receiving_raises_only_our_errors(answer, data) -> None:
    http = Http()
    school = School(http)
    host = "https://school.example/.well-known"
    urls = {
        "issuer": f"{host}/openid-credential-issuer/tenant",
        "server": f"{host}/oauth-authorization-server/tenant",
        "token": f"{ISSUER}/token",
        "nonce": f"{ISSUER}/nonce",
        "credential": f"{ISSUER}/credential",
    }
    link = school.link()
    if answer == "offer":
        http.json(f"{ISSUER}/offer", bend(school.offer(), data))
        link = f"openid-credential-offer://?credential_offer_uri={ISSUER}/offer"
    else:
        honest = http.handlers[urls[answer]]

        def bent(method, body, headers):
            status, media_type, content = honest(method, body, headers)
            return status, media_type, json.dumps(bend(json.loads(content), data)).encode()

        http.handlers[urls[answer]] = bent
    holder = Holder.open(MemoryWallet(), http, clock=lambda: NOW)
    try:
        held = holder.accept(holder.read_offer(link))
    except TrustidError:
        assert holder.store.credentials() == ()
    else:
        assert holder.store.credentials() == held
        assert all(one.claims()["family_name"] == "Rossi" for one in held)


@few
@given(data=st.data())
def test_answering_raises_only_our_errors(data) -> None:
    http = Http()
    holder = Holder.open(MemoryWallet(), http, clock=lambda: NOW)
    holder.accept(holder.read_offer(School(http).link()))
    shop = Shop(http, encryption_key=ENCRYPTION_KEY if data.draw(st.booleans()) else None)
    bent = bend(shop.content(), data)
    shop.content = lambda: bent
    try:
        holder.send(holder.plan(holder.read_request(shop.link())))
    except TrustidError:
        assert shop.posted == []
    else:
        assert len(shop.posted) == 1


@few
@given(
    text=st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")),
    scheme=st.sampled_from(
        [
            "",
            "openid4vp://?",
            "openid4vp://?client_id=",
            "openid4vp://?client_id=x509_san_dns%3Aa&request=",
            "openid4vp://?client_id=redirect_uri%3Ahttps://a.example&dcql_query=",
        ]
    ),
)
def test_any_link_is_read_or_refused(text, scheme) -> None:
    holder = Holder.open(MemoryWallet(), Http(), clock=lambda: NOW)
    for read in (holder.read_request, holder.read_offer):
        try:
            read(scheme + text)
        except TrustidError:
            continue


@few
@given(body=st.binary(max_size=80))
def test_any_request_object_is_read_or_refused(body) -> None:
    shop = Shop(Http())
    shop.http.handlers[f"{VERIFIER}/request"] = lambda m, b, h: (200, "application/oauth-authz-req+jwt", body)
    holder = Holder.open(MemoryWallet(), shop.http, clock=lambda: NOW)
    try:
        holder.read_request(shop.link())
    except TrustidError:
        return
    raise AssertionError("random bytes were taken for a question")
