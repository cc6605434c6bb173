"""Credo takes part: it checks what it collects (certificates, status list, type metadata), and presents it.

Needs Node and `npm install` in tests/interop/credo; says so when they are missing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.servers import Servers, call

HERE = Path(__file__).parent / "credo"
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (HERE / "node_modules").is_dir(), reason="run `npm install` in tests/interop/credo to meet Credo"
    ),
    pytest.mark.timeout(120),
]
PREFIXES = ("x509_san_dns", "x509_hash")


def test_it_collects_and_presents(tmp_path: Path) -> None:
    with Servers(tmp_path / "data") as servers:
        token = servers.admin_token
        types = call("GET", f"{servers.issuer_url}/api/types", token=token)[1]
        kind = next(kind for kind in types if kind["credential_configuration_id"] == "student-id")
        body = {
            "credential_configuration_id": "student-id",
            "claims": kind["sample_claims"],
            "tx_code": True,
        }
        offer = call("POST", f"{servers.issuer_url}/api/offers", body, token=token)[1]
        wanted = {
            "id": "card",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": [kind["vct"]]},
            "claims": [{"path": ["schacHomeOrganization"]}],
        }
        asked = []
        for prefix in PREFIXES:
            question = {
                "dcql_query": {"credentials": [wanted]},
                "response_mode": "direct_post",
                "client_id_prefix": prefix,
            }
            asked.append(call("POST", f"{servers.verifier_url}/api/requests", question, token=token)[1])
        anchors = []
        for url in (servers.issuer_url, servers.verifier_url):
            anchors.append(tmp_path / f"{len(anchors)}.pem")
            anchors[-1].write_bytes(call("GET", f"{url}/development-ca.pem")[1])
        arguments = [offer["credential_offer_uri"], offer["tx_code"], *map(str, anchors)]
        done = subprocess.run(
            ["node", str(HERE / "wallet.mjs"), *arguments],
            input="\n".join(one["request_uri"] for one in asked),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        collected, *sent = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert collected["collected"] == 3
        assert "familyName" in collected["claims"]
        assert [one["status"] for one in sent] == [200] * len(PREFIXES)
        for one in asked:
            result = call("GET", one["result_url"], token=token)[1]
            assert result["state"] == "verified", result
            assert list(result["claims"]["card"][0]) == ["schacHomeOrganization"]
