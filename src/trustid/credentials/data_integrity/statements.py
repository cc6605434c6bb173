"""The statements of a document, with blank nodes that tell nothing of what was kept back.

Canonical labels are numbered by all that a document says, so that they would
betray whether something is missing. An HMAC with a key that only issuer and
holder know makes labels of them that do not.

Reference:
    W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.4.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from trustid.credentials.data_integrity.selection import select
from trustid.credentials.json_ld import Contexts, canonical_labels
from trustid.encoding import JsonObject, b64url_encode
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_STATEMENTS", "Selected", "Statements", "relabel"]

MAX_STATEMENTS: Final = 1024
"""Statements of one document with selective disclosure: each has a signature of its own, some 70 microseconds."""


@dataclass(frozen=True, slots=True)
class Selected:
    """Some of the statements of a document.

    Attributes:
        indexes: Which of `Statements.lines`, ascending.
        nquads: The same statements, labelled as in the skolemized document.
    """

    indexes: tuple[int, ...]
    nquads: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Statements:
    """Every statement of a document, and how its blank nodes are called.

    Attributes:
        lines: N-Quads with HMAC labels, sorted by code point.
        labels: The HMAC label of each blank node, by its label in the skolemized document.
    """

    lines: tuple[str, ...] = field(repr=False)
    labels: Mapping[str, str] = field(repr=False)
    _skolemized: JsonObject = field(repr=False)
    _contexts: Contexts = field(repr=False)

    @classmethod
    def of(cls, document: Mapping[str, Any], hmac_key: bytes, contexts: Contexts) -> Self:
        """Read a document without its proof.

        Raises:
            TrustidError: What `Contexts.skolemize` raises.
            LimitExceededError: limit_exceeded: more than `MAX_STATEMENTS`.

        Reference:
            Sections 3.4.4 and 3.4.16, steps 1 to 3.
        """
        skolemized = contexts.skolemize(document)
        nquads = contexts.deskolemized_nquads(skolemized)
        if len(nquads) > MAX_STATEMENTS:
            raise LimitExceededError("limit_exceeded", f"expected at most {MAX_STATEMENTS} statements")
        labels = {
            label: f"u{b64url_encode(hmac.digest(hmac_key, canonical.encode(), hashlib.sha256))}"
            for label, canonical in canonical_labels(nquads).items()
        }
        lines = sorted(relabel(line, labels) for line in nquads)
        return cls(tuple(lines), labels, skolemized, contexts)

    def select(self, pointers: Sequence[str]) -> Selected:
        """The statements that a part of the document makes; none without a pointer.

        Raises:
            MalformedError: malformed: a pointer leads nowhere, or to something
                that is no statement of the document by itself.

        Reference:
            Sections 3.4.15 and 3.4.16, steps 4 to 7.
        """
        if not pointers:
            return Selected((), ())
        nquads = self._contexts.deskolemized_nquads(select(self._skolemized, pointers))
        chosen = {relabel(line, self.labels) for line in nquads}
        indexes = tuple(index for index, line in enumerate(self.lines) if line in chosen)
        if len(indexes) != len(chosen):
            # Part of a JSON literal, or a text without its language: nobody signed that.
            raise MalformedError("malformed", "expected JSON pointers to whole statements")
        return Selected(indexes, tuple(nquads))


def relabel(line: str, labels: Mapping[str, str]) -> str:
    """A statement with other labels of its blank nodes.

    Args:
        line: A canonical N-Quad without a graph.
        labels: The new label for each label, both without "_:".

    Raises:
        MalformedError: malformed: a blank node has no new label.

    Reference:
        Section 3.4.1, step 3.
    """
    subject, predicate, rest = line.split(" ", 2)
    if rest.startswith("_:"):
        rest = f"{_renamed(rest.removesuffix(_END), labels)}{_END}"
    return f"{_renamed(subject, labels)} {predicate} {rest}"


_END: Final = " .\n"


def _renamed(node: str, labels: Mapping[str, str]) -> str:
    if not node.startswith("_:"):
        return node
    label = labels.get(node[2:])
    if label is None:
        raise MalformedError("malformed", "expected a label for every blank node")
    return f"_:{label}"
