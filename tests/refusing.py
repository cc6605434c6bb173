"""How a test says: this must be refused, with exactly this code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trustid.errors import TrustidError


@contextmanager
def refused(*codes: str) -> Iterator[pytest.ExceptionInfo[TrustidError]]:
    """Expect a `TrustidError` of one of these codes, with a short message."""
    with pytest.raises(TrustidError) as caught:
        yield caught
    assert caught.value.code in codes, caught.value
    assert len(caught.value.message) <= 200
