"""Proving that a credential was not revoked, without saying which one it is.

A credential carries a commitment to the handle of its slot; each copy another
one. The holder knows what opens it, fetches the block of rows with its own
among 4,096, and checks its row. A proof is made for one verifier, one nonce and
one credential, and has nothing in common with any other proof of the same
holder. The verifier needs the parameters of the registry and the value of the
epoch, both from a statement that it trusts: that they are the registry's own,
nothing here can tell.

Whatever fails raises; nothing returns a truth value. docs/revocation.md says
what is proved, how it is encoded, and what it does not hide.

Example:
    >>> from trustid.status.accumulator import Manager
    >>> manager = Manager.create(b"https://example.org/registry", 4096)
    >>> opening = Opening.generate(manager.take(7))
    >>> witness = Witness.check(manager.params, manager.accumulator, opening.member, manager.row(7))
    >>> request = {"verifier": b"https://shop.example", "nonce": bytes(16), "credential_hash": bytes(32)}
    >>> proof = witness.prove(opening, **request)
    >>> len(bytes(proof))
    288
    >>> verifier = MembershipVerifier(manager.params, manager.accumulator)
    >>> verifier.verify(Presentation(proof, opening.commitment, **request))
"""

from trustid._core import (
    Commitment,
    MembershipProof,
    MembershipVerifier,
    Opening,
    Presentation,
    Witness,
)

__all__ = [
    "PROOF_BYTES",
    "Commitment",
    "MembershipProof",
    "MembershipVerifier",
    "Opening",
    "Presentation",
    "Witness",
]

PROOF_BYTES = 288
"""Bytes of a proof: four points and three scalars."""
