"""Certificates with a slot in a registry, from the desk to the counter: issuer, manager, wallets and verifier for real."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from registry_world import CAPACITY, COPIES, HOSPITAL, REGISTRY, World, new_key, strings
from trustid.credentials import jose
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.encoding import b64url_decode, sha256
from trustid.errors import ProtocolError
from trustid.protocols.answering import make_vp_token
from trustid.protocols.holding import HeldCredential, Holder
from trustid.protocols.ports_wallet import CredentialCopy
from trustid.status.accumulator_entry import ACCUMULATOR, STATUS_PROOF, StatusProof
from trustid.status.epochs.ports import KeptRow
from trustid.status.epochs.trust import EpochPolicy
from trustid.status.membership import MembershipProof

Request = dict[str, Any]


NOBODYS_ROW = bytes.fromhex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
)
"""A point of G1 that answers nobody: its generator."""


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


def held_by(holder: Holder) -> HeldCredential:
    [held] = holder.store.credentials()
    return held


def presentation(world: World, holder: Holder, asked: Request) -> str:
    """What the wallet would send."""
    answer = holder.plan(holder.read_request(asked["request_uri"]))
    token = make_vp_token(answer, store=holder.store, now=world.clock(), keeping=holder.keeping)
    return str(token["credential"][0])


def show(world: World, holder: Holder) -> Request:
    """Ask, answer, and look at the result."""
    asked = world.ask()
    try:
        holder.send(holder.plan(holder.read_request(asked["request_uri"])))
    except ProtocolError as err:
        assert err.code == "verifier_refused"
    return world.result(asked)


def post(world: World, holder: Holder, asked: Request, text: str) -> str:
    """Send a presentation; returns "verified" or the code of the check that failed."""
    request = holder.read_request(asked["request_uri"])
    form = {"vp_token": json.dumps({"credential": [text]}), "state": request.state or ""}
    world.verifier.test_client().post(request.response_uri.removeprefix("https://counter.example"), data=form)
    return verdict(world.result(asked))


def verdict(result: Request) -> str:
    failed = [check["code"] for check in result["checks"] if not check["ok"]]
    return failed[0] if failed else str(result["state"])


def bound(text: str, key: Any, **changes: Any) -> str:
    """The same presentation with members of the key binding JWT changed, signed anew by the holder."""
    shown, _, binding = text.rpartition("~")
    proof = jose.parse(binding)
    claims = {name: value for name, value in (proof.claims() | changes).items() if value is not None}
    return f"{shown}~{jose.sign(dict(proof.header), claims, key)}"


def key_of(holder: Holder, text: str) -> Any:
    """The holder's key of the copy that a presentation shows."""
    issued = text.partition("~")[0]
    return next(copy.key for copy in held_by(holder).copies if copy.text.partition("~")[0] == issued)


# --- collecting ---------------------------------------------------------------------


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


# --- showing ------------------------------------------------------------------------


def test_each_copy_is_accepted_and_the_result_says_of_which_epoch(world: World, person: Holder) -> None:
    for _ in range(3):
        result = show(world, person)
        assert verdict(result) == "verified"
        [epoch] = result["epochs"]["credential"]
        assert epoch["epoch"] == world.registry.status().epoch
        assert 0 <= epoch["age_seconds"] < 3600
    assert "epochs" not in world.result(world.ask())


def test_presenting_fetches_nothing_of_the_registry(world: World, person: Holder) -> None:
    """Neither the wallet, nor the counter once it knows the epoch: nobody learns when somebody is checked."""
    world.refresh_verifier()
    world.net.asked.clear()
    assert verdict(show(world, person)) == "verified"
    assert [url for url in world.net.asked if "/revocation/" in url] == []
    person.refresh()
    assert any("/revocation/" in url for url in world.net.asked)


def test_B176_a_proof_holds_for_its_request_alone(world: World, person: Holder) -> None:
    """Everything else is the wallet's own and fresh; only the proof comes from another request."""
    asked, other = world.ask(), world.ask()
    text = presentation(world, person, asked)
    kept = jose.parse(presentation(world, person, other).rpartition("~")[2]).claims()[STATUS_PROOF]
    forged = bound(text, key_of(person, text), **{STATUS_PROOF: kept})
    assert post(world, person, asked, forged) == "acc_proof_invalid"
    assert post(world, person, other, text) == "acc_proof_invalid"  # the whole answer, replayed
    assert post(world, person, asked, text) == "verified"


def test_B176_a_proof_for_another_verifier_or_nonce_is_refused(world: World, person: Holder) -> None:
    asked = world.ask()
    request = person.read_request(asked["request_uri"])
    held = held_by(person)
    slot = held.slot
    assert slot is not None
    kept = person.keeping.witness(slot)
    text = presentation(world, person, asked)
    key = key_of(person, text)
    opening = next(copy for copy in held.copies if copy.key is key).status_secrets
    assert opening is not None
    right = {
        "verifier": request.asker.client_id.encode(),
        "nonce": request.nonce.encode(),
        "credential_hash": sha256(text.partition("~")[0].encode()),
    }

    def with_proof(**changes: bytes) -> str:
        proof = kept.witness.prove(opening.opening, **(right | changes))
        return bound(text, key, **{STATUS_PROOF: StatusProof(kept.witness.epoch, proof).to_json()})

    wrong = ({"verifier": b"https://mill.example"}, {"nonce": bytes(32)}, {"credential_hash": bytes(32)})
    for change in wrong:
        assert post(world, person, asked, with_proof(**change)) == "acc_proof_invalid"
    assert post(world, person, asked, with_proof()) == "verified"


def test_B177_a_handle_joined_to_another_credential_is_refused(world: World, person: Holder) -> None:
    """An accomplice lends row and opening: the commitment in the credential holds another handle."""
    friend = world.wallet(copies=1)
    world.collect(friend)
    friend.refresh()
    asked = world.ask()
    request = person.read_request(asked["request_uri"])
    theirs = held_by(friend)
    slot, opening = theirs.slot, theirs.copies[0].status_secrets
    assert slot is not None
    assert opening is not None
    text = presentation(world, person, asked)
    proof = friend.keeping.witness(slot).witness.prove(
        opening.opening,
        verifier=request.asker.client_id.encode(),
        nonce=request.nonce.encode(),
        credential_hash=sha256(text.partition("~")[0].encode()),
    )
    epoch = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]["epoch"]
    lent = bound(text, key_of(person, text), **{STATUS_PROOF: StatusProof(epoch, proof).to_json()})
    assert post(world, person, asked, lent) == "acc_proof_invalid"
    assert post(world, person, asked, text) == "verified"


def test_B177_one_copys_proof_does_not_serve_another_copy(world: World, person: Holder) -> None:
    """Same person, same slot, same request: a proof is for the copy that it was made with."""
    asked = world.ask()
    first, second = (presentation(world, person, asked) for _ in range(2))
    assert first.partition("~")[0] != second.partition("~")[0]
    proof = jose.parse(first.rpartition("~")[2]).claims()[STATUS_PROOF]
    swapped = bound(second, key_of(person, second), **{STATUS_PROOF: proof})
    assert post(world, person, asked, swapped) == "acc_proof_invalid"
    assert post(world, person, asked, second) == "verified"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda proof: None, "acc_proof_missing"),
        (lambda proof: {}, "status_malformed"),
        (lambda proof: proof | {"epoch": proof["epoch"] + 1}, "acc_epoch_future"),
        (lambda proof: proof | {"epoch": -1}, "status_malformed"),
        (lambda proof: proof | {"proof": proof["proof"][:-4]}, "acc_proof_invalid"),
        (lambda proof: proof | {"proof": proof["proof"].swapcase()}, None),
    ],
    ids=["none", "empty", "future", "negative", "short", "other bytes"],
)
def test_B175_a_bent_proof_is_refused(world: World, person: Holder, change: Any, code: str | None) -> None:
    asked = world.ask()
    text = presentation(world, person, asked)
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    bent = bound(text, key_of(person, text), **{STATUS_PROOF: change(proof)})
    found = post(world, person, asked, bent)
    assert found == code if code else found not in ("verified", "internal_error")
    assert post(world, person, asked, text) == "verified"


def test_B171_an_epoch_too_far_back_is_refused_and_the_one_before_by_policy_only(tmp_path: Path) -> None:
    world = World(tmp_path, previous_seconds=3600)
    holder = world.wallet(copies=4)
    world.collect(holder)
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"
    world.publish()
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "verified"  # t - 1, within the hour
    world.publish()
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "acc_epoch_stale"  # t - 2
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"
    world.publish()
    world.clock.now += 3600
    world.refresh_verifier()
    assert verdict(show(world, holder)) == "acc_epoch_stale"  # t - 1, the hour is over


def test_a_wallet_whose_row_is_too_old_says_so_before_it_shows_anything(tmp_path: Path) -> None:
    world = World(tmp_path)
    holder = world.wallet(copies=2)
    world.collect(holder)
    asked = world.ask()
    with refused("acc_epoch_stale"):  # never refreshed
        holder.plan(holder.read_request(asked["request_uri"]))
    holder.refresh()
    world.clock.now += EpochPolicy().max_age_seconds + 1
    asked = world.ask()
    with refused("acc_epoch_stale"):
        holder.plan(holder.read_request(asked["request_uri"]))
    assert [copy.uses for copy in held_by(holder).copies] == [0, 0]
    world.publish()
    holder.refresh()
    assert verdict(show(world, holder)) == "verified"


def test_an_unknown_registry_is_refused(world: World, person: Holder, tmp_path: Path) -> None:
    """A counter whose trust file names no registry accepts nothing that hangs on one; the twin is the module's counter."""
    trust = json.loads((world.folder / "trust.json").read_text())
    (tmp_path / "trust.json").write_text(json.dumps({"types": trust["types"]}))
    from verifier_app import create_app

    settings = replace(world._settings("verifier", "https://counter.example"), store_path=tmp_path / "v.db")
    settings = replace(settings, trust_file=tmp_path / "trust.json")
    knowing = world.verifier
    try:
        world.verifier = world.net.apps["https://counter.example"] = create_app(
            settings,
            clock=world.clock,
            fetcher=world.net,  # type: ignore[arg-type]
        )
        world.net.asked.clear()
        assert verdict(show(world, person)) == "acc_registry_unknown"
        assert [url for url in world.net.asked if "/revocation/" in url] == []
    finally:
        world.verifier = world.net.apps["https://counter.example"] = knowing
    assert verdict(show(world, person)) == "verified"


# --- taking back --------------------------------------------------------------------


def test_B166_one_revocation_ends_all_ten_copies_and_nobody_elses(tmp_path: Path) -> None:
    world = World(tmp_path)
    revoked, kept = world.wallet(), world.wallet(copies=2)
    issuance, _ = world.collect(revoked)
    world.collect(kept)
    for holder in (revoked, kept):
        holder.refresh()
    world.revoke(issuance)
    world.revoke(issuance)
    [entry] = world.admin(world.issuer, "GET", "/api/revocation")
    assert entry["requested"] == 1
    at_desk = world.admin(world.issuer, "GET", f"/api/issuances/{issuance}")
    assert (at_desk["state"], at_desk["registry"], at_desk["revoked_epoch"]) == ("revoked", REGISTRY, None)
    # Until the next epoch is published nobody can know it; that is the limit that docs/revocation.md names.
    assert verdict(show(world, revoked)) == "verified"
    epoch = world.publish()
    world.refresh_verifier()
    verdicts = [verdict(show(world, revoked)) for _ in range(COPIES)]
    assert verdicts == ["acc_epoch_stale"] * COPIES
    kept.refresh()
    assert verdict(show(world, kept)) == "verified"
    # Lying about the epoch does not help: the old row proves nothing about the new value.
    asked = world.ask()
    text = presentation(world, revoked, asked)
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    lied = bound(text, key_of(revoked, text), **{STATUS_PROOF: proof | {"epoch": epoch}})
    assert post(world, revoked, asked, lied) == "acc_proof_invalid"
    # The wallet learns it from its block, and shows nothing any more.
    [(_, refusal)] = revoked.refresh()
    assert refusal is not None
    assert refusal.code == "revoked"
    with refused("revoked"):
        revoked.plan(revoked.read_request(world.ask()["request_uri"]))
    assert world.admin(world.issuer, "GET", f"/api/issuances/{issuance}")["revoked_epoch"] == epoch


def test_who_was_revoked_and_got_a_new_certificate_shows_the_new_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    holder = world.wallet(copies=2)
    issuance, _ = world.collect(holder)
    world.revoke(issuance)
    world.publish()
    world.clock.now += 5
    _, again = world.collect(holder)
    outcomes = {held.id: refusal for held, refusal in holder.refresh()}
    assert [refusal is None for refusal in outcomes.values()].count(True) == 1
    answer = holder.plan(holder.read_request(world.ask()["request_uri"]))
    assert [showing.credential.id for showing in answer.showings] == [again.id]
    assert verdict(show(world, holder)) == "verified"


def test_B178_a_value_made_for_one_holder_is_refused(world: World, person: Holder, tmp_path: Path) -> None:
    """Whoever serves the registry shows one wallet another statement for an epoch that it has seen: nothing is kept."""
    before = held_by(person).slot
    assert before is not None
    kept = person.keeping.witness(before).statement
    other = World(tmp_path)  # another manager's history, signed by another key
    statement = (other.published / "epochs" / "latest").read_bytes()
    latest = world.published / "epochs" / "latest"
    true = latest.read_bytes()
    try:
        latest.write_bytes(statement)
        [(_, refusal)] = person.refresh()
        assert refusal is not None
        assert refusal.code == "acc_value_untrusted"
        assert person.keeping.witness(before).statement == kept
    finally:
        latest.write_bytes(true)
    assert person.refresh()[0][1] is None
    assert verdict(show(world, person)) == "verified"


def test_a_row_of_somebody_else_is_noticed_by_the_wallet(world: World, person: Holder) -> None:
    slot = held_by(person).slot
    assert slot is not None
    kept = person.store.rows.row(REGISTRY, slot.place)
    assert kept is not None
    rows = person.store.rows._rows  # type: ignore[attr-defined]
    rows[(REGISTRY, slot.place)] = KeptRow(kept.epoch, NOBODYS_ROW, kept.fetched_at)
    with refused("acc_witness_invalid"):
        presentation(world, person, world.ask())
    rows[(REGISTRY, slot.place)] = kept
    assert verdict(show(world, person)) == "verified"


# --- the desk's files ---------------------------------------------------------------


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


# --- what a wallet accepts ------------------------------------------------------------


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


def test_a_proof_has_the_size_that_is_promised(world: World, person: Holder) -> None:
    text = presentation(world, person, world.ask())
    proof = jose.parse(text.rpartition("~")[2]).claims()[STATUS_PROOF]
    assert len(bytes(MembershipProof.from_bytes(b64url_decode(proof["proof"])))) == 288
