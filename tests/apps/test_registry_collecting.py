"""Collecting certificates with a slot: ten copies that share nothing, one ticket, secrets that nobody else sees."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_world import (
    CAPACITY,
    COPIES,
    HOSPITAL,
    REGISTRY,
    World,
    held_by,
    new_key,
    presentation,
    show,
    strings,
    verdict,
)
from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.encoding import b64url_decode
from trustid.protocols.holding import Holder
from trustid.protocols.ports_wallet import CredentialCopy
from trustid.status.accumulator_entry import ACCUMULATOR


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def person(world: World) -> Holder:
    """A wallet with ten copies of one certificate."""
    holder = world.wallet()
    world.collect(holder)
    assert holder.refresh()[0][1] is None
    return holder


def test_ten_copies_share_one_slot_and_nothing_that_shows(world: World, person: Holder) -> None:
    copies = held_by(person).copies
    assert len(copies) == COPIES
    secrets = [copy.status_secrets for copy in copies]
    assert len({one.slot for one in secrets if one}) == 1
    # What is in every copy anyway: who issued, what it says, the day it ends, where the registry is.
    payloads = [SdJwtVc.parse(copy.text).sd_jwt.payload for copy in copies]
    headers = [SdJwtVc.parse(copy.text).sd_jwt.issuer_jwt.header for copy in copies]
    public = {text for part in (*strings(headers[0]),) for text in [part]} | {
        HOSPITAL, REGISTRY, payloads[0]["vct"], "target_disease",
    }  # fmt: skip
    public |= set(
        strings({name: payloads[0].get(name) for name in ("country", "vaccine_code", "target_disease")})
    )
    for first, second in combinations(payloads, 2):
        shared = {text for text in strings(first) if len(text) >= 16} & set(strings(second))
        assert shared <= public, shared
        assert first["status"].keys() == {ACCUMULATOR}  # and no list index at all


def test_two_presentations_share_no_bytes_but_public_ones(world: World, person: Holder) -> None:
    """No string of 16 bytes or more stands in two presentations, but for what all certificates of the hospital say."""
    other = world.wallet(copies=1)
    world.collect(other)
    other.refresh()
    everybody = presentation(world, other, world.ask())
    first, second = (presentation(world, person, world.ask()) for _ in range(2))

    def pieces(text: str) -> set[bytes]:
        """Every 16 bytes in a row of each value that is in a presentation, without the JSON between them."""
        jwts = [jose.parse(part) for part in (text.partition("~")[0], text.rpartition("~")[2])]
        values = [value for jwt in jwts for part in (jwt.header, jwt.claims()) for value in strings(part)]
        disclosures = [json.loads(b64url_decode(part)) for part in text.split("~")[1:-1]]
        values += [value for disclosure in disclosures for value in strings(disclosure)]
        found = [value.encode() for value in values] + [jwt.signature for jwt in jwts]
        return {value[place : place + 16] for value in found for place in range(len(value) - 15)}

    # Somebody else with the same name and dose shows all that two presentations of one person have in common.
    assert (pieces(first) & pieces(second)) - pieces(everybody) == set()


def test_a_wallet_that_asks_for_nothing_gets_a_place_in_a_list(world: World) -> None:
    """Wallets of others know no accumulator: they are served as if there were none."""
    metadata = world.net.get(f"{HOSPITAL}/.well-known/openid-credential-issuer", accept="application/json")
    configurations = json.loads(metadata.body)["credential_configurations_supported"]
    mechanisms = configurations["vaccination"]["status_mechanisms_supported"]
    assert mechanisms == {"status_list": {}, ACCUMULATOR: {"registry": REGISTRY, "keys": [world.key]}}
    assert configurations["degree"]["status_mechanisms_supported"] == {"status_list": {}}
    free = world.pool.free_tickets(REGISTRY)
    holder = world.wallet(copies=3)
    holder = replace(holder, receiver=replace(holder.receiver, http=WithoutMechanisms(world.net)))
    _, held = world.collect(holder)
    statuses = [SdJwtVc.parse(copy.text).status for copy in held.copies]
    assert len({status["status_list"]["idx"] for status in statuses if status}) == 3
    assert held.registry is None
    assert world.pool.free_tickets(REGISTRY) == free
    assert verdict(show(world, holder)) == "verified"


class WithoutMechanisms:
    """The network as a wallet sees it that does not know our member of the metadata."""

    def __init__(self, net: Any) -> None:
        self.net = net

    def get(self, url: str, **arguments: Any) -> Any:
        answer = self.net.get(url, **arguments)
        if "openid-credential-issuer" not in url:
            return answer
        document = json.loads(answer.body)
        for configuration in document["credential_configurations_supported"].values():
            del configuration["status_mechanisms_supported"]
        return replace(answer, body=json.dumps(document).encode())

    def post(self, url: str, **arguments: Any) -> Any:
        return self.net.post(url, **arguments)


def test_a_lost_answer_is_given_again_byte_for_byte(world: World) -> None:
    """The same keys get the same copies, commitments and secrets; no second ticket is taken."""
    holder, answers = world.wallet(copies=3), []
    free = world.pool.free_tickets(REGISTRY)

    class Losing:
        def get(self, url: str, **arguments: Any) -> Any:
            return world.net.get(url, **arguments)

        def post(self, url: str, **arguments: Any) -> Any:
            answer = world.net.post(url, **arguments)
            if url.endswith("/oid4vci/credential"):
                answers.append(answer.body)
                if len(answers) == 1:
                    world.net._open("GET", "https://nowhere.example/")  # the connection breaks
            return answer

    losing = replace(holder, receiver=replace(holder.receiver, http=Losing()))  # type: ignore[arg-type]
    world.collect(losing)
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert world.pool.free_tickets(REGISTRY) == free - 1


def test_B161_a_holder_cannot_bring_a_commitment(world: World, person: Holder) -> None:
    """Whatever a credential request says about commitments or slots, the issuer makes its own."""
    offer = world.offer()
    theirs = SdJwtVc.parse(held_by(person).copies[0].text).status or {}
    holder = world.wallet(copies=1)

    class Adding:
        def get(self, url: str, **arguments: Any) -> Any:
            return world.net.get(url, **arguments)

        def post(self, url: str, *, body: bytes, **arguments: Any) -> Any:
            if url.endswith("/oid4vci/credential"):
                more = {"status": theirs, "status_secrets": {"slot": 1}, **theirs[ACCUMULATOR]}
                body = json.dumps(json.loads(body) | more).encode()
            return world.net.post(url, body=body, **arguments)

    adding = replace(holder, receiver=replace(holder.receiver, http=Adding()))  # type: ignore[arg-type]
    [held] = adding.accept(adding.read_offer(offer["credential_offer_uri"]))
    made = SdJwtVc.parse(held.copies[0].text).status or {}
    assert made[ACCUMULATOR]["registry"] == REGISTRY
    assert made[ACCUMULATOR]["commitment"] != theirs[ACCUMULATOR]["commitment"]
    slots = [
        one.copies[0].status_secrets.slot for one in (held, held_by(person)) if one.copies[0].status_secrets
    ]
    assert len(set(slots)) == 2


def test_without_a_ticket_nothing_is_issued_and_the_wallet_may_come_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.pool.transaction() as work:
        work.execute("DELETE FROM ticket")
    offer = world.offer()
    holder = world.wallet(copies=1)
    with refused("acc_no_ticket"):
        holder.accept(holder.read_offer(offer["credential_offer_uri"]))
    assert holder.store.credentials() == ()
    world.join(1)
    _, held = world.collect(holder)
    assert held.slot is not None
    # One ticket, one certificate: the next one waits again.
    with refused("acc_no_ticket"):
        world.collect(world.wallet(copies=1))


@pytest.mark.parametrize("bend", ["no secrets", "another opening", "another slot", "other registry"])
def test_a_wallet_refuses_copies_that_do_not_fit_their_secrets(world: World, bend: str) -> None:
    holder = world.wallet(copies=2)

    class Bending:
        def get(self, url: str, **arguments: Any) -> Any:
            answer = world.net.get(url, **arguments)
            if bend == "other registry" and "openid-credential-issuer" in url:
                body = answer.body.replace(REGISTRY.encode(), REGISTRY.encode() + b"-2")
                return replace(answer, body=body)
            return answer

        def post(self, url: str, **arguments: Any) -> Any:
            answer = world.net.post(url, **arguments)
            if not url.endswith("/oid4vci/credential"):
                return answer
            body = json.loads(answer.body)
            first, second = body["credentials"]
            if bend == "no secrets":
                del first["status_secrets"]
            elif bend == "another opening":
                first["status_secrets"]["rho"] = second["status_secrets"]["rho"]
            elif bend == "another slot":
                first["status_secrets"]["slot"] ^= 1
            return replace(answer, body=json.dumps(body).encode())

    bending = replace(holder, receiver=replace(holder.receiver, http=Bending()))  # type: ignore[arg-type]
    with refused("credential_unexpected"):
        world.collect(bending)
    assert holder.store.credentials() == ()
    world.collect(holder)  # the twin: nothing bent


def test_a_commitment_in_two_copies_is_refused(world: World, person: Holder) -> None:
    from trustid.protocols.received_copies import _check_slots

    first, second = held_by(person).copies[:2]
    assert _check_slots([first, second])
    twin = CredentialCopy(second.text, new_key(), status_secrets=first.status_secrets)
    with refused("credential_unexpected"):
        _check_slots([first, twin])


def test_what_is_published_is_the_same_for_everybody_and_may_be_kept(world: World) -> None:
    client = world.issuer.test_client()
    for name, kept in (
        ("params", "immutable"),
        ("epochs/0/statement", "immutable"),
        ("epochs/latest", "max-age=10"),
    ):
        answer = client.get(f"/revocation/vaccination/{name}", buffered=True)
        assert answer.status_code == 200, name
        assert kept in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        again = client.get(
            f"/revocation/vaccination/{name}",
            headers={"If-None-Match": answer.headers["ETag"]},
            buffered=True,
        )
        assert again.status_code == 304
    epoch = world.registry.status().epoch
    block = client.get(f"/revocation/vaccination/epochs/{epoch}/blocks/1", buffered=True)
    assert len(block.get_data()) == 32 + 48 * (CAPACITY - 4096)


@pytest.mark.parametrize(
    "place",
    [
        "../registry.db",
        "..%2f..%2fregistry.db",
        "epochs/0/../../../manager.json",
        "epochs/.lock",
        "epochs/00/statement",
        "epochs/0/blocks/-1",
        "epochs/0/blocks/99",
        "epochs",
        "",
        "params/",
    ],
)
def test_nothing_else_is_served(world: World, place: str) -> None:
    client = world.issuer.test_client()
    assert client.get("/revocation/vaccination/params", buffered=True).status_code == 200
    assert client.get(f"/revocation/vaccination/{place}").status_code in (404, 308)
    assert client.get("/revocation/degree/params").status_code == 404


def test_a_copy_of_the_store_opens_no_handle(world: World, person: Holder) -> None:
    """Handles are sealed in the issuer's store, and erased once no copy can be asked for."""
    slot = held_by(person).slot
    assert slot is not None
    handle = slot.member.to_bytes()
    for file in world.folder.glob("issuer.db*"):
        assert handle not in file.read_bytes()


def test_the_wallet_keeps_the_secrets_sealed(world: World, tmp_path: Path) -> None:
    from trustid.stores.wallet_folder import WalletFolder

    folder = WalletFolder.open(tmp_path / "wallet", b"a passphrase")
    holder = Holder.open(folder, world.net, clock=world.clock, issuer_anchors=[world.anchor], copies=2)  # type: ignore[arg-type]
    world.collect(holder)
    holder.refresh()
    [held] = WalletFolder.open(tmp_path / "wallet", b"a passphrase").credentials()
    secrets = held.copies[0].status_secrets
    assert secrets is not None
    for file in (tmp_path / "wallet").rglob("*"):
        if file.is_file():
            assert (file.stat().st_mode & 0o077) == 0
            for one in (secrets.opening.to_bytes()[:32], secrets.opening.to_bytes()[32:]):
                assert one not in file.read_bytes()
    assert verdict(show(world, holder)) == "verified"
