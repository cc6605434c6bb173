"""The schemas of the issuer's OpenAPI document."""

from __future__ import annotations

from typing import Final

from trustid.encoding import JsonObject
from trustid.protocols.ports_issuer import ISSUANCE_STATES

__all__ = ["BOOLEAN", "INTEGER", "OBJECT", "STRING", "URL", "object_of", "ref", "schemas"]

STRING: Final[JsonObject] = {"type": "string"}
BOOLEAN: Final[JsonObject] = {"type": "boolean"}
INTEGER: Final[JsonObject] = {"type": "integer"}
OBJECT: Final[JsonObject] = {"type": "object"}
URL: Final[JsonObject] = {"type": "string", "format": "uri"}


def schemas() -> JsonObject:
    nullable_time = {"type": ["string", "null"], "format": "date-time"}
    problem = object_of({"row": INTEGER, "column": STRING, "code": STRING, "message": STRING})
    row = object_of(
        {
            "row": INTEGER,
            "reference": STRING,
            "state": {"enum": ["ready", "refused", "skipped", "unchanged", "offered"]},
            "skipped": {"type": ["string", "null"]},
            "problems": {"type": "array", "items": problem},
        }
    )
    row["properties"] |= {"issuance_id": STRING, "claim_url": URL, "tx_code": STRING}
    return {
        "Type": object_of(
            {
                "credential_configuration_id": STRING,
                "format": STRING,
                "vct": URL,
                "title": STRING,
                "description": STRING,
                "claims_schema": OBJECT,
                "sample_claims": OBJECT,
            }
        ),
        "NewOffer": {
            "type": "object",
            "additionalProperties": False,
            "required": ["credential_configuration_id", "claims"],
            "properties": {
                "credential_configuration_id": STRING,
                "claims": OBJECT,
                "tx_code": {"type": "boolean", "default": False},
                "by_value": {"type": "boolean", "default": False},
            },
        },
        "Created": {
            **object_of({"issuance_id": STRING, "credential_offer_uri": STRING, "claim_url": URL}),
            "properties": {
                "issuance_id": STRING,
                "credential_offer_uri": STRING,
                "claim_url": URL,
                "tx_code": STRING,
            },
        },
        "Issuance": object_of(
            {
                "issuance_id": STRING,
                "credential_configuration_id": STRING,
                "state": {"enum": list(ISSUANCE_STATES)},
                "roster_id": {"type": ["string", "null"]},
                "credentials": INTEGER,
                "tx_code": BOOLEAN,
                "created_at": nullable_time,
                "issued_at": nullable_time,
                "revoked_at": nullable_time,
            }
        ),
        "IssuancePage": object_of(
            {
                "issuances": {"type": "array", "items": ref("Issuance")},
                "after": {"type": ["string", "null"]},
                "next": {"type": ["string", "null"]},
            }
        ),
        "Roster": object_of(
            {
                "credential_configuration_id": STRING,
                "dry_run": BOOLEAN,
                "encoding": STRING,
                "delimiter": STRING,
                "columns_dropped": {"type": "array", "items": STRING},
                "ready": INTEGER,
                "problems": {"type": "array", "items": problem},
                "rows": {"type": "array", "items": row},
            }
        ),
        "TokenResponse": object_of(
            {"access_token": STRING, "token_type": {"const": "Bearer"}, "expires_in": INTEGER}
        ),
        "CredentialRequest": {
            "type": "object",
            "required": ["proofs"],
            "properties": {
                "credential_configuration_id": STRING,
                "credential_identifier": STRING,
                "proofs": object_of({"jwt": {"type": "array", "minItems": 1, "items": STRING}}),
            },
        },
        "CredentialResponse": object_of(
            {"credentials": {"type": "array", "items": object_of({"credential": STRING})}}
        ),
        "OAuthError": {
            "type": "object",
            "required": ["error"],
            "properties": {"error": STRING, "error_description": STRING},
        },
        "Problem": object_of(
            {"type": STRING, "title": STRING, "status": INTEGER, "code": STRING, "detail": STRING}
        ),
    }


def object_of(properties: JsonObject) -> JsonObject:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def ref(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}
