"""did:webvh 1.0: a DID on the web whose whole history can be verified.

log        a verified log and its versions
entries    one entry: its form and its hashes
parameters what an entry may set
proofs     who signed an entry
witnesses  who approved it
services   #files and #whois
authoring  create, update, move, deactivate
resolving  fetching log and witnesses

Reference:
    did:webvh DID Method Specification 1.0 (DIF).
"""

from __future__ import annotations

from trustid.did.webvh.authoring import Changes, create, deactivate, move, update
from trustid.did.webvh.log import Log, Version
from trustid.did.webvh.parameters import WitnessRule
from trustid.did.webvh.resolving import log_url, resolve, witness_url
from trustid.did.webvh.witnesses import approve, witness_file

__all__ = [
    "Changes",
    "Log",
    "Version",
    "WitnessRule",
    "approve",
    "create",
    "deactivate",
    "log_url",
    "move",
    "resolve",
    "update",
    "witness_file",
    "witness_url",
]
