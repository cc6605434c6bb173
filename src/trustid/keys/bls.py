"""BLS12-381 signatures that add up: one signature for any number of signers.

draft-irtf-cfrg-bls-signature-06 in six suites. Two variants say what is small:
`MIN_PK` has public keys of 48 bytes (G1) and signatures of 96 (G2), `MIN_SIG`
the reverse. Three schemes say what keeps a forger from choosing a key that
cancels other people's keys:

- `POSSESSION` (the default): every key in an aggregate has proved that its
  holder knows the secret. Only here can many sign one message and be checked
  at the price of one, with `fast_aggregate_verify`.
- `BASIC`: the messages of an aggregate must differ.
- `AUGMENTED`: each signer signs its own key together with the message.

A value in hand is valid: `from_bytes` checks length, flags, canonical form,
curve, subgroup and identity, once, and no function has a switch that leaves a
check out. Whatever fails raises; nothing returns a truth value. Values of
different suites never meet: `suite_mismatch`.

In bulk: `verify_batch` checks many independent signatures together and
`find_invalid` names the bad ones; `PublicKey.read_many`, `Signature.read_many`
and `SecretKey.sign_many` take and give contiguous bytes; a `KeyStore` is a file
of checked keys that sums a million of them in a fraction of a second. Threads
are used where `threads=` asks for them. `multi_scalar_multiply_g1` and `_g2` add up
multiples of many points, for protocols that are built on the groups themselves.

Secret keys are wiped when they go, used in constant time, and neither printed,
compared, copied nor pickled. The interpreter lock is released for work of more
than some milliseconds; nothing starts threads of its own, so forking is safe.

Example:
    >>> ada, bob = SecretKey.generate(), SecretKey.generate()
    >>> keys = [
    ...     ProvenKey.prove(ada.public_key(), ada.prove_possession()),
    ...     ProvenKey.prove(bob.public_key(), bob.prove_possession()),
    ... ]
    >>> total = aggregate([ada.sign(b"epoch 7"), bob.sign(b"epoch 7")])
    >>> len(bytes(total))
    96
    >>> fast_aggregate_verify(total, keys, b"epoch 7")
"""

from trustid._core import (
    KeyStore,
    ProofOfPossession,
    ProvenKey,
    PublicKey,
    SecretKey,
    Signature,
    Suite,
    aggregate,
    fast_aggregate_verify,
    find_invalid,
    multi_scalar_multiply_g1,
    multi_scalar_multiply_g2,
    verify_aggregate,
    verify_batch,
)

__all__ = [
    "KeyStore",
    "ProofOfPossession",
    "ProvenKey",
    "PublicKey",
    "SecretKey",
    "Signature",
    "Suite",
    "aggregate",
    "fast_aggregate_verify",
    "find_invalid",
    "multi_scalar_multiply_g1",
    "multi_scalar_multiply_g2",
    "verify_aggregate",
    "verify_batch",
]
