"""Type metadata: the draft's example of extending, integrity, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trustid.credentials.type_metadata import MAX_EXTENDS, TypeMetadata, check_integrity, resolve
from trustid.errors import TrustidError

SECTIONS = json.loads((Path(__file__).parents[1] / "vectors/sd-jwt-vc/draft-examples.json").read_text())


def section(number: str) -> list[Any]:
    return [b["value"] for s in SECTIONS if s["section"] == number for b in s["blocks"]]


def refused(code: str, call: Any, *args: Any, **options: Any) -> None:
    with pytest.raises(TrustidError) as caught:
        call(*args, **options)
    assert caught.value.code == code


def loader(*documents: dict[str, Any]) -> Callable[[str], bytes]:
    by_type = {document["vct"]: json.dumps(document).encode() for document in documents}
    return lambda vct: by_type[vct]


def integrity(document: dict[str, Any], algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, json.dumps(document).encode()).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def claim(**members: Any) -> dict[str, Any]:
    return {"path": ["a"], **members}


def one(**members: Any) -> TypeMetadata:
    return resolve("t", loader({"vct": "t", **members}))


def test_extending_example() -> None:
    """Section 5.6.5.2: base and child give the claim metadata that the draft prints."""
    base, child, effective = section("5.6.5.2")
    metadata = resolve(child["vct"], loader(base, child))
    assert list(metadata.claims) == effective["claims"]
    assert metadata.extends == (base["vct"],)


def test_education_example() -> None:
    """Section 5.1: the document reads; its base is not in the draft, so another stands in."""
    _, document = section("5.1")
    stand_in = {"vct": document["extends"], "display": [{"locale": "en", "name": "Base"}]}
    document = document | {"extends#integrity": integrity(stand_in)}
    metadata = resolve(document["vct"], loader(document, stand_in), integrity=integrity(document))
    assert (metadata.name, metadata.description) == (document["name"], document["description"])
    assert metadata.display == ({"locale": "en", "name": "Base"},)
    refused("vct_integrity", resolve, document["vct"], loader(document, stand_in | {"name": "changed"}))


def test_paths_example() -> None:
    """Section 5.6.1.1: which paths find something in the credential shown there."""
    (credential,) = section("5.6.1.1")
    for path in (
        ["name"],
        ["address"],
        ["address", "street_address"],
        ["degrees", None, "type"],
        ["degrees", 1],
    ):
        one(claims=[{"path": path, "mandatory": True}]).check_issuing(credential, [])
    for path in (["nickname"], ["name", "x"], ["degrees", 7], ["address", None]):
        metadata = one(claims=[{"path": path, "mandatory": True}])
        refused("required_claim_missing", metadata.check_issuing, credential, [])


def test_issuing_rules() -> None:
    always, never = one(claims=[claim(sd="always")]), one(claims=[claim(sd="never")])
    always.check_issuing({"a": 1}, [("a",)])
    never.check_issuing({"a": 1}, [("b",)])
    always.check_issuing({}, [])
    one(claims=[claim()]).check_issuing({"a": 1}, [("a",)])
    refused("claim_not_disclosable", always.check_issuing, {"a": 1}, [])
    refused("claim_not_disclosable", never.check_issuing, {"a": 1}, [("a",)])


def test_B057_vct_integrity() -> None:
    document = {"vct": "t", "name": "T"}
    for algorithm in ("sha256", "sha384", "sha512"):
        assert resolve("t", loader(document), integrity=integrity(document, algorithm)).name == "T"
    other = integrity({"vct": "t", "name": "U"})
    refused("vct_integrity", resolve, "t", loader(document), integrity=other)
    refused("vct_integrity", resolve, "t", lambda _: json.dumps(document | {"vct": "u"}).encode())


def test_integrity_metadata() -> None:
    document = {"vct": "t"}
    body = json.dumps(document).encode()
    good, strong = integrity(document), integrity(document, "sha512")
    for text in (
        good,
        f"{good}?option",
        f"md5-xx {good}",
        f"sha256-{'A' * 43}= {good}",
        f"{strong} sha256-AAAA",
    ):
        check_integrity(text, body)
    weak = integrity({"vct": "x"}, "sha512")
    for text in (
        "",
        "md5-abc",
        "sha1-abc",
        "sha256",
        "sha256-%%%",
        f"{good} {weak}",
        good.replace("sha256", "SHA256"),
    ):
        refused("vct_integrity", check_integrity, text, body)


def test_extending_rules() -> None:
    """What a base fixes, an extension keeps."""

    def extended(base: dict[str, Any], child: dict[str, Any]) -> Any:
        metadata = resolve(
            "c",
            loader(
                {"vct": "b", "claims": [claim(**base)]},
                {"vct": "c", "extends": "b", "claims": [claim(**child)]},
            ),
        )
        return metadata.claims[0]

    assert extended({"sd": "allowed"}, {"sd": "never"})["sd"] == "never"
    assert extended({"sd": "always"}, {"sd": "always"})["sd"] == "always"
    assert extended({"sd": "always", "mandatory": True}, {"display": []}) == {
        "path": ["a"],
        "sd": "always",
        "mandatory": True,
        "display": [],
    }
    assert extended({}, {"mandatory": True})["mandatory"] is True
    refused("malformed", extended, {"sd": "always"}, {"sd": "allowed"})
    refused("malformed", extended, {"sd": "never"}, {"sd": "always"})
    refused("malformed", extended, {"mandatory": True}, {"mandatory": False})


def test_chain() -> None:
    chain = [{"vct": f"t{number}", "extends": f"t{number + 1}"} for number in range(MAX_EXTENDS - 1)]
    last = {"vct": f"t{MAX_EXTENDS - 1}"}
    assert len(resolve("t0", loader(*chain, last)).extends) == MAX_EXTENDS - 1
    longer = [*chain, last | {"extends": "t99"}, {"vct": "t99"}]
    refused("limit_exceeded", resolve, "t0", loader(*longer))
    refused("malformed", resolve, "t0", loader(*chain[:3], {"vct": "t3", "extends": "t1"}))
    refused("malformed", resolve, "t", loader({"vct": "t", "extends": "t"}))


@pytest.mark.parametrize(
    "members",
    [
        {"name": 1},
        {"description": []},
        {"extends": 1},
        {"display": {}},
        {"display": ["x"]},
        {"display": [{"name": "x"}]},
        {"display": [{"locale": "en"}]},
        {"claims": {}},
        {"claims": ["a"]},
        {"claims": [{}]},
        {"claims": [{"path": []}]},
        {"claims": [{"path": "a"}]},
        {"claims": [{"path": [-1]}]},
        {"claims": [{"path": [True]}]},
        {"claims": [{"path": [1.5]}]},
        {"claims": [claim(sd="sometimes")]},
        {"claims": [claim(mandatory=1)]},
        {"claims": [claim(svg_id="1a")]},
        {"claims": [claim(svg_id="a-b")]},
        {"claims": [claim(svg_id=1)]},
        {"claims": [claim(svg_id="a"), {"path": ["b"], "svg_id": "a"}]},
        {"extends": "u", "extends#integrity": 1},
    ],
)
def test_malformed(members: dict[str, Any]) -> None:
    load = loader({"vct": "u"}, {"vct": "t", **members})
    refused("malformed", resolve, "t", load)
    assert resolve("u", load).vct == "u"


def test_unknown_members_are_ignored() -> None:
    assert one(more=1, claims=[claim(more=2, svg_id="a_1")], display=[{"lang": "en", "name": "T"}]).vct == "t"
    refused("malformed", resolve, "t", lambda _: b"[]")
    refused("duplicate_key", resolve, "t", lambda _: b'{"vct":"t","vct":"t"}')
    refused("limit_exceeded", resolve, "t", lambda _: b" " * (1 << 18) + b"{}")
