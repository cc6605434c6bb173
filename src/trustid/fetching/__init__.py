"""The one door for all outbound HTTP: it connects only where it may.

A URL that comes from outside (a did:web, a status list, a credential offer)
is a wish of a stranger that this machine should connect somewhere. So every
request goes through `Fetcher`, in this order:

1. the URL: https, no user name, no control characters, an allowed port;
2. the host: a public name; never an address in any spelling, never a name
   that belongs to this machine or network;
3. its addresses: the name is resolved once, every address must be public, and
   the connection goes to one of those very addresses (a second answer of the
   name server is never asked for, so it cannot be another);
4. TLS 1.2 or later, with the certificate checked against the name;
5. the answer: size counted while reading, one deadline over everything, the
   content type that was asked for, no content coding, redirects only where the
   caller allows one, and each redirect starts again at 1.

Proxies of the environment are not used, cookies are neither sent nor kept, and
each request has its own connection. `FetchPolicy.allow_http_hosts` opens http
and loopback for exactly the `host:port` pairs of a development installation.
"""

from trustid.fetching.addresses import Resolve, system_resolver
from trustid.fetching.fetcher import Fetched, Fetcher, FetchPolicy

__all__ = ["FetchPolicy", "Fetched", "Fetcher", "Resolve", "system_resolver"]
