"""The schema of the issuer's SQLite store, as numbered migrations.

Append a migration to change it; never edit one that was released.
"""

from __future__ import annotations

from typing import Final

from trustid.stores.sqlite import Migration

__all__ = ["ISSUER_MIGRATIONS"]

_FIRST: Final[Migration] = (
    """CREATE TABLE issuance (
        sequence         INTEGER PRIMARY KEY AUTOINCREMENT,
        id               TEXT NOT NULL UNIQUE,
        configuration_id TEXT NOT NULL,
        state            TEXT NOT NULL CHECK (state IN ('offered', 'issued', 'locked', 'revoked')),
        sealed           BLOB NOT NULL,
        link_hash        BLOB NOT NULL UNIQUE,
        tx_code_mac      BLOB,
        attempts_left    INTEGER NOT NULL CHECK (attempts_left >= 0),
        roster_id        TEXT,
        row_mac          BLOB,
        created_at       INTEGER NOT NULL,
        issued_at        INTEGER,
        revoked_at       INTEGER,
        collected_by     BLOB
    ) STRICT""",
    "CREATE INDEX issuance_state ON issuance (state, sequence)",
    "CREATE INDEX issuance_roster ON issuance (roster_id, sequence)",
    "CREATE INDEX issuance_configuration ON issuance (configuration_id, sequence)",
    "CREATE UNIQUE INDEX issuance_row ON issuance (row_mac) WHERE row_mac IS NOT NULL AND state <> 'revoked'",
    """CREATE TRIGGER issuance_revocation_is_final BEFORE UPDATE OF state ON issuance
        WHEN OLD.state = 'revoked' AND NEW.state <> 'revoked'
        BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
    """CREATE TABLE offer (
        reference_hash BLOB PRIMARY KEY,
        code_hash      BLOB NOT NULL UNIQUE,
        issuance_id    TEXT NOT NULL REFERENCES issuance (id),
        expires_at     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX offer_issuance ON offer (issuance_id)",
    "CREATE INDEX offer_end ON offer (expires_at)",
    """CREATE TABLE token (
        token_hash  BLOB PRIMARY KEY,
        issuance_id TEXT NOT NULL REFERENCES issuance (id),
        client_id   TEXT,
        expires_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX token_issuance ON token (issuance_id)",
    "CREATE INDEX token_end ON token (expires_at)",
    """CREATE TABLE nonce (
        nonce_hash BLOB PRIMARY KEY,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX nonce_end ON nonce (expires_at)",
    """CREATE TABLE status_list (
        id               INTEGER PRIMARY KEY,
        name             TEXT NOT NULL UNIQUE,
        size             INTEGER NOT NULL CHECK (size > 0),
        allocated        INTEGER NOT NULL CHECK (allocated BETWEEN 0 AND size),
        version          INTEGER NOT NULL,
        token            TEXT,
        token_version    INTEGER NOT NULL DEFAULT -1,
        token_issued_at  INTEGER NOT NULL DEFAULT 0,
        token_expires_at INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE credential (
        id                TEXT PRIMARY KEY,
        issuance_id       TEXT NOT NULL REFERENCES issuance (id),
        list_id           INTEGER NOT NULL REFERENCES status_list (id),
        position          INTEGER NOT NULL,
        holder_thumbprint TEXT NOT NULL,
        digest            BLOB,
        sealed_copy       BLOB,
        issued_at         INTEGER NOT NULL,
        expires_at        INTEGER NOT NULL,
        revoked_at        INTEGER,
        UNIQUE (list_id, position),
        UNIQUE (issuance_id, holder_thumbprint)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX credential_revoked ON credential (list_id, position) WHERE revoked_at IS NOT NULL",
    "CREATE INDEX credential_copy ON credential (issuance_id) WHERE sealed_copy IS NOT NULL",
    """CREATE TRIGGER credential_revocation_is_final BEFORE UPDATE OF revoked_at ON credential
        WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
        BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
    """CREATE TABLE answer (
        key_hash     BLOB PRIMARY KEY,
        request_hash BLOB NOT NULL,
        sealed_body  BLOB NOT NULL,
        expires_at   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX answer_end ON answer (expires_at)",
    """CREATE TABLE upload (
        id         TEXT PRIMARY KEY,
        sealed     BLOB NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE attempt (
        bucket      TEXT PRIMARY KEY,
        window_ends INTEGER NOT NULL,
        number      INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

_LIST_SIGNERS: Final[Migration] = (
    "ALTER TABLE status_list ADD COLUMN signer TEXT NOT NULL DEFAULT 'credential'",
)

_TICKETS: Final[Migration] = (
    """CREATE TABLE ticket (
        id            INTEGER PRIMARY KEY AUTOINCREMENT,
        registry      TEXT NOT NULL,
        slot          INTEGER NOT NULL CHECK (slot >= 0),
        sealed        BLOB,
        issuance_id   TEXT REFERENCES issuance (id),
        requested_at  INTEGER,
        revoked_epoch INTEGER,
        UNIQUE (registry, slot),
        UNIQUE (registry, issuance_id),
        CHECK (sealed IS NOT NULL OR issuance_id IS NOT NULL),
        CHECK (requested_at IS NULL OR issuance_id IS NOT NULL)
    ) STRICT""",
    "CREATE INDEX ticket_issuance ON ticket (issuance_id) WHERE issuance_id IS NOT NULL",
    "CREATE INDEX ticket_free ON ticket (registry, id) WHERE issuance_id IS NULL",
    "CREATE INDEX ticket_sealed ON ticket (issuance_id) WHERE sealed IS NOT NULL AND issuance_id IS NOT NULL",
    "CREATE INDEX ticket_requested ON ticket (registry) WHERE requested_at IS NOT NULL AND revoked_epoch IS NULL",
    """CREATE TRIGGER ticket_is_given_once BEFORE UPDATE OF issuance_id ON ticket
        WHEN OLD.issuance_id IS NOT NULL AND NEW.issuance_id IS NOT OLD.issuance_id
        BEGIN SELECT RAISE(ABORT, 'a slot belongs to one credential'); END""",
    """CREATE TRIGGER ticket_revocation_is_final BEFORE UPDATE OF requested_at, revoked_epoch ON ticket
        WHEN OLD.requested_at IS NOT NULL AND NEW.requested_at IS NOT OLD.requested_at
            OR OLD.revoked_epoch IS NOT NULL AND NEW.revoked_epoch IS NOT OLD.revoked_epoch
        BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
    # A copy has a place in a list or shares its issuance's slot; SQLite cannot loosen NOT NULL in place.
    """CREATE TABLE credential_with_status (
        id                TEXT PRIMARY KEY,
        issuance_id       TEXT NOT NULL REFERENCES issuance (id),
        list_id           INTEGER REFERENCES status_list (id),
        position          INTEGER,
        registry          TEXT,
        holder_thumbprint TEXT NOT NULL,
        digest            BLOB,
        sealed_copy       BLOB,
        issued_at         INTEGER NOT NULL,
        expires_at        INTEGER NOT NULL,
        revoked_at        INTEGER,
        UNIQUE (list_id, position),
        UNIQUE (issuance_id, holder_thumbprint),
        CHECK ((list_id IS NULL) = (position IS NULL)),
        CHECK ((list_id IS NULL) = (registry IS NOT NULL))
    ) STRICT, WITHOUT ROWID""",
    (
        "INSERT INTO credential_with_status (id, issuance_id, list_id, position, holder_thumbprint, digest, sealed_copy,"
        " issued_at, expires_at, revoked_at) SELECT id, issuance_id, list_id, position, holder_thumbprint, digest,"
        " sealed_copy, issued_at, expires_at, revoked_at FROM credential"
    ),
    "DROP TABLE credential",
    "ALTER TABLE credential_with_status RENAME TO credential",
    "CREATE INDEX credential_revoked ON credential (list_id, position) WHERE revoked_at IS NOT NULL",
    "CREATE INDEX credential_copy ON credential (issuance_id) WHERE sealed_copy IS NOT NULL",
    """CREATE TRIGGER credential_revocation_is_final BEFORE UPDATE OF revoked_at ON credential
        WHEN OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at
        BEGIN SELECT RAISE(ABORT, 'revocation is final'); END""",
)

_SUSPENSION: Final[Migration] = (
    "ALTER TABLE issuance ADD COLUMN suspended_at INTEGER",
    "CREATE INDEX issuance_suspended ON issuance (id) WHERE suspended_at IS NOT NULL",
)

_LIST_CHANGES: Final[Migration] = (
    """CREATE TABLE status_change (
        id      INTEGER PRIMARY KEY,
        list_id INTEGER NOT NULL REFERENCES status_list (id),
        base    BLOB NOT NULL,
        token   TEXT NOT NULL,
        UNIQUE (list_id, base)
    ) STRICT""",
)

ISSUER_MIGRATIONS: Final[tuple[Migration, ...]] = (
    _FIRST,
    _LIST_SIGNERS,
    _TICKETS,
    _SUSPENSION,
    _LIST_CHANGES,
)
