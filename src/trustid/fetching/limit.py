"""How much one peer may make this machine fetch.

Whoever presents a credential names hosts that are then asked for keys and
status lists. Without a limit, one peer could turn a verifier into a tool that
asks a thousand hosts, and keep it from serving others meanwhile.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from trustid.errors import FetchError

__all__ = ["PeerLimit"]

WINDOW_SECONDS = 60.0
PEERS_MAX = 10_000
"""Peers remembered; the one unheard of for longest is forgotten first."""


class PeerLimit:
    """At most `requests` in any minute on behalf of one peer, in this process.

    Args:
        requests: How many; at least 1.
    """

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._spent: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, peer: str, now: float) -> None:
        """Count one request of a peer.

        Args:
            peer: Whatever names the peer, such as an address.
            now: Seconds on a clock that never goes back.

        Raises:
            FetchError: `fetch_limited`; nothing was counted.
        """
        with self._lock:
            times = self._spent.setdefault(peer, deque())
            self._spent.move_to_end(peer)
            while times and times[0] <= now - WINDOW_SECONDS:
                times.popleft()
            if len(times) >= self._requests:
                raise FetchError(
                    "fetch_limited", f"expected at most {self._requests} requests a minute for one peer"
                )
            times.append(now)
            while len(self._spent) > PEERS_MAX:
                self._spent.popitem(last=False)
