"""The verifying order: each check, its refusals with their twins, and nothing fetched before trust."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopback import Loopback, loopback
from trustid import did, keys
from trustid.credentials import jose
from trustid.credentials.presentation import issue_credential, make_presentation
from trustid.credentials.sd_jwt import SdJwt
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.did.resolver import Resolution, Resolver
from trustid.encoding import JsonObject, b64_decode, b64_encode, b64url_encode, sha256
from trustid.errors import CODES, FetchError, TrustidError
from trustid.fetching import Fetched, Fetcher, FetchPolicy
from trustid.keys.x509 import DevelopmentCa
from trustid.protocols import verifying
from trustid.protocols.dcql import DcqlQuery
from trustid.protocols.presentation import Expected, Sources
from trustid.protocols.presentation_sd_jwt_vc import PresentedSdJwtVc
from trustid.protocols.trust import ANY_TYPE, IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import CHECK_NAMES, Verified, verify_answer, verify_presentation
from trustid.status import list_token
from trustid.status.check import StatusChecker
from trustid.status.token_list import TokenStatusList

NOW = 1_800_000_000
VCT = "urn:example:degree"
AUDIENCE = "x509_san_dns:verifier.example"
NONCE = "n-0S6_WzA2Mj"
EXPECTED = Expected(AUDIENCE, NONCE)

ISSUER_KEY = keys.generate("P-256")
HOLDER_KEY = keys.generate("P-256")
STRANGER_KEY = keys.generate("P-256")
SCHOOL = did.key.create(ISSUER_KEY.public_key)
POLICY = TrustPolicy(issuers={VCT: [SCHOOL]})
CLAIMS = {
    "given_name": "Ada",
    "family_name": "Lovelace",
    "degree": {"name": "Physics", "grade": "A"},
    "year": 1840,
}
DISCLOSABLE = [("given_name",), ("family_name",), ("degree", "name"), ("degree", "grade"), ("year",)]


class Silent:
    """A fetcher that must not be used."""

    def get(self, *_args: object, **_options: object) -> Fetched:
        raise AssertionError("something was fetched")


def sources(fetcher: object | None = None, **changes: object) -> Sources:
    door = fetcher or Silent()
    made = Sources(
        Resolver(door, clock=lambda: NOW),  # type: ignore[arg-type]
        IssuerMetadata(door, clock=lambda: NOW),  # type: ignore[arg-type]
        StatusChecker(door, clock=lambda: NOW),  # type: ignore[arg-type]
    )
    return replace(made, **changes)


def credential(**changes: object) -> str:
    options = {
        "vct": VCT,
        "issuer": SCHOOL,
        "key": ISSUER_KEY,
        "holder": HOLDER_KEY.public_key,
        "disclosable": DISCLOSABLE,
        "issued_at": NOW - 100,
        "expires_at": NOW + 100_000,
        **changes,
    }
    return issue_sd_jwt_vc(options.pop("claims", CLAIMS), **options)  # type: ignore[arg-type]


def present(text: str | None = None, *paths: str | tuple, **changes: object) -> str:
    wanted = [path if isinstance(path, tuple) else (path,) for path in paths]
    options = {"audience": AUDIENCE, "nonce": NONCE, "issued_at": NOW, **changes}
    key = options.pop("key", HOLDER_KEY)
    return SdJwt.parse(text or credential()).select(wanted).bind(key, **options)  # type: ignore[arg-type]


def verify(presentation: str | JsonObject, **changes: object) -> Verified:
    options = {"policy": POLICY, "sources": sources(), "now": NOW, "expected": EXPECTED, **changes}
    return verify_presentation(presentation, **options)  # type: ignore[arg-type]


def refusal(presentation: str | JsonObject, **changes: object) -> TrustidError:
    with pytest.raises(TrustidError) as refused:
        verify(presentation, **changes)
    return refused.value


def outcome(presentation: str | JsonObject, **changes: object) -> tuple[str, str]:
    """The name and the code of the check that refused."""
    error = refusal(presentation, **changes)
    assert error.checks[-1].code == error.code
    assert not error.checks[-1].ok
    assert all(check.ok for check in error.checks[:-1])
    assert [check.name for check in error.checks] == list(CHECK_NAMES[: len(error.checks)])
    return error.checks[-1].name, error.code


def ask(*paths: str | tuple, **members: object) -> DcqlQuery:
    claims = [{"path": list(path) if isinstance(path, tuple) else [path]} for path in paths]
    part = {"id": "degree", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, **members}
    return DcqlQuery.parse({"credentials": [part | ({"claims": claims} if claims else {})]})


# What comes out


def test_everything_holds() -> None:
    question = ask("given_name", ("degree", "name")).credentials[0]
    fact = verify(present(None, "given_name", ("degree", "name")), question=question)
    assert (fact.format, fact.issuer, fact.credential_type, fact.status) == ("dc+sd-jwt", SCHOOL, VCT, "none")
    assert fact.claims["given_name"] == "Ada"
    assert fact.claims["degree"] == {"name": "Physics"}
    assert "family_name" not in fact.claims
    assert fact.holder_key_thumbprint == HOLDER_KEY.public_key.thumbprint()
    assert fact.linkability == "signature"
    assert [check.name for check in fact.checks] == list(CHECK_NAMES)
    assert all(check.ok and check.code == "ok" and check.sentence for check in fact.checks)
    assert "Ada" not in repr(fact)


def test_sentences_tell_what_was_not_checked() -> None:
    policy = replace(POLICY, require_key_binding=False)
    fact = verify(credential(holder=None), policy=policy, expected=None)
    said = {check.name: check.sentence for check in fact.checks}
    assert said["not_revoked"] == verifying.NO_STATUS
    assert said["holder_present"] == verifying.NO_HOLDER
    assert said["answers_question"] == verifying.NO_QUESTION
    assert fact.holder_key_thumbprint is None


def test_refusals_never_carry_claims() -> None:
    error = refusal(present(None, "given_name"), question=ask("year").credentials[0])
    assert "Ada" not in str(error) + repr(error.checks)


# Reading


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "a.b.c~", "~", "{}", "e30.e30.AA~"])
def test_unreadable(text: str) -> None:
    verify(present())
    assert outcome(text)[0] == "readable"


def test_unreadable_documents() -> None:
    assert outcome({})[0] == "readable"
    assert outcome({"type": ["VerifiablePresentation"]})[0] == "readable"


def test_without_vct() -> None:
    payload = jose.parse(credential().split("~")[0]).claims()
    verify(present())
    del payload["vct"]
    text = jose.sign({"typ": "dc+sd-jwt"}, payload, ISSUER_KEY) + "~"
    assert outcome(text) == ("readable", "required_claim_missing")


# Trust


def test_an_issuer_is_trusted_for_one_type_and_not_for_another() -> None:
    verify(present())
    assert outcome(present(credential(vct="urn:example:licence"))) == ("issuer_trusted", "issuer_not_trusted")
    assert outcome(present(), policy=TrustPolicy()) == ("issuer_trusted", "issuer_not_trusted")
    stranger = did.key.create(STRANGER_KEY.public_key)
    text = present(credential(issuer=stranger, key=STRANGER_KEY))
    assert outcome(text) == ("issuer_trusted", "issuer_not_trusted")
    verify(text, policy=TrustPolicy(issuers={ANY_TYPE: [stranger]}))


def test_a_further_type_counts_only_if_the_issuer_is_trusted_for_it() -> None:
    """Who may issue library cards does not issue passports by writing it into aka_vcts."""
    both = credential(aka_vcts=["urn:example:passport"])
    passport = ask(meta={"vct_values": ["urn:example:passport"]}).credentials[0]
    trusted = TrustPolicy(issuers={VCT: [SCHOOL], "urn:example:passport": [SCHOOL]})
    verify(present(both), question=passport, policy=trusted)
    assert outcome(present(both), question=passport) == ("answers_question", "query_mismatch")
    verify(present(both), question=ask().credentials[0])


def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Records every look-up and every connection of this process."""
    seen: list[object] = []
    lookup, connect = socket.getaddrinfo, socket.socket.connect

    def counted_lookup(*args: object, **options: object) -> object:
        seen.append(args)
        return lookup(*args, **options)  # type: ignore[arg-type]

    def counted_connect(self: socket.socket, address: object) -> None:
        seen.append(address)
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted_lookup)
    monkeypatch.setattr(socket.socket, "connect", counted_connect)
    return seen


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def publish_list(server: Loopback, revoked: dict[int, int] | None = None, **changes: object) -> JsonObject:
    statuses = TokenStatusList(2, 64)
    for index, status in (revoked or {}).items():
        statuses.set(index, status)
    options = {"uri": server.url("/status"), "key": ISSUER_KEY, "issued_at": NOW - 5, **changes}
    token = list_token.issue(statuses, list_token.ListSigning(**options))  # type: ignore[arg-type]
    server.pages["/status"] = (200, "application/statuslist+jwt", token.encode())
    return {"status_list": {"idx": 3, "uri": server.url("/status")}}


def web_issuer(server: Loopback) -> str:
    name = did.web.create(f"http://localhost:{server.authority.partition(':')[2]}")
    document = did.web.document_for(name, {"key-1": ISSUER_KEY.public_key})
    server.pages["/.well-known/did.json"] = (200, "application/did+json", json.dumps(document).encode())
    return name


def test_B104_nothing_is_fetched_for_a_stranger(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """did:web, issuer metadata, a status list, x5c: all of the stranger's choice, and no connection."""
    name = web_issuer(server)
    status = publish_list(server)
    port = server.authority.partition(":")[2]
    fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({server.authority, f"localhost:{port}"})))
    text = present(credential(issuer=name, kid=f"{name}#key-1", status=status))
    by_url = present(credential(issuer="https://mill.example", kid="1", status=status))
    chain = [
        b64_encode(DevelopmentCa.create("Mill").issue(ISSUER_KEY.public_key, common_name="m", valid_days=1))
    ]
    by_chain = present(credential(issuer=None, x5c=chain, status=status))
    seen = connections(monkeypatch)
    for stranger in (text, by_url, by_chain):
        assert outcome(stranger, sources=sources(fetcher))[0] == "issuer_trusted"
    assert seen == []
    assert server.asked == []
    trusted = TrustPolicy(issuers={VCT: [name]})
    assert verify(text, sources=sources(fetcher), policy=trusted).status == "valid"
    assert server.asked == ["/.well-known/did.json", "/status"]


# Keys


def test_a_deactivated_issuer_B126() -> None:
    def resolver(**metadata: object) -> Resolver:
        document = Resolver(None, clock=lambda: NOW).resolve(SCHOOL).document
        return Resolver(None, clock=lambda: NOW, methods={"key": lambda _did: Resolution(document, metadata)})

    verify(present(), sources=sources(resolver=resolver()))
    deactivated = sources(resolver=resolver(deactivated=True))
    assert outcome(present(), sources=deactivated) == ("key_found", "issuer_revoked")


def test_B126_a_key_that_the_issuer_no_longer_lists(server: Loopback) -> None:
    name = web_issuer(server)
    port = server.authority.partition(":")[2]
    fetcher = Fetcher(FetchPolicy(allow_http_hosts=frozenset({f"localhost:{port}"})))
    policy = TrustPolicy(issuers={VCT: [name]})
    text = present(credential(issuer=name, kid=f"{name}#key-1"))
    verify(text, sources=sources(fetcher), policy=policy)
    document = did.web.document_for(name, {"key-2": ISSUER_KEY.public_key})
    server.pages["/.well-known/did.json"] = (200, "application/did+json", json.dumps(document).encode())
    assert outcome(text, sources=sources(fetcher), policy=policy) == ("key_found", "issuer_key_unknown")


def test_a_key_of_another_did() -> None:
    other = did.key.create(STRANGER_KEY.public_key)
    kid = f"{other}#{other.removeprefix('did:key:')}"
    verify(present())
    text = present(credential(key=STRANGER_KEY, kid=kid))
    assert outcome(text) == ("readable", "issuer_key_mismatch")


class MetadataServer:
    """Issuer metadata over https, without a network."""

    def __init__(self, pages: dict[str, object]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def get(self, url: str, *, accept: str, **_options: object) -> Fetched:
        self.asked.append(url)
        if url not in self.pages:
            raise FetchError("fetch_failed", "expected a resource, found status 404")
        media_type = accept.partition(",")[0]
        return Fetched(200, {"content-type": media_type}, json.dumps(self.pages[url]).encode(), url)


WELL_KNOWN = "https://school.example/.well-known/jwt-vc-issuer"
JWKS = {"keys": [{**ISSUER_KEY.public_key.to_jwk(), "kid": "1"}]}
BY_URL = TrustPolicy(issuers={VCT: ["https://school.example"]})


@pytest.mark.parametrize("by_reference", [False, True])
def test_keys_from_issuer_metadata(by_reference: bool) -> None:
    metadata: JsonObject = {"issuer": "https://school.example"}
    pages: dict[str, object] = {WELL_KNOWN: metadata}
    if by_reference:
        metadata["jwks_uri"] = "https://keys.example/jwks"
        pages["https://keys.example/jwks"] = JWKS
    else:
        metadata["jwks"] = JWKS
    server = MetadataServer(pages)
    from_there = sources(server)
    text = present(credential(issuer="https://school.example", kid="1"))
    assert verify(text, sources=from_there, policy=BY_URL).issuer == "https://school.example"
    asked = list(server.asked)
    verify(text, sources=from_there, policy=BY_URL)
    assert server.asked == asked  # the issuer does not see each presentation
    wrong = present(credential(issuer="https://school.example", kid="2"))
    assert outcome(wrong, sources=from_there, policy=BY_URL) == ("key_found", "key_not_found")


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ({"issuer": "https://mill.example", "jwks": JWKS}, "issuer_mismatch"),
        ({"issuer": "https://school.example"}, "malformed"),
        (["no object"], "fetch_failed"),
        (None, "fetch_failed"),
    ],
)
def test_wrong_issuer_metadata(page: object, code: str) -> None:
    text = present(credential(issuer="https://school.example", kid="1"))
    good = {WELL_KNOWN: {"issuer": "https://school.example", "jwks": JWKS}}
    verify(text, sources=sources(MetadataServer(good)), policy=BY_URL)
    bad = MetadataServer({} if page is None else {WELL_KNOWN: page})
    assert outcome(text, sources=sources(bad), policy=BY_URL) == ("key_found", code)


def test_metadata_without_network() -> None:
    text = present(credential(issuer="https://school.example", kid="1"))
    offline = sources(metadata=IssuerMetadata(None, clock=lambda: NOW))
    assert outcome(text, sources=offline, policy=BY_URL) == ("key_found", "fetch_blocked")


def test_metadata_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trustid.protocols.trust.METADATA_CACHE_ENTRIES", 1)
    pages = {
        f"https://{name}.example/.well-known/jwt-vc-issuer": {
            "issuer": f"https://{name}.example",
            "jwks": JWKS,
        }
        for name in ("a", "b")
    }
    server = MetadataServer(pages)
    metadata = IssuerMetadata(server, clock=lambda: NOW)
    for url, page in [*pages.items(), *pages.items()]:
        metadata.public_key(page["issuer"], url, "1")
    assert len(server.asked) == 4


CA = DevelopmentCa.create("School CA", now=NOW - 7200)


def chain(key: keys.SigningKey = ISSUER_KEY, ca: DevelopmentCa = CA, **names: object) -> list[str]:
    options = {"common_name": "School", "valid_days": 30, "now": NOW - 3700, **names}
    return [b64_encode(ca.issue(key.public_key, **options))]  # type: ignore[arg-type]


BY_ANCHOR = TrustPolicy(anchors={VCT: [CA.certificate_der]})


@pytest.mark.parametrize(
    ("issuer", "names", "called"),
    [
        ("https://school.example", {"dns_names": ["school.example"]}, "https://school.example"),
        ("https://school.example/a", {"uris": ["https://school.example/a"]}, "https://school.example/a"),
        (None, {"uris": ["https://school.example/a"]}, "https://school.example/a"),
        (None, {"dns_names": ["school.example"]}, "x509_san_dns:school.example"),
    ],
)
def test_issuers_with_certificates(issuer: str | None, names: dict, called: str) -> None:
    text = present(credential(issuer=issuer, x5c=chain(**names)))
    assert verify(text, policy=BY_ANCHOR).issuer == called


def test_an_issuer_whose_certificate_has_no_name() -> None:
    certificates = chain()
    issuer = verify(present(credential(issuer=None, x5c=certificates)), policy=BY_ANCHOR).issuer
    assert issuer == f"x509_hash:{b64url_encode(sha256(b64_decode(certificates[0])))}"


def test_certificates_that_are_not_trusted() -> None:
    names = {"dns_names": ["school.example"]}
    good = chain(**names)
    verify(present(credential(issuer="https://school.example", x5c=good)), policy=BY_ANCHOR)
    other = chain(ca=DevelopmentCa.create("Mill", now=NOW - 7200), **names)
    for issuer, certificates in (
        ("https://school.example", other),
        ("https://mill.example", good),
        ("https://school.example", chain(valid_days=1, now=NOW - 100_000, **names)),
        ("https://school.example", ["AAAA"]),
    ):
        text = present(credential(issuer=issuer, x5c=certificates))
        assert outcome(text, policy=BY_ANCHOR) == ("issuer_trusted", "x5c_invalid")
    forged = present(credential(issuer="https://school.example", key=STRANGER_KEY, x5c=good))
    assert outcome(forged, policy=BY_ANCHOR) == ("signature", "signature_invalid")


def test_named_issuers_and_anchors_must_both_fit() -> None:
    both = replace(BY_ANCHOR, issuers={VCT: ["https://school.example"]})
    for host, fits in (("school.example", True), ("mill.example", False)):
        text = present(credential(issuer=f"https://{host}", x5c=chain(dns_names=[host])))
        if fits:
            verify(text, policy=both)
        else:
            assert outcome(text, policy=both) == ("issuer_trusted", "issuer_not_trusted")


def test_a_chain_without_anchor_does_not_replace_the_issuers_own_key() -> None:
    """Trusted by name: whatever chain comes along, the key is the one that the name leads to."""
    certificates = chain(STRANGER_KEY, uris=[SCHOOL])
    verify(present(credential(x5c=certificates)))
    forged = present(credential(x5c=certificates, key=STRANGER_KEY))
    assert outcome(forged) == ("signature", "signature_invalid")


def test_a_further_type_of_a_certified_issuer() -> None:
    text = present(credential(issuer=None, x5c=chain(), aka_vcts=["urn:example:passport"]))
    passport = ask(meta={"vct_values": ["urn:example:passport"]}).credentials[0]
    assert outcome(text, policy=BY_ANCHOR, question=passport) == ("answers_question", "query_mismatch")
    both = TrustPolicy(anchors={VCT: [CA.certificate_der], "urn:example:passport": [CA.certificate_der]})
    verify(text, policy=both, question=passport)


# Signature and disclosures


def test_B056_one_bit_of_the_issuers_signature() -> None:
    text = credential()
    verify(present(text))
    jws = jose.parse(text.split("~")[0])
    for position in (0, 31, 63):
        flipped = bytearray(jws.signature)
        flipped[position] ^= 1
        bad = f"{jws.signing_input.decode()}.{b64url_encode(bytes(flipped))}~"
        assert outcome(present(bad)) == ("signature", "signature_invalid")


def test_algorithms_of_the_policy() -> None:
    verify(present(), policy=replace(POLICY, algorithms=("ES256",)))
    only = replace(POLICY, algorithms=("EdDSA",))
    assert outcome(present(), policy=only) == ("signature", "alg_not_allowed")


def test_another_kind_of_token() -> None:
    payload = jose.parse(credential().split("~")[0]).claims()
    for typ, fits in (("dc+sd-jwt", True), ("vc+sd-jwt", True), ("JWT", False)):
        text = present(jose.sign({"typ": typ}, payload, ISSUER_KEY) + "~")
        if fits:
            verify(text)
        else:
            assert outcome(text) == ("signature", "typ_mismatch")


def test_a_disclosure_that_the_issuer_did_not_sign() -> None:
    text = present(None, "given_name")
    verify(text)
    issuer_part, disclosure, binding = text.split("~")
    other = b64url_encode(b'["c2FsdHNhbHRzYWx0c2FsdA","given_name","Eve"]')
    assert outcome(f"{issuer_part}~{other}~{binding}") == ("signature", "disclosure_unreferenced")
    assert outcome(f"{issuer_part}~{disclosure}~{disclosure}~{binding}") == (
        "signature",
        "disclosure_duplicate",
    )


# Time


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ({"expires_at": NOW - 59}, None),
        ({"expires_at": NOW - 60}, "expired"),
        ({"not_before": NOW + 60}, None),
        ({"not_before": NOW + 61}, "not_yet_valid"),
    ],
)
def test_time(times: dict, code: str | None) -> None:
    text = present(credential(**times))
    if code is None:
        verify(text)
    else:
        assert outcome(text) == ("time", code)


def test_no_list_is_fetched_for_an_expired_credential(server: Loopback) -> None:
    status = publish_list(server)
    text = present(credential(expires_at=NOW - 60, status=status))
    assert outcome(text, sources=sources(server.fetcher())) == ("time", "expired")
    assert server.asked == []
    assert verify(present(credential(status=status)), sources=sources(server.fetcher())).status == "valid"


# Status


@pytest.mark.parametrize(
    ("value", "code"), [(0, None), (1, "revoked"), (2, "suspended"), (3, "status_application")]
)
def test_B124_status(server: Loopback, value: int, code: str | None) -> None:
    status = publish_list(server, {3: value})
    text = present(credential(status=status))
    if code is None:
        fact = verify(text, sources=sources(server.fetcher()))
        assert (fact.status, fact.status_age_seconds) == ("valid", 5)
    else:
        assert outcome(text, sources=sources(server.fetcher())) == ("not_revoked", code)


def test_one_fetch_for_many_presentations(server: Loopback) -> None:
    status = publish_list(server)
    shared = sources(server.fetcher())
    for _ in range(3):
        verify(present(credential(status=status)), sources=shared)
    assert server.asked == ["/status"]


def test_nothing_of_the_presentation_stays_in_memory(server: Loopback) -> None:
    """The list is kept for renewing, with the issuer's key and without the person."""
    import gc

    shared = sources(server.fetcher())
    verify(present(credential(status=publish_list(server))), sources=shared)
    gc.collect()
    assert not [found for found in gc.get_objects() if isinstance(found, PresentedSdJwtVc)]
    assert shared.status.refresh_all(force=True) == ((server.url("/status"), None),)


def test_B118_a_list_that_another_signed(server: Loopback) -> None:
    text = present(credential(status=publish_list(server)))
    verify(text, sources=sources(server.fetcher()))
    publish_list(server, key=STRANGER_KEY)
    assert outcome(text, sources=sources(server.fetcher())) == ("not_revoked", "status_untrusted")
    publish_list(server, key=STRANGER_KEY, kid=did.key.create(STRANGER_KEY.public_key) + "#x")
    assert outcome(text, sources=sources(server.fetcher())) == ("not_revoked", "status_untrusted")
    publish_list(server, key=STRANGER_KEY, jwk=STRANGER_KEY.public_key.to_jwk())
    assert outcome(text, sources=sources(server.fetcher())) == ("not_revoked", "status_untrusted")


def test_a_list_that_names_the_issuers_key(server: Loopback) -> None:
    text = present(credential(status=publish_list(server)))
    for kid in (f"{SCHOOL}#{SCHOOL.removeprefix('did:key:')}", f"#{SCHOOL.removeprefix('did:key:')}"):
        publish_list(server, kid=kid)
        verify(text, sources=sources(server.fetcher()))


def test_a_list_of_a_certified_issuer(server: Loopback) -> None:
    school = chain(dns_names=["school.example"])
    text = present(credential(issuer=None, x5c=school, status=publish_list(server)))

    def check() -> tuple[str, str] | None:
        try:
            verify(text, sources=sources(server.fetcher()), policy=BY_ANCHOR)
        except TrustidError:
            return outcome(text, sources=sources(server.fetcher()), policy=BY_ANCHOR)
        return None

    assert check() is None
    publish_list(server, x5c=school)
    assert check() is None
    publish_list(server, key=STRANGER_KEY, x5c=chain(STRANGER_KEY, dns_names=["school.example"]))
    assert check() is None  # another key, certified for the same name
    publish_list(server, key=STRANGER_KEY, x5c=chain(STRANGER_KEY, dns_names=["mill.example"]))
    assert check() == ("not_revoked", "status_untrusted")
    publish_list(server, key=STRANGER_KEY, x5c=chain(STRANGER_KEY, DevelopmentCa.create("M", now=NOW - 7200)))
    assert check() == ("not_revoked", "status_untrusted")


def test_B121_no_list_refuses(server: Loopback) -> None:
    text = present(credential(status=publish_list(server)))
    verify(text, sources=sources(server.fetcher()))
    del server.pages["/status"]
    assert outcome(text, sources=sources(server.fetcher())) == ("not_revoked", "status_unavailable")
    assert outcome(text, sources=sources(status=None)) == ("not_revoked", "status_unavailable")


def test_B121_the_lists_key_cannot_be_fetched(server: Loopback) -> None:
    """The issuer's metadata was there for the credential and is gone for its list."""
    pages = {WELL_KNOWN: {"issuer": "https://school.example", "jwks": JWKS}}
    status = publish_list(server, kid="1")
    text = present(credential(issuer="https://school.example", kid="1", status=status))
    steady = IssuerMetadata(MetadataServer(pages), clock=lambda: NOW)
    verify(text, sources=sources(server.fetcher(), metadata=steady), policy=BY_URL)

    class Vanishing(MetadataServer):
        def get(self, url: str, *, accept: str, **options: object) -> Fetched:
            page = super().get(url, accept=accept, **options)
            self.pages = {}
            return page

    uncached = IssuerMetadata(Vanishing(pages), clock=lambda: NOW, cache_seconds=0)
    gone = sources(server.fetcher(), metadata=uncached)
    assert outcome(text, sources=gone, policy=BY_URL) == ("not_revoked", "status_unavailable")


def test_status_is_required_or_of_another_kind() -> None:
    needed = replace(POLICY, require_status=True)
    verify(present())
    assert outcome(present(), policy=needed) == ("not_revoked", "status_missing")
    text = present(credential(status={"attestation": {"x": 1}}))
    assert outcome(text) == ("not_revoked", "status_unsupported")


def test_how_old_a_status_may_be(server: Loopback) -> None:
    text = present(credential(status=publish_list(server)))
    verify(text, sources=sources(server.fetcher()), policy=replace(POLICY, max_status_age_seconds=5))
    strict = replace(POLICY, max_status_age_seconds=4)
    assert outcome(text, sources=sources(server.fetcher()), policy=strict) == ("not_revoked", "status_stale")


# Holder


def test_B058_binding_is_missing() -> None:
    """Whether it is needed never depends on whether it is there."""
    bare = SdJwt.parse(credential()).select([]).serialize()
    verify(present(bare))
    assert outcome(bare) == ("holder_present", "kb_required")
    relaxed = replace(POLICY, require_key_binding=False)
    verify(bare, policy=relaxed)
    assert outcome(bare, policy=relaxed, question=ask().credentials[0]) == ("holder_present", "kb_required")
    bearer = ask(require_cryptographic_holder_binding=False).credentials[0]
    verify(bare, policy=relaxed, question=bearer)
    assert outcome(bare, question=bearer) == ("holder_present", "kb_required")
    assert outcome(present(bare), expected=None) == ("holder_present", "kb_required")


def test_binding_that_nobody_asked_for_is_checked_all_the_same() -> None:
    relaxed = replace(POLICY, require_key_binding=False)
    verify(present(), policy=relaxed)
    assert outcome(present(nonce="other"), policy=relaxed) == ("holder_present", "kb_nonce")
    assert not verify(present(nonce="other"), policy=relaxed, expected=None).view.holder_bound


def test_B059_binding_for_other_disclosures() -> None:
    text = present(None, "given_name")
    verify(text)
    first, *_, binding = text.split("~")
    assert outcome(f"{first}~{binding}") == ("holder_present", "kb_sd_hash")
    payload = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE}
    bare = credential()
    for sd_hash in (
        None,
        b64url_encode(sha256(bare.rstrip("~").encode())),
        b64url_encode(sha256(bare.encode())),
    ):
        signed = jose.sign({"typ": "kb+jwt"}, payload | ({"sd_hash": sd_hash} if sd_hash else {}), HOLDER_KEY)
        if sd_hash == b64url_encode(sha256(bare.encode())):
            verify(bare + signed)
        else:
            assert outcome(bare + signed) == ("holder_present", "kb_sd_hash")


@pytest.mark.parametrize(
    "audience",
    ["x509_san_dns:mill.example", "verifier.example", "X509_SAN_DNS:verifier.example", AUDIENCE + "/"],
)
def test_B060_binding_for_another_audience(audience: str) -> None:
    verify(present())
    assert outcome(present(audience=audience)) == ("holder_present", "kb_aud")


def bind_by_hand(**changes: object) -> str:
    bare = credential()
    payload = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": b64url_encode(sha256(bare.encode()))}
    header = changes.pop("header", {"typ": "kb+jwt"})
    key = changes.pop("key", HOLDER_KEY)
    payload |= changes
    return bare + jose.sign(header, {n: v for n, v in payload.items() if v is not None}, key)  # type: ignore[arg-type]


def test_B060_a_list_of_audiences() -> None:
    verify(bind_by_hand())
    assert outcome(bind_by_hand(aud=[AUDIENCE])) == ("holder_present", "kb_aud")
    assert outcome(bind_by_hand(aud=[AUDIENCE, "x"])) == ("holder_present", "kb_aud")


@pytest.mark.parametrize("nonce", ["", "other", NONCE.upper(), None])
def test_B061_kb_nonce_wrong(nonce: str | None) -> None:
    verify(bind_by_hand())
    assert outcome(bind_by_hand(nonce=nonce)) == ("holder_present", "kb_nonce")


@pytest.mark.parametrize(
    ("issued_at", "fits"),
    [
        (NOW, True),
        (NOW + 59, True),
        (NOW + 60, True),
        (NOW + 61, False),
        (NOW - 360, True),
        (NOW - 361, False),
        (NOW + 365 * 86400, False),
        (NOW - 365 * 86400, False),
        (None, False),
        ("now", False),
    ],
)
def test_B062_kb_iat(issued_at: object, fits: bool) -> None:
    if fits:
        verify(bind_by_hand(iat=issued_at))
    else:
        assert outcome(bind_by_hand(iat=issued_at)) == ("holder_present", "kb_iat")


def test_B063_binding_by_another_key_or_of_another_kind() -> None:
    good = bind_by_hand()
    verify(good)
    assert outcome(bind_by_hand(key=STRANGER_KEY)) == ("holder_present", "kb_signature")
    assert outcome(bind_by_hand(header={"typ": "JWT"})) == ("holder_present", "typ_mismatch")
    head, _, binding = good.rpartition("~")
    jws = jose.parse(binding)
    flipped = bytes([jws.signature[0] ^ 1]) + jws.signature[1:]
    bad = f"{head}~{jws.signing_input.decode()}.{b64url_encode(flipped)}"
    assert outcome(bad) == ("holder_present", "kb_signature")
    nobody = b64url_encode(b'{"alg":"none","typ":"kb+jwt"}')
    assert outcome(f"{head}~{nobody}.{binding.split('.')[1]}.") == ("readable", "alg_not_allowed")


def test_B064_minimal_cnf_is_accepted() -> None:
    payload = jose.parse(credential().split("~")[0]).claims()
    payload["cnf"] = {
        "jwk": {name: HOLDER_KEY.public_key.to_jwk()[name] for name in ("kty", "crv", "x", "y")}
    }
    verify(present(jose.sign({"typ": "dc+sd-jwt"}, payload, ISSUER_KEY) + "~"))


def test_a_holder_key_that_nobody_asked_for_refuses_nothing() -> None:
    payload = jose.parse(credential().split("~")[0]).claims()
    payload["cnf"] = {"kid": "x"}
    text = jose.sign({"typ": "dc+sd-jwt"}, payload, ISSUER_KEY) + "~"
    relaxed = replace(POLICY, require_key_binding=False)
    assert verify(text, policy=relaxed).holder_key_thumbprint is None
    assert outcome(text) == ("holder_present", "kb_required")


# The question


def test_B057_vct_not_the_one_asked() -> None:
    verify(present(), question=ask().credentials[0])
    other = ask(meta={"vct_values": ["urn:example:licence"]}).credentials[0]
    assert outcome(present(), question=other) == ("answers_question", "query_mismatch")


def test_an_index_counts_in_the_whole_credential() -> None:
    """Hidden elements keep their place, so the second of two is the second one when shown alone."""
    text = credential(
        claims={"nationalities": ["British", "Betelgeusian"], "nested": {"list": [1, {"a": 2}]}},
        disclosable=[("nationalities", 0), ("nationalities", 1), ("nested",), ("nested", "list", 1)],
    )
    second = ask(("nationalities", 1)).credentials[0]
    shown = present(text, ("nationalities", 1))
    assert verify(shown, question=second).claims["nationalities"] == ["Betelgeusian"]
    first = present(text, ("nationalities", 0))
    assert outcome(first, question=second) == ("answers_question", "query_mismatch")
    deep = ask(("nested", "list", 1, "a")).credentials[0]
    assert verify(present(text, ("nested", "list", 1, "a")), question=deep).claims["nested"] == {
        "list": [1, {"a": 2}]
    }


def answer(query: DcqlQuery, vp_token: object) -> dict[str, tuple[Verified, ...]]:
    return verify_answer(query, vp_token, policy=POLICY, sources=sources(), now=NOW, expected=EXPECTED)


def answer_code(query: DcqlQuery, vp_token: object) -> str:
    with pytest.raises(TrustidError) as refused:
        answer(query, vp_token)
    return refused.value.code


def test_B144_a_whole_answer() -> None:
    query = ask("given_name")
    good = present(None, "given_name")
    (fact,) = answer(query, {"degree": [good]})["degree"]
    assert fact.claims["given_name"] == "Ada"
    assert answer_code(query, {"other": [good]}) == "query_mismatch"
    assert answer_code(query, {}) == "query_mismatch"
    assert answer_code(query, {"degree": [good, present(None, "given_name")]}) == "query_mismatch"
    assert answer_code(query, {"degree": good}) == "query_mismatch"
    assert answer_code(query, {"degree": [present(None, "given_name", "year")]}) == "query_mismatch"
    assert answer_code(query, {"degree": [present()]}) == "query_mismatch"
    assert answer_code(query, {"degree": [present(None, "given_name", nonce="x")]}) == "kb_nonce"


def test_B146_one_presentation_for_two_questions() -> None:
    part = {"format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{"path": ["given_name"]}]}
    query = DcqlQuery.parse({"credentials": [{"id": "a", **part}, {"id": "b", **part}]})
    text = credential()
    one, two = present(text, "given_name"), present(text, "given_name")
    assert len(answer(query, {"a": [one], "b": [two]})) == 2
    assert answer_code(query, {"a": [one], "b": [one]}) == "presentation_reused"


def test_one_credential_for_two_questions_shows_what_both_ask() -> None:
    part = {"format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}}
    query = DcqlQuery.parse(
        {
            "credentials": [
                {"id": "a", **part, "claims": [{"path": ["given_name"]}]},
                {"id": "b", **part, "claims": [{"path": ["year"]}]},
            ]
        }
    )
    text = credential()
    both = {"a": [present(text, "given_name", "year")], "b": [present(text, "given_name", "year")]}
    answer(query, both)
    apart = {"a": [present(text, "given_name", "year")], "b": [present(credential(), "year")]}
    assert answer_code(query, apart) == "query_mismatch"


# Rule 6: the verdict is the AND of its parts

STEPS = {
    "readable": (verifying, "_read"),
    "issuer_trusted": (PresentedSdJwtVc, "check_trust"),
    "key_found": (PresentedSdJwtVc, "find_key"),
    "signature": (PresentedSdJwtVc, "check_signature"),
    "time": (PresentedSdJwtVc, "check_time"),
    "not_revoked": (verifying, "check_status"),
    "holder_present": (PresentedSdJwtVc, "check_holder"),
    "answers_question": (verifying, "check_credential"),
}
GOOD = present(None, "given_name")
QUESTION = ask("given_name").credentials[0]


def test_rule_6_knows_every_step() -> None:
    assert tuple(STEPS) == CHECK_NAMES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(failing=st.sets(st.sampled_from(CHECK_NAMES)), code=st.sampled_from(sorted(CODES)))
def test_rule_6_any_check_that_fails_refuses(
    monkeypatch: pytest.MonkeyPatch, failing: set[str], code: str
) -> None:
    """Force any set of checks to fail, each alone included: refused, by the first of them."""

    def fail(*_args: object, **_options: object) -> None:
        raise CODES[code].kind(code, "forced")

    with monkeypatch.context() as patched:
        for name in failing:
            patched.setattr(*STEPS[name], fail)
        if not failing:
            assert verify(GOOD, question=QUESTION).checks[-1].ok
            return
        first = next(name for name in CHECK_NAMES if name in failing)
        assert outcome(GOOD, question=QUESTION) == (first, code)


def test_a_bug_is_not_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("bug")

    for name in CHECK_NAMES:
        with monkeypatch.context() as patched:
            patched.setattr(*STEPS[name], broken)
            with pytest.raises(RuntimeError):
                verify(GOOD, question=QUESTION)


@given(st.text(max_size=200) | st.builds(lambda cut: GOOD[:cut], st.integers(0, len(GOOD) - 1)))
@settings(max_examples=200)
def test_law_any_text_is_refused_with_a_code(text: str) -> None:
    assert outcome(text)[1] in CODES


# W3C credentials

W3C_KEY = keys.generate("Ed25519")
W3C_HOLDER = keys.generate("Ed25519")
COLLEGE = did.key.create(W3C_KEY.public_key)
STUDENT = did.key.create(W3C_HOLDER.public_key)
W3C_POLICY = TrustPolicy(issuers={"Degree": [COLLEGE]})
CONTEXT = ["https://www.w3.org/ns/credentials/v2", {"Degree": "https://college.example/ns#Degree"}]


def method(name: str) -> str:
    return f"{name}#{name.removeprefix('did:key:')}"


def moment(seconds: int = NOW) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def stamp(seconds: int) -> str:
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def w3c(**changes: object) -> JsonObject:
    key = changes.pop("key", W3C_KEY)
    name = did.key.create(key.public_key)  # type: ignore[union-attr]
    document = {
        "@context": CONTEXT,
        "type": ["VerifiableCredential", "Degree"],
        "issuer": name,
        "credentialSubject": {"id": STUDENT, "degree": {"name": "Physics"}},
        **changes,
    }
    return issue_credential(document, key=key, verification_method=method(name), created=moment())  # type: ignore[arg-type]


def w3c_present(document: JsonObject | None = None, **changes: object) -> JsonObject:
    options = {"challenge": NONCE, "domain": AUDIENCE, "created": moment(), "key": W3C_HOLDER, **changes}
    name = did.key.create(options["key"].public_key)  # type: ignore[attr-defined]
    return make_presentation([document or w3c()], verification_method=method(name), **options)  # type: ignore[arg-type]


def w3c_ask(*types: str) -> DcqlQuery:
    claims = [{"path": ["credentialSubject", "degree", "name"], "values": ["Physics"]}]
    meta = {"type_values": [list(types)]}
    return DcqlQuery.parse({"credentials": [{"id": "d", "format": "ldp_vc", "meta": meta, "claims": claims}]})


def test_w3c_presentation() -> None:
    query = w3c_ask("https://college.example/ns#Degree")
    anything = TrustPolicy(issuers={ANY_TYPE: [COLLEGE]})
    fact = verify(w3c_present(), policy=anything, question=query.credentials[0])
    assert (fact.format, fact.issuer, fact.subject, fact.credential_type) == (
        "ldp_vc",
        COLLEGE,
        STUDENT,
        "Degree",
    )
    assert fact.claims["credentialSubject"]["degree"] == {"name": "Physics"}
    assert "proof" not in fact.claims
    assert fact.holder_key_thumbprint == W3C_HOLDER.public_key.thumbprint()
    assert [check.name for check in fact.checks] == list(CHECK_NAMES)


def test_w3c_answer() -> None:
    verified = verify_answer(
        w3c_ask("VerifiableCredential", "Degree"),
        {"d": [w3c_present()]},
        policy=W3C_POLICY,
        sources=sources(),
        now=NOW,
        expected=EXPECTED,
    )
    assert verified["d"][0].issuer == COLLEGE


def test_w3c_credential_alone() -> None:
    relaxed = replace(W3C_POLICY, require_key_binding=False)
    assert verify(w3c(), policy=relaxed).holder_key_thumbprint is None
    assert outcome(w3c(), policy=W3C_POLICY) == ("holder_present", "kb_required")
    assert outcome(w3c_present(), policy=W3C_POLICY, expected=None) == ("holder_present", "kb_required")
    verify(w3c_present(), policy=relaxed, expected=None)


@pytest.mark.parametrize(
    ("times", "code"),
    [
        ({"validFrom": stamp(NOW + 60)}, None),
        ({"validFrom": stamp(NOW + 61)}, "not_yet_valid"),
        ({"validUntil": stamp(NOW - 60)}, None),
        ({"validUntil": stamp(NOW - 61)}, "expired"),
    ],
)
def test_B087_time(times: dict, code: str | None) -> None:
    document = w3c_present(w3c(**times))
    if code is None:
        verify(document, policy=W3C_POLICY)
    else:
        assert outcome(document, policy=W3C_POLICY) == ("time", code)


def test_B087_issuer_is_not_who_signed() -> None:
    good = w3c()
    verify(w3c_present(good), policy=W3C_POLICY)
    verify(w3c_present(w3c(issuer={"id": COLLEGE, "name": "College"})), policy=W3C_POLICY)
    other = did.key.create(STRANGER_KEY.public_key)
    both = TrustPolicy(issuers={"Degree": [COLLEGE, other]})
    forged = {**good, "issuer": {"id": other}}
    assert outcome(w3c_present(forged), policy=both) == ("issuer_trusted", "issuer_mismatch")
    without = {name: value for name, value in good.items() if name != "issuer"}
    assert outcome(without, policy=both) == ("readable", "malformed")


def test_w3c_trust() -> None:
    mill = keys.generate("Ed25519")
    verify(w3c_present(), policy=W3C_POLICY)
    assert outcome(w3c_present(w3c(key=mill)), policy=W3C_POLICY) == ("issuer_trusted", "issuer_not_trusted")
    other = w3c(type=["VerifiableCredential"])
    assert outcome(w3c_present(other), policy=W3C_POLICY) == ("issuer_trusted", "issuer_not_trusted")


def test_w3c_a_further_type_counts_only_if_the_issuer_is_trusted_for_it() -> None:
    context = [*CONTEXT, {"Passport": "https://state.example/ns#Passport"}]
    document = w3c_present(
        w3c(**{"@context": context, "type": ["VerifiableCredential", "Degree", "Passport"]})
    )
    verify(document, policy=W3C_POLICY, question=w3c_ask("Degree").credentials[0])
    passport = w3c_ask("Passport").credentials[0]
    assert outcome(document, policy=W3C_POLICY, question=passport) == ("answers_question", "query_mismatch")
    verify(
        document, policy=TrustPolicy(issuers={"Degree": [COLLEGE], "Passport": [COLLEGE]}), question=passport
    )


def test_w3c_signature() -> None:
    good = w3c()
    verify(w3c_present(good), policy=W3C_POLICY)
    changed = {**good, "credentialSubject": {"id": STUDENT, "degree": {"name": "Law"}}}
    assert outcome(w3c_present(changed), policy=W3C_POLICY) == ("signature", "proof_invalid")
    only = replace(W3C_POLICY, algorithms=("ES256",))
    assert outcome(w3c_present(good), policy=only) == ("signature", "alg_not_allowed")
    unproved = {name: value for name, value in good.items() if name != "proof"}
    assert outcome(unproved, policy=W3C_POLICY) == ("issuer_trusted", "proof_invalid")


def test_w3c_status_of_a_kind_that_is_not_understood_refuses() -> None:
    status = {"type": "https://example.com/ns#OtherStatus", "statusPurpose": "revocation"}
    document = w3c_present(w3c(credentialStatus=status))
    assert outcome(document, policy=W3C_POLICY) == ("not_revoked", "status_unsupported")
    needed = replace(W3C_POLICY, require_status=True)
    assert outcome(w3c_present(), policy=needed) == ("not_revoked", "status_missing")


def test_B084_B086_w3c_holder() -> None:
    verify(w3c_present(), policy=W3C_POLICY)
    assert outcome(w3c_present(challenge="x"), policy=W3C_POLICY) == ("holder_present", "challenge_mismatch")
    assert outcome(w3c_present(domain="x"), policy=W3C_POLICY) == ("holder_present", "domain_mismatch")
    thief = w3c_present(key=keys.generate("Ed25519"))
    assert outcome(thief, policy=W3C_POLICY) == ("holder_present", "holder_mismatch")
    nobody = w3c_present(w3c(credentialSubject={"degree": {"name": "Physics"}}))
    assert outcome(nobody, policy=W3C_POLICY) == ("holder_present", "holder_mismatch")
    changed = {**w3c_present(), "id": "urn:uuid:1"}
    assert outcome(changed, policy=W3C_POLICY) == ("holder_present", "proof_invalid")


def test_w3c_one_credential_at_a_time() -> None:
    presentation = w3c_present()
    two = {**presentation, "verifiableCredential": [w3c(), w3c()]}
    assert outcome(two, policy=W3C_POLICY) == ("readable", "unsupported")


def test_w3c_holder_is_not_resolved_unless_the_issuer_named_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder of did:web would let the presenter choose where this machine connects."""
    presentation = w3c_present()
    presentation["holder"] = "did:web:thief.example"
    presentation["proof"]["verificationMethod"] = "did:web:thief.example#1"
    seen = connections(monkeypatch)
    assert outcome(presentation, policy=W3C_POLICY) == ("holder_present", "holder_mismatch")
    assert seen == []
