"""A registry of 32,768 members: AnonCreds v1 beside the accumulator of this project.

    python -m benchmarks.anoncreds [--json] [--quick]

PyPI anoncreds 0.2.3 (CL accumulator, as Hyperledger's networks use it) makes a
registry with its tails file, which every holder fetches once; ours makes a
registry and the rows of an epoch, of which a holder fetches a block of 4,096.
Then: a holder's witness from scratch; revoking one in a hundred, with the new
witnesses of everybody (rows of the next epoch; with AnonCreds one holder's update
times the members); and a witness from scratch after that. `--quick` has
registries of 1,024.

CPU time of all threads; each step once, since AnonCreds takes half a minute for
its registry (its key, some ten seconds of searching for primes, is not counted).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from anoncreds import (
    CredentialDefinition,
    CredentialRevocationState,
    RevocationRegistryDefinition,
    RevocationStatusList,
    Schema,
)

from benchmarks.harness import Row, Run, main
from trustid.status.accumulator import BLOCK_ROWS, ROW_BYTES, Manager, block_hash
from trustid.status.membership import Witness

MEMBERS = 32_768
QUICK_MEMBERS = 1_024
HOLDER = 5
PEER = "anoncreds 0.2.3"
REGISTRY = b"https://revocation.example/registry"

Result = TypeVar("Result")


def cpu(call: Callable[[], Result]) -> tuple[float, Result]:
    """CPU time of one call in milliseconds, and what it gave."""
    start = time.process_time()
    result = call()
    return (time.process_time() - start) * 1000, result


def row(name: str, ours: float, peer: float, unit: str) -> Row:
    """One figure beside AnonCreds; less is better."""
    return Row(name, round(ours, 3), round(peer, 3), PEER, unit, round(peer / ours, 3))


class AnonCreds:
    """A registry as an issuer and a holder of AnonCreds have it.

    Args:
        members: Its size.
        folder: For its tails.
    """

    def __init__(self, members: int, folder: Path) -> None:
        self._members = members
        schema = Schema.create("school", "1.0", "did:example:1", ["name"])
        self._definition, _, _ = CredentialDefinition.create(
            "did:example:1/school", schema, "did:example:1", "tag", "CL", support_revocation=True
        )
        self.init_ms, (self._registry, self._private) = cpu(
            lambda: RevocationRegistryDefinition.create(
                "did:example:1/definition",
                self._definition,
                "did:example:1",
                "tag",
                "CL_ACCUM",
                members,
                tails_dir_path=str(folder),
            )
        )
        self._tails: str = self._registry.to_dict()["value"]["tailsLocation"]
        self.bytes = Path(self._tails).stat().st_size
        list_ms, self._list = cpu(
            lambda: RevocationStatusList.create(
                self._definition,
                "did:example:1/registry",
                self._registry,
                self._private,
                "did:example:1",
                True,
                1,
            )
        )
        self.init_ms += list_ms

    def witness(self) -> float:
        """CPU time of a holder's witness from scratch, in milliseconds."""
        taken, self._witness = cpu(
            lambda: CredentialRevocationState.create(self._registry, self._list, HOLDER, self._tails)
        )
        return taken

    def revoke(self, members: list[int]) -> float:
        """CPU time of revoking them and of bringing one holder's witness up to date for each member, in milliseconds."""
        before = self._list
        revoking, self._list = cpu(
            lambda: before.update(self._definition, self._registry, self._private, None, members, 2)
        )
        updating, _ = cpu(
            lambda: CredentialRevocationState.create(
                self._registry, self._list, HOLDER, self._tails, self._witness, before
            )
        )
        return revoking + self._members * updating


class Ours:
    """The same with the accumulator; an epoch is made of all rows and their hashes.

    Args:
        members: Its size.
    """

    def __init__(self, members: int) -> None:
        self._members = members
        manager_ms, self._manager = cpu(lambda: Manager.create(REGISTRY, members))
        self._member = self._manager.take(HOLDER)
        rest_ms = cpu(lambda: [self._manager.take(slot) for slot in range(HOLDER + 1, members)])[0]
        self.init_ms = manager_ms + rest_ms + self.epoch()
        self.bytes = members * ROW_BYTES

    def epoch(self) -> float:
        """CPU time of all rows and the hashes of their blocks, in milliseconds."""
        manager = self._manager

        def rows() -> list[bytes]:
            blocks = range(-(-self._members // BLOCK_ROWS))
            return [
                block_hash(manager.params, manager.accumulator, block, manager.block(block))
                for block in blocks
            ]

        return cpu(rows)[0]

    def witness(self) -> float:
        """CPU time of reading and checking the holder's row, in milliseconds."""
        manager = self._manager
        rows = manager.block(HOLDER // BLOCK_ROWS)
        own = rows[HOLDER * ROW_BYTES : (HOLDER + 1) * ROW_BYTES]
        return cpu(lambda: Witness.check(manager.params, manager.accumulator, self._member, own))[0]

    def revoke(self, members: list[int]) -> float:
        """CPU time of revoking them and of the rows of the next epoch, in milliseconds."""
        return cpu(lambda: self._manager.revoke(members))[0] + self.epoch()


def measure(run: Run) -> Iterator[Row]:
    """Everything, once."""
    members = QUICK_MEMBERS if run.quick else MEMBERS
    ours = Ours(members)
    with tempfile.TemporaryDirectory() as folder:
        peer: Any = AnonCreds(members, Path(folder))
        yield row(f"registry of {members:,}", ours.init_ms, peer.init_ms, "ms")
        yield row(f"tails, or rows, of {members:,}", ours.bytes / 1000, peer.bytes / 1000, "kB")
        fetched = min(ours.bytes, BLOCK_ROWS * ROW_BYTES) / 1000
        yield row("what a holder fetches", fetched, peer.bytes / 1000, "kB")
        yield row("witness from scratch", ours.witness(), peer.witness(), "ms")
        revoked = list(range(HOLDER + 1, HOLDER + 1 + members // 100))
        yield row(f"revoke {len(revoked)}, all witnesses", ours.revoke(revoked), peer.revoke(revoked), "ms")
        yield row("witness after that", ours.witness(), peer.witness(), "ms")


if __name__ == "__main__":
    main(measure, packages=["trustid", "anoncreds"], summary="A registry of 32,768, beside AnonCreds v1.")
