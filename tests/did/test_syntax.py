"""DIDs and DID URLs as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies import dids
from trustid.did.syntax import Did, DidUrl
from trustid.errors import ResolutionError, TrustidError

GOOD = "did:example:123"

BAD_DIDS = [
    "",
    "did",
    "did:",
    "did:example",
    "did:example:",
    "did::123",
    "did:Example:123",
    "did:ex-ample:123",
    "DID:example:123",
    "did:example:123:",
    "did:example:%",
    "did:example:%2",
    "did:example:%zz",
    "did:example:a b",
    "did:example:a\n",
    "did:example:é",
    "did:example:a#x",
    "did:example:a?x",
    "did:example:a/x",
    "did:example:[::1]",
    "did:example:a@b",
    " did:example:123",
    "urn:example:123",
    "did:example:" + "a" * 4096,
]


@pytest.mark.parametrize("text", BAD_DIDS)
def test_did_malformed(text: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        Did.parse(text)
    assert caught.value.code == "did_malformed"
    assert str(Did.parse(GOOD)) == GOOD


@pytest.mark.parametrize(
    "text", ["did:example:a:b", "did:example::a", "did:e9:A.-_%2F", "did:web:example.org%3A8443:a", "did:1:2"]
)
def test_did_good(text: str) -> None:
    assert str(Did.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("did:example:1", ("", None, None)),
        ("did:example:1#", ("", None, "")),
        ("did:example:1?", ("", "", None)),
        ("did:example:1/", ("/", None, None)),
        ("did:example:1/a/b?service=x&y=%2Fz#k-1", ("/a/b", "service=x&y=%2Fz", "k-1")),
        ("did:example:1#a?b/c", ("", None, "a?b/c")),
        ("did:example:1?a/b?c#d", ("", "a/b?c", "d")),
    ],
)
def test_did_url_parts(text: str, parts: tuple[str, str | None, str | None]) -> None:
    url = DidUrl.parse(text)
    assert (url.path, url.query, url.fragment) == parts
    assert str(url.did) == "did:example:1"
    assert str(url) == text


@pytest.mark.parametrize(
    "text",
    [
        "#key-1",
        "",
        "did:example:1#a#b",
        "did:example:1#a b",
        "did:example:1#%4",
        "did:example:1?ü",
        "did:x:1#" + "a" * 8192,
    ],
)
def test_did_url_malformed(text: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        DidUrl.parse(text)
    assert caught.value.code == "did_malformed"
    DidUrl.parse("did:example:1#a")


@given(dids())
def test_did_round_trip(text: str) -> None:
    assert str(Did.parse(text)) == text
    assert DidUrl.parse(text).did == Did.parse(text)


@given(dids(), st.from_regex(r"(/[a-z%2F]{0,5})?(\?[a-z=]{0,5})?(#[a-z]{0,5})?", fullmatch=True))
def test_did_url_round_trip(did: str, rest: str) -> None:
    try:
        url = DidUrl.parse(did + rest)
    except ResolutionError:
        assert "%" in rest
    else:
        assert str(url) == did + rest


@given(st.text() | st.from_regex(r"did:[ -~]{0,30}", fullmatch=True))
def test_only_our_errors_come_out_of_any_text(text: str) -> None:
    for parse in (Did.parse, DidUrl.parse):
        try:
            assert str(parse(text)) == text
        except TrustidError as err:
            assert err.code == "did_malformed"
