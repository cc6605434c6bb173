"""Mdocs from the desk to the counter: offered and collected over OpenID4VCI, shown over OpenID4VP, taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from issuer_app import create_app as create_issuer
from issuer_app.engine import EXTENSION
from refusing import refused
from registry_world import HOSPITAL, PASSWORD, TOKEN, Clock, Net
from trustid import keys
from trustid.credentials.mdoc import Mdoc, issue_mdoc
from trustid.encoding import b64_encode, b64url_decode, b64url_encode
from trustid.keys.x509 import DevelopmentCa, certificate_from_pem
from trustid.protocols.holding import HeldCredential, Holder
from trustid.protocols.openid4vci import IssuedCopy
from trustid.protocols.received_mdocs import check_mdocs
from trustid.settings import Secret, ServerSettings
from trustid.stores.wallet_folder import _from_json, _to_json
from trustid.stores.wallet_memory import MemoryWallet
from verifier_app import create_app as create_verifier

COUNTER = "https://counter.example"
KIND = "degree.mdoc"


class World:
    """A university that issues mdocs, a counter that trusts it, and wallets."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.net, self.folder = Clock(), Net(), folder
        self.issuer = create_issuer(
            self.settings("issuer", HOSPITAL, types=(KIND, "degree")), clock=self.clock
        )
        self.engine = self.issuer.extensions[EXTENSION]
        self.kind = self.engine.kinds[KIND]
        self.anchor = certificate_from_pem(self.engine.identity.ca_certificate_pem.encode())
        trusted = {"issuers": [HOSPITAL], "x509_anchors": [b64_encode(self.anchor)]}
        trust = folder / "trust.json"
        trust.write_text(json.dumps({"types": {self.kind.mdoc.doc_type: trusted}}))
        self.verifier = create_verifier(
            self.settings("verifier", COUNTER, trust_file=trust),
            clock=self.clock,
            fetcher=self.net,  # type: ignore[arg-type]
        )
        self.net.apps |= {HOSPITAL: self.issuer, COUNTER: self.verifier}

    def settings(self, role: str, url: str, **more: Any) -> ServerSettings:
        return ServerSettings(
            role=role,  # type: ignore[arg-type]
            store_path=self.folder / f"{role}.db",
            public_url=url,
            admin_token=Secret(TOKEN),
            keystore_path=self.folder / f"{role}.json",
            keystore_passphrase=Secret("a passphrase for tests"),
            staff_password=Secret(PASSWORD),
            **more,
        )

    def admin(self, app: Any, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = app.test_client().open(path, method=method, json=body, headers=headers)
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def wallet(self, **options: Any) -> Holder:
        options = {"issuer_anchors": [self.anchor], "copies": 3} | options
        return Holder.open(MemoryWallet(), self.net, clock=self.clock, **options)  # type: ignore[arg-type]

    def collect(self, holder: Holder) -> tuple[str, HeldCredential]:
        body = {"credential_configuration_id": KIND, "claims": dict(self.kind.sample_claims)}
        offer = self.admin(self.issuer, "POST", "/api/offers", body)
        [held] = holder.accept(holder.read_offer(offer["credential_offer_uri"]))
        return offer["issuance_id"], held

    def ask(self, mode: str = "direct_post.jwt", *elements: str) -> dict[str, Any]:
        names = elements or ("family_name", "completed_on")
        credential = {
            "id": "degree",
            "format": "mso_mdoc",
            "meta": {"doctype_value": self.kind.mdoc.doc_type},
            "claims": [{"path": [self.kind.mdoc.namespace, name]} for name in names],
        }
        body = {"dcql_query": {"credentials": [credential]}, "response_mode": mode}
        found: dict[str, Any] = self.admin(self.verifier, "POST", "/api/requests", body)
        return found

    def show(self, holder: Holder, asked: dict[str, Any]) -> dict[str, Any]:
        link = asked["request_uri"] if "request_uri" in asked else asked["link"]
        holder.send(holder.plan(holder.read_request(link)))
        found: dict[str, Any] = self.admin(self.verifier, "GET", urlsplit(asked["result_url"]).path)
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_metadata_say_what_mdocs_there_are(world: World) -> None:
    body = world.net.get(f"{HOSPITAL}/.well-known/openid-credential-issuer", accept="application/json").body
    found = json.loads(body)["credential_configurations_supported"]
    assert found["degree"]["format"] == "dc+sd-jwt"
    mdoc = found[KIND]
    assert (mdoc["format"], mdoc["doctype"]) == ("mso_mdoc", world.kind.mdoc.doc_type)
    assert mdoc["credential_signing_alg_values_supported"] == [-7]
    paths = [claim["path"] for claim in mdoc["credential_metadata"]["claims"]]
    assert [world.kind.mdoc.namespace, "degree", "name"] in paths
    types = world.admin(world.issuer, "GET", "/api/types")
    assert {one["credential_configuration_id"]: one["format"] for one in types}[KIND] == "mso_mdoc"


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_collected_shown_and_taken_back(world: World, mode: str) -> None:
    holder = world.wallet()
    issuance, held = world.collect(holder)
    assert (held.format, held.vct, held.issuer) == ("mso_mdoc", world.kind.mdoc.doc_type, HOSPITAL)
    assert held.claims() == {world.kind.mdoc.namespace: dict(world.kind.sample_claims)}
    assert len({copy.text for copy in held.copies}) == 3
    proved = world.show(holder, world.ask(mode))
    assert (proved["state"], [check["ok"] for check in proved["checks"]]) == ("verified", [True] * 8)
    sample = world.kind.sample_claims
    shown = {name: sample[name] for name in ("family_name", "completed_on")}
    assert proved["claims"] == {"degree": [{world.kind.mdoc.namespace: shown}]}
    world.admin(world.issuer, "POST", f"/api/issuances/{issuance}/revoke")
    world.clock.now += 30
    world.admin(world.verifier, "POST", "/api/status/refresh")
    asked = world.ask(mode)
    with refused("verifier_refused"):
        world.show(holder, asked)
    result = world.admin(world.verifier, "GET", urlsplit(asked["result_url"]).path)
    assert (result["state"], result["checks"][-1]["code"]) == ("refused", "revoked")


def test_the_plan_says_what_will_be_shown(world: World) -> None:
    holder = world.wallet()
    world.collect(holder)
    request = holder.read_request(world.ask("direct_post", "family_name")["request_uri"])
    [showing] = holder.plan(request).showings
    family = world.kind.sample_claims["family_name"]
    assert showing.claims == {world.kind.mdoc.namespace: {"family_name": family}}
    with refused("query_mismatch"):
        holder.plan(holder.read_request(world.ask("direct_post", "shoe_size")["request_uri"]))


def test_an_issuer_without_certificates_offers_none(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    settings = replace(world.settings("issuer", HOSPITAL, types=(KIND,)), store_path=other / "i.db")
    create_issuer(replace(settings, keystore_path=other / "k.json"), clock=world.clock)
    with refused("setting_unsafe"):
        create_issuer(replace(settings, keystore_path=other / "l.json", issuer_id="did"), clock=world.clock)


def test_a_wallet_of_a_folder_keeps_the_format(world: World) -> None:
    _, held = world.collect(world.wallet())
    again = _from_json(json.loads(json.dumps(_to_json(held))))
    assert replace(again, copies=()) == replace(held, copies=())
    assert again.claims() == held.claims()


# --- what a wallet refuses ------------------------------------------------------

KEY, OWN = keys.generate("P-256"), keys.generate("P-256")
CA = DevelopmentCa.create("Authority", now=Clock.now - 3600)
LEAF = CA.issue(KEY.public_key, common_name="S", dns_names=["s.example"], valid_days=3000, now=Clock.now - 60)
TYPE = "org.iso.18013.5.1.mDL"


def made(**changes: Any) -> IssuedCopy:
    options: dict[str, Any] = {
        "doc_type": TYPE,
        "key": KEY,
        "x5c": [b64_encode(LEAF)],
        "device_key": OWN.public_key,
        "signed": Clock.now,
        "valid_from": Clock.now,
        "valid_until": Clock.now + 1000,
    } | changes
    return IssuedCopy(b64url_encode(issue_mdoc({"org.iso.18013.5.1": {"a": 1}}, **options).to_bytes()), None)


def check(*received: IssuedCopy, **changes: Any) -> Any:
    options: dict[str, Any] = {
        "doc_type": TYPE,
        "trust_anchors": [CA.certificate_der],
        "first_use": False,
        "now": Clock.now,
    } | changes
    return check_mdocs(received, [OWN, keys.generate("P-256")], **options)


def test_what_comes_from_an_issuer_is_checked() -> None:
    good = check(made())
    assert (good.issuer, good.issuer_proof, good.expires_at) == ("s.example", "certificate", Clock.now + 1000)
    assert check(made(), trust_anchors=[], first_use=True).issuer_proof == "first-use"
    other = DevelopmentCa.create("Other", now=Clock.now - 3600).certificate_der
    broken = bytearray(b64url_decode(made().text))
    broken[-1] ^= 1
    changed = replace(Mdoc.parse(b64url_decode(made().text)), namespaces={}).to_bytes()
    for received, changes, codes in (
        ((made(),), {"doc_type": "org.example"}, ("credential_unexpected",)),
        ((made(), made(), made()), {}, ("credential_unexpected",)),
        ((), {}, ("credential_unexpected",)),
        ((made(), made()), {}, ("holder_mismatch",)),
        ((made(device_key=KEY.public_key),), {}, ("holder_mismatch",)),
        ((made(key=OWN),), {}, ("signature_invalid",)),
        ((made(),), {"trust_anchors": [other]}, ("x5c_invalid",)),
        ((made(),), {"trust_anchors": []}, ("x5c_invalid",)),
        ((made(),), {"now": Clock.now + 5000}, ("expired",)),
        ((IssuedCopy(b64url_encode(bytes(broken)), None),), {}, ("signature_invalid", "mdoc_digest")),
        ((IssuedCopy(b64url_encode(changed), None),), {}, ("credential_unexpected",)),
        ((IssuedCopy("AAAA", None),), {}, ("malformed",)),
        ((IssuedCopy(made().text, {"slot": 1}),), {}, ("credential_unexpected",)),
    ):
        with refused(*codes):
            check(*received, **changes)
