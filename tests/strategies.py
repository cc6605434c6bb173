"""Shared hypothesis strategies. Append only: other tests lean on what is here."""

from __future__ import annotations

from hypothesis import strategies as st

from trustid import keys

# Text that JSON and UTF-8 can hold: no lone surrogates. NUL is refused in member names.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
member_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)

safe_integers = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
# JCS writes a double from 2^53 up to 1e21 as an integer, which reads back as one that is unsafe.
finite_floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not 2**53 - 1 < abs(number) < 1e21
)
json_scalars = st.none() | st.booleans() | safe_integers | finite_floats | texts
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(member_names, inner, max_size=5),
    max_leaves=20,
)
json_objects = st.dictionaries(member_names, json_values, max_size=6)

# CBOR that is read here: no floats (their width is the writer's choice) beside the rest.
cbor_keys = st.integers(min_value=-(2**63), max_value=2**64 - 1) | texts | st.binary(max_size=12)
cbor_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**100), max_value=2**100)
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(cbor_keys, inner, max_size=5),
    max_leaves=20,
)

# Keys are made once: what is drawn is which of them.
SIGNING_KEYS = tuple(keys.generate(kind) for kind in keys.KINDS for _ in range(3))
signing_keys = st.sampled_from(SIGNING_KEYS)
public_keys = st.sampled_from([key.public_key for key in SIGNING_KEYS])


def dids() -> st.SearchStrategy[str]:
    """Well-formed DIDs of any method (DID Core, section 3.1)."""
    return st.from_regex(
        r"did:[a-z0-9]{1,8}:(?:(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}){0,8}:){0,3}(?:[A-Za-z0-9._-]|%[0-9A-Fa-f]{2}){1,20}",
        fullmatch=True,
    )
