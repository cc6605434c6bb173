"""The cryptosuites with whatever contexts a document brings along: for test suites, and for nothing else.

Whoever may bring any context along can swap two terms together with their
values, and the signature still holds (see `trustid.credentials.json_ld`). The
official test suites do bring theirs, and no application reads what they sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from trustid.credentials.data_integrity import (
    SUITES,
    Verifier,
    ecdsa_rdfc_2019,
    ecdsa_sd_2023,
    eddsa_rdfc_2022,
)
from trustid.credentials.json_ld import Contexts
from trustid.encoding import JsonObject
from trustid.keys import PublicKey

__all__ = ["ANY_CONTEXT_SUITES"]

_CONTEXT: Final = "@context"


def _bringing(verify: Callable[[Contexts], Verifier]) -> Verifier:
    def verifier(document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
        # An empty array says nothing, and is refused elsewhere; a suite presents no credentials in one.
        said = {name: value for name, value in document.items() if value != []}
        verify(Contexts.bundled().with_inline(list(_brought(said))))(said, proof, key)

    return verifier


def _brought(value: Any) -> Iterator[JsonObject]:
    """The contexts in a document that are no addresses; it was read within the depth that JSON may have."""
    if isinstance(value, Mapping):
        contexts = value.get(_CONTEXT)
        for context in contexts if isinstance(contexts, list) else [contexts]:
            if isinstance(context, dict):
                yield context
        for name, inner in value.items():
            if name != _CONTEXT:
                yield from _brought(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _brought(inner)


def _selective(contexts: Contexts) -> Verifier:
    def verify(document: Mapping[str, Any], proof: Mapping[str, Any], key: PublicKey) -> None:
        ecdsa_sd_2023.verify(document, proof, key, contexts=contexts)

    return verify


ANY_CONTEXT_SUITES: Final[Mapping[str, Verifier]] = MappingProxyType(
    {
        **SUITES,
        ecdsa_rdfc_2019.CRYPTOSUITE: _bringing(lambda contexts: ecdsa_rdfc_2019.cryptosuite(contexts).verify),
        ecdsa_sd_2023.CRYPTOSUITE: _bringing(_selective),
        eddsa_rdfc_2022.CRYPTOSUITE: _bringing(lambda contexts: eddsa_rdfc_2022.cryptosuite(contexts).verify),
    }
)
"""Every cryptosuite that is spoken here; those over statements read with the document's own contexts."""
