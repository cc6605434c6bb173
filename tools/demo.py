"""The whole path without people, over real HTTP, with real wallets; ends by itself.

    make demo                       human progress on standard error, one JSON line on standard output
    python tools/demo.py --kill     the same, and one worker of each server is killed (-9) on the way

1. A school's roster and a hospital's become offers: 20 student cards, 20 vaccination certificates.
2. Forty wallets, each with its own encrypted folder, collect them: a student card in two copies with a place each in a
   status list, a certificate in ten copies that share one slot of a revocation registry and nothing that shows.
3. Each answers the counter's question, disclosing only what was asked: all are accepted.
4. The institutions revoke three; `trustid revocation publish`, a process of its own, publishes the registry's next epoch;
   the verifier fetches lists and statement anew, and the wallets whose day it is their block of the registry.
5. Each answers again: those three are refused as revoked, all others accepted. A revoked certificate is shown ten times,
   each time with another copy and the proof that held before: all ten are refused. Then its wallet refreshes, and says
   itself that it was revoked.

The figures of the JSON line count credentials; `accepted` and `refused` are the verdicts after the revocation, and
`copies_refused` the copies of revoked certificates that were. The exit status is 0 only if every number is right, in
both rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from ssl import PEM_cert_to_DER_cert
from typing import Any, TypeVar

from servers import Servers, call

from trustid.catalogue import load
from trustid.errors import FetchError, RevokedError, TrustidError
from trustid.fetching import Fetcher, FetchPolicy
from trustid.protocols.holding import Holder
from trustid.stores.wallet_folder import WalletFolder

PEOPLE = 20
REVOKED = {"student-id": (4,), "vaccination": (0, 11)}
QUESTIONS = {"student-id": "student", "vaccination": "dose"}
SAMPLES = {
    "student-id": "student_id/samples/oneroster_users.csv",
    "vaccination": "vaccination/samples/patients.csv",
}
COPIES = {"student-id": 2, "vaccination": 10}
WALLETS_AT_ONCE = 4
TRIES = 4

T = TypeVar("T")


@dataclass
class Person:
    """One of the forty: what was offered to them, and the wallet that holds it."""

    configuration_id: str
    issuance_id: str
    claim_url: str
    holder: Holder
    revoked: bool


def main() -> int:
    """Run all five steps and say whether every number is right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--kill", action="store_true", help="kill one worker of each server on the way")
    killing = parser.parse_args().kill
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="trustid-demo-") as folder,
        Servers(Path(folder) / "data", registry=True) as servers,
    ):
        people = [person for name in SAMPLES for person in offers(servers, name, Path(folder) / "wallets")]
        issued = sum(each("collect", people, collect, servers, kill=killing))
        first = each("present", people, lambda person: present(servers, person), servers, kill=killing)
        revoked = revoke(servers, people)
        copies_refused = sum(
            each("show revoked", revoked_in_registry(people), lambda p: show_all(servers, p), servers)
        )
        each("refresh", people, lambda person: again(lambda: refresh(person)), servers)
        second = each("present again", people, lambda person: present(servers, person), servers)
    numbers = {
        "issued": issued,
        "presented": len(second),
        "accepted": sum(verdict == "verified" for verdict in second),
        "revoked": revoked,
        "refused": sum(verdict == "revoked" for verdict in second),
        "copies_refused": copies_refused,
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(numbers), flush=True)
    right = (
        issued == len(people) == PEOPLE * len(SAMPLES)
        and all(verdict == "verified" for verdict in first)
        and revoked == sum(len(places) for places in REVOKED.values())
        and [verdict == "revoked" for verdict in second] == [person.revoked for person in people]
        and numbers["accepted"] == issued - revoked
        and copies_refused == COPIES["vaccination"] * len(REVOKED["vaccination"])
    )
    if not right:
        say(f"first round: {Counter(first)}; second round: {Counter(second)}")
    return 0 if right else 1


def offers(servers: Servers, name: str, wallets: Path) -> list[Person]:
    """Upload the first people of a sample roster; each gets a claim link and an empty wallet."""
    lines = files("trustid.catalogue").joinpath(SAMPLES[name]).read_text(encoding="utf-8").splitlines()
    people = [line for line in lines[1:] if name != "student-id" or ",student," in line][:PEOPLE]
    roster = "\n".join([lines[0], *people]) + "\n"
    url = f"{servers.issuer_url}/api/rosters?configuration_id={name}&dry_run=false"
    status, answer = call("POST", url, token=servers.admin_token, raw=roster.encode())
    if status != 201:
        raise SystemExit(f"the roster was not accepted: {answer}")
    policy = FetchPolicy(
        allow_http_hosts=frozenset({f"localhost:{servers.issuer_port}", f"localhost:{servers.verifier_port}"})
    )
    issuer_anchors, verifier_anchors = [authority(servers.issuer_url)], [authority(servers.verifier_url)]
    return [
        Person(
            configuration_id=name,
            issuance_id=row["issuance_id"],
            claim_url=row["claim_url"],
            holder=Holder.open(
                WalletFolder.open(wallets / row["issuance_id"], secrets.token_bytes(16)),
                Fetcher(policy),
                issuer_anchors=issuer_anchors,
                verifier_anchors=verifier_anchors,
                copies=COPIES[name],
            ),
            revoked=place in REVOKED[name],
        )
        for place, row in enumerate(answer["rows"])
    ]


def authority(url: str) -> bytes:
    """The certificate (DER) of the development authority that a server made for itself."""
    return PEM_cert_to_DER_cert(call("GET", f"{url}/development-ca.pem")[1].decode())


def collect(person: Person) -> int:
    """Open the claim link and collect; a lost answer is answered by a fresh offer."""

    def once() -> int:
        if person.holder.store.credentials():
            return 1
        status, claim = call("GET", person.claim_url)
        if status != 200:
            raise SystemExit(f"the claim link was refused: {claim}")
        return len(person.holder.accept(person.holder.read_offer(claim["credential_offer_uri"])))

    collected = again(once)
    again(lambda: refresh(person))
    return collected


def refresh(person: Person) -> None:
    """What a wallet does each day, and after collecting: fetch its block of the registry, if it has a slot in one."""
    for _, refusal in person.holder.refresh():
        if refusal is not None and not isinstance(refusal, RevokedError):
            raise refusal


def revoked_in_registry(people: list[Person]) -> list[Person]:
    """Those whose certificate was revoked by its slot."""
    return [person for person in people if person.revoked and person.configuration_id == "vaccination"]


def show_all(servers: Servers, person: Person) -> int:
    """Show each copy of a revoked certificate with the proof from before; returns how many the counter refused."""
    verdicts = [present(servers, person) for _ in range(COPIES[person.configuration_id])]
    return verdicts.count("acc_epoch_stale")


def present(servers: Servers, person: Person) -> str:
    """Answer the counter's question once; returns "verified", or the code of the check that failed."""
    kind = load()[person.configuration_id]
    question = next(found for found in kind.questions if found.id == QUESTIONS[person.configuration_id])
    body = {"dcql_query": question.query([kind.vct(servers.issuer_url)]), "response_mode": "direct_post.jwt"}
    status, asked = again(
        lambda: call("POST", f"{servers.verifier_url}/api/requests", body, token=servers.admin_token)
    )
    if status != 201:
        raise SystemExit(f"the question was refused: {asked}")

    def answer() -> str | None:
        if result(servers, asked)["state"] == "pending":
            try:
                person.holder.send(person.holder.plan(person.holder.read_request(asked["request_uri"])))
            except FetchError:
                raise
            except RevokedError as refusal:
                return refusal.code  # the wallet knows it and shows nothing
            except TrustidError:
                pass  # refused: the verdict below says why
        return None

    known = again(answer)
    if known is not None:
        return known
    verdict = again(lambda: result(servers, asked))
    if verdict["state"] == "verified":
        check_disclosed(kind.mandatory, question.claims, verdict["claims"])
        return "verified"
    return next((check["code"] for check in verdict["checks"] if not check["ok"]), verdict["state"])


def result(servers: Servers, asked: dict[str, Any]) -> Any:
    """How a question stands at the verifier."""
    return call("GET", asked["result_url"], token=servers.admin_token)[1]


def check_disclosed(mandatory: Iterable[Any], asked: Iterable[Any], claims: Any) -> None:
    """The verifier must have learned what it asked, and nothing else of what can be hidden."""
    text = json.dumps(claims)
    names = {part["path"][0] for part in asked}
    hidden = [path[0] for path in mandatory if path[0] not in names]
    if any(f'"{name}"' in text for name in hidden) or not all(f'"{name}"' in text for name in names):
        raise SystemExit("the wallet disclosed something else than what was asked")


def revoke(servers: Servers, people: list[Person]) -> int:
    """Take back three credentials, publish the registry's next epoch, and let the verifier look; returns how many."""
    done = 0
    for person in people:
        if person.revoked:
            url = f"{servers.issuer_url}/api/issuances/{person.issuance_id}/revoke"
            done += call("POST", url, token=servers.admin_token)[1]["state"] == "revoked"
    epoch = servers.publish()
    status, lists = call("POST", f"{servers.verifier_url}/api/status/refresh", token=servers.admin_token)
    say(
        f"revoked {done}; epoch {epoch}; lists and registries: {status} {[one['state'] for one in lists['lists']]}"
    )
    return done


def each(
    title: str, people: list[Person], step: Callable[[Person], T], servers: Servers, *, kill: bool = False
) -> list[T]:
    """Do a step for everybody, a few at a time, with a line of progress; kill a worker of each server half way."""
    began, results = time.monotonic(), []
    with ThreadPoolExecutor(WALLETS_AT_ONCE) as pool:
        for number, found in enumerate(pool.map(step, people), 1):
            results.append(found)
            if kill and number == len(people) // 3:
                for role in servers.processes:
                    os.kill(servers.workers(role)[0], signal.SIGKILL)
            progress(
                f"{title:<14}{number:>3}/{len(people)}  {time.monotonic() - began:.1f} s",
                number == len(people),
            )
    return results


def again(step: Callable[[], T]) -> T:
    """Do a step; when the connection was lost, do it again: servers may lose a worker at any time."""
    for left in reversed(range(TRIES)):
        try:
            return step()
        except (OSError, FetchError, TrustidError):
            if not left:
                raise
            time.sleep(0.2)
    raise AssertionError


def progress(text: str, last: bool) -> None:
    """A line that grows on a terminal; in a file only its last form."""
    if sys.stderr.isatty():
        print(f"\r{text:<60}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last:
        say(text)


def say(text: str) -> None:
    """A line for people, beside the one for machines."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
