"""Running the commands of `trustid revocation`."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from registry_under_test import TICKET_KEY
from trustid.cli import trustid
from trustid.encoding import b64url_encode
from trustid.stores.sqlite_tickets import SqliteTicketStore

KEY = b64url_encode(TICKET_KEY.public_key)


def run(*arguments: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(trustid, ["revocation", *arguments])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result


def told(*arguments: str, exit_code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", exit_code=exit_code).stdout)


def join(issuer: SqliteTicketStore, count: int = 3) -> list[int]:
    told("join", "--issuer-store", str(issuer.path), "--ticket-key", KEY, "--count", str(count))
    return [row["slot"] for row in issuer.query("SELECT slot FROM ticket ORDER BY slot")]


def revoked_epochs(issuer: SqliteTicketStore) -> dict[int, int]:
    rows = issuer.query("SELECT slot, revoked_epoch FROM ticket WHERE revoked_epoch IS NOT NULL")
    return {row["slot"]: row["revoked_epoch"] for row in rows}
