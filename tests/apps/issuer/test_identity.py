"""The documents that say who the issuer is, with and without a path, as URL and as DID."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from issuer_app import create_app
from issuer_under_test import PUBLIC_URL, IssuerUnderTest, StoppedClock, environment
from trustid import keys
from trustid.credentials import jose
from trustid.credentials.issuer_keys import DidSource, X5cSource
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did.document import DidDocument
from trustid.errors import ConfigurationError
from trustid.keys.x509 import certificate_from_pem, check_x5c, leaf_names
from trustid.protocols.openid4vci import IssuerMetadata
from trustid.settings import ServerSettings


def issuer_with(folder: Path, prepared: Path, **changes: str) -> IssuerUnderTest:
    folder.mkdir(exist_ok=True)
    shutil.copy(prepared, folder / "keys.json")
    clock = StoppedClock()
    settings = ServerSettings.from_environment("issuer", environment(folder, **changes))
    return IssuerUnderTest(create_app(settings, clock=clock), clock, folder / "issuer.db")


def test_metadata_reads_as_a_wallet_reads_it(issuer: IssuerUnderTest) -> None:
    body = issuer.client().get("/.well-known/openid-credential-issuer").json or {}
    metadata = IssuerMetadata.from_json(body, expected_issuer=PUBLIC_URL)
    assert metadata.nonce_endpoint == f"{PUBLIC_URL}/oid4vci/nonce"
    assert metadata.batch_size >= 2
    for name, configuration in metadata.configurations.items():
        assert configuration["format"] == "dc+sd-jwt"
        assert configuration["scope"] == name
        assert {"jwk", "did:key", "did:jwk"} <= set(configuration["cryptographic_binding_methods_supported"])
        assert {"ES256", "EdDSA"} <= set(
            configuration["proof_types_supported"]["jwt"]["proof_signing_alg_values_supported"]
        )
        assert configuration["credential_metadata"]["display"]
        assert configuration["credential_metadata"]["claims"]
    server = issuer.client().get("/.well-known/oauth-authorization-server").json or {}
    assert server["issuer"] == PUBLIC_URL
    assert server["pre-authorized_grant_anonymous_access_supported"] is True


def test_credentials_carry_a_chain_to_the_development_ca(issuer: IssuerUnderTest) -> None:
    _, [text] = issuer.collect()
    credential = SdJwtVc.parse(text)
    source = credential.key_source()
    assert isinstance(source, X5cSource)
    anchor = certificate_from_pem(issuer.client().get("/development-ca.pem").data)
    names = leaf_names(list(source.chain))
    assert (list(names.dns_names), list(names.uris)) == (["school.example"], [PUBLIC_URL])
    now = jose.parse(text.split("~")[0]).claims()["iat"]
    del now
    import time

    key = check_x5c(list(source.chain), trust_anchors=[anchor], now=int(time.time()), uri=PUBLIC_URL)
    credential.verify(key)
    assert key == issuer.engine.identity.credential.key.public_key


def test_jwt_vc_issuer_shows_the_same_key(issuer: IssuerUnderTest) -> None:
    body = issuer.client().get("/.well-known/jwt-vc-issuer").json or {}
    assert body["issuer"] == PUBLIC_URL
    found = {keys.public_key_from_jwk(jwk).thumbprint() for jwk in body["jwks"]["keys"]}
    assert found == {one.key.public_key.thumbprint() for one in issuer.engine.identity.signers()}
    assert not any("d" in jwk for jwk in body["jwks"]["keys"])


def test_did_document_shows_the_same_keys(issuer: IssuerUnderTest) -> None:
    body = issuer.client().get("/.well-known/did.json").json or {}
    document = DidDocument.from_json(body, "did:web:school.example")
    method = document.verification_method("did:web:school.example#credential", "assertionMethod")
    assert method.public_key == issuer.engine.identity.credential.key.public_key


def test_did_as_issuer(tmp_path: Path, prepared: Path) -> None:
    issuer = issuer_with(tmp_path / "did", prepared, TRUSTID_ISSUER_ID="did")
    _, [text] = issuer.collect()
    credential = SdJwtVc.parse(text)
    assert credential.issuer == "did:web:school.example"
    source = credential.key_source()
    assert isinstance(source, DidSource)
    assert source.did_url == "did:web:school.example#credential"
    credential.verify(issuer.engine.identity.credential.key.public_key)
    status = credential.status
    assert status is not None
    token = issuer.client().get(status["status_list"]["uri"].removeprefix(PUBLIC_URL)).text
    assert jose.parse(token).header["kid"] == "did:web:school.example#credential"


def test_each_institution_signs_with_its_own_key(tmp_path: Path, prepared: Path) -> None:
    pairs = "degree=North University,vaccination=City Hospital"
    issuer = issuer_with(tmp_path / "institutions", prepared, TRUSTID_INSTITUTIONS=pairs)
    anchor = certificate_from_pem(issuer.client().get("/development-ca.pem").data)
    chains, signing_keys = {}, set()
    for configuration_id in ("degree", "vaccination", "student-id"):
        offer = issuer.offer(configuration_id=configuration_id)
        [text] = issuer.collect(configuration_id=configuration_id)[1]
        credential = SdJwtVc.parse(text)
        source = credential.key_source()
        assert isinstance(source, X5cSource)
        key = check_x5c(list(source.chain), trust_anchors=[anchor], now=issuer.clock(), uri=PUBLIC_URL)
        credential.verify(key)
        chains[configuration_id] = source.chain
        signing_keys.add(key.thumbprint())
        page = issuer.client().get(offer["claim_url"].removeprefix(PUBLIC_URL)).text
        named = {"degree": "North University", "vaccination": "City Hospital"}.get(configuration_id)
        assert f"{named or 'Example School'} has a credential for you" in page
    assert len(signing_keys) == 3
    body = issuer.client().get("/.well-known/jwt-vc-issuer").json or {}
    published = {keys.public_key_from_jwk(jwk).thumbprint() for jwk in body["jwks"]["keys"]}
    assert signing_keys == published
    # Another worker, or the next start, shows the very same certificates.
    again = create_app(
        ServerSettings.from_environment(
            "issuer", environment(tmp_path / "institutions", TRUSTID_INSTITUTIONS=pairs)
        ),
        clock=issuer.clock,
    )
    identity = again.extensions["trustid_issuer"].identity
    assert {name: identity.signer_of(name).x5c for name in chains} == {
        name: tuple(chain) for name, chain in chains.items()
    }


@pytest.mark.parametrize("pairs", ["degree", "degree=", "=X", "degree=A,degree=B", "nothing=X"])
def test_institutions_that_do_not_fit_are_refused(tmp_path: Path, prepared: Path, pairs: str) -> None:
    assert issuer_with(tmp_path / "good", prepared, TRUSTID_INSTITUTIONS="degree=A")
    with pytest.raises(ConfigurationError) as refused:
        issuer_with(tmp_path / "bad", prepared, TRUSTID_INSTITUTIONS=pairs)
    assert refused.value.code == "setting_unsafe"


def test_public_url_with_a_path(tmp_path: Path, prepared: Path) -> None:
    url = "https://city.example/schools/7"
    issuer = issuer_with(tmp_path / "path", prepared, TRUSTID_PUBLIC_URL=url)
    client = issuer.client()
    for name in ("openid-credential-issuer", "oauth-authorization-server", "jwt-vc-issuer"):
        assert client.get(f"/.well-known/{name}/schools/7").status_code == 200
        assert client.get(f"/.well-known/{name}").status_code == 404
    body = client.get("/.well-known/openid-credential-issuer/schools/7").json or {}
    assert body["credential_issuer"] == url
    assert body["credential_endpoint"] == f"{url}/oid4vci/credential"
    assert (client.get("/schools/7/did.json").json or {})["id"] == "did:web:city.example:schools:7"
    assert client.get("/schools/7/vct/degree/1").status_code == 200
    assert client.get("/schools/7/login").status_code == 200
    assert client.get("/login").status_code == 404
    assert (client.get("/schools/7/openapi.json").json or {})["servers"] == [{"url": "https://city.example"}]


def test_types_can_be_narrowed(tmp_path: Path, prepared: Path) -> None:
    from trustid.errors import ConfigurationError

    issuer = issuer_with(tmp_path / "one", prepared, TRUSTID_TYPES="vaccination")
    body = issuer.client().get("/.well-known/openid-credential-issuer").json or {}
    assert list(body["credential_configurations_supported"]) == ["vaccination"]
    with pytest.raises(ConfigurationError) as caught:
        issuer_with(tmp_path / "none", prepared, TRUSTID_TYPES="nothing")
    assert caught.value.code == "setting_unsafe"


def test_the_authorization_endpoint_says_that_there_is_no_code(issuer: IssuerUnderTest) -> None:
    client = issuer.client()
    metadata = client.get("/.well-known/oauth-authorization-server").json or {}
    assert metadata["response_types_supported"] == []
    before = issuer.rows()
    refused = client.get(metadata["authorization_endpoint"].removeprefix(PUBLIC_URL) + "?response_type=code")
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "unsupported_response_type")
    assert issuer.rows() == before
