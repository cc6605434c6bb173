"""TrustID: state a fact, hold it, show what is needed of it, check it, take it back.

    from trustid import Issuer, Verifier, Wallet, issue, issue_many, verify

The floors below, from the ground up: `encoding`, `fetching`, `keys`, `did`,
`credentials`, `status`, `protocols`, `stores`, `catalogue`. ARCHITECTURE.md
tells what stands where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trustid.facade import Issuer, Row, Verifier, Wallet, issue, issue_many, verify

__all__ = ["Issuer", "Row", "Verifier", "Wallet", "issue", "issue_many", "verify"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: `import trustid.keys` must not open the stores.
    if name in __all__:
        import trustid.facade

        return getattr(trustid.facade, name)
    raise AttributeError(f"module 'trustid' has no attribute {name!r}")
