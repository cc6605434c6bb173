"""From DID URLs to what they name, in the library and over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from did.webvh_forging import KEYS, P256, START
from strategies import dids
from trustid.did import http_binding, key, webvh
from trustid.did.dereferencing import Dereferenced, dereference
from trustid.did.document import DidDocument
from trustid.did.resolution import Resolution
from trustid.did.resolver import Resolver
from trustid.did.syntax import Did
from trustid.errors import FetchError, ResolutionError, TrustidError

LOG = webvh.update(
    webvh.create("https://school.example/dids", key=KEYS[0], methods={"key-1": P256.public_key}, now=START),
    key=KEYS[0],
    now=START + 60,
    methods={"key-2": KEYS[1].public_key},
)
GONE = webvh.deactivate(LOG, key=KEYS[0], now=START + 120)
WEB = "did:web:files.example"
SERVICES: list[dict[str, Any]] = [
    {"id": "#files", "type": "LinkedDomains", "serviceEndpoint": "https://files.example/a/b/"},
    {"id": f"{WEB}#two", "type": ["Other", "More"], "serviceEndpoint": ["https://two.example/x", {"a": 1}]},
    {"id": "#map", "type": "Other", "serviceEndpoint": {"uri": "https://map.example"}},
    {"id": "#frag", "type": "F", "serviceEndpoint": "https://f.example/#there"},
    {"id": "#mail", "type": "M", "serviceEndpoint": "mailto:a@example"},
    {"id": "#line", "type": "L", "serviceEndpoint": "https://l.example/\r\nSet-Cookie: a"},
]
DOCUMENT = {
    "id": WEB,
    "verificationMethod": [
        {
            "id": f"{WEB}#k",
            "type": "Multikey",
            "controller": WEB,
            "publicKeyMultibase": P256.public_key.to_multikey(),
        }
    ],
    "assertionMethod": [f"{WEB}#k"],
    "service": SERVICES,
}


def of_web(did: Did) -> Resolution:
    match did.identifier:
        case "files.example":
            return Resolution(DidDocument.from_json(DOCUMENT, WEB))
        case "blocked.example":
            raise FetchError("fetch_blocked", "expected a public address, found 10.0.0.7")
        case "down.example":
            raise ResolutionError("did_unreachable", "expected an answer of 192.0.2.1")
        case "busy.example":
            raise FetchError("fetch_limited")
    raise ResolutionError("did_not_found")


def of_webvh(did: Did) -> Resolution:
    log = GONE if did.identifier.endswith(":gone") else LOG
    return log.resolution(log.current)


RESOLVER = Resolver(None, clock=lambda: START + 1000, methods={"web": of_web, "webvh": of_webvh})
KEY = key.create(P256.public_key)


def found(did_url: str, **options: Any) -> Dereferenced:
    return dereference(RESOLVER, did_url, **options)


def code(did_url: str, **options: Any) -> str:
    with pytest.raises(TrustidError) as caught:
        found(did_url, **options)
    return caught.value.code


def addresses(did_url: str, **options: Any) -> list[str]:
    result = found(did_url, **options)
    assert result.content_type == "text/uri-list"
    assert isinstance(result.content, str)
    return result.content.split("\r\n")[:-1]


def test_documents() -> None:
    assert found(KEY).content == RESOLVER.resolve(KEY).document.to_json()
    assert code("did:web:nowhere.example") == "did_not_found"
    assert code("did:example:1") == "did_method_unsupported"
    assert code(KEY, relationship="assertionMethod") == "did_options_invalid"
    assert code(KEY, accept="text/uri-list") == "did_representation_unsupported"


@pytest.mark.parametrize(
    "text", ["", "did", "did:key", "did:Key:z", f"{KEY}#a#b", f"{KEY}?a=%zz", f"{KEY}?a=%ff"]
)
def test_no_did_url(text: str) -> None:
    assert code(text) == "did_url_malformed"


def test_fragments() -> None:
    method = found(f"{WEB}#k", relationship="assertionMethod").content
    assert method == DOCUMENT["verificationMethod"][0]
    assert found(f"{WEB}#files").content == SERVICES[0]
    assert found(f"{WEB}#two").content == SERVICES[1]
    assert code(f"{WEB}#other") == "did_not_found"
    assert code(f"{WEB}#") == "did_not_found"
    assert code(f"{WEB}#k", relationship="authentication") == "issuer_key_unknown"
    assert code(f"{WEB}#files", relationship="assertionMethod") == "issuer_key_unknown"
    assert code(f"{WEB}#k", accept="text/uri-list") == "did_representation_unsupported"


def test_versions() -> None:
    first, second = LOG.versions

    def fragment(query: str) -> str:
        content = found(f"{LOG.did}?{query}").content
        assert isinstance(content, dict)
        return str(content["assertionMethod"][0]).rpartition("#")[2]

    assert fragment(f"versionId={first.version_id}") == "key-1"
    assert fragment(f"versionId={second.version_id}") == "key-2"
    assert fragment("versionNumber=1") == "key-1"
    assert fragment(f"versionTime={first.version_time}") == "key-1"
    assert fragment("versionTime=2030-01-01T00:00:00%2B02:00") == "key-2"
    assert found(f"{LOG.did}?versionNumber=1#key-1").content
    assert found(LOG.did, options={"versionNumber": "1"}).resolution.metadata["versionNumber"] == "1"
    assert code(f"{LOG.did}#key-1") == "did_not_found"
    assert code(f"{LOG.did}?versionNumber=3") == "did_not_found"
    assert code(f"{LOG.did}?versionTime=2001-01-01T00:00:00Z") == "did_not_found"
    for query in (
        "versionNumber=0",
        "versionNumber=x",
        "versionTime=now",
        "versionTime=2030-13-01T00:00:00Z",
    ):
        assert code(f"{LOG.did}?{query}") == "did_options_invalid"
    both = f"versionTime={first.version_time}&versionNumber=1"
    assert code(f"{LOG.did}?{both}") == "did_options_invalid"
    assert code(f"{LOG.did}?versionNumber=1", options={"versionNumber": "1"}) == "did_options_invalid"
    assert code(LOG.did, options={"other": "1"}) == "did_options_invalid"
    assert code(f"{KEY}?versionNumber=1") == "unsupported"
    assert code(f"{LOG.did}?versionNumber=1&versionNumber=1") == "did_url_malformed"
    assert code(f"{LOG.did}?=1") == "did_url_malformed"
    assert code(f"{LOG.did}?" + "&".join(f"a{n}=1" for n in range(17))) == "did_url_malformed"
    assert code(f"{LOG.did}?hl=zQm") == "unsupported"
    assert code(f"{LOG.did}?transformKey=JsonWebKey") == "unsupported"


def test_a_deactivated_did_names_nothing_any_more() -> None:
    did = LOG.did + ":gone"
    for url in (did, f"{did}#key-2", f"{did}?versionNumber=1", f"{did}/whois"):
        result = found(url)
        assert result.content is None
        assert result.to_json()["contentMetadata"]["deactivated"] is True


def test_services() -> None:
    content = found(f"{WEB}?service=files").content
    assert isinstance(content, dict)
    assert content["service"] == SERVICES[:1]
    assert found(f"{WEB}?service=none").content == DOCUMENT | {"service": []}
    content = found(f"{WEB}?serviceType=More").content
    assert isinstance(content, dict)
    assert content["service"] == SERVICES[1:2]
    assert addresses(f"{WEB}?service=files&relativeRef=c.pdf") == ["https://files.example/a/b/c.pdf"]
    assert addresses(f"{WEB}?service=%23files&relativeRef=c%3Fq=1") == ["https://files.example/a/b/c?q=1"]
    assert addresses(f"{WEB}?service=files&relativeRef=c#part") == ["https://files.example/a/b/c#part"]
    assert addresses(f"{WEB}?service=two", accept="text/uri-list") == ["https://two.example/x"]
    assert code(f"{WEB}?service=map", accept="text/uri-list") == "did_not_found"
    assert code(f"{WEB}?service=none&relativeRef=a") == "did_not_found"
    assert code(f"{WEB}?relativeRef=a") == "did_url_malformed"
    assert code(f"{WEB}/path?service=files") == "did_url_malformed"
    assert code(f"{WEB}?service=files#x") == "did_url_malformed"
    assert code(f"{WEB}?service=frag#x", accept="text/uri-list") == "did_url_malformed"
    assert code(f"{WEB}?service=mail", accept="text/uri-list") == "did_url_malformed"
    assert code(f"{WEB}?service=line", accept="text/uri-list") == "did_url_malformed"


@pytest.mark.parametrize(
    "reference",
    ["../c", "..", "x/../../c", "/c", "//evil.example/a/b/", "https://evil.example/a/b/c", "%2E%2E/c", "..%2Fc",
     "%252E%252E%252Fc", "x/%2e%2e/%2e%2e/c", "..%5Cc", "a%5C..%5C..%5Cc", "http:c", "javascript:alert(1)",
     "%25252525252525252E", "a%0d%0ab", "%20"],
)  # fmt: skip
def test_no_way_out_of_a_service(reference: str) -> None:
    assert addresses(f"{WEB}?service=files&relativeRef=x/c") == ["https://files.example/a/b/x/c"]
    assert code(f"{WEB}?service=files&relativeRef={reference}") == "did_url_malformed"


def test_paths_of_webvh() -> None:
    assert addresses(f"{LOG.did}/governance/issuers.json") == [
        "https://school.example/dids/governance/issuers.json"
    ]
    assert addresses(f"{LOG.did}/whois") == ["https://school.example/dids/whois.vp"]
    assert addresses(f"{LOG.did}/a#b") == ["https://school.example/dids/a#b"]
    assert code(f"{LOG.did}/../a") == "did_url_malformed"
    assert code(f"{LOG.did}//evil.example/a") == "did_url_malformed"
    assert code(f"{LOG.did}/a", accept="application/did") == "did_representation_unsupported"
    assert code(f"{WEB}/a") == "did_not_found"
    assert code(f"{KEY}/a") == "did_not_found"


@given(dids(), st.text(st.characters(codec="ascii"), max_size=30))
def test_law_only_our_errors_come_out(did: str, rest: str) -> None:
    for start in (did, LOG.did, WEB, KEY, ""):
        try:
            dereference(RESOLVER, f"{start}{rest}")
        except TrustidError:
            continue


@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_law_no_address_leaves_its_service(reference: str) -> None:
    try:
        result = found(WEB, options={"service": "files", "relativeRef": reference})
    except TrustidError:
        return
    assert str(result.content).startswith("https://files.example/a/b/")
    assert ".." not in str(result.content).partition("?")[0].partition("#")[0].split("/")


# --- over HTTP ---------------------------------------------------------------------


def asked(identifier: str, accept: str = "", *parameters: tuple[str, str]) -> tuple[int, str, Any]:
    answer = http_binding.answer(RESOLVER, identifier, accept=accept, parameters=list(parameters))
    return answer.status, answer.content_type, json.loads(answer.body) if answer.body else None


def error_of(identifier: str, accept: str = "", *parameters: tuple[str, str]) -> tuple[int, str]:
    status, kind, body = asked(identifier, accept, *parameters)
    about = body["dereferencingMetadata" if "url" in kind else "didResolutionMetadata"]
    return status, about["error"]["type"].rpartition("#")[2]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/did-resolution"),
        ("*/*", "application/did-resolution"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/did-resolution"),
        ("application/did-resolution", "application/did-resolution"),
        (
            'application/ld+json;profile="https://w3id.org/did-resolution"',
            'application/ld+json;profile="https://w3id.org/did-resolution"',
        ),
        ("application/did", "application/did"),
        ("application/did+ld+json", "application/did+ld+json"),
        ("application/did;q=0, application/did+json", "application/did+json"),
        ("application/did-url-dereferencing", "application/did-url-dereferencing"),
    ],
)
def test_http_media_types(accept: str, kind: str) -> None:
    status, found_kind, body = asked(KEY, accept)
    assert (status, found_kind) == (200, kind)
    document = body.get("didDocument") or body.get("content") or body
    assert document == RESOLVER.resolve(KEY).document.to_json()


def test_http_statuses() -> None:
    gone = LOG.did + ":gone"
    assert error_of("did:key:zO0Il") == (400, "INVALID_DID")
    assert error_of("nonsense") == (400, "INVALID_DID")
    assert error_of("nonsense#x") == (400, "INVALID_DID_URL")
    assert error_of(f"{LOG.did}?versionNumber=x") == (400, "INVALID_OPTIONS")
    assert error_of(LOG.did, "", ("versionNumber", "1"), ("versionNumber", "1")) == (400, "INVALID_OPTIONS")
    assert error_of("did:web:nowhere.example") == (404, "NOT_FOUND")
    assert error_of(KEY, "text/html") == (406, "REPRESENTATION_NOT_SUPPORTED")
    assert error_of(f"{WEB}#k", "application/did-resolution") == (406, "REPRESENTATION_NOT_SUPPORTED")
    assert error_of("did:example:1") == (501, "METHOD_NOT_SUPPORTED")
    assert error_of("did:peer:1zQm") == (501, "FEATURE_NOT_SUPPORTED")
    assert error_of(KEY, "", ("noCache", "true")) == (501, "FEATURE_NOT_SUPPORTED")
    assert asked(KEY, "", ("noCache", "false"))[0] == 200
    for accept in ("", "application/did", "application/did-url-dereferencing"):
        status, _, body = asked(gone, accept)
        assert status == 410
        assert body.get("didDocument") is None
    assert asked(LOG.did, "", ("versionNumber", "1"))[2]["contentMetadata"]["versionNumber"] == "1"
    status, kind, body = asked(f"{WEB}#k", "", ("verificationRelationship", "assertionMethod"))
    assert (status, kind, body["content"]["id"]) == (200, "application/did-url-dereferencing", f"{WEB}#k")


def test_http_failures_to_fetch_look_alike() -> None:
    """Nobody learns through this server what is on its network."""
    blocked, down = asked("did:web:blocked.example"), asked("did:web:down.example")
    assert blocked == down
    assert blocked[0] == 500
    assert "10.0.0.7" not in json.dumps(blocked)
    with pytest.raises(FetchError) as caught:
        asked("did:web:busy.example")
    assert caught.value.code == "fetch_limited"


def test_http_addresses() -> None:
    answer = http_binding.answer(RESOLVER, f"{LOG.did}/whois", accept="text/uri-list", parameters=[])
    assert (answer.status, answer.body) == (303, b"")
    assert answer.headers["Location"] == "https://school.example/dids/whois.vp"
    # A browser that follows a link here is not sent elsewhere.
    answer = http_binding.answer(RESOLVER, f"{LOG.did}/whois", accept="text/html,*/*;q=0.8", parameters=[])
    assert (answer.status, dict(answer.headers)) == (200, {})


@pytest.mark.parametrize(
    ("raw", "decoded", "expected"),
    [
        ("/1.0/identifiers/did:web:localhost%3A8001", "did:web:localhost:8001", "did:web:localhost%3A8001"),
        (
            "/1.0/identifiers/did%3Aweb%3Alocalhost%253A8001",
            "did:web:localhost%3A8001",
            "did:web:localhost%3A8001",
        ),
        ("/x/1.0/identifiers/did:key:z1?a=b", "did:key:z1", "did:key:z1"),
        ("/1.0/identifiers/did%3Akey%3Az1%23z1?x=1", "did:key:z1#z1", "did:key:z1#z1"),
        ("", "did:key:z1", "did:key:z1"),
        ("/other", "did:key:z1", "did:key:z1"),
    ],
)
def test_http_identifier_in_the_path(raw: str, decoded: str, expected: str) -> None:
    assert http_binding.identifier_in(raw, decoded, "/1.0/identifiers/") == expected


@given(
    st.text(max_size=40), st.text(max_size=40), st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)))
)
def test_law_http_always_answers(identifier: str, accept: str, parameters: list[tuple[str, str]]) -> None:
    for text in (identifier, f"{LOG.did}{identifier}", f"{WEB}{identifier}"):
        answer = http_binding.answer(RESOLVER, text, accept=accept, parameters=parameters)
        assert answer.status in {200, 303, 400, 404, 406, 410, 500, 501}
