"""A wallet that nobody here wrote takes part: @openid4vc for the protocols, @sd-jwt for disclosure, jose for keys.

Needs Node and `npm install` in this folder; says so when they are missing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tools.servers import Servers, call

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules").is_dir(),
        reason="run `npm install` in tests/interop to meet third-party wallets",
    ),
    pytest.mark.timeout(120),
]
QUERY = {
    "credentials": [
        {
            "id": "student",
            "format": "dc+sd-jwt",
            "claims": [{"path": ["eduPersonPrimaryAffiliation"]}, {"path": ["schacHomeOrganization"]}],
        }
    ]
}


def wallet(*arguments: str, state: str = "") -> Any:
    """Run one step of the third-party wallet; returns what it printed."""
    done = subprocess.run(
        ["node", str(HERE / "wallet.mjs"), *arguments],
        input=state,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("interop") / "data") as running:
        yield running


def offer(servers: Servers, *, tx_code: bool) -> Any:
    """Make an offer of a student card with the sample claims."""
    types = call("GET", f"{servers.issuer_url}/api/types", token=servers.admin_token)[1]
    kind = next(kind for kind in types if kind["credential_configuration_id"] == "student-id")
    body = {"credential_configuration_id": "student-id", "claims": kind["sample_claims"], "tx_code": tx_code}
    status, made = call("POST", f"{servers.issuer_url}/api/offers", body, token=servers.admin_token)
    assert status == 201, made
    return made | {"vct": kind["vct"]}


@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("client_id_prefix", ["x509_san_dns", "decentralized_identifier"])
def test_it_collects_presents_and_is_refused_after_revocation(
    servers: Servers, response_mode: str, client_id_prefix: str
) -> None:
    made = offer(servers, tx_code=True)
    held = wallet("accept", made["credential_offer_uri"], made["tx_code"])
    assert len(held["credentials"]) == 3

    def ask() -> tuple[Any, Any]:
        query = {"credentials": [QUERY["credentials"][0] | {"meta": {"vct_values": [made["vct"]]}}]}
        body = {"dcql_query": query, "response_mode": response_mode, "client_id_prefix": client_id_prefix}
        status, asked = call("POST", f"{servers.verifier_url}/api/requests", body, token=servers.admin_token)
        assert status == 201, asked
        sent = wallet("present", asked["request_uri"], state=json.dumps(held))
        return sent, call("GET", asked["result_url"], token=servers.admin_token)[1]

    sent, result = ask()
    assert sent["status"] == 200, sent
    assert result["state"] == "verified", result
    assert "familyName" not in json.dumps(result["claims"])
    assert "eduPersonPrimaryAffiliation" in json.dumps(result["claims"])

    revoke_url = f"{servers.issuer_url}/api/issuances/{made['issuance_id']}/revoke"
    assert call("POST", revoke_url, token=servers.admin_token)[0] == 200
    assert call("POST", f"{servers.verifier_url}/api/status/refresh", token=servers.admin_token)[0] == 200
    sent, result = ask()
    assert 400 <= sent["status"] < 500, sent
    assert result["state"] == "refused", result
    assert [check["code"] for check in result["checks"] if not check["ok"]] == ["revoked"]


def test_a_wrong_transaction_code_is_told_and_the_right_one_still_works(servers: Servers) -> None:
    made = offer(servers, tx_code=True)
    wrong = "0" * len(made["tx_code"]) if made["tx_code"].strip("0") else "1" * len(made["tx_code"])
    done = subprocess.run(
        ["node", str(HERE / "wallet.mjs"), "accept", made["credential_offer_uri"], wrong],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "invalid_grant" in done.stderr
    assert len(wallet("accept", made["credential_offer_uri"], made["tx_code"])["credentials"]) == 3
