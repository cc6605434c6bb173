"""An answer that is lost on its way costs nobody anything: the wallet asks again, the issuer says the same."""

from __future__ import annotations

from typing import Any

import pytest

from tools.servers import Servers, call
from trustid.credentials.sd_jwt_vc import SdJwtVc
from trustid.errors import FetchError
from trustid.fetching import Fetched, Fetcher, FetchPolicy
from trustid.protocols.holding import Holder
from trustid.stores.wallet_memory import MemoryWallet


class Lossy(Fetcher):
    """A fetcher that loses answers of the credential endpoint after the server gave them."""

    def __init__(self, policy: FetchPolicy, losses: int, code: str = "fetch_failed") -> None:
        super().__init__(policy)
        self.losses, self.code = losses, code
        self.heard: list[bytes] = []

    def post(self, url: str, **arguments: Any) -> Fetched:
        answer = super().post(url, **arguments)
        if url.endswith("/credential"):
            self.heard.append(answer.body)
            if len(self.heard) <= self.losses:
                raise FetchError(self.code, "the answer was lost")
        return answer


def collect(servers: Servers, fetcher: Lossy) -> Holder:
    body = {
        "credential_configuration_id": "degree",
        "claims": {"family_name": "Lost", "degree": {"name": "Letters"}},
        "tx_code": False,
    }
    status, made = call("POST", f"{servers.issuer_url}/api/offers", body, token=servers.admin_token)
    assert status == 201
    holder = Holder.open(MemoryWallet(), fetcher)
    holder.accept(holder.read_offer(made["credential_offer_uri"]))
    return holder


def policy(servers: Servers) -> FetchPolicy:
    return FetchPolicy(allow_http_hosts=frozenset({f"localhost:{servers.issuer_port}"}))


@pytest.mark.parametrize("code", ["fetch_failed", "fetch_timeout"])
@pytest.mark.parametrize("losses", [0, 1, 2])
def test_the_same_copies_come_again(servers: Servers, losses: int, code: str) -> None:
    fetcher = Lossy(policy(servers), losses, code)
    [held] = collect(servers, fetcher).store.credentials()
    assert len(fetcher.heard) == losses + 1
    assert len(set(fetcher.heard)) == 1
    assert all(copy.key.public_key == SdJwtVc.parse(copy.text).holder_key for copy in held.copies)


def test_it_gives_up_in_the_end_and_keeps_nothing(servers: Servers) -> None:
    for losses, code in ((3, "fetch_failed"), (1, "fetch_blocked")):
        with pytest.raises(FetchError) as lost:
            collect(servers, Lossy(policy(servers), losses, code))
        assert lost.value.code == code
