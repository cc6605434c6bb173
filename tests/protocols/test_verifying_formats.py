"""One order of checks for every format: enveloped W3C credentials and mdoc."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refusing import refused
from strategies import cbor_values, json_objects
from trustid import did, keys
from trustid import verify as verify_anything
from trustid.credentials import cose, jose
from trustid.credentials.data_integrity import usual_creator
from trustid.credentials.enveloping import Envelope
from trustid.credentials.jwt_vc_json import issue_jwt_vc_json, issue_jwt_vp_json
from trustid.credentials.mdoc import DeviceResponse, issue_mdoc, openid4vp_transcript, present
from trustid.credentials.presentation import make_presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.credentials.vc_cose import issue_vc_cose, issue_vp_cose
from trustid.credentials.vc_jose import issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import issue_vc_sd_jwt, issue_vp_sd_jwt
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, b64_encode, b64url_encode, cbor_encode, dump_json
from trustid.errors import TrustidError
from trustid.fetching import Fetched
from trustid.keys import SigningKey
from trustid.keys.x509 import DevelopmentCa
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.presentation import Expected, Sources
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import CHECK_NAMES, Verified, verify_presentation
from trustid.status import list_token
from trustid.status.bitstring import Bitstring
from trustid.status.bitstring import issue as issue_bitstring
from trustid.status.check import StatusChecker
from trustid.status.token_list import TokenStatusList

NOW = 1_800_000_000
KEY, HOLDER, STRANGER = (keys.generate("P-256") for _ in range(3))
ISSUER, ADA = (did.key.create(key.public_key) for key in (KEY, HOLDER))
KID, ADA_KID = (f"{name}#{name.removeprefix('did:key:')}" for name in (ISSUER, ADA))
AUDIENCE, NONCE = "x509_san_dns:v.example", "n-0S6"
TRANSCRIPT = openid4vp_transcript(
    client_id=AUDIENCE, nonce=NONCE, response_uri="https://v.example/r", jwk_thumbprint=None
)
EXPECTED = Expected(AUDIENCE, NONCE, TRANSCRIPT)
MDL, SPACE = "org.iso.18013.5.1.mDL", "org.iso.18013.5.1"
CA = DevelopmentCa.create("Authority", now=NOW - 86_400)
LEAF = CA.issue(
    KEY.public_key, common_name="Signer", dns_names=["dmv.example"], valid_days=3000, now=NOW - 3600
)
POLICY = TrustPolicy(issuers={"Degree": [ISSUER]}, anchors={MDL: [CA.certificate_der]})
BEARER = replace(POLICY, require_key_binding=False)
VC: JsonObject = {
    "@context": ["https://www.w3.org/ns/credentials/v2", {"Degree": "https://school.example/Degree"}],
    "type": ["VerifiableCredential", "Degree"],
    "issuer": ISSUER,
    "validUntil": "2036-01-01T00:00:00Z",
    "credentialSubject": {"id": ADA, "name": "Ada"},
}
VC_1_1 = {name: VC[name] for name in ("type", "issuer", "credentialSubject")} | {
    "@context": ["https://www.w3.org/2018/credentials/v1", {"Degree": "https://school.example/Degree"}],
    "issuanceDate": "2026-01-01T00:00:00Z",
}


class Silent:
    """A fetcher that must not be used."""

    def get(self, *_args: object, **_options: object) -> Any:
        raise AssertionError("something was fetched")


SOURCES = Sources(
    Resolver(Silent(), clock=lambda: NOW),  # type: ignore[arg-type]
    IssuerMetadata(Silent(), clock=lambda: NOW),  # type: ignore[arg-type]
    StatusChecker(Silent(), clock=lambda: NOW),  # type: ignore[arg-type]
)


def verify(presentation: str | JsonObject, **changes: Any) -> Verified:
    options = {"policy": POLICY, "sources": SOURCES, "now": NOW, "expected": EXPECTED} | changes
    return verify_presentation(presentation, **options)


def vp(media_type: str, content: str, **members: Any) -> JsonObject:
    return {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "VerifiablePresentation",
        "holder": ADA,
        "verifiableCredential": [Envelope(media_type, content).to_json()],
    } | members


def presented(document: JsonObject, **changes: Any) -> str:
    options = {"key": HOLDER, "kid": ADA_KID, "audience": AUDIENCE, "nonce": NONCE, "issued_at": NOW}
    return issue_vp_jwt(document, **(options | changes))


def vc_jwt(**changes: Any) -> str:
    return issue_vc_jwt(VC | changes, key=KEY, kid=KID)


def mdl(**changes: Any) -> Any:
    options: dict[str, Any] = {
        "doc_type": MDL,
        "key": KEY,
        "x5c": [b64_encode(LEAF)],
        "device_key": HOLDER.public_key,
        "signed": NOW,
        "valid_from": NOW,
        "valid_until": NOW + 100,
    }
    return issue_mdoc({SPACE: {"family_name": "Ada", "age_over_18": True}}, **(options | changes))


def mdoc(*names: str, **changes: Any) -> str:
    shown = mdl(**changes).select({SPACE: names or ("family_name",)})
    return b64url_encode(
        DeviceResponse((present(shown, transcript=TRANSCRIPT, device_key=HOLDER),)).to_bytes()
    )


def sd_jwt(key: keys.SigningKey = HOLDER) -> str:
    text = issue_vc_sd_jwt(
        VC, disclosable=[("credentialSubject", "name")], key=KEY, kid=KID, holder=HOLDER.public_key
    )
    return SdJwt.parse(text).bind(key, audience=AUDIENCE, nonce=NONCE, issued_at=NOW)


def cose_in_jwt() -> str:
    data = issue_vc_cose(VC, key=KEY, kid=KID.encode())
    return presented(vp("application/vc+cose", b64_encode(data)))


def older() -> str:
    inner = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [issue_jwt_vc_json(VC_1_1, key=KEY, kid=KID)],
    }
    return issue_jwt_vp_json(
        inner,
        key=HOLDER,
        kid=ADA_KID,
        holder=ADA,
        audience=AUDIENCE,
        nonce=NONCE,
        issued_at=NOW,
        expires_at=NOW + 60,
    )


PRESENTATIONS = {
    "vc+jwt": lambda: presented(vp("application/vc+jwt", vc_jwt())),
    "vc+sd-jwt": sd_jwt,
    "vc+cose": cose_in_jwt,
    "jwt_vc_json": older,
    "mso_mdoc": mdoc,
}


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_each_format_is_recognised_and_passes_the_same_checks(name: str) -> None:
    fact = verify(PRESENTATIONS[name]())
    assert (fact.format, fact.status) == (name, "none")
    assert (fact.credential_type, fact.issuer) in {("Degree", ISSUER), (MDL, "x509_san_dns:dmv.example")}
    assert fact.holder_key_thumbprint == HOLDER.public_key.thumbprint()
    assert [check.name for check in fact.checks] == list(CHECK_NAMES)
    assert all(check.ok for check in fact.checks)
    assert "Ada" in str(fact.claims)
    assert "Ada" not in repr(fact)


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_each_format_is_bound_to_verifier_and_request(name: str) -> None:
    text = PRESENTATIONS[name]()
    verify(text)
    for audience, nonce in ((AUDIENCE, "m"), ("x509_san_dns:w.example", NONCE)):
        other = openid4vp_transcript(
            client_id=audience, nonce=nonce, response_uri="https://v.example/r", jwk_thumbprint=None
        )
        with refused("kb_nonce", "kb_aud", "mdoc_device_auth") as caught:
            verify(text, expected=Expected(audience, nonce, other))
        assert caught.value.checks[-1].name == "holder_present"
    with refused("kb_required"):
        verify(text, expected=None)


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_each_format_needs_a_trusted_issuer_before_anything_else(name: str) -> None:
    with refused("issuer_not_trusted") as caught:
        verify(PRESENTATIONS[name](), policy=TrustPolicy())
    assert [check.name for check in caught.value.checks] == ["readable", "issuer_trusted"]


def test_credentials_that_nobody_presents() -> None:
    data = issue_vc_cose(VC, key=KEY, kid=KID.encode())
    for alone in (
        vc_jwt(),
        issue_vc_sd_jwt(VC, disclosable=[], key=KEY, kid=KID),
        issue_jwt_vc_json(VC_1_1, key=KEY, kid=KID),
        Envelope("application/vc+jwt", vc_jwt()).to_json(),
        Envelope("application/vc+cose", b64_encode(data)).to_json(),
        b64url_encode(data),
        b64url_encode(mdl().to_bytes()),
    ):
        assert verify(alone, policy=BEARER, expected=None).checks[-2].ok
        with refused("kb_required"):
            verify(alone)
    for raw in (data, mdl().to_bytes()):
        assert verify_anything(raw, BEARER, sources=SOURCES, clock=lambda: NOW).format in {
            "vc+cose",
            "mso_mdoc",
        }
    wrapped = Envelope("application/vp+jwt", PRESENTATIONS["vc+jwt"]()).to_json()
    assert verify(wrapped).format == "vc+jwt"


def test_B025_a_key_of_another_issuer() -> None:
    mill = did.key.create(STRANGER.public_key)
    mill_kid = f"{mill}#{mill.removeprefix('did:key:')}"
    verify(vc_jwt(), policy=BEARER, expected=None)
    with refused("issuer_key_mismatch") as caught:
        verify(issue_vc_jwt(VC, key=STRANGER, kid=mill_kid), policy=BEARER, expected=None)
    assert caught.value.checks[-1].name == "readable"
    with refused("signature_invalid"):
        verify(issue_vc_jwt(VC, key=STRANGER, kid=KID), policy=BEARER, expected=None)


def test_holders() -> None:
    inner = vp("application/vc+jwt", vc_jwt())
    verify(presented(inner))
    stranger = did.key.create(STRANGER.public_key)
    stranger_kid = f"{stranger}#{stranger.removeprefix('did:key:')}"
    with refused("kb_signature"):
        verify(presented(inner, key=STRANGER))
    with refused("holder_mismatch"):
        verify(presented(inner | {"holder": stranger}, key=STRANGER, kid=stranger_kid))
    with refused("issuer_key_mismatch"):
        verify(presented(inner, key=STRANGER, kid=stranger_kid))
    with refused("holder_mismatch"):
        without = {name: value for name, value in inner.items() if name != "holder"}
        verify(presented(without))
    with refused("holder_mismatch"):
        sd_jwt(STRANGER)
    bound = issue_vc_jwt(VC, key=KEY, kid=KID, holder=STRANGER.public_key)
    assert verify(presented(vp("application/vc+jwt", bound), key=STRANGER)).subject == ADA
    with refused("kb_signature"):
        verify(presented(vp("application/vc+jwt", bound)))


def in_jwt(document: JsonObject, **changes: Any) -> tuple[str, str]:
    text = presented(document, **changes)
    return text, text


def in_sd_jwt(document: JsonObject, **changes: Any) -> tuple[str, str]:
    options = {"key": HOLDER, "kid": ADA_KID, "audience": AUDIENCE, "nonce": NONCE, "issued_at": NOW}
    text = issue_vp_sd_jwt(document, disclosable=[], **(options | changes))
    return text, text


def in_cose(document: JsonObject, **changes: Any) -> tuple[str, str]:
    options = {
        "key": HOLDER,
        "kid": ADA_KID,
        "audience": AUDIENCE,
        "nonce": NONCE,
        "issued_at": NOW,
    } | changes
    data = issue_vp_cose(document, **(options | {"kid": options["kid"].encode()}))
    return b64url_encode(data), b64_encode(data)


FORMS = {"vp+jwt": in_jwt, "vp+sd-jwt": in_sd_jwt, "vp+cose": in_cose}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_presentations_in_every_envelope(form) -> None:
    """By itself and as a data URL; for another verifier, at another time and by another holder refused."""
    inner = vp("application/vc+jwt", vc_jwt())
    text, content = FORMS[form](inner)
    for presentation in (text, Envelope(f"application/{form}", content).to_json()):
        fact = verify(presentation)
        assert (fact.format, fact.subject) == ("vc+jwt", ADA)
        assert fact.holder_key_thumbprint == HOLDER.public_key.thumbprint()
    for changes, code in (
        ({"audience": "https://mill.example"}, "kb_aud"),
        ({"audience": None}, "kb_aud"),
        ({"nonce": "another"}, "kb_nonce"),
        ({"nonce": None}, "kb_nonce"),
        ({"key": STRANGER}, "kb_signature"),
        ({"expires_at": NOW - 3600}, "expired"),
        ({"expires_at": NOW + 3600}, None),
    ):
        text, _ = FORMS[form](inner, **changes)
        if code is None:
            verify(text)
            continue
        with refused(code) as caught:
            verify(text)
        assert caught.value.checks[-1].name == "holder_present"


@pytest.mark.parametrize("form", sorted(FORMS))
def test_B026_one_envelope_is_not_taken_for_another(form) -> None:
    _, content = FORMS[form](vp("application/vc+jwt", vc_jwt()))
    for other in FORMS.keys() - {form}:
        with refused("malformed", "typ_mismatch", "limit_exceeded", "unsupported"):
            verify(Envelope(f"application/{other}", content).to_json())


def test_cwt_claims_of_a_presentation() -> None:
    document = vp("application/vc+jwt", vc_jwt())
    good = {"key": HOLDER, "kid": ADA_KID.encode(), "audience": AUDIENCE, "nonce": NONCE}
    verify(b64url_encode(issue_vp_cose(document, **good)))
    with refused("malformed"):
        verify(b64url_encode(issue_vp_cose(document | {"nonce": "another"}, **good)))
    header = {cose.TYPE: "application/vp+cose", cose.KEY_ID: ADA_KID.encode()}
    for claims, codes in (
        ({3: AUDIENCE, 10: NONCE}, ()),
        ({3: [AUDIENCE], 10: NONCE.encode()}, ()),
        ({3: AUDIENCE, 10: b"\xff"}, ("malformed",)),
        ([], ("malformed",)),
        ({3: AUDIENCE, 10: NONCE, 4: "soon"}, ("claim_type_invalid",)),
        ({10: NONCE}, ("kb_aud",)),
    ):
        protected = {**header, cose.CWT_CLAIMS: claims}
        data = b64url_encode(cose.sign1(dump_json(document), HOLDER, protected=protected).to_bytes())
        if codes:
            with refused(*codes):
                verify(data)
        else:
            verify(data)


def test_a_key_binding_after_a_presentation_is_refused() -> None:
    document = vp("application/vc+jwt", vc_jwt()) | {"cnf": {"jwk": HOLDER.public_key.to_jwk()}}
    text, _ = in_sd_jwt(document)
    verify(text)
    bound = SdJwt.parse(text).bind(HOLDER, audience=AUDIENCE, nonce=NONCE, issued_at=NOW)
    with refused("malformed"):
        verify(bound)


def test_an_envelope_in_a_presentation_with_a_proof_inside() -> None:
    def present_it(text: str, key: SigningKey = HOLDER, kid: str = ADA_KID) -> JsonObject:
        options = {"created": datetime.fromtimestamp(NOW, UTC), "challenge": NONCE, "domain": AUDIENCE}
        envelope = Envelope("application/vc+jwt", text).to_json()
        return make_presentation(
            [envelope], key=key, verification_method=kid, create=usual_creator(key), **options
        )

    fact = verify(present_it(vc_jwt()))
    assert (fact.format, fact.subject) == ("vc+jwt", ADA)
    stranger = did.key.create(STRANGER.public_key)
    with refused("holder_mismatch"):
        verify(present_it(vc_jwt(), STRANGER, f"{stranger}#{stranger.removeprefix('did:key:')}"))
    with refused("proof_invalid"):
        verify(present_it(vc_jwt()) | {"id": "urn:x"})
    with refused("challenge_mismatch"):
        verify(present_it(vc_jwt()), expected=Expected(AUDIENCE, "another"))
    verify(present_it(issue_vc_jwt(VC, key=KEY, kid=KID, holder=HOLDER.public_key)))
    with refused("holder_mismatch"):
        verify(present_it(issue_vc_jwt(VC, key=KEY, kid=KID, holder=STRANGER.public_key)))


def test_only_w3c_credentials_stand_in_presentations() -> None:
    other = issue_sd_jwt_vc(
        {"name": "Ada"}, vct="Degree", issuer=ISSUER, key=KEY, kid=KID, holder=HOLDER.public_key, disclosable=[],
        issued_at=NOW, expires_at=NOW + 3600,
    )  # fmt: skip
    old = {"iss": ADA, "aud": AUDIENCE, "nonce": NONCE}
    wrapped = {"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiablePresentation"]}
    for tokens, code in (([vc_jwt()], None), ([other], "unsupported")):
        vp_claim = wrapped | {"verifiableCredential": tokens}
        text = jose.sign({"typ": "JWT", "kid": ADA_KID}, old | {"vp": vp_claim}, HOLDER)
        if code is None:
            verify(text)
        else:
            with refused(code):
                verify(text)


def test_more_or_other_than_one_credential() -> None:
    inner = vp("application/vc+jwt", vc_jwt())
    one = inner["verifiableCredential"]
    with refused("unsupported"):
        verify(presented(inner | {"verifiableCredential": one * 2}))
    with refused("unsupported"):
        verify(presented(inner | {"verifiableCredential": []}))
    with refused("unsupported"):
        verify(
            presented(
                inner
                | {
                    "verifiableCredential": [
                        Envelope("application/vp+jwt", "x").to_json()
                        | {"type": "EnvelopedVerifiableCredential"}
                    ]
                }
            )
        )
    with refused("malformed"):
        verify(Envelope("application/vp+jwt", vc_jwt()).to_json())
    with refused("malformed"):
        verify(Envelope("application/vp+cose", "x").to_json())
    two = present(mdl(), transcript=TRANSCRIPT, device_key=HOLDER)
    with refused("unsupported"):
        verify(b64url_encode(DeviceResponse((two, two)).to_bytes()))
    with refused("malformed"):
        verify(b64url_encode(DeviceResponse((), (), 0).to_bytes()))
    with refused("malformed"):
        verify(b64url_encode(DeviceResponse((two,), (), 10).to_bytes()))


def test_certified_issuers_of_enveloped_credentials() -> None:
    school = "https://school.example"
    leaf = CA.issue(
        KEY.public_key, common_name="School", dns_names=["school.example"], valid_days=30, now=NOW - 3600
    )
    policy = TrustPolicy(anchors={"Degree": [CA.certificate_der]}, require_key_binding=False)
    text = issue_vc_jwt(VC | {"issuer": school}, key=KEY, x5c=[b64_encode(leaf)])
    assert verify(text, policy=policy, expected=None).issuer == school
    with refused("x5c_invalid"):
        verify(
            issue_vc_jwt(VC | {"issuer": "https://mill.example"}, key=KEY, x5c=[b64_encode(leaf)]),
            policy=policy,
        )
    with refused("issuer_not_trusted"):
        verify(text, policy=replace(policy, issuers={"Degree": ["https://mill.example"]}), expected=None)
    # Trusted by name, the chain counts for nothing: the DID leads to the key.
    named = issue_vc_jwt(VC, key=KEY, kid=KID, x5c=[b64_encode(leaf)])
    assert verify(named, policy=BEARER, expected=None).issuer == ISSUER


def test_status_must_be_understood() -> None:
    entry = {"type": "Unknown2030", "id": "https://school.example/1"}
    context = [*VC["@context"], {"Unknown2030": "https://school.example/Unknown2030"}]
    with refused("status_unsupported", "status_malformed") as caught:
        verify(vc_jwt(**{"@context": context, "credentialStatus": entry}), policy=BEARER, expected=None)
    assert caught.value.checks[-1].name == "not_revoked"
    with refused("status_unsupported"):
        verify(mdoc(status={"identifier_list": {}}))
    with refused("status_missing"):
        verify(mdoc(), policy=replace(POLICY, require_status=True))


class OneList:
    """Serves one status list, of the school or of somebody else."""

    def __init__(self, token: str, media_type: str = "application/statuslist+jwt") -> None:
        self.token = token
        self.media_type = media_type

    def get(self, url: str, **_options: object) -> Fetched:
        return Fetched(200, {"content-type": self.media_type}, self.token.encode(), url)

    def on_behalf_of(self, _peer: str) -> Any:
        return contextlib.nullcontext()


LIST = "https://dmv.example/status/1"


@pytest.mark.parametrize(("value", "code"), [(0, None), (1, "revoked")])
def test_an_enveloped_credential_in_a_bitstring_list(value: int, code: str | None) -> None:
    statuses = Bitstring()
    statuses.set(9, value)
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "9",
        "statusListCredential": LIST,
    }
    signer = keys.generate("Ed25519")
    issuer = did.key.create(signer.public_key)
    kid = f"{issuer}#{issuer.removeprefix('did:key:')}"
    served = issue_bitstring(
        statuses,
        uri=LIST,
        issuer=issuer,
        purpose="revocation",
        key=signer,
        verification_method=kid,
        issued_at=NOW,
        ttl_seconds=300,
    )
    text = served if isinstance(served, str) else dump_json(served).decode()
    checker = StatusChecker(OneList(text, "application/vc"), clock=lambda: NOW)  # type: ignore[arg-type]
    options = {
        "policy": replace(BEARER, issuers={"Degree": [issuer]}),
        "sources": replace(SOURCES, status=checker),
    }
    token = issue_vc_jwt(VC | {"issuer": issuer, "credentialStatus": entry}, key=signer, kid=kid)
    if code is None:
        assert verify(token, **options).status == "valid"
    else:
        with refused(code):
            verify(token, **options)


def test_an_sd_jwt_within_a_presentation() -> None:
    inner = issue_vc_sd_jwt(VC, disclosable=[("credentialSubject", "name")], key=KEY, kid=KID)
    shown = SdJwt.parse(inner).select([]).serialize()
    fact = verify(presented(vp("application/vc+sd-jwt", shown)))
    assert (fact.format, fact.claims["credentialSubject"]) == ("vc+sd-jwt", {"id": ADA})


@pytest.mark.parametrize(("value", "code"), [(0, None), (1, "revoked"), (2, "suspended")])
def test_an_mdoc_in_a_status_list(value: int, code: str | None) -> None:
    statuses = TokenStatusList(2, 16)
    statuses.set(3, value)
    place = {"status_list": {"idx": 3, "uri": LIST}}
    stranger = CA.issue(
        STRANGER.public_key, common_name="Mill", dns_names=["mill.example"], valid_days=30, now=NOW - 3600
    )
    for key, leaf, refusal in ((KEY, LEAF, code), (STRANGER, stranger, "status_untrusted")):
        token = list_token.issue(
            statuses,
            list_token.ListSigning(
                uri=LIST, key=key, issued_at=NOW, expires_at=NOW + 60, x5c=[b64_encode(leaf)]
            ),
        )
        checker = StatusChecker(OneList(token), clock=lambda: NOW)  # type: ignore[arg-type]
        if refusal is None:
            assert verify(mdoc(status=place), sources=replace(SOURCES, status=checker)).status == "valid"
        else:
            with refused(refusal, "issuer_mismatch"):
                verify(mdoc(status=place), sources=replace(SOURCES, status=checker))


def question(*names: str, doctype: str = MDL) -> Any:
    part = {"id": "licence", "format": "mso_mdoc", "meta": {"doctype_value": doctype}}
    claims = [{"path": [SPACE, name]} for name in names]
    return DcqlQuery.parse({"credentials": [part | {"claims": claims}]}).credentials[0]


def test_B201_elements_that_nobody_asked_for() -> None:
    verify(mdoc("family_name"), question=question("family_name"))
    verify(mdoc("family_name", "age_over_18"), question=question("family_name", "age_over_18"))
    with refused("query_mismatch"):
        verify(mdoc("family_name", "age_over_18"), question=question("family_name"))
    with refused("query_mismatch"):
        verify(mdoc("age_over_18"), question=question("family_name"))
    with refused("query_mismatch"):
        verify(mdoc("family_name"), question=question("family_name", doctype="eu.europa.ec.eudi.pid.1"))


def test_an_mdoc_is_not_proved_without_its_session() -> None:
    text = mdoc()
    with refused("kb_required"):
        verify(text, expected=Expected(AUDIENCE, NONCE))
    assert verify(text, policy=BEARER, expected=Expected(AUDIENCE, NONCE)).checks[-2].ok
    with refused("mdoc_device_auth"):
        verify(text, policy=BEARER, expected=Expected(AUDIENCE, NONCE, b"\xf6"))


@given(
    st.text(max_size=30)
    | st.binary(max_size=40).map(b64url_encode)
    | cbor_values.map(lambda value: b64url_encode(cbor_encode(value)))
    | json_objects
    | json_objects.map(lambda claims: jose.sign({"typ": "vc+jwt"}, VC | claims, KEY))
    | json_objects.map(
        lambda claims: jose.sign({"typ": "vp+jwt"}, vp("application/vc+jwt", "x") | claims, KEY)
    )
    | json_objects.map(lambda members: Envelope("application/vc+jwt", "x").to_json() | members)
)
def test_only_our_errors(anything: str | JsonObject) -> None:
    with contextlib.suppress(TrustidError):
        verify(anything, policy=BEARER)
