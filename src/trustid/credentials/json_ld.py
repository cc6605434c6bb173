"""JSON-LD: the statements that a document makes, as one canonical text.

The work is done in Rust; here stand the limits, and the contexts that came
with the library, each held to its hash. No context is ever fetched: a document
that names another one is refused.

Documents are read strictly, because what is made here is signed. Whatever makes
no statement is refused: a term without meaning, a relative address, null, an
empty array, an index, a text direction, digits that RDF does not keep. So is
every way to write the same statements that would be read differently by an
application that reads the JSON: a context inside the document (unless it is
allowed by name), `@id` where the context says `id`, `@graph`, `@included`,
`@reverse`, `@nest`.

What remains open, because RDF has no word for it: one value or an array of one,
the order and the repetitions in an array, an address or its short form by a
prefix, "x" or {"@value": "x"}, and at which of
two places that carry the same `id` a statement stands. A verifier that needs
these to be signed takes a `-jcs-` cryptosuite.

Reference:
    W3C JSON-LD 1.1 Processing Algorithms and API, sections 5.1.2 and 8.1.2;
    W3C RDF Dataset Canonicalization 1.0, section 4.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from trustid import _core
from trustid.encoding import JsonObject, dump_json, parse_json, parse_json_object
from trustid.errors import ConfigurationError

__all__ = [
    "MAX_BYTES",
    "MAX_CONTEXTS",
    "MAX_DEPTH",
    "MAX_QUADS",
    "MAX_WORK",
    "OWN_CONTEXT",
    "Contexts",
    "canonical_labels",
    "canonicalize_nquads",
    "nquads_lines",
]

MAX_BYTES: Final = 1 << 20
"""Bytes of one document."""

MAX_DEPTH: Final = 64
"""Arrays and objects inside each other."""

MAX_CONTEXTS: Final = 1024
"""Contexts that a document names or that its terms bring along, each time they do."""

MAX_QUADS: Final = 1 << 15
"""Statements of one document."""

MAX_WORK: Final = 200_000
"""Steps to tell blank nodes apart, one to three microseconds each."""

OWN_CONTEXT: Final = "urn:trustid:context:v1"
"""The context of this library's own types. A name that nobody can be asked for: it is bundled, as every context is."""

INDEX_SHA256: Final = "fc92769578a7836ef73921e0135c5b7c4dd09f9f7f915b5e6daaf17afde3714d"
"""The hash of the list of contexts, which has the hash of each."""

_LIMITS: Final = _core.RdfLimits(
    max_bytes=MAX_BYTES,
    max_depth=MAX_DEPTH,
    max_contexts=MAX_CONTEXTS,
    max_quads=MAX_QUADS,
    max_work=MAX_WORK,
)

HashName = Literal["sha256", "sha384"]


class Contexts:
    """The contexts that documents may name.

    Args:
        documents: Each context's JSON, by address.
        inline: The contexts that may stand inside a document. Whoever may
            bring any context along can swap two terms together with their
            values, and the signature still holds; so only known ones may.

    Raises:
        MalformedError: malformed: A context is no JSON.
    """

    __slots__ = ("_documents", "_inline", "_set")

    def __init__(self, documents: Mapping[str, bytes], *, inline: Sequence[Mapping[str, Any]] = ()) -> None:
        self._documents = dict(documents)
        self._inline = dump_json(list(inline))
        self._set = _core.ContextSet(list(self._documents), list(self._documents.values()))

    @classmethod
    def bundled(cls) -> Contexts:
        """The contexts that came with the library: one set, made once.

        Raises:
            ConfigurationError: context_altered: A file is not what it was.

        Cost:
            A few milliseconds the first time.
        """
        return _bundled()

    def extended(
        self, documents: Mapping[str, bytes], *, inline: Sequence[Mapping[str, Any]] = ()
    ) -> Contexts:
        """These contexts and some more; none of these can be replaced.

        Raises:
            ConfigurationError: context_altered: An address that is known has another context.
            MalformedError: malformed: A context is no JSON.
        """
        for address in documents.keys() & self._documents.keys():
            if documents[address] != self._documents[address]:
                raise ConfigurationError("context_altered", "expected a known context to stay as it is")
        allowed = [*parse_json(self._inline), *inline]
        return Contexts({**self._documents, **documents}, inline=allowed)

    def with_inline(self, inline: Sequence[Mapping[str, Any]]) -> Contexts:
        """The same contexts by address, with others that may stand inside a document."""
        other = Contexts.__new__(Contexts)
        other._documents, other._set = self._documents, self._set
        other._inline = dump_json(list(inline))
        return other

    def __contains__(self, address: str) -> bool:
        return address in self._documents

    def document(self, address: str) -> bytes | None:
        """The context at an address as it was published, or None."""
        return self._documents.get(address)

    def canonicalize(self, document: Mapping[str, Any], *, hash_name: HashName = "sha256") -> bytes:
        """The canonical N-Quads of a document.

        Args:
            document: A JSON-LD document; what makes no statement is refused.
            hash_name: The hash that tells blank nodes apart.

        Returns:
            UTF-8 lines, sorted.

        Raises:
            UnsupportedError: context_unknown.
            MalformedError: malformed, context_not_allowed, context_protected,
                context_undefined_term, context_keyword_not_allowed.
            LimitExceededError: limit_exceeded, canonicalization_limit.

        Cost:
            Some 50 microseconds for a usual credential; less than a second for any.

        Reference:
            RDFC-1.0, section 4.4.
        """
        return _core.canonicalize_jsonld(
            dump_json(document),
            self._set,
            limits=_LIMITS,
            inline=self._inline,
            sha384=hash_name == "sha384",
        )

    def digest(self, document: Mapping[str, Any], *, hash_name: HashName = "sha256") -> bytes:
        """The hash of what `canonicalize` gives, by the same hash: 32 or 48 bytes. Raises what it raises."""
        return _core.digest_jsonld(
            dump_json(document),
            self._set,
            limits=_LIMITS,
            inline=self._inline,
            sha384=hash_name == "sha384",
        )

    def skolemize(self, document: Mapping[str, Any]) -> JsonObject:
        """A document with an identifier (`urn:bnid:` and a number) in every node that has none.

        A part of it then still says which nodes it speaks of.

        Raises:
            MalformedError: As `canonicalize`; context_keyword_not_allowed also
                for lists, graphs, reversed properties and named blank nodes,
                of which a part could not speak.
            UnsupportedError, LimitExceededError: As `canonicalize`.

        Reference:
            W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.4.8.
        """
        return parse_json_object(
            _core.skolemize_jsonld(dump_json(document), self._set, limits=_LIMITS, inline=self._inline)
        )

    def deskolemized_nquads(self, document: Mapping[str, Any]) -> list[str]:
        """The statements of a skolemized document or a part of it, as lines that end in a line feed.

        The identifiers that `skolemize` gave are labels of blank nodes again.

        Raises:
            MalformedError: As `canonicalize`; context_keyword_not_allowed also
                for a node without an identifier.
            UnsupportedError, LimitExceededError: As `canonicalize`.

        Reference:
            W3C Data Integrity ECDSA Cryptosuites 1.0, section 3.4.9.
        """
        text = _core.deskolemized_nquads(dump_json(document), self._set, limits=_LIMITS, inline=self._inline)
        return nquads_lines(text)


def nquads_lines(text: bytes) -> list[str]:
    """N-Quads one by one, each with its line feed; what else breaks lines may stand in a literal."""
    return [f"{line}\n" for line in text.decode().split("\n")[:-1]]


def canonical_labels(lines: Iterable[str]) -> dict[str, str]:
    """The canonical label of each blank node of some N-Quads ("c14n0"), by its label there.

    Raises:
        MalformedError: malformed.
        LimitExceededError: limit_exceeded, canonicalization_limit.

    Reference:
        RDFC-1.0, section 4.3 (issued identifiers map).
    """
    text = _core.canonical_labels("".join(lines).encode(), limits=_LIMITS).decode()
    return dict(line.split(" ") for line in text.splitlines())


def canonicalize_nquads(text: bytes, *, hash_name: HashName = "sha256") -> bytes:
    """The canonical form of N-Quads.

    Raises:
        MalformedError: malformed.
        LimitExceededError: limit_exceeded, canonicalization_limit.

    Reference:
        RDFC-1.0, section 4.4.
    """
    return _core.canonicalize_nquads(text, limits=_LIMITS, sha384=hash_name == "sha384")


@cache
def _bundled() -> Contexts:
    return Contexts(read_bundle())


def read_bundle() -> dict[str, bytes]:
    """The bundled contexts by address, each as it was when the library was made.

    Raises:
        ConfigurationError: context_altered.
    """
    folder = files("trustid.credentials") / "contexts"
    index = _read(folder / "index.json", INDEX_SHA256)
    return {entry["url"]: _read(folder / entry["file"], entry["sha256"]) for entry in parse_json(index)}


def _read(path: Any, digest: str) -> bytes:
    try:
        data: bytes = path.read_bytes()
    except OSError as err:
        raise ConfigurationError("context_altered", f"expected the context {path.name}") from err
    if hashlib.sha256(data).hexdigest() != digest:
        raise ConfigurationError("context_altered", f"expected {path.name} with the hash listed")
    return data
