"""The main job: both servers, a school and a hospital with sample data, until Ctrl-C.

    make run        honours ISSUER_PORT, VERIFIER_PORT, TRUSTID_ADMIN_TOKEN and TRUSTID_DATA

Prints where to go and the staff password, then `ready`. The sample rosters are loaded once: a second start of the same
data folder finds what the first one made. What staff revoke of the hospital's certificates is published within half a
minute, as the next epoch of its registry, by the command that has the registry's secret.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from importlib.resources import files
from pathlib import Path
from typing import Any

from servers import Servers, call

ROSTERS = {
    "school": ("student-id", "student_id/samples/oneroster_users.csv"),
    "hospital": ("vaccination", "vaccination/samples/patients.csv"),
}
SHOWN_LINKS = 2
LOOK_SECONDS = 30
EPOCH_SECONDS = 12 * 3600


def main() -> int:
    """Start, load, print, wait."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    data = Path(os.environ.get("TRUSTID_DATA") or "data").resolve()
    with Servers(
        data,
        issuer_port=int(os.environ.get("ISSUER_PORT") or 8001),
        verifier_port=int(os.environ.get("VERIFIER_PORT") or 8002),
        admin_token=os.environ.get("TRUSTID_ADMIN_TOKEN") or None,
        registry=True,
    ) as servers:
        samples = {institution: load(servers, *roster) for institution, roster in ROSTERS.items()}
        describe(servers, samples)
        print("ready", flush=True)
        look_at, publish_at = time.monotonic() + LOOK_SECONDS, time.monotonic() + EPOCH_SECONDS
        while not stop.wait(0.5):
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_SECONDS
                if requested(servers) or time.monotonic() >= publish_at:
                    publish_at = time.monotonic() + EPOCH_SECONDS
                    publish(servers)
            for role, process in servers.processes.items():
                if process.poll() is not None:
                    print(
                        f"the {role} ended with status {process.returncode}; see {data / role}.log",
                        file=sys.stderr,
                    )
                    return 1
    return 0


def publish(servers: Servers) -> None:
    """Publish the next epoch; what goes wrong is said, and tried again at the next look."""
    try:
        servers.publish()
    except SystemExit as err:
        print(err, file=sys.stderr)


def requested(servers: Servers) -> int:
    """How many revocations wait for the next epoch."""
    status, registries = call("GET", f"{servers.issuer_url}/api/revocation", token=servers.admin_token)
    return sum(one["requested"] for one in registries) if status == 200 else 0


def load(servers: Servers, configuration_id: str, sample: str) -> list[dict[str, Any]]:
    """Give the issuer one institution's sample roster, and return the rows that it made offers for."""
    url = f"{servers.issuer_url}/api/issuances?credential_configuration_id={configuration_id}&limit=1"
    status, found = call("GET", url, token=servers.admin_token)
    if status == 200 and found["issuances"]:
        return []
    roster = files("trustid.catalogue").joinpath(sample).read_bytes()
    url = f"{servers.issuer_url}/api/rosters?configuration_id={configuration_id}&dry_run=false"
    status, answer = call("POST", url, token=servers.admin_token, raw=roster)
    if status != 201:
        raise SystemExit(f"the sample roster {sample} was not accepted: {answer}")
    return [row for row in answer["rows"] if row["state"] == "offered"]


def describe(servers: Servers, samples: dict[str, list[dict[str, Any]]]) -> None:
    """Say where to go."""
    print(f"""
  issuer    {servers.issuer_url}    the desk: upload a roster, hand out links, revoke
  verifier  {servers.verifier_url}    the counter: choose a question, show a code, see the answer
  password  {servers.staff_password}    for the staff pages of both
  token     in {servers.data / "admin-token"}, for the back offices (OpenAPI: /openapi.json)
""")
    for institution, rows in samples.items():
        if rows:
            print(f"  {institution}: {len(rows)} people can collect; two of their links:")
            for row in rows[:SHOWN_LINKS]:
                print(f"    {row['claim_url']}")
        else:
            print(f"  {institution}: loaded before; its links are at the desk")
    command = Path(sys.executable).with_name("trustid")
    print(f"""
  Open a link for its QR code, or collect as a holder on this machine:
    export TRUSTID_ALLOW_HTTP=1      # these servers speak http, on this machine only
    {command} wallet accept 'LINK'
    {command} wallet list
    {command} wallet present 'openid4vp://…'
    {command} wallet refresh         # each day, and before showing a certificate after others were revoked
""")


if __name__ == "__main__":
    raise SystemExit(main())
