"""Fetching a did:webvh log and its witnesses.

Reference:
    did:webvh 1.0, "The DID to HTTPS Transformation", "Read (Resolve)".
"""

from __future__ import annotations

from trustid.did.resolution import Resolution
from trustid.did.syntax import Did
from trustid.did.webvh.entries import locate
from trustid.did.webvh.log import LOG_BYTES_MAX, Log
from trustid.did.webvh.witnesses import WITNESS_BYTES_MAX, WITNESS_FILE
from trustid.errors import ResolutionError
from trustid.fetching import Fetcher

__all__ = ["LOG_FILE", "log_url", "resolve", "witness_url"]

LOG_FILE = "did.jsonl"
# The media type is a SHOULD, and servers that do not know the ending send others.
LOG_ACCEPT = "text/jsonl, application/jsonl, application/json, text/plain, application/octet-stream"
WITNESS_ACCEPT = "application/json, text/plain, application/octet-stream"


def log_url(did: str) -> str:
    """Where the log of a did:webvh lies.

    Raises:
        ResolutionError: `did_malformed`.

    Example:
        >>> log_url("did:webvh:QmRRaLXwc6BjBuBPosSupJwEQ8w9f3znP7yfbpGfwcnLr6:example.com:dids:issuer")
        'https://example.com/dids/issuer/did.jsonl'
    """
    return locate(Did.parse(did))[1].url(LOG_FILE)


def witness_url(did: str) -> str:
    """Where the proofs of a did:webvh's witnesses lie.

    Raises:
        ResolutionError: `did_malformed`.
    """
    return locate(Did.parse(did))[1].url(WITNESS_FILE)


def resolve(did: Did, fetcher: Fetcher, *, now: int) -> Resolution:
    """Fetch the log of a did:webvh, never through a redirect, and verify all of it.

    For a DID that moved, the document is that of its new name, and `canonicalId`
    in the metadata says so.

    Raises:
        ResolutionError: `did_malformed`, `did_not_found`, `did_unreachable`,
            `did_log_invalid`, `did_log_proof`, `did_log_parameters`,
            `did_document_invalid` or `did_document_mismatch`.
        UnsupportedError: A version of the method other than 1.0.
        FetchError: `fetch_blocked`, `port_not_allowed` or `tls_invalid`.
        LimitExceededError: `limit_exceeded`.
    """
    _, location = locate(did)
    answer = location.fetch(fetcher, LOG_FILE, accept=LOG_ACCEPT, max_bytes=LOG_BYTES_MAX)
    log = Log.read_unwitnessed(answer.body, now=now, retrieved=now)
    if not log.names(str(did)):
        raise ResolutionError("did_log_invalid", "expected a log that names the DID that was asked for")
    if log.needs_witnesses:
        log.check_witnesses(
            location.fetch(fetcher, WITNESS_FILE, accept=WITNESS_ACCEPT, max_bytes=WITNESS_BYTES_MAX).body
        )
    return log.resolution(log.current)
