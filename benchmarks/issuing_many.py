"""Does `issue_many` use the processes that it is given?

    python -m benchmarks.issuing_many [--json] [--quick]

SD-JWT VC with ten selectively disclosable claims, ES256. Wall-clock time, start
of the processes included; the peer is the same call on one process. The ratio
is at best the number of processors that nobody else uses.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from benchmarks.harness import Row, Run, main
from trustid import Row as Credential
from trustid import issue_many
from trustid.keys import P256SigningKey

CLAIMS = {f"claim_{number}": f"value {number}" for number in range(10)}
ROWS, QUICK_ROWS = 65_536, 16_384
ROUNDS = 3


def seconds(rows: list[Credential], key: P256SigningKey, processes: int) -> float:
    """How long the rows take."""
    start = time.perf_counter()
    if len(issue_many(rows, "urn:example:identity", key, processes=processes)) != len(rows):
        raise SystemExit("a credential is missing")
    return time.perf_counter() - start


def measure(run: Run) -> Iterator[Row]:
    """One process and as many as there are processors, by turns; the best of each."""
    key, holder = P256SigningKey.generate(), P256SigningKey.generate().public_key
    rows = [Credential(CLAIMS, holder=holder)] * (QUICK_ROWS if run.quick else ROWS)
    many = os.cpu_count() or 1
    turns = [[seconds(rows, key, processes) for processes in (1, many)] for _ in range(ROUNDS)]
    alone, together = (len(rows) / min(taken) for taken in zip(*turns, strict=True))
    name = f"issue_many, {many} processes"
    peer = "issue_many, 1 process"
    yield Row(name, round(together, 1), round(alone, 1), peer, "operations/s", round(together / alone, 3))


if __name__ == "__main__":
    main(measure, packages=["trustid", "cryptography"], summary=str(__doc__))
