"""Every path for bulk work gives the same bytes, and a path that cannot be had is refused."""

import os
import subprocess
import sys

import pytest

BULK_WORK = """
import hashlib
from trustid._core import aggregate, hash_many_to_g1, hash_many_to_g2, lanes_path
from trustid._core import SecretKey, Suite, verify_aggregate, verify_batch

messages = [b"message %d" % at for at in range(40)]
digest = hashlib.sha256()
digest.update(hash_many_to_g1(messages, b"lanes-test"))
digest.update(hash_many_to_g2(messages, b"lanes-test"))
secrets = [SecretKey.derive(b"%032d" % at, Suite.MIN_PK_BASIC) for at in range(40)]
keys = [secret.public_key() for secret in secrets]
signatures = [secret.sign(message) for secret, message in zip(secrets, messages)]
verify_batch(keys, messages, signatures)
total = aggregate(signatures)
verify_aggregate(total, keys, messages)
digest.update(bytes(total))
print(lanes_path(), digest.hexdigest())
"""


def bulk_work(path: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TRUSTID_LANES"}
    if path is not None:
        environment["TRUSTID_LANES"] = path
    return subprocess.run(
        [sys.executable, "-c", BULK_WORK],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_paths_give_the_same_bytes() -> None:
    portable, quickest = bulk_work("portable"), bulk_work(None)
    assert portable.returncode == 0, portable.stderr
    assert quickest.returncode == 0, quickest.stderr
    assert portable.stdout.split()[0] == "portable"
    assert quickest.stdout.split()[0] in {"portable", "avx2", "ifma"}
    assert portable.stdout.split()[1] == quickest.stdout.split()[1]


@pytest.mark.parametrize("path", ["avx512", "", "Portable"])
def test_a_path_that_cannot_be_had_is_refused_when_the_module_is_loaded(path: str) -> None:
    refused = bulk_work(path)
    assert refused.returncode != 0
    assert "ImportError: TRUSTID_LANES names no path that this processor has" in refused.stderr
