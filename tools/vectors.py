"""Run every official vector, and print a table: topic, cases, passed, not run and why.

    python -m tools.vectors [--json]

The figures come from the test runs themselves: the Python tests named below and
the Rust tests of the JSON-LD and RDFC-1.0 suites. A test that holds many cases
tells how many (`tests/vectors_at.py`); every other test is one case. The exit
code is not zero when a case fails, when a test named here is gone, or when a
folder of tests/vectors has neither tests nor a reason.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

from tools.tally import ROOT, Tally, Topic, run_python

VECTORS = ROOT / "tests" / "vectors"

TESTS: dict[str, Sequence[str]] = {
    "bitstring-status-list": ["status/test_bitstring.py::test_the_(encoded_list|seven_examples)"],
    "bls": [
        "keys/test_bls_vectors.py::test_(?!rfc_9380|every_file)",
        "keys/test_bls_bulk.py::test_B135_official",
    ],
    "cbor": ["test_encoding.py::test_cbor_appendix_a(?!_)"],
    "contexts": ["test_vectors_manifest.py::.*contexts"],
    "cose": ["credentials/test_cose_vectors.py::test_(example|not_run|claims)"],
    "di-ecdsa": [
        "credentials/test_data_integrity_vectors.py::.*ecdsa",
        "credentials/test_ecdsa_sd_2023.py::test_vector",
    ],
    "di-eddsa": [
        "credentials/test_data_integrity_vectors.py::.*(eddsa|proof_sets|chain)",
        "credentials/test_data_integrity.py::test_vector",
    ],
    "did-jwk": ["did/test_jwk.py::test_vector"],
    "did-key": ["did/test_key.py::test_vector"],
    "did-peer": ["did/test_peer.py::test_vector"],
    "did-web": ["did/test_web.py::test_vector"],
    "did-webvh": ["did/test_webvh_vectors.py::test_(resolution|attack)"],
    "hash-to-curve": ["keys/test_bls_vectors.py::test_rfc_9380"],
    "jcs": ["test_encoding.py::test_B039_jcs_(documents|numbers$)"],
    "jose": [
        "keys/test_jose.py::test_rfc7(518|520)",
        "keys/test_jwk.py::test_(thumbprints|rfc7520)",
        "credentials/test_jose.py::test_rfc(7520|8037|7797|7515)",
    ],
    "mdoc": ["credentials/mdoc/test_mdoc_vectors.py::"],
    "multibase": ["test_encoding.py::test_multibase_vectors"],
    "openid4vp": ["protocols/test_dcql.py::test_vector"],
    "rdfc10": ["credentials/test_json_ld.py::test_rdfc10"],
    "sd-jwt": ["credentials/test_sd_jwt_vectors.py::test_(?!number_of)"],
    "sd-jwt-vc": [
        "credentials/test_sd_jwt_vc.py::test_(disclosure|.*_examples?$)",
        "credentials/test_type_metadata.py::test_.*example",
    ],
    "token-status-list": ["status/test_token_list.py::test_.*vector"],
    "vc-jose-cose": ["credentials/test_vc_jose_vectors.py::test_case"],
    "vcdm2": ["credentials/test_model.py::test_document"],
    "wycheproof": ["keys/test_wycheproof.py::test_(?!.*twin)", "keys/test_jose.py::.*wycheproof"],
}
"""Topic -> patterns of the tests that run its cases, below tests/."""

RUST = {"json-ld": "trustid-rdf", "rdfc10": "trustid-rdf"}
"""Topic -> the crate whose test `vectors` runs its cases."""

NOT_RUN = {
    "bbs": "no BBS signatures yet",
    "di-bbs-2023": "no bbs-2023 yet",
    "didcomm": "DIDComm is not spoken",
    "hash-to-curve": "BLS12-381 is the only curve that anything is hashed to",
    "merkle": "no registry log yet",
    "openid4vci": "messages with placeholders; the flow is in protocols/test_openid4vci.py",
    "openid4vp": "messages with placeholders; the flow is in protocols/test_openid4vp.py",
    "tlog": "no registry log yet",
}
"""Topic -> why its cases, or the rest of them, are not run."""


def run_rust(tally: Tally) -> None:
    """Run the Rust tests of the table; each prints how many cases it has, and how many hold."""
    for crate in sorted(set(RUST.values())):
        done = subprocess.run(
            ["cargo", "test", "--release", "--quiet", "-p", crate, "--test", "vectors", "--", "--nocapture"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for topic, cases, passed in re.findall(r"vectors: (\S+) (\d+) (\d+)", done.stdout):
            row = tally.topics.setdefault(topic, Topic())
            row.cases += int(cases)
            row.passed += int(passed)
        for topic in (name for name, owner in RUST.items() if owner == crate):
            if done.returncode or topic not in tally.topics:
                tally.topics.setdefault(topic, Topic()).cases += 1
                sys.stderr.write(done.stdout + done.stderr)


def stored_cases(topic: str) -> int:
    """How many cases a folder holds, by its own README; 0 where it does not say."""
    found = re.search(
        r"\*\*total\*\* \| \| \*\*([\d,]+)", (VECTORS / topic / "README.md").read_text(encoding="utf-8")
    )
    return int(found[1].replace(",", "")) if found else 0


def rows(tally: Tally) -> Iterator[tuple[str, int, Topic]]:
    """Each topic with what its folder holds, and what was run of it; what is left out has a reason."""
    for folder in sorted(path for path in VECTORS.iterdir() if path.is_dir()):
        stored, row = stored_cases(folder.name), tally.topics.get(folder.name, Topic())
        rest = stored - row.cases - row.not_run.total()
        if rest > 0:
            row.not_run[NOT_RUN.get(folder.name, "NO REASON GIVEN")] += rest
        yield folder.name, stored, row


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and tell by the exit code whether all is well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object a line, nothing else")
    options = parser.parse_args(arguments)
    tally = Tally(TESTS)
    if options.json:
        # pytest prints what it does: to stderr, so that stdout holds the table alone.
        with contextlib.redirect_stdout(sys.stderr):
            run_python(tally)
    else:
        run_python(tally)
    run_rust(tally)
    table = list(rows(tally))
    for topic, stored, row in table:
        if options.json:
            about = {"cases": row.cases, "passed": row.passed, "not_run": dict(row.not_run)}
            print(json.dumps({"topic": topic, "stored": stored, **about}))
        else:
            _print(topic, stored, row)
    if not options.json:
        cases, passed = (sum(getattr(row, name) for _, _, row in table) for name in ("cases", "passed"))
        print(f"\n{'all':<24}{sum(stored for _, stored, _ in table):>8}{cases:>8}{passed:>8}")
    for pattern in tally.unmatched():
        print(f"no test answers to {pattern}", file=sys.stderr)
    failed = any(row.cases != row.passed or "NO REASON GIVEN" in row.not_run for _, _, row in table)
    return int(failed or bool(tally.unmatched()))


def _print(topic: str, stored: int, row: Topic) -> None:
    if topic == min(TESTS | NOT_RUN):
        print(f"\n{'topic':<24}{'stored':>8}{'run':>8}{'passed':>8}  not run")
    reasons = [f"{count}: {reason}" for reason, count in row.not_run.most_common()] or [""]
    print(f"{topic:<24}{stored:>8}{row.cases:>8}{row.passed:>8}  {reasons[0]}")
    for reason in reasons[1:]:
        print(f"{'':<50}{reason}")


if __name__ == "__main__":
    sys.exit(main())
