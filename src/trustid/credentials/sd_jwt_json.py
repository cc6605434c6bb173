"""SD-JWT in JSON: the flattened and the general serialization.

Reference:
    RFC 9901, section 8; RFC 7515, section 7.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trustid.credentials import jose
from trustid.credentials.disclosure import MAX_DISCLOSURES
from trustid.credentials.sd_jwt import SdJwt
from trustid.encoding import JsonObject
from trustid.errors import LimitExceededError, MalformedError

__all__ = ["MAX_SIGNATURES", "from_json", "to_flattened", "to_general"]

MAX_SIGNATURES: Final = 8
"""How many signatures one SD-JWT may carry."""

_OF_SD_JWT: Final = frozenset({"disclosures", "kb_jwt"})


def from_json(value: Mapping[str, Any]) -> tuple[SdJwt, ...]:
    """Read either serialization.

    Args:
        value: The JSON object, strictly parsed.

    Returns:
        One SD-JWT for each signature, in order: the first with the key
        binding JWT, if there is one, each with all the disclosures. Which
        signatures must hold is for the caller to say.

    Raises:
        MalformedError: A part is missing or of the wrong type; `disclosures`
            or `kb_jwt` stand beside another signature than the first; a
            header parameter stands in both headers.
        LimitExceededError: Too many signatures or disclosures.

    Reference:
        RFC 9901, sections 8.1 to 8.4.
    """
    if "signatures" in value:
        if not {"protected", "header", "signature"}.isdisjoint(value):
            raise MalformedError("malformed", "expected either the flattened or the general form")
        signatures = value["signatures"]
    else:
        signatures = [value]
    if (
        type(signatures) is not list
        or not signatures
        or not all(isinstance(one, Mapping) for one in signatures)
    ):
        raise MalformedError("malformed", "expected an array of signatures")
    if len(signatures) > MAX_SIGNATURES:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_SIGNATURES} signatures")
    disclosures, binding = _unprotected(signatures[0])
    for other in signatures[1:]:
        if not _OF_SD_JWT.isdisjoint(other.get("header", {})):
            raise MalformedError("malformed", "expected disclosures beside the first signature only")
    texts = [_compact({**one, "payload": value.get("payload")}) for one in signatures]
    bindings = [binding, *[""] * (len(texts) - 1)]
    return tuple(
        SdJwt.parse("~".join([text, *disclosures, bound]))
        for text, bound in zip(texts, bindings, strict=True)
    )


def to_flattened(sd_jwt: SdJwt) -> JsonObject:
    """Write the flattened serialization (RFC 9901, section 8.2)."""
    signature = _signature(sd_jwt)
    signature["header"] = _header(sd_jwt)
    return {"payload": sd_jwt.presentation_text.split(".", 2)[1], **signature}


def to_general(sd_jwt: SdJwt, others: Sequence[SdJwt] = ()) -> JsonObject:
    """Write the general serialization.

    Args:
        sd_jwt: What is shown, with the first signature.
        others: The same payload under further signatures; nothing but those is taken from them.

    Raises:
        MalformedError: The payloads differ.

    Reference:
        RFC 9901, section 8.3.
    """
    if any(other.issuer_jwt.payload != sd_jwt.issuer_jwt.payload for other in others):
        raise MalformedError("malformed", "expected every signature to be over one payload")
    first = {**_signature(sd_jwt), "header": _header(sd_jwt)}
    return {
        "payload": sd_jwt.presentation_text.split(".", 2)[1],
        "signatures": [first, *[_signature(other) for other in others]],
    }


def _header(sd_jwt: SdJwt) -> JsonObject:
    header: JsonObject = {"disclosures": [disclosure.text for disclosure in sd_jwt.disclosures]}
    if sd_jwt.key_binding is not None:
        header["kb_jwt"] = sd_jwt.key_binding.compact()
    return header


def _signature(sd_jwt: SdJwt) -> JsonObject:
    protected, _, signature = sd_jwt.presentation_text.partition("~")[0].split(".")
    return {"protected": protected, "signature": signature}


def _unprotected(signature: Mapping[str, Any]) -> tuple[list[str], str]:
    header = signature.get("header", {})
    if not isinstance(header, Mapping):
        raise MalformedError("malformed", "expected header to be an object")
    disclosures, binding = header.get("disclosures", []), header.get("kb_jwt", "")
    if type(disclosures) is not list or not all(
        type(one) is str and one and "~" not in one for one in disclosures
    ):
        raise MalformedError("malformed", "expected disclosures to be an array of texts")
    if len(disclosures) > MAX_DISCLOSURES:
        raise LimitExceededError("limit_exceeded", f"expected at most {MAX_DISCLOSURES} disclosures")
    if type(binding) is not str or "~" in binding or (not binding and "kb_jwt" in header):
        raise MalformedError("malformed", "expected kb_jwt to be a compact token")
    return disclosures, binding


def _compact(flattened: Mapping[str, Any]) -> str:
    """Join the parts of one signature, once the rules of the JSON form hold for them."""
    jws, _ = jose.parse_json_serialization(
        {
            name: flattened[name]
            for name in ("payload", "protected", "signature", "header")
            if name in flattened
        }
    )
    return jws.compact()
