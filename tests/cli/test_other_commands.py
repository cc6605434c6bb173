"""Keys, DIDs, help and exit codes; nothing here needs a network."""

from __future__ import annotations

import json

import click
import pytest
from click.testing import CliRunner

from trustid.cli import trustid
from trustid.cli_network import loopback_hosts
from trustid.cli_output import clean, exit_code_of
from trustid.did import key as did_key
from trustid.errors import CODES
from trustid.keys import public_key_from_jwk, signing_key_from_jwk
from trustid.keys.keystore import Keystore


def run(*arguments: str, exit_code: int = 0):
    result = CliRunner().invoke(trustid, list(arguments))
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [path]
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(trustid), ids=" ".join)
def test_every_command_explains_itself(path) -> None:
    for option in ("--help", "-h"):
        output = run(*path, option).output
        assert "Usage: " in output
    command: click.Command = trustid
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    if not isinstance(command, click.Group):
        assert "Exit codes" in output
        assert "--json" in output


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_new_keys_are_printed_with_their_names(kind) -> None:
    made = json.loads(run("keys", "new", "--kind", kind, "--json").stdout)
    key = signing_key_from_jwk(made["private_jwk"])
    assert key.public_key == public_key_from_jwk(made["public_jwk"])
    assert made["did"] == did_key.create(key.public_key)
    assert "kept nowhere" in run("keys", "new", "--kind", kind).output


def test_new_bls_keys() -> None:
    bls = pytest.importorskip("trustid.keys.bls")
    from trustid.encoding import b64url_decode

    made = json.loads(run("keys", "new", "--kind", "BLS", "--json").stdout)
    key = bls.SecretKey.from_bytes(b64url_decode(made["secret_key"]))
    assert key.public_key().to_bytes() == b64url_decode(made["public_key"])


def test_a_key_in_a_keystore_is_not_printed(tmp_path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase")
    passphrase.chmod(0o600)
    place = ("--keystore", str(tmp_path / "keys.json"), "--passphrase-file", str(passphrase))
    made = json.loads(run("keys", "new", *place, "--name", "signing", "--json").stdout)
    assert "private_jwk" not in made
    stored = Keystore.open(tmp_path / "keys.json", b"a passphrase").get("signing")
    assert stored.public_key == public_key_from_jwk(made["public_jwk"])
    run("keys", "new", "--keystore", str(tmp_path / "keys.json"), exit_code=2)


def test_dids_that_are_keys_are_resolved() -> None:
    did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
    resolution = json.loads(run("did", "resolve", did, "--json").stdout)
    assert resolution["didDocument"]["id"] == did
    assert did in run("did", "resolve", did).output


@pytest.mark.parametrize(
    ("did", "code", "exit_code"),
    [
        ("did:key:z6Mk", "unsupported", 1),
        ("not-a-did", "did_malformed", 1),
        ("did:unknown:abc", "did_method_unsupported", 1),
        ("did:web:127.0.0.1", "fetch_blocked", 1),
        ("did:web:localhost%3A1", "fetch_blocked", 1),
    ],
)
def test_dids_that_cannot_be_resolved(did, code, exit_code) -> None:
    failure = json.loads(run("did", "resolve", did, "--json", exit_code=exit_code).stdout)
    assert failure["didDocument"] is None
    assert failure["error"] == code
    result = run("did", "resolve", did, exit_code=exit_code)
    assert failure["error"] in result.output


def test_the_other_side_that_cannot_be_reached_has_its_exit_code(monkeypatch) -> None:
    monkeypatch.setenv("TRUSTID_ALLOW_HTTP", "1")
    failure = json.loads(run("did", "resolve", "did:web:localhost%3A1", "--json", exit_code=3).stdout)
    assert failure["error"] in ("did_unreachable", "fetch_failed")


def test_files_that_are_no_credentials(tmp_path) -> None:
    file = tmp_path / "x"
    for content, code in (
        (b"hello", "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"{", "malformed"),
        (b"x" * (1 << 21), "limit_exceeded"),
    ):
        file.write_bytes(content)
        error = json.loads(
            run(
                "credential", "verify", str(file), "--json", "--issuer", "did:web:a.example", exit_code=1
            ).stdout
        )
        assert error["error"] == code
    run("credential", "verify", str(tmp_path / "missing"), exit_code=2)


def test_anchors_that_are_no_certificates(tmp_path) -> None:
    file = tmp_path / "x"
    file.write_text("hello~")
    error = run(
        "credential",
        "verify",
        str(file),
        "--issuer",
        "https://a.example",
        "--trust-anchor",
        str(file),
        "--json",
        exit_code=1,
    )
    assert json.loads(error.stdout)["error"] == "x5c_invalid"


def test_usage_faults() -> None:
    run("wallet", "accept", exit_code=2)
    run("nothing", exit_code=2)
    run("keys", "new", "--kind", "RSA", exit_code=2)
    assert "trustid" in run("--version").output


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_an_exit_code(code) -> None:
    assert exit_code_of(CODES[code].kind(code)) in (1, 3, 4)


def test_only_loopback_hosts_that_were_given_are_opened() -> None:
    assert loopback_hosts(["openid4vp://?request_uri=http%3A%2F%2Flocalhost%3A8002%2Fr"]) == {
        "localhost:8002"
    }
    assert loopback_hosts(['x://?credential_offer={"credential_issuer":"http://127.0.0.1:8001"}']) == {
        "127.0.0.1:8001"
    }
    assert loopback_hosts(["did:web:localhost%3A8001:path#key"]) == {"localhost:8001"}
    assert loopback_hosts(["x://?client_id=decentralized_identifier%3Adid%3Aweb%3Alocalhost%253A8002"]) == {
        "localhost:8002"
    }
    assert loopback_hosts(["http://[::1]:8001/x"]) == {"[::1]:8001"}
    assert (
        loopback_hosts(
            [
                "https://shop.example/",
                "http://10.0.0.1:8001",
                "http://localhost.evil.example",
                "x",
                "http://[",
            ]
        )
        == frozenset()
    )


def test_text_from_elsewhere_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2Jb\u202ec\n") == "a\ufffd[2Jb\ufffdc\ufffd"
    assert len(clean("x" * 10_000)) == 501
    assert clean({"a": "陈"}) == '{"a": "陈"}'


def test_a_w3c_credential_is_verified(tmp_path) -> None:
    from trustid.credentials.data_integrity import eddsa_jcs_2022
    from trustid.keys import generate

    key = generate("Ed25519")
    did = did_key.create(key.public_key)
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "credentialSubject": {"id": "did:example:holder"},
    }
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2026-01-01T00:00:00Z",
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
    }
    secured = document | {"proof": eddsa_jcs_2022.create(document, options, key)}
    file = tmp_path / "credential.json"
    file.write_text(json.dumps(secured))
    verified = json.loads(run("credential", "verify", str(file), "--issuer", did, "--json").stdout)
    assert (verified["issuer"], verified["format"]) == (did, "ldp_vc")
    file.write_text(json.dumps(secured | {"credentialSubject": {"id": "did:example:thief"}}))
    changed = run("credential", "verify", str(file), "--issuer", did, "--json", exit_code=1)
    assert json.loads(changed.stdout)["error"] == "proof_invalid"
    stranger = json.loads(run("credential", "verify", str(file), "--json", exit_code=1).stdout)
    assert stranger["error"] == "issuer_not_trusted"
