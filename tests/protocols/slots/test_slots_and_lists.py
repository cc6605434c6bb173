"""A credential with both mechanisms, a slot and a place in a list: both must hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from protocols.slots.copies import (
    HOLDER,
    ISSUER,
    KEY,
    KID,
    LIST,
    NOW,
    VCT,
    bind,
    proving,
    verify,
    witness_of,
)
from refusing import refused
from registry_under_test import URI, World
from trustid.credentials.sd_jwt_vc import issue_sd_jwt_vc
from trustid.fetching import Fetched
from trustid.protocols.presentation import Sources
from trustid.status import list_token
from trustid.status.accumulator_entry import (
    ACCUMULATOR,
    commit,
)
from trustid.status.check import StatusChecker
from trustid.status.token_list import INVALID, TokenStatusList


class ServesList:
    """A fetcher that has one Token Status List, in which place 5 is revoked."""

    def get(self, url: str, **_options: object) -> Fetched:
        assert url == LIST
        statuses = TokenStatusList(1, 64)
        statuses.set_many([5], INVALID)
        token = list_token.issue(
            statuses,
            list_token.ListSigning(
                uri=LIST, key=KEY, issued_at=NOW, expires_at=NOW + 600, ttl=60, kid=KID, issuer=ISSUER
            ),
        )
        return Fetched(200, {"content-type": "application/statuslist+jwt"}, token.encode(), url)


def test_where_there_are_both_mechanisms_both_must_hold(registry: World, sources: Sources) -> None:
    slot = registry.slots[0]
    kept = witness_of(registry, slot)
    entry, secrets = commit(URI, slot, registry.held(slot).member)
    lists: Any = ServesList()
    both = replace(sources, status=StatusChecker(lists, clock=lambda: NOW))

    def presented(place: int, *, proved: bool = True) -> str:
        text = issue_sd_jwt_vc(
            {"name": "Ada"},
            vct=VCT,
            issuer=ISSUER,
            key=KEY,
            holder=HOLDER.public_key,
            disclosable=[],
            issued_at=None,
            expires_at=None,
            status={ACCUMULATOR: entry.to_json(), "status_list": {"idx": place, "uri": LIST}},
            kid=KID,
        )
        return bind(text, proving(kept, secrets)(text) if proved else None)

    fact = verify(presented(4), both)
    assert (fact.status, fact.status_epoch) == ("valid", kept.statement.epoch)
    with refused("revoked"):
        verify(presented(5), both)
    with refused("acc_proof_missing"):
        verify(presented(4, proved=False), both)
    with refused("status_unavailable"):
        verify(presented(4), replace(sources, status=None))
