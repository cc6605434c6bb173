"""`trustid did` and `trustid credential`: looking at what others publish and present."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from trustid.cli_network import fetcher_for, read_anchors
from trustid.cli_output import EXIT_CODES, Output, clean, exit_code_of, with_output
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.did.resolver import Resolver, failure_to_json
from trustid.encoding import JsonObject, parse_json_object
from trustid.errors import LimitExceededError, MalformedError, TrustError, TrustidError
from trustid.protocols.issuer_keys import find_issuer_key
from trustid.protocols.ports import system_clock
from trustid.protocols.trust import ANY_TYPE, IssuerMetadata, TrustPolicy
from trustid.protocols.verifying import Expected, Sources, Verified, verify_presentation
from trustid.status.check import MemoryStatusCache, StatusChecker

__all__ = ["credential", "did"]

CREDENTIAL_BYTES_MAX: Final = 1024 * 1024


@click.group()
def did() -> None:
    """Look up decentralized identifiers."""


@did.command(
    epilog=f"""\b
Examples:
  trustid did resolve did:web:school.example
  trustid did resolve did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp --json

{EXIT_CODES}"""
)
@click.argument("identifier", metavar="DID")
@with_output
@click.pass_context
def resolve(context: click.Context, output: Output, identifier: str) -> None:
    """Fetch and check the document of DID."""
    resolver = Resolver(fetcher_for(identifier), clock=system_clock)
    try:
        resolution = resolver.resolve(identifier)
    except TrustidError as error:
        if not output.as_json:
            raise
        # Machines get the resolution result that the specification describes, also of a failure.
        output.result(failure_to_json(error) | {"error": error.code})
        context.exit(exit_code_of(error))
    output.result(resolution.to_json())
    output.say(json.dumps(resolution.document.to_json(), indent=2, ensure_ascii=False))


@click.group()
def credential() -> None:
    """Look at credentials outside a wallet."""


@credential.command(
    epilog=f"""\b
Examples:
  trustid credential verify degree.txt --issuer https://school.example --trust-anchor school-ca.pem
  trustid credential verify degree.txt --issuer did:web:school.example
  trustid credential verify - --issuer did:key:z6Mk... --audience x509_san_dns:shop.example --nonce n-1 < presentation.txt

Without --issuer nobody is trusted: the signature is checked, and the credential is refused all the same.

{EXIT_CODES}"""
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option(
    "--issuer", "issuers", multiple=True, help="An issuer to trust: its https URL or DID. Repeat for more."
)
@click.option("--type", "credential_type", default=ANY_TYPE, help="Trust them for this type only (vct).")
@click.option(
    "--trust-anchor",
    "anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="PEM certificate of an authority under which the issuer's certificate must be.",
)
@click.option("--audience", help="Demand the holder's proof for this verifier.")
@click.option("--nonce", help="Demand the holder's proof for this question.")
@with_output
def verify(
    output: Output,
    *,
    file: Path,
    issuers: tuple[str, ...],
    credential_type: str,
    anchors: tuple[Path, ...],
    audience: str | None,
    nonce: str | None,
) -> None:
    """Check the credential or presentation in FILE (or - for standard input)."""
    if (audience is None) != (nonce is None):
        raise click.UsageError("--audience and --nonce belong together")
    presentation = _read(file)
    if not issuers:
        _refuse_unknown_issuer(presentation)
    policy = TrustPolicy(
        issuers={credential_type: issuers},
        anchors={credential_type: read_anchors(anchors)},
        require_key_binding=audience is not None,
    )
    expected = Expected(audience, nonce) if audience is not None and nonce is not None else None
    try:
        verified = verify_presentation(
            presentation, policy=policy, sources=_sources(issuers), now=system_clock(), expected=expected
        )
    except TrustidError as error:
        _show_checks(output, error)
        raise
    output.result(_to_json(verified))
    for check in verified.checks:
        output.say(f"✓ {check.sentence}", "green")
    lines = [("issuer", verified.issuer), ("type", verified.credential_type), ("status", verified.status)]
    output.panel("Holds", [*lines, *[(name, clean(value)) for name, value in verified.claims.items()]])


def _read(file: Path) -> str | JsonObject:
    with click.open_file(str(file), "rb") as stream:
        data: bytes = stream.read(CREDENTIAL_BYTES_MAX + 1)
    if len(data) > CREDENTIAL_BYTES_MAX:
        raise LimitExceededError(
            "limit_exceeded", f"expected a credential of at most {CREDENTIAL_BYTES_MAX} bytes"
        )
    if data.lstrip().startswith(b"{"):
        return parse_json_object(data)
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError as err:
        raise MalformedError("malformed", "expected an SD-JWT VC or a JSON document") from err


def _sources(issuers: tuple[str, ...]) -> Sources:
    fetcher = fetcher_for(*issuers)
    resolver = Resolver(fetcher, clock=system_clock)
    status = StatusChecker(fetcher, MemoryStatusCache(), clock=system_clock)
    return Sources(resolver, IssuerMetadata(fetcher, clock=system_clock), status)


def _refuse_unknown_issuer(presentation: str | JsonObject) -> None:
    """Say how far a credential of an unknown issuer holds, and refuse it.

    Nothing is fetched for it: only keys that stand in the credential itself are
    looked at. Its addresses are a stranger's.
    """
    holds = "whether its signature holds was not looked into"
    if isinstance(presentation, str):
        read = SdJwtVc.parse(presentation)
        offline = Resolver(None, clock=system_clock)
        keys = IssuerMetadata(None, clock=system_clock)
        try:
            key, name, _ = find_issuer_key(
                read, resolver=offline, metadata=keys, trust_anchors=(), first_use=True, now=system_clock()
            )
        except TrustidError:
            holds = "its key is elsewhere, and nothing is fetched for a stranger"
        else:
            read.verify(key)
            read.claims()
            holds = f"its signature holds with the key that it names for {clean(name)}, which proves nothing by itself"
    raise TrustError(
        "issuer_not_trusted", f"no issuer is trusted: {holds}. Name an issuer with --issuer to accept it"
    )


def _show_checks(output: Output, error: TrustidError) -> None:
    for check in error.checks:
        output.say(f"{'✓' if check.ok else '✗'} {check.sentence}", "green" if check.ok else "red")


def _to_json(verified: Verified) -> JsonObject:
    return {
        "verified": True,
        "format": verified.format,
        "issuer": verified.issuer,
        "subject": verified.subject,
        "type": verified.credential_type,
        "claims": verified.claims,
        "status": verified.status,
        "status_age_seconds": verified.status_age_seconds,
        "linkability": verified.linkability,
        "checks": [{"name": one.name, "ok": one.ok, "code": one.code} for one in verified.checks],
    }
