"""Whose statements are believed, and how old an epoch may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trustid.errors import ConfigurationError, StatusUnknownError, TrustidError
from trustid.keys import PublicKey
from trustid.keys.quorum import Committee, QuorumCertificate
from trustid.status.epochs.ports import EpochSource
from trustid.status.epochs.statement import SignedStatement, check_registry_uri, read_statement

__all__ = ["EpochPolicy", "RegistryTrust"]


@dataclass(frozen=True, slots=True)
class RegistryTrust:
    """What somebody believes about one registry.

    Attributes:
        registry: Its URI.
        keys: The keys that may sign its statements, by `kid`
            (`keys_by_thumbprint` makes this of keys).
        committee: If there is one, each statement needs a certificate of this
            committee as well.

    Raises:
        ConfigurationError: `setting_missing`: no key is given.
    """

    registry: str
    keys: Mapping[str, PublicKey]
    committee: Committee | None = None

    def __post_init__(self) -> None:
        check_registry_uri(self.registry)
        if not self.keys:
            raise ConfigurationError("setting_missing", "expected a key that signs the registry's statements")

    def read(self, token: str) -> SignedStatement:
        """Read a statement of this registry; see `read_statement`."""
        return read_statement(token, self.keys, registry=self.registry)

    def check_quorum(self, signed: SignedStatement, source: EpochSource) -> None:
        """Check the committee's certificate, where one is asked for.

        Raises:
            StatusUnknownError: `acc_value_untrusted`: it does not hold;
                `status_unavailable`: it cannot be had.
        """
        if self.committee is None:
            return
        data = source.certificate(self.registry, signed.epoch)
        try:
            QuorumCertificate.from_bytes(data).verify(self.committee, signed.voted)
        except TrustidError as err:
            raise StatusUnknownError(
                "acc_value_untrusted", f"the committee did not sign the statement ({err.code})"
            ) from err


@dataclass(frozen=True, slots=True)
class EpochPolicy:
    """How old what a holder shows may be. A revoked holder may pass until then.

    Attributes:
        max_age_seconds: Since the newest statement known was signed. Beyond it
            every proof is refused, since revocations may have been missed.
        previous_seconds: For how long after a new statement was signed the
            epoch before it is still taken; 0 takes the newest epoch alone.
        renew_seconds: How often the newest statement is asked for.
        skew_seconds: How far a statement's time may lie ahead of ours.
    """

    max_age_seconds: int = 2 * 24 * 3600
    previous_seconds: int = 6 * 3600
    renew_seconds: int = 600
    skew_seconds: int = 120

    def __post_init__(self) -> None:
        if self.max_age_seconds <= 0 or min(self.previous_seconds, self.renew_seconds, self.skew_seconds) < 0:
            raise ConfigurationError("setting_unsafe", "expected ages that are not negative")
