"""The short way in: an institution, a person and somebody who asks, in one process.

    Issuer    states facts about people, and takes them back
    Wallet    keeps what was stated, and shows only what is asked
    Verifier  asks, and checks the answer
    issue     states one fact with a key, in any format
    verify    checks anything

    issue_many  states many facts, on all the cores that it may use

They run the very engines that the servers and the command line run, and speak
the same protocols; only the network between them is left out. Whoever needs
more takes the floor below: `trustid.protocols`.
"""

from __future__ import annotations

from trustid.facade.bulk import Row, issue_many
from trustid.facade.credentials import issue, verify
from trustid.facade.issuer import IssuedCredential, Issuer
from trustid.facade.verifier import AskedQuestion, Verifier
from trustid.facade.wallet import HolderKey, Wallet

__all__ = [
    "AskedQuestion",
    "HolderKey",
    "IssuedCredential",
    "Issuer",
    "Row",
    "Verifier",
    "Wallet",
    "issue",
    "issue_many",
    "verify",
]
