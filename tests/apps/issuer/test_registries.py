"""The file that says which credentials have slots in a registry: what is in it holds, or the issuer does not start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from issuer_app import create_app
from issuer_app.registries import load_registries
from issuer_under_test import IssuerUnderTest, environment
from refusing import refused
from trustid.keys import generate
from trustid.settings import ServerSettings

URI = "https://school.example/revocation/vaccination"
KEY = generate("Ed25519")
JWK = KEY.public_key.to_jwk()
GOOD: dict[str, Any] = {"registry": URI, "keys": [JWK], "folder": "published"}


def written(folder: Path, content: Any) -> Path:
    file = folder / "registries.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_what_is_in_the_file(tmp_path: Path) -> None:
    found = load_registries(written(tmp_path, {"vaccination": GOOD}))["vaccination"]
    assert (found.uri, found.keys, found.folder) == (URI, (JWK,), tmp_path / "published")
    assert found.to_json() == {"registry": URI, "keys": [JWK]}
    elsewhere = {name: value for name, value in GOOD.items() if name != "folder"}
    assert load_registries(written(tmp_path, {"degree": elsewhere}))["degree"].folder is None
    assert load_registries(None) == {}


def test_a_private_key_never_reaches_the_metadata(tmp_path: Path) -> None:
    private = KEY.to_private_jwk()
    assert "d" in private
    with refused("setting_unsafe"):
        load_registries(written(tmp_path, {"vaccination": GOOD | {"keys": [private]}}))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "setting_unsafe"),
        ([], "setting_unsafe"),
        ({"vaccination": []}, "setting_unsafe"),
        ({"vaccination": GOOD | {"more": 1}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"registry": "ftp://school.example"}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"registry": f"{URI}/"}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"registry": None}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"keys": []}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"keys": [JWK] * 17}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"keys": ["x"]}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"keys": [{"kty": "OKP"}]}}, "setting_unsafe"),
        ({"vaccination": GOOD | {"folder": 1}}, "setting_unsafe"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: Any, code: str) -> None:
    load_registries(written(tmp_path, {"vaccination": GOOD}))
    with refused(code):
        load_registries(written(tmp_path, content))


def test_a_file_that_is_missing_or_names_a_type_that_nobody_issues(tmp_path: Path) -> None:
    missing = ServerSettings.from_environment(
        "issuer", environment(tmp_path, TRUSTID_REGISTRIES=str(tmp_path / "nothing.json"))
    )
    with refused("setting_missing"):
        create_app(missing)
    file = written(tmp_path, {"passport": GOOD})
    unknown = ServerSettings.from_environment("issuer", environment(tmp_path, TRUSTID_REGISTRIES=str(file)))
    with refused("setting_unsafe"):
        create_app(unknown)


def test_without_the_file_nothing_is_published_and_no_registry_is_named(issuer: IssuerUnderTest) -> None:
    assert issuer.admin("GET", "/api/revocation").json == []
    assert issuer.client().get("/revocation/vaccination/params").status_code == 404
    metadata = issuer.client().get("/.well-known/openid-credential-issuer").json or {}
    for configuration in metadata["credential_configurations_supported"].values():
        assert configuration["status_mechanisms_supported"] == {"status_list": {}}
