"""The VC API without a web server: what is issued, what is refused, and how a refusal is written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refusing import refused
from trustid import keys
from trustid.credentials.data_integrity import CREATORS
from trustid.credentials.enveloping import Envelope
from trustid.credentials.presentation import issue_credential, make_presentation
from trustid.credentials.vc_cose import issue_vp_cose
from trustid.credentials.vc_jose import issue_vc_jwt, issue_vp_jwt
from trustid.credentials.vc_sd_jwt import issue_vp_sd_jwt
from trustid.did.key import create as did_of
from trustid.did.resolver import Resolver
from trustid.encoding import JsonObject, b64_encode, b64url_encode
from trustid.errors import CODES, FetchError, MalformedError, StatusUnknownError, TrustError
from trustid.fetching import Fetched, FetchPolicy
from trustid.keys.keystore import Keystore
from trustid.keys.sealing import SealingKey
from trustid.protocols import vc_api
from trustid.protocols.presentation import Sources
from trustid.protocols.trust import IssuerMetadata, TrustPolicy
from trustid.protocols.vc_api import OPEN_VARIABLE, is_open, problem_details
from trustid.protocols.vc_api_deriving import derive_credential
from trustid.protocols.vc_api_issuing import VcIssuing
from trustid.protocols.vc_api_lists import LEASE_BLOCK, LISTS_PATH
from trustid.protocols.vc_api_verifying import AnybodyPolicy, VcVerifying
from trustid.protocols.vc_identity import ALGORITHMS, VcIdentity
from trustid.status import list_change
from trustid.status.bitstring import MIN_ENTRIES, Bitstring, BitstringListCredential, open_list
from trustid.status.check import StatusChecker
from trustid.status.keeping import StatusPolicy
from trustid.status.list_format import WantedList
from trustid.stores.sqlite_list_set import SqliteListSetStore

NOW = 1_800_000_000
URL = "https://school.example"
WEB = "did:web:school.example"
V2 = "https://www.w3.org/ns/credentials/v2"
TYPE = "https://school.example/types#Degree"
HOLDER = keys.generate("Ed25519")
STUDENT = did_of(HOLDER.public_key)
STRANGER = keys.generate("Ed25519")


class World:
    """An issuer and a verifier, joined by a fetcher that knows the issuer's documents only."""

    def __init__(self, folder: Path, keystore: Keystore) -> None:
        self.now = NOW
        self.asked: list[str] = []
        self.identity = VcIdentity.open(keystore, public_url=URL, did=WEB)
        self.own = next(name for name in self.identity.names if name.startswith("did:key:"))
        self.store = SqliteListSetStore(folder / "vc.db")
        self.issuing = self.new_issuing()
        self.policy = FetchPolicy()
        self.verifying = self.new_verifying(TrustPolicy(issuers={TYPE: [WEB, self.own]}))

    def clock(self) -> int:
        return self.now

    def new_issuing(self, **options: Any) -> VcIssuing:
        return VcIssuing(
            identity=self.identity,
            store=self.store,
            places=SealingKey(bytes(32)),
            ttl_seconds=60,
            clock=self.clock,
            **options,
        )

    def new_verifying(self, policy: TrustPolicy) -> VcVerifying:
        door: Any = self
        return VcVerifying(
            policy=policy,
            sources=Sources(
                Resolver(door, clock=self.clock),
                IssuerMetadata(door, clock=self.clock),
                StatusChecker(door, clock=self.clock, policy=StatusPolicy(algorithms=policy.algorithms)),
            ),
            clock=self.clock,
        )

    def get(self, url: str, **_: Any) -> Fetched:
        from trustid.did import web

        self.asked.append(url)
        if url == f"{URL}/.well-known/did.json":
            body = json.dumps(web.document_for(WEB, self.identity.public_keys)).encode()
            return Fetched(200, {"content-type": "application/did+json"}, body, url)
        if not url.startswith(f"{URL}{LISTS_PATH}/"):
            raise FetchError("fetch_failed", "nothing there")
        served = self.issuing.lists.serve(url.rpartition("/")[2])
        return Fetched(200, {"content-type": "application/vc"}, served.body.encode(), url)

    def issue(self, **changes: Any) -> JsonObject:
        return self.issuing.issue({"credential": credential(**changes)})

    def verify(self, document: Any, **options: Any) -> JsonObject:
        return self.verifying.credential({"verifiableCredential": document, "options": options})

    def present(self, *documents: Any, **changes: Any) -> JsonObject:
        key = changes.pop("key", HOLDER)
        name = did_of(key.public_key)
        options = {
            "challenge": "c",
            "domain": "d",
            "created": datetime.fromtimestamp(self.now, UTC),
        } | changes
        return make_presentation(
            list(documents), key=key, verification_method=f"{name}#{name.removeprefix('did:key:')}", **options
        )

    def verify_presentation(self, document: Any, **options: Any) -> JsonObject:
        return self.verifying.presentation(
            {"verifiablePresentation": document, "options": {"challenge": "c", "domain": "d"} | options}
        )


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    return Keystore.open_or_create(tmp_path_factory.mktemp("keys") / "keys.json", b"passphrase")


@pytest.fixture
def world(tmp_path: Path, keystore: Keystore) -> World:
    return World(tmp_path, keystore)


def credential(**changes: Any) -> JsonObject:
    document = {
        "@context": [V2],
        "type": ["VerifiableCredential", TYPE],
        "issuer": WEB,
        "credentialSubject": {"id": STUDENT, "name": "Ada"},
        **changes,
    }
    return {name: value for name, value in document.items() if value is not ...}


# --- issuing -----------------------------------------------------------------


def test_issued_in_either_name(world: World) -> None:
    for issuer in (WEB, world.own):
        secured = world.issue(issuer=issuer)
        assert secured["proof"]["verificationMethod"].partition("#")[0] == issuer
        assert world.verify(secured)["errors"] == []
    entry = secured["credentialStatus"]
    assert (entry["type"], entry["statusPurpose"]) == ("BitstringStatusListEntry", "revocation")
    assert entry["statusListCredential"].startswith(f"{URL}{LISTS_PATH}/")
    served = json.loads(world.issuing.lists.serve(entry["statusListCredential"].rpartition("/")[2]).body)
    assert served["issuer"] == world.own
    assert Bitstring.decode(served["credentialSubject"]["encodedList"]).byte_length == 16 * 1024


def test_places_are_given_out_once_and_in_no_order(world: World) -> None:
    taken = [int(world.issue()["credentialStatus"]["statusListIndex"]) for _ in range(20)]
    assert len(set(taken)) == 20
    assert taken != sorted(taken)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"proof": {"type": "DataIntegrityProof"}}, "malformed"),
        ({"credentialStatus": {"type": "https://attacker.example/Status"}}, "malformed"),
        ({"credentialStatus": {"type": "BitstringStatusListEntry", "statusListIndex": True}}, "malformed"),
        ({"statusEntry": {"type": "BitstringStatusListEntry", "statusListIndex": True}}, "malformed"),
        ({"issuer": "did:web:attacker.example"}, "issuer_not_ours"),
        ({"issuer": ...}, "malformed"),
        ({"issuer": None}, "claim_type_invalid"),
        ({"credentialSubject": {}}, "malformed"),
        (
            {"@context": ["https://www.w3.org/2018/credentials/v1"], "issuanceDate": "2020-01-01T00:00:00Z"},
            "malformed",
        ),
    ],
)
def test_B233_a_credential_that_brings_what_is_not_its_own(
    world: World, changes: dict[str, Any], code: str
) -> None:
    world.issue()
    with refused(code):
        world.issue(**changes)
    # What was refused took no place: the rest of the block that was leased is still there.
    for _ in range(LEASE_BLOCK - 1):
        world.issue()
    assert [row["allocated"] for row in world.store.query("SELECT allocated FROM set_shard")] == [LEASE_BLOCK]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({}, None),
        ({"issuer": WEB, "verificationMethod": f"{WEB}#vc", "credentialId": "x"}, None),
        ({"issuer": "did:web:attacker.example"}, "issuer_not_ours"),
        ({"verificationMethod": f"{WEB}#vc-status"}, "issuer_not_ours"),
        ({"verificationMethod": "did:web:other-tenant.example#vc"}, "issuer_not_ours"),
        ({"cryptosuite": "eddsa-jcs-2022"}, None),
        ({"cryptosuite": "ecdsa-jcs-2019"}, None),
        ({"cryptosuite": "ecdsa-jcs-2019", "verificationMethod": f"{WEB}#vc-p384"}, None),
        ({"cryptosuite": "ecdsa-jcs-2019", "verificationMethod": f"{WEB}#vc"}, "malformed"),
        ({"cryptosuite": "ecdsa-sd-2023", "verificationMethod": f"{WEB}#vc-p384"}, "malformed"),
        ({"cryptosuite": "Ed25519Signature2020"}, "malformed"),
        ({"cryptosuite": "ecdsa-sd-2023", "mandatoryPointers": ["/issuer"]}, None),
        ({"cryptosuite": "ecdsa-sd-2023", "mandatoryPointers": ["/nowhere"]}, "malformed"),
        ({"cryptosuite": "ecdsa-sd-2023", "mandatoryPointers": "/issuer"}, "malformed"),
        ({"cryptosuite": ["eddsa-jcs-2022"]}, "malformed"),
        ({"mandatoryPointers": ["/issuer"]}, "malformed"),
        ({"proof": {}}, "malformed"),
        ([], "malformed"),
    ],
)
def test_B233_options_choose_nobody_else(world: World, options: Any, code: str | None) -> None:
    body = {"credential": credential(), "options": options}
    if code is None:
        world.issuing.issue(body)
    else:
        with refused(code):
            world.issuing.issue(body)


@pytest.mark.parametrize(
    "body", [None, [], {}, {"credential": []}, {"credential": None}, {"credential": {}, "x": 1}]
)
def test_a_request_that_cannot_be_read(world: World, body: Any) -> None:
    with refused("malformed"):
        world.issuing.issue(body)


def test_a_foreign_status_is_kept_for_suites_only(world: World) -> None:
    status = {"type": "https://other.example/Status", "id": "https://other.example/1"}
    with refused("malformed"):
        world.issue(credentialStatus=status)
    world.issuing = world.new_issuing(keep_foreign_status=True)
    kept = world.issue(credentialStatus=status)["credentialStatus"]
    assert (kept[0], kept[1]["type"]) == (status, "BitstringStatusListEntry")


def test_another_cryptosuite(world: World) -> None:
    pytest.importorskip("trustid._core")
    body = {"credential": credential(), "options": {"cryptosuite": "eddsa-rdfc-2022"}}
    secured = world.issuing.issue(body)
    assert secured["proof"]["cryptosuite"] == "eddsa-rdfc-2022"
    assert world.verify(secured)["errors"] == []
    with refused("proof_invalid"):
        world.verify({**secured, "credentialSubject": {"id": STUDENT, "name": "Bob"}})


@pytest.mark.parametrize("suite", sorted(ALGORITHMS))
def test_every_cryptosuite_under_every_name_that_has_its_key(world: World, suite: str) -> None:
    trusted = {TYPE: list(world.identity.names)}
    verifying = world.new_verifying(TrustPolicy(issuers=trusted, algorithms=("EdDSA", "ES256", "ES384")))
    for name in world.identity.names.values():
        body = {"credential": credential(issuer=name.did), "options": {"cryptosuite": suite}}
        if not any(one.key.algorithm in ALGORITHMS[suite] for one in name.keys):
            with refused("malformed"):
                world.issuing.issue(body)
            continue
        secured = world.issuing.issue(body)
        assert secured["proof"]["cryptosuite"] == suite
        if suite == "ecdsa-sd-2023":
            with refused("proof_invalid"):
                verifying.credential({"verifiableCredential": secured})
            secured = derive_credential(
                {
                    "verifiableCredential": secured,
                    "options": {"selectivePointers": ["/credentialSubject/name"]},
                }
            )
        assert verifying.credential({"verifiableCredential": secured})["errors"] == []
        with refused("proof_invalid"):
            verifying.credential({"verifiableCredential": {**secured, "credentialSubject": {"name": "Bob"}}})


def test_the_usual_cryptosuite_of_each_name(world: World) -> None:
    found = [world.issue(issuer=name)["proof"]["cryptosuite"] for name in world.identity.names]
    assert found == ["eddsa-jcs-2022", "eddsa-jcs-2022", "ecdsa-jcs-2019", "ecdsa-jcs-2019"]


def test_the_cryptosuite_of_the_address(world: World) -> None:
    body = {"credential": credential()}
    secured = world.issuing.issue(body, cryptosuite="ecdsa-rdfc-2019")
    assert secured["proof"]["cryptosuite"] == "ecdsa-rdfc-2019"
    for options, address in (({"cryptosuite": "eddsa-jcs-2022"}, "ecdsa-rdfc-2019"), ({}, "none")):
        with refused("malformed"):
            world.issuing.issue({**body, "options": options}, cryptosuite=address)


# --- sets and chains of proofs ---------------------------------------------------


def proved_twice(world: World, *, chained: bool) -> JsonObject:
    """A credential with a proof of the P-256 key and one of the Ed25519 key, which may cover the first."""
    first, second = world.identity.names[WEB].keys[1], world.identity.names[WEB].keys[0]
    document = credential()
    options = {"created": "2026-01-01T00:00:00Z", "proofPurpose": "assertionMethod"}
    earlier = CREATORS["ecdsa-rdfc-2019"](
        document, {**options, "id": "urn:x:1", "verificationMethod": first.method}, first.key
    )
    more = {"previousProof": "urn:x:1"} if chained else {}
    later = CREATORS["eddsa-rdfc-2022"](
        {**document, "proof": [earlier]} if chained else document,
        {**options, **more, "verificationMethod": second.method},
        second.key,
    )
    return {**document, "proof": [earlier, later]}


@pytest.mark.parametrize("chained", [False, True], ids=["set", "chain"])
def test_B080_sets_and_chains_of_proofs(world: World, chained: bool) -> None:
    """Every proof counts; none can be taken away from under a later one, or be put beside by somebody else."""
    document = proved_twice(world, chained=chained)
    assert world.verify(document)["errors"] == []
    assert world.verify_presentation(world.present(document))["errors"] == []
    earlier, later = document["proof"]
    stranger = {**later, "verificationMethod": f"{STUDENT}#{STUDENT.removeprefix('did:key:')}"}
    for proofs, code in (
        ([earlier, {**later, "proofValue": earlier["proofValue"]}], "proof_invalid"),
        ([{**earlier, "created": "2026-01-02T00:00:00Z"}, later], "proof_invalid"),
        ([earlier, {**later, "previousProof": "urn:x:2"}], "proof_invalid"),
        ([earlier, later, stranger], "issuer_mismatch"),
        ([], "proof_invalid"),
    ):
        with refused(code):
            world.verify({**document, "proof": proofs})
        with refused(code):
            world.verify_presentation(world.present({**document, "proof": proofs}))
    if chained:
        with refused("proof_invalid"):
            world.verify({**document, "proof": [later]})
    else:
        world.verify({**document, "proof": [later]})


def test_a_presentation_with_two_proofs(world: World) -> None:
    presentation = world.present(world.issue())
    again = world.present(*presentation["verifiableCredential"])["proof"]
    both = {**presentation, "proof": [presentation["proof"], again]}
    assert world.verify_presentation(both)["errors"] == []
    with refused("challenge_mismatch"):
        world.verify_presentation({**both, "proof": [again, {**again, "challenge": "x"}]})
    thief = world.present(*presentation["verifiableCredential"], key=STRANGER)["proof"]
    with refused("holder_mismatch"):
        world.verify_presentation({**both, "proof": [again, thief]})


# --- selective disclosure ------------------------------------------------------


def base_credential(world: World, *pointers: str) -> JsonObject:
    options = {"cryptosuite": "ecdsa-sd-2023", "mandatoryPointers": list(pointers)}
    return world.issuing.issue({"credential": credential(), "options": options})


def derived(document: Any, *pointers: str) -> JsonObject:
    return derive_credential({"verifiableCredential": document, "options": {"selectivePointers": pointers}})


def test_derived_credentials_verify_and_show_no_more(world: World) -> None:
    document = base_credential(world)
    shown = derived(document)
    assert shown["credentialSubject"] == {"id": STUDENT}
    assert shown["credentialStatus"] == document["credentialStatus"]
    assert world.verify(shown)["errors"] == []
    assert world.verify(derived(document, "/credentialSubject/name"))["errors"] == []
    assert derived(base_credential(world, "/credentialSubject/name"))["credentialSubject"]["name"] == "Ada"


def test_a_derived_credential_is_revoked_with_its_base(world: World) -> None:
    document, other = base_credential(world), base_credential(world)
    world.issuing.change_status(change(document))
    with refused("revoked"):
        world.verify(derived(document))
    world.verify(derived(other))


def test_a_derived_credential_is_presented_by_its_subject(world: World) -> None:
    shown = derived(base_credential(world), "/credentialSubject/name")
    assert world.verify_presentation(world.present(shown))["errors"] == []
    with refused("holder_mismatch"):
        world.verify_presentation(world.present(shown, key=STRANGER))


@pytest.mark.parametrize(
    "changes",
    [
        {"verifiableCredential": None},
        {"verifiableCredential": []},
        {"verifiableCredential": {"type": "VerifiableCredential"}},
        {"options": {"selectivePointers": "/issuer"}},
        {"options": {"selectivePointers": ["/nowhere"]}},
        {"options": {"selectivePointers": [], "x": 1}},
        {"x": 1},
    ],
    ids=range(7),
)
def test_what_cannot_be_derived(world: World, changes: dict[str, Any]) -> None:
    body = {"verifiableCredential": base_credential(world), "options": {"selectivePointers": ["/issuer"]}}
    derive_credential(body)
    with refused("malformed"):
        derive_credential({**body, **changes})
    with refused("proof_invalid"):
        derived(world.issue())


def test_an_enveloped_credential(world: World) -> None:
    own = world.identity.names[world.own].keys[0]
    token = issue_vc_jwt(credential(issuer=world.own), key=own.key, kid=own.method)
    envelope = {
        "@context": V2,
        "type": "EnvelopedVerifiableCredential",
        "id": f"data:application/vc+jwt,{token}",
    }
    assert world.verify(envelope)["errors"] == []
    with refused("signature_invalid", "malformed"):
        world.verify({**envelope, "id": envelope["id"][:-6] + "AAAAAA"})


# --- revoking, and the lists --------------------------------------------------


def change(document: JsonObject, **changes: Any) -> JsonObject:
    return {"credentialStatus": {**document["credentialStatus"], **changes}, "status": True}


def test_revoked_is_seen_when_the_list_is_fetched_again(world: World) -> None:
    document, other = world.issue(), world.issue()
    world.verify(document)
    world.issuing.change_status(change(document))
    world.issuing.change_status(change(document))  # again changes nothing
    world.verify(document)  # kept for as long as the list says
    world.now += 61
    with refused("revoked"):
        world.verify(document)
    world.verify(other)


def test_B127_revocation_is_final(world: World) -> None:
    document = world.issue()
    world.issuing.change_status(change(document))
    with refused("revocation_final"):
        world.issuing.change_status({**change(document), "status": False})


def suspendable(world: World) -> JsonObject:
    body = {"credential": credential(), "options": {"statusPurposes": ["revocation", "suspension"]}}
    return world.issuing.issue(body)


def test_suspended_and_resumed_and_revoked(world: World) -> None:
    """Two entries in two lists: one is final, the other is not."""
    document = suspendable(world)
    revocation, suspension = document["credentialStatus"]
    assert [entry["statusPurpose"] for entry in (revocation, suspension)] == ["revocation", "suspension"]
    assert revocation["statusListIndex"] == suspension["statusListIndex"]
    assert revocation["statusListCredential"] != suspension["statusListCredential"]
    world.verify(document)
    for status, code in ((True, "suspended"), (True, "suspended"), (False, None), (True, "suspended")):
        world.issuing.change_status({"credentialStatus": suspension, "status": status})
        world.now += 61
        if code is None:
            assert world.verify(document)["errors"] == []
        else:
            with refused(code):
                world.verify(document)
    world.issuing.change_status({"credentialStatus": suspension, "status": False})
    world.issuing.change_status({"credentialStatus": revocation, "status": True})
    world.now += 61
    with refused("revoked"):
        world.verify(document)
    with refused("revocation_final"):
        world.issuing.change_status({"credentialStatus": revocation, "status": False})


def test_an_entry_for_another_purpose_than_its_list(world: World) -> None:
    revocation, suspension = suspendable(world)["credentialStatus"]
    for entry, purpose in ((revocation, "suspension"), (suspension, "revocation")):
        with refused("not_found"):
            world.issuing.change_status(
                {"credentialStatus": {**entry, "statusPurpose": purpose}, "status": True}
            )
    with refused("revocation_final"):
        world.issuing.change_status(
            {"credentialStatus": {**revocation, "statusPurpose": "suspension"}, "status": False}
        )


@pytest.mark.parametrize("purposes", [[], ["suspension"], ["revocation", "x"], "revocation", None])
def test_purposes_that_are_not_offered(world: World, purposes: Any) -> None:
    suspendable(world)
    with refused("malformed"):
        world.issuing.issue({"credential": credential(), "options": {"statusPurposes": purposes}})


def test_changes_of_a_list_are_served(world: World) -> None:
    document = world.issue()
    uri = document["credentialStatus"]["statusListCredential"]
    name = uri.rpartition("/")[2]
    key = world.identity.names[WEB].list_key.key.public_key

    def listed() -> BitstringListCredential:
        wanted = WantedList(WEB, uri, lambda header, now: key, world.now, 0, ("EdDSA",))
        return open_list(world.issuing.lists.serve(name).body, wanted)

    before = listed()
    world.issuing.change_status(change(document))
    world.now += 60
    token = world.issuing.lists.serve_change(name, b64url_encode(list_change.digest_of(before)))
    after = list_change.apply(before, list_change.parse(token.body), key, now=world.now)
    assert after.statuses.to_bytes() == listed().statuses.to_bytes() != before.statuses.to_bytes()
    for wrong in ("", "AA", "*", b64url_encode(bytes(32))):
        with refused("not_found"):
            world.issuing.lists.serve_change(name, wrong)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"statusListCredential": "https://attacker.example/status-lists/1"}, "not_found"),
        ({"statusListCredential": f"{URL}{LISTS_PATH}/unknown"}, "not_found"),
        ({"statusListIndex": str(MIN_ENTRIES)}, "not_found"),
        ({"statusPurpose": "suspension"}, "not_found"),
        ({"type": "Other"}, "status_unsupported"),
        ({"statusListIndex": 1}, "status_malformed"),
    ],
)
def test_what_cannot_be_revoked(world: World, changes: dict[str, Any], code: str | None) -> None:
    document = world.issue()
    if code is None:
        world.issuing.change_status(change(document))
        return
    with refused(code):
        world.issuing.change_status(change(document, **changes))
    for body in (
        None,
        {"status": True},
        {**change(document), "status": "true"},
        {**change(document), "x": 1},
    ):
        with refused("malformed", "status_malformed"):
            world.issuing.change_status(body)


def test_lists_are_signed_anew_when_they_change_or_grow_old(world: World) -> None:
    document = world.issue()
    name = document["credentialStatus"]["statusListCredential"].rpartition("/")[2]
    first = world.issuing.lists.serve(name)
    world.now += 60
    assert world.issuing.lists.serve(name) == first
    world.issuing.change_status(change(document))
    second = world.issuing.lists.serve(name)
    assert second.etag != first.etag
    world.now += 13 * 3600
    assert world.issuing.lists.serve(name).etag != second.etag
    world.now -= 20 * 3600
    world.issuing.change_status(change(world.issue()))
    later = json.loads(world.issuing.lists.serve(name).body)["validFrom"]
    assert later >= json.loads(second.body)["validFrom"]  # never back with the clock
    for unknown in ("", "x", "y" * 1000):
        with refused("not_found"):
            world.issuing.lists.serve(unknown)


# --- verifying -----------------------------------------------------------------


def test_trust_counts(world: World) -> None:
    document = world.issue()
    assert world.verify(document)["verified"] is True
    world.verifying = world.new_verifying(TrustPolicy(issuers={TYPE: ["did:web:other.example"]}))
    world.asked.clear()
    with refused("issuer_not_trusted"):
        world.verify(document)
    assert world.asked == []
    world.verifying = world.new_verifying(AnybodyPolicy())
    assert world.verify(document)["verified"] is True


def test_a_changed_credential(world: World) -> None:
    document = world.issue()
    world.verify(document)
    with refused("proof_invalid"):
        world.verify({**document, "credentialSubject": {"id": STUDENT, "name": "Bob"}})
    with refused("proof_invalid"):
        world.verify({name: value for name, value in document.items() if name != "proof"})


def test_checks_say_what_must_hold_and_switch_nothing_off(world: World) -> None:
    future = world.issue(validFrom="2099-01-01T00:00:00Z")
    with refused("not_yet_valid"):
        world.verify(future)
    for checks in (["validity"], ["status"], ["proof", "status"]):
        with refused("not_yet_valid"):
            world.verify(future, checks=checks)
    answer = world.verify(future, checks=["proof"])
    assert (answer["verified"], answer["errors"]) == (True, [])
    assert [one["code"] for one in answer["warnings"]] == ["not_yet_valid"]
    with refused("proof_invalid"):
        world.verify({**future, "id": "urn:uuid:1"}, checks=["proof"])
    revoked = world.issue()
    world.issuing.change_status(change(revoked))
    with refused("revoked"):
        world.verify(revoked, checks=["credentialStatus"])
    assert world.verify(revoked, checks=["validity"])["warnings"][0]["code"] == "revoked"


@pytest.mark.parametrize(
    "options",
    [
        {"checks": ["nothing"]},
        {"checks": "proof"},
        {"checks": [1]},
        {"challenge": 1},
        {"domain": ""},
        {"x": 1},
        [],
    ],
)
def test_options_that_cannot_be_read(world: World, options: Any) -> None:
    document = world.issue()
    world.verify(document)
    with refused("malformed"):
        world.verifying.credential({"verifiableCredential": document, "options": options})


def test_B084_challenge_and_domain(world: World) -> None:
    presentation = world.present(world.issue())
    answer = world.verify_presentation(presentation)
    assert (answer["verified"], answer["warnings"]) == (True, [])
    for options, code in (({"challenge": "x"}, "challenge_mismatch"), ({"domain": "x"}, "domain_mismatch")):
        with refused(code):
            world.verify_presentation(presentation, **options)


def test_B086_holder(world: World) -> None:
    document = world.issue()
    world.verify_presentation(world.present(document))
    thief = world.present(document, key=STRANGER)
    with refused("holder_mismatch"):
        world.verify_presentation(thief)
    open_to_all = world.new_verifying(AnybodyPolicy(require_key_binding=False))
    answer = open_to_all.presentation({"verifiablePresentation": thief})
    assert [one["code"] for one in answer["warnings"]] == ["holder_mismatch"]
    with refused("holder_mismatch"):  # even then nobody signs for somebody else
        open_to_all.presentation({"verifiablePresentation": forged(world, thief)})


def test_a_holder_whom_no_trusted_issuer_named_is_not_resolved(world: World) -> None:
    presentation = world.present(world.issue(issuer=world.own))
    world.verify_presentation(presentation)
    world.asked.clear()
    thief = "did:web:thief.example"
    signed_elsewhere = {
        **presentation,
        "proof": {**presentation["proof"], "verificationMethod": f"{thief}#1"},
    }
    empty = {**signed_elsewhere, "verifiableCredential": []}
    for document in (signed_elsewhere, {**signed_elsewhere, "holder": thief}, empty):
        with refused("holder_mismatch"):
            world.verify_presentation(document)
    assert world.asked == []


def forged(world: World, presentation: JsonObject) -> JsonObject:
    from trustid.credentials.data_integrity.eddsa_jcs_2022 import create

    name = did_of(STRANGER.public_key)
    bare = {key: value for key, value in presentation.items() if key != "proof"} | {"holder": STUDENT}
    options = {
        "verificationMethod": f"{name}#{name.removeprefix('did:key:')}",
        "proofPurpose": "authentication",
        "created": "2020-01-01T00:00:00Z",
    }
    return {**bare, "proof": create(bare, options, STRANGER)}


def test_every_credential_of_a_presentation_counts(world: World) -> None:
    good, bad = world.issue(), world.issue()
    world.verify_presentation(world.present(good, bad))
    world.issuing.change_status(change(bad))
    world.now += 61
    with refused("revoked"):
        world.verify_presentation(world.present(good, bad))
    world.verify_presentation(world.present(good))


def envelope(world: World, *, holder: Any = None, **changes: Any) -> JsonObject:
    own = world.identity.names[world.own].keys[0]
    token = issue_vc_jwt(credential(issuer=world.own, **changes), key=own.key, kid=own.method, holder=holder)
    return Envelope("application/vc+jwt", token).to_json()


def in_envelope(form: str, *credentials: Any, key: Any = HOLDER, **changes: Any) -> JsonObject:
    name = did_of(key.public_key)
    document = {
        "@context": V2,
        "type": "VerifiablePresentation",
        "holder": name,
        "verifiableCredential": list(credentials),
    }
    kid: Any = f"{name}#{name.removeprefix('did:key:')}"
    options = {"key": key, "kid": kid, "audience": "d", "nonce": "c"} | changes
    if form == "vp+jwt":
        return Envelope("application/vp+jwt", issue_vp_jwt(document, **options)).to_json()
    if form == "vp+sd-jwt":
        text = issue_vp_sd_jwt(document, disclosable=[], **options)
        return Envelope("application/vp+sd-jwt", text).to_json()
    data = issue_vp_cose(document, **(options | {"kid": kid.encode()}))
    return Envelope("application/vp+cose", b64_encode(data)).to_json()


def test_presentations_of_envelopes_and_proofs_together(world: World) -> None:
    both = world.present(world.issue(), envelope(world))
    assert world.verify_presentation(both)["errors"] == []
    with refused("holder_mismatch"):
        world.verify_presentation(world.present(envelope(world), key=STRANGER))
    with refused("holder_mismatch"):
        other = envelope(world, credentialSubject={"id": did_of(STRANGER.public_key), "name": "Eve"})
        world.verify_presentation(world.present(world.issue(), other))
    broken = envelope(world)
    with refused("signature_invalid", "malformed"):
        world.verify_presentation(world.present({**broken, "id": broken["id"][:-6] + "AAAAAA"}))


@pytest.mark.parametrize("form", ["vp+jwt", "vp+sd-jwt", "vp+cose"])
def test_presentations_in_envelopes(world: World, form: str) -> None:
    two = (envelope(world), envelope(world, name="Second"))
    assert world.verify_presentation(in_envelope(form, *two))["errors"] == []
    for changes, code in (
        ({"audience": "x"}, "kb_aud"),
        ({"nonce": "x"}, "kb_nonce"),
        ({"nonce": None}, "kb_nonce"),
        ({"key": STRANGER}, "holder_mismatch"),
        ({"expires_at": NOW - 3600}, "expired"),
    ):
        with refused(code):
            world.verify_presentation(in_envelope(form, *two, **changes))
    unasked = {"verifiablePresentation": in_envelope(form, *two, nonce=None, audience=None)}
    assert world.verifying.presentation(unasked)["errors"] == []


def test_a_credential_bound_to_a_key_is_presented_with_it(world: World) -> None:
    for holder, code in ((HOLDER, None), (STRANGER, "holder_mismatch")):
        bound = envelope(world, holder=holder.public_key)
        for presentation in (in_envelope("vp+jwt", bound), world.present(bound)):
            if code is None:
                world.verify_presentation(presentation)
            else:
                with refused(code):
                    world.verify_presentation(presentation)


@pytest.mark.parametrize(
    "body", [None, {}, {"verifiablePresentation": "text"}, {"verifiablePresentation": {}}]
)
def test_presentation_that_cannot_be_read(world: World, body: Any) -> None:
    with refused("malformed"):
        world.verifying.presentation(body)


def test_one_kind_is_not_taken_for_the_other(world: World) -> None:
    document = world.issue()
    presentation = world.present(document)
    with refused("malformed"):
        world.verify(presentation)
    with refused("malformed"):
        world.verifying.presentation({"verifiablePresentation": document})


# --- refusals, and being open ---------------------------------------------------


def test_problem_details() -> None:
    assert vc_api._TYPES.keys() <= CODES.keys()
    details = problem_details(StatusUnknownError("status_list_length"))
    assert details["type"] == "https://www.w3.org/ns/credentials/status-list#STATUS_LIST_LENGTH_ERROR"
    own = problem_details(TrustError("issuer_not_trusted", "no"))
    unlisted = problem_details(MalformedError("key_invalid"))
    assert unlisted["type"] == "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"
    assert own == {
        "type": "urn:trustid:error:issuer_not_trusted",
        "title": CODES["issuer_not_trusted"].public,
        "detail": "no",
        "code": "issuer_not_trusted",
    }


@pytest.mark.parametrize(
    ("value", "url", "expected"),
    [
        (None, "https://school.example", False),
        ("0", "https://school.example", False),
        ("1", "http://localhost:8001", True),
        ("1", "http://127.0.0.1:8001", True),
        ("1", "https://school.example", "setting_unsafe"),
        ("1", "http://localhost.attacker.example", "setting_unsafe"),
        ("yes", "http://localhost:8001", "setting_unsafe"),
    ],
)
def test_open_on_loopback_only(value: str | None, url: str, expected: bool | str) -> None:
    extra = {} if value is None else {OPEN_VARIABLE: value}
    if isinstance(expected, str):
        with refused(expected):
            is_open(extra, url)
    else:
        assert is_open(extra, url) is expected


def test_policy_for_everybody_still_checks_everything_else(world: World) -> None:
    name = did_of(STRANGER.public_key)
    document = issue_credential(
        credential(issuer=name),
        key=STRANGER,
        verification_method=f"{name}#{name.removeprefix('did:key:')}",
        created=datetime.fromtimestamp(NOW, UTC),
    )
    with refused("issuer_not_trusted"):
        world.verify(document)
    world.verifying = world.new_verifying(AnybodyPolicy())
    world.verify(document)
    world.verifying = world.new_verifying(replace(AnybodyPolicy(), require_status=True))
    with refused("status_missing"):
        world.verify(document)
