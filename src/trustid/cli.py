"""The command `trustid`.

    trustid wallet accept | list | show | remove | refresh | present
    trustid did resolve
    trustid credential verify
    trustid keys new
    trustid revocation init | join | revoke | publish | status | serve-check | history | export
    trustid revocation certify | rotate-key | adopt

`--help` everywhere, `--json` everywhere, and exit codes that mean something
(`cli_output.EXIT_CODES`).
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import click

from trustid.cli_inspect import credential, did
from trustid.cli_keys import keys_group
from trustid.cli_output import EXIT_CODES
from trustid.cli_revocation import revocation
from trustid.cli_wallet import wallet

__all__ = ["main", "trustid"]


def _version() -> str:
    try:
        return version("trustid")
    except PackageNotFoundError:
        return "unknown (not installed)"


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="trustid")
def trustid() -> None:
    """Decentralized identity: hold credentials, look at identifiers, check what others present.

    The servers have commands of their own: trustid-issuer and trustid-verifier.
    """


for _command in (wallet, did, credential, keys_group, revocation):
    trustid.add_command(_command)


def main() -> None:
    """Run the command."""
    trustid(prog_name="trustid")


if __name__ == "__main__":
    main()
