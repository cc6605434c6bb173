"""What a kind of credential is: its claims, its words, its roster, its questions.

A credential type is data. Each use case has a folder with `type.json`, and a
`rows.py` that turns one checked roster row into claims. Adding a use case means
adding a folder; no server knows any type by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from trustid.catalogue.cells import Cell, Column, RowProblem, read_cells
from trustid.catalogue.schema import check_schema

__all__ = [
    "MDOC_FORMAT",
    "SD_JWT_VC_FORMAT",
    "Claim",
    "CredentialType",
    "Display",
    "MdocForm",
    "Path",
    "Question",
    "RosterColumns",
    "W3cForm",
]

JsonObject = dict[str, Any]
Path = tuple[str | int | None, ...]
"""A claims path as in DCQL: names, array places, or None for every place."""

RowReader = Callable[[Mapping[str, Cell]], "JsonObject | list[RowProblem]"]
"""Turns checked cells into claims, or says what does not fit together."""

SD_JWT_VC_FORMAT = "dc+sd-jwt"
MDOC_FORMAT = "mso_mdoc"

QUERY_ID = "credential"
"""The id that a ready-made question gives to the one credential it asks for."""


@dataclass(frozen=True, slots=True)
class Display:
    """How a type looks and what it is called in one language.

    Attributes:
        name: The name that a person reads.
        locale: BCP 47 language tag.
        description: A sentence that says what it is for.
        background_color: CSS colour, `#rrggbb`.
        text_color: CSS colour, `#rrggbb`.
    """

    name: str
    locale: str
    description: str = ""
    background_color: str = "#ffffff"
    text_color: str = "#000000"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a type.

    Attributes:
        path: Where it stands.
        names: What people call it, by BCP 47 language tag.
        mandatory: Whether the issuer always states it.
        disclosable: Whether the holder may keep it back.
    """

    path: Path
    names: Mapping[str, str]
    mandatory: bool
    disclosable: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A ready-made question for a verifier.

    Attributes:
        id: Its name in links and forms.
        title: The question in a clerk's words.
        explanation: What the answer will show, and what it will not.
        claims: The claims asked for: DCQL claims queries.
    """

    id: str
    title: str
    explanation: str
    claims: tuple[Mapping[str, Any], ...]

    def query(self, vct_values: Sequence[str]) -> JsonObject:
        """Build the DCQL query.

        Args:
            vct_values: The credential types that the verifier trusts for this,
                as the issuers it trusts write them.

        Returns:
            The query, with one credential named `QUERY_ID`.

        Reference:
            OpenID4VP 1.0, section 6.
        """
        credential = {
            "id": QUERY_ID,
            "format": "dc+sd-jwt",
            "meta": {"vct_values": list(vct_values)},
            "claims": [dict(claim) for claim in self.claims],
        }
        return {"credentials": [credential]}


@dataclass(frozen=True, slots=True)
class RosterColumns:
    """How a roster of this type looks.

    Attributes:
        key: The column that names the row for the institution.
        columns: The columns that are read, with what may stand in them.
        dropped: Columns that are thrown away while reading (passwords).
        unique: Groups of columns whose values together stand once in a roster.
        only: Rows to take, as column and value; others are skipped, and the
            row says so. A school's user file also lists its teachers.
    """

    key: str
    columns: tuple[Column, ...]
    dropped: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    only: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class W3cForm:
    """How a type looks as a W3C credential, in the words of `json_ld.OWN_CONTEXT`.

    Attributes:
        type: The type beside VerifiableCredential.
        subject_type: The type of the credentialSubject; it brings the words of the claims.
        renamed: Members whose name means something else in JSON-LD, by name.
    """

    type: str
    subject_type: str
    renamed: Mapping[str, str]

    def subject(self, claims: Mapping[str, Any]) -> JsonObject:
        """The credentialSubject that states these claims."""
        return {"type": self.subject_type, **self._named(claims)}

    def _named(self, claims: Mapping[str, Any]) -> JsonObject:
        return {
            self.renamed.get(name, name): self._named(value) if isinstance(value, Mapping) else value
            for name, value in claims.items()
        }


@dataclass(frozen=True, slots=True)
class MdocForm:
    """How a type looks as an mdoc.

    Attributes:
        doc_type: The type of document.
        namespace: The namespace of every element.
    """

    doc_type: str
    namespace: str


@dataclass(frozen=True, slots=True)
class CredentialType:
    """A kind of credential that an institution can issue.

    Attributes:
        configuration_id: Its `credential_configuration_id` in OpenID4VCI.
        vct_path: Its place under the issuer's public URL; see `vct`.
        w3c: How it looks as a W3C credential.
        mdoc: How it looks as an mdoc.
        title: What a member of staff calls it.
        description: A sentence that says what it is for.
        displays: Names and colours, one a language; the first is the default.
        claims_schema: JSON Schema (2020-12, the part that `schema` reads) of the claims.
        claims: Every claim with its names; see `disclosable` and `mandatory`.
        sample_claims: Claims of an invented person that fit the schema.
        lifetime_days: How long a credential of this type holds.
        batch_size: How many one-time copies a wallet may ask for.
        roster: How a roster of this type looks.
        questions: What verifiers usually ask.
        format: What wallets get: "dc+sd-jwt", or "mso_mdoc" (see `as_mdoc`).
    """

    configuration_id: str
    vct_path: str
    w3c: W3cForm
    mdoc: MdocForm
    title: str
    description: str
    displays: tuple[Display, ...]
    claims_schema: Mapping[str, Any]
    claims: tuple[Claim, ...]
    sample_claims: Mapping[str, Any]
    lifetime_days: int
    batch_size: int
    roster: RosterColumns
    questions: tuple[Question, ...]
    row_reader: RowReader = field(repr=False)
    format: str = SD_JWT_VC_FORMAT

    def as_mdoc(self) -> CredentialType:
        """The same type for wallets that keep mdocs, under a configuration id of its own."""
        return replace(self, configuration_id=f"{self.configuration_id}.mdoc", format=MDOC_FORMAT)

    @property
    def disclosable(self) -> tuple[Path, ...]:
        """The paths that the holder may keep back."""
        return tuple(claim.path for claim in self.claims if claim.disclosable)

    @property
    def mandatory(self) -> tuple[Path, ...]:
        """The paths that the issuer always states."""
        return tuple(claim.path for claim in self.claims if claim.mandatory)

    @property
    def _namespace(self) -> Path:
        return (self.mdoc.namespace,) if self.format == MDOC_FORMAT else ()

    def vct(self, public_url: str) -> str:
        """Return the type's identifier at an issuer.

        Args:
            public_url: The issuer's public URL, without a trailing slash.
        """
        return f"{public_url.rstrip('/')}/{self.vct_path}"

    def check_claims(self, claims: Mapping[str, Any]) -> None:
        """Refuse claims that do not fit the schema.

        Raises:
            MalformedError: `claim_type_invalid`; the message names the place.
        """
        check_schema(claims, self.claims_schema)

    def from_row(self, row: Mapping[str, str]) -> JsonObject | list[RowProblem]:
        """Turn one roster row into claims.

        Args:
            row: Cells by column name, as read; unknown columns are ignored.

        Returns:
            Claims that fit the schema, or everything that is wrong with the
            row, column by column (with row number 0: the caller knows it).
        """
        cells, problems = read_cells(row, self.roster.columns)
        if problems:
            return problems
        claims = self.row_reader(cells)
        if not isinstance(claims, list):
            self.check_claims(claims)
        return claims

    def type_metadata(self, public_url: str) -> JsonObject:
        """Return the Type Metadata document served at the `vct` URL.

        Reference:
            draft-ietf-oauth-sd-jwt-vc-19, section 4 (type metadata).
        """
        return {
            "vct": self.vct(public_url),
            "name": self.title,
            "description": self.description,
            "display": [
                {
                    "locale": display.locale,
                    "name": display.name,
                    "description": display.description,
                    "rendering": {
                        "simple": {
                            "background_color": display.background_color,
                            "text_color": display.text_color,
                        }
                    },
                }
                for display in self.displays
            ],
            "claims": [
                {
                    "path": list(claim.path),
                    "display": [{"locale": locale, "label": name} for locale, name in claim.names.items()],
                    "mandatory": claim.mandatory,
                    "sd": "always" if claim.disclosable else "never",
                }
                for claim in self.claims
            ],
        }

    def credential_metadata(self) -> JsonObject:
        """Return `credential_metadata` of the credential configuration.

        Reference:
            OpenID4VCI 1.0, section 12.2.4 and appendix B.2; paths of mdocs
            begin with the namespace (appendix C.2).
        """
        return {
            "display": [
                {
                    "name": display.name,
                    "locale": display.locale,
                    "description": display.description,
                    "background_color": display.background_color,
                    "text_color": display.text_color,
                }
                for display in self.displays
            ],
            "claims": [
                {
                    "path": [*self._namespace, *claim.path],
                    "mandatory": claim.mandatory,
                    "display": [{"name": name, "locale": locale} for locale, name in claim.names.items()],
                }
                for claim in self.claims
            ],
        }
