"""`trustid keys`: making keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from trustid import keys
from trustid.cli_output import EXIT_CODES, Output, with_output
from trustid.did import key as did_key
from trustid.encoding import JsonObject, b64url_encode
from trustid.errors import UnsupportedError
from trustid.keys import Ed25519SigningKey, P256SigningKey, SigningKey
from trustid.keys.keystore import Keystore
from trustid.settings import read_secret_file

__all__ = ["keys_group"]

KINDS: Final = ("Ed25519", "P-256", "BLS")


@click.group(name="keys")
def keys_group() -> None:
    """Make keys."""


@keys_group.command(
    epilog=f"""\b
Examples:
  trustid keys new --kind P-256
  trustid keys new --keystore keys.json --passphrase-file passphrase --name signing

Without --keystore the secret key is printed once and kept nowhere.

{EXIT_CODES}"""
)
@click.option(
    "--kind", type=click.Choice(KINDS), default="Ed25519", show_default=True, help="What kind of key."
)
@click.option(
    "--keystore",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the secret in this encrypted file.",
)
@click.option(
    "--passphrase-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File (mode 0600) with its passphrase.",
)
@click.option("--name", default="default", show_default=True, help="The key's name in the keystore.")
@with_output
def new(output: Output, *, kind: str, keystore: Path | None, passphrase_file: Path | None, name: str) -> None:
    """Make a new key."""
    if (keystore is None) != (passphrase_file is None):
        raise click.UsageError("--keystore and --passphrase-file belong together")
    if kind == "BLS":
        public, secret, raw = _new_bls()
        stored: SigningKey | bytes = raw
    else:
        key = keys.generate("P-256" if kind == "P-256" else "Ed25519")
        public, secret, stored = _public(key), _private(key), key
    if keystore is not None and passphrase_file is not None:
        passphrase = read_secret_file(passphrase_file, "--passphrase-file").reveal()
        Keystore.open_or_create(keystore, passphrase).add(name, stored)
        public["keystore"] = str(keystore)
        secret = {}
    output.result(public | secret)
    output.say(json.dumps(public | secret, indent=2))
    if secret:
        output.say("The secret was printed once and is kept nowhere.", "yellow")


def _public(key: SigningKey) -> JsonObject:
    public = key.public_key
    return {
        "algorithm": public.algorithm,
        "public_jwk": public.to_jwk(),
        "multikey": public.to_multikey(),
        "thumbprint": public.thumbprint(),
        "did": did_key.create(public),
    }


def _private(key: SigningKey) -> JsonObject:
    if not isinstance(key, Ed25519SigningKey | P256SigningKey):
        raise UnsupportedError("unsupported", "expected a key with a JWK")
    return {"private_jwk": key.to_private_jwk()}


def _new_bls() -> tuple[JsonObject, JsonObject, bytes]:
    try:
        from trustid.keys.bls import SecretKey
    except ImportError as err:
        raise UnsupportedError("unsupported", "BLS keys need the compiled part of the package") from err
    key = SecretKey.generate()
    raw = key.to_bytes()
    public: JsonObject = {
        "algorithm": "BLS12-381",
        "public_key": b64url_encode(key.public_key().to_bytes()),
        "proof_of_possession": b64url_encode(key.prove_possession().to_bytes()),
    }
    return public, {"secret_key": b64url_encode(raw)}, raw
