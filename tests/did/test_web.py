"""did:web: names and URLs, and documents over real sockets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raw_servers import Authority, RawServer, by_path, raw, reply
from trustid.did import web
from trustid.did.document import DidDocument
from trustid.did.syntax import Did
from trustid.errors import FetchError, LimitExceededError, ResolutionError, TrustidError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.keys import generate

CASES: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "did-web" / "url-mapping.json").read_text()
)
ED = generate("Ed25519").public_key
P256 = generate("P-256").public_key


def never(_host: str, _port: int) -> list[str]:
    raise AssertionError("the name was looked up")


def resolve(text: str, server: RawServer, **settings: Any) -> DidDocument:
    policy = FetchPolicy(
        allow_http_hosts=frozenset({f"127.0.0.1:{server.port}"}), timeout_seconds=2, **settings
    )
    return web.resolve(Did.parse(text), Fetcher(policy))


def did_at(server: RawServer, *path: str) -> str:
    return web.create(f"http://127.0.0.1:{server.port}", *path)


def served(did: str) -> bytes:
    return json.dumps(web.document_for(did, {"k1": ED, "k2": P256})).encode()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["did"])
def test_vector(case: dict[str, str]) -> None:
    assert web.document_url(case["did"]) == case["url"]
    root = case["url"].removesuffix("/did.json").removesuffix("/.well-known")
    assert web.create(root) == case["did"]


def test_there_are_three_vectors() -> None:
    assert len(CASES) == 3


@pytest.mark.parametrize(
    ("url", "path", "did"),
    [
        ("https://school.example", (), "did:web:school.example"),
        ("https://school.example/", (), "did:web:school.example"),
        ("https://school.example:443", (), "did:web:school.example"),
        ("https://School.example/cs/", ("a", "b"), "did:web:school.example:cs:a:b"),
        ("http://localhost:8001", (), "did:web:localhost%3A8001"),
        ("http://localhost:80", (), "did:web:localhost"),
        ("https://xn--mnchen-3ya.example", (), "did:web:xn--mnchen-3ya.example"),
    ],
)
def test_create(url: str, path: tuple[str, ...], did: str) -> None:
    assert web.create(url, *path) == did


@pytest.mark.parametrize(
    "url",
    [
        "",
        "school.example",
        "ftp://x.example",
        "https://u@x.example",
        "https://x.example?a",
        "https://x.example#a",
        "https://[::1]",
        "https://x.example:99999",
        "https://x_y.example",
        "https://x.example/a b",
        "https://x.example/../a",
    ],
)
def test_create_refuses_what_no_did_web_can_spell(url: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        web.create(url)
    assert caught.value.code == "did_malformed"


B096 = [
    "a%2F..%2Fb",
    "user%40evil",
    "user%40evil.example",
    "host.example#x",
    "host.example?x",
    "Host.example",
    "HOST.EXAMPLE",
    "ex\u0430mple.com",
    "ex%D0%B0mple.com",
    "host.example.",
    ".host.example",
    "host..example",
    "a" * 300,
    ("a" * 60 + ".") * 5 + "example",
    "a" * 64 + ".example",
    "-a.example",
    "a-.example",
    "a_b.example",
    "host.example%3a8443",
    "host.example%3A",
    "host.example%3A0",
    "host.example%3A08443",
    "host.example%3A65536",
    "host.example%3A1%3A2",
    "host.example%3Aport",
    "host.example:..:x",
    "host.example:.",
    "host.example:a%2Fb",
    "host.example:%2E%2E",
    "host.example:%5C",
    "host.example:%00",
    "host.example:%0d%0a",
    "host.example:%25",
    "host.example:%3F",
    "host.example:%23",
    "host.example::x",
    "host.example:" + "a" * 300,
    "host.example" + ":a" * 17,
    "[::1]",
    "::ffff:127.0.0.1",
    "64:ff9b::7f00:1",
    "fe80::1%25eth0",
    "",
]


@pytest.mark.parametrize("identifier", B096)
def test_B096_host_and_path_that_are_not_plain(identifier: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        web.resolve(Did.parse(f"did:web:{identifier}"), Fetcher(resolver=never))
    assert caught.value.code == "did_malformed"
    assert web.document_url("did:web:host.example%3A8443:a:b%20c".replace("%20", "%7E")).endswith(
        "/a/b%7Ec/did.json"
    )


B094 = [
    "127.0.0.1",
    "localhost",
    "0.0.0.0",
    "2130706433",
    "0x7f.1",
    "017700000001",
    "169.254.169.254",
    "metadata.google.internal",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "router",
    "printer.local",
]


@pytest.mark.parametrize("host", B094)
def test_B094_did_of_an_inner_host(host: str) -> None:
    with RawServer(reply()) as server:
        for identifier in (host, f"{host}%3A{server.port}"):
            with pytest.raises(FetchError) as caught:
                web.resolve(Did.parse(f"did:web:{identifier}"), Fetcher(resolver=never))
            assert (caught.value.code, server.connections) == ("fetch_blocked", 0)
        did = did_at(server)
        server.answer = reply(served(did))
        assert resolve(did, server).id == did


@pytest.mark.parametrize("port", [22, 25, 6379, 8443])
def test_B095_did_with_a_port_that_is_not_allowed(port: int) -> None:
    with pytest.raises(FetchError) as caught:
        web.resolve(Did.parse(f"did:web:host.example%3A{port}"), Fetcher(resolver=never))
    assert caught.value.code == "port_not_allowed"
    with RawServer(reply()) as server:
        did = did_at(server)
        server.answer = reply(served(did))
        assert resolve(did, server).id == did


def test_document_is_found_where_the_did_says() -> None:
    with RawServer(reply()) as server:
        root, alice = did_at(server), did_at(server, "user", "alice")
        server.answer = by_path(
            {"/.well-known/did.json": reply(served(root)), "/user/alice/did.json": reply(served(alice))}
        )
        assert resolve(root, server).verification_method("#k1", "assertionMethod").public_key == ED
        assert resolve(alice, server).verification_method(f"{alice}#k2", "authentication").public_key == P256
        with pytest.raises(ResolutionError) as caught:
            resolve(did_at(server, "bob"), server)
        assert caught.value.code == "did_not_found"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/did+json", "application/did+ld+json", "application/did"]
)
def test_content_types_of_documents(kind: str) -> None:
    with RawServer(reply()) as server:
        did = did_at(server)
        server.answer = reply(served(did), content_type=kind)
        assert resolve(did, server).id == did


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply(b"", status="404 Not Found"), "did_not_found"),
        (reply(b"", status="410 Gone"), "did_not_found"),
        (reply(b"", status="403 No"), "did_unreachable"),
        (reply(b"", status="500 Oops"), "did_unreachable"),
        (reply(b"<html>", content_type="text/html"), "did_unreachable"),
        (raw(b"SSH-2.0-x\r\n"), "did_unreachable"),
        (raw(b""), "did_unreachable"),
        (reply(b"{"), "did_document_invalid"),
        (reply(b"[]"), "did_document_invalid"),
        (reply(b""), "did_document_invalid"),
        (reply(b"\xff"), "did_document_invalid"),
        (reply(b'{"id":1,"id":2}'), "did_document_invalid"),
        (reply(b"{}"), "did_document_mismatch"),
        (reply(b'{"id":"did:web:other.example"}'), "did_document_mismatch"),
    ],
)
def test_answers_that_are_no_document(answer: Any, code: str) -> None:
    with RawServer(answer) as server:
        did = did_at(server)
        with pytest.raises(ResolutionError) as caught:
            resolve(did, server)
        assert caught.value.code == code
        server.answer = reply(served(did))
        assert resolve(did, server).id == did


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_B099_a_did_is_never_redirected(status: str) -> None:
    with RawServer(reply()) as server:
        did = did_at(server)
        moved = reply(b"", status=status, headers=[("Location", "/did.json")])
        server.answer = by_path({"/.well-known/did.json": moved, "/did.json": reply(served(did))})
        with pytest.raises(FetchError) as caught:
            resolve(did, server, max_redirects=1)
        assert (caught.value.code, server.connections) == ("fetch_blocked", 1)
        server.answer = reply(served(did))
        assert resolve(did, server).id == did


def test_B101_document_over_the_limit() -> None:
    with RawServer(reply()) as server:
        did = did_at(server)
        server.answer = reply(served(did) + b" " * 256 * 1024)
        with pytest.raises(LimitExceededError) as caught:
            resolve(did, server)
        assert caught.value.code == "limit_exceeded"
        body = served(did)
        server.answer = reply(body + b" " * (256 * 1024 - len(body)))
        assert resolve(did, server).id == did


def test_document_that_is_too_deep() -> None:
    with RawServer(reply(b'{"a":' * 20 + b"1" + b"}" * 20)) as server:
        with pytest.raises(LimitExceededError) as caught:
            resolve(did_at(server), server)
        assert caught.value.code == "limit_exceeded"
        server.answer = reply(served(did_at(server)))
        assert resolve(did_at(server), server).id == did_at(server)


def test_B100_B102_over_tls(tmp_path: Path) -> None:
    """https on 443 is not ours to open in a test, so the port is admitted and asked over TLS by the fetcher."""
    authority = Authority(tmp_path)
    host = "issuer.example"
    with RawServer(reply(), tls=authority.server_context(host)) as server:
        did = f"did:web:{host}%3A{server.port}"
        server.answer = reply(served(did))
        policy = FetchPolicy(
            allow_http_hosts=frozenset({f"{host}:{server.port}"}), ca_file=str(authority.file)
        )
        fetcher = Fetcher(policy, resolver=lambda _host, _port: ["127.0.0.1"])
        answer = fetcher.get(web.document_url(did), accept=web.ACCEPT)
        assert DidDocument.from_json(json.loads(answer.body), did).id == did
        with pytest.raises(ResolutionError) as caught:
            DidDocument.from_json(json.loads(answer.body), "did:web:other.example")
        assert caught.value.code == "did_document_mismatch"


def test_document_for() -> None:
    did = "did:web:school.example:cs"
    document = web.document_for(did, {"ed": ED, "es": P256})
    first, second = document["verificationMethod"]
    assert first == {
        "id": f"{did}#ed",
        "type": "Multikey",
        "controller": did,
        "publicKeyMultibase": ED.to_multikey(),
    }
    assert second["publicKeyJwk"] == P256.to_jwk() | {"alg": "ES256"}
    assert document["assertionMethod"] == document["authentication"] == [f"{did}#ed", f"{did}#es"]
    read = DidDocument.from_json(document, did)
    assert [method.public_key for method in read.methods("assertionMethod")] == [ED, P256]


def test_document_for_refuses_fragments_that_are_none() -> None:
    for fragment in ("", "a b", "#a", "a#b"):
        with pytest.raises(ResolutionError) as caught:
            web.document_for("did:web:school.example", {fragment: ED})
        assert caught.value.code == "did_document_invalid"
    with pytest.raises(ResolutionError) as caught:
        web.document_for("did:key:z6Mk", {"a": ED})
    assert caught.value.code == "did_malformed"


@given(st.from_regex(r"[a-z0-9.%:A-F-]{1,40}", fullmatch=True))
def test_only_our_errors_come_out_of_any_identifier(identifier: str) -> None:
    text = f"did:web:{identifier}"
    try:
        url = web.document_url(text)
    except TrustidError as err:
        assert err.code == "did_malformed"
    else:
        assert web.create(url.removesuffix("/did.json").removesuffix("/.well-known")) == text.replace(
            "%3A443", ""
        )
