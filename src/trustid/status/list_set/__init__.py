"""Status lists for a hundred million credentials: a set of many lists of one size.

Credentials are spread over shards of a million places. A shard has one list
for each purpose; a credential has the same index in each of them. Places come
from a counter through a secret permutation, in blocks that a process leases,
so that each is given out once, over processes and crashes. Only lists that
changed are signed anew.

docs/status-lists.md says how large, how fast, and what an index tells.
"""

from trustid.status.list_set.changing import Act
from trustid.status.list_set.lists import ListSet, PublishedLists
from trustid.status.list_set.places import Place
from trustid.status.list_set.ports import ListSetStore
from trustid.status.list_set.signing import BitstringLists, TokenLists

__all__ = [
    "Act",
    "BitstringLists",
    "ListSet",
    "ListSetStore",
    "Place",
    "PublishedLists",
    "TokenLists",
]
