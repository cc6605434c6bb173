"""The services that every did:webvh has: `#files` for paths, `#whois` for who its controller is.

Reference:
    did:webvh 1.0, "DID URL Path Resolution", "whois LinkedVP Service".
"""

from __future__ import annotations

from trustid.did.location import Location
from trustid.encoding import JsonObject

__all__ = ["with_implicit_services"]

FILES = "#files"
WHOIS = "#whois"
WHOIS_FILE = "whois.vp"
WHOIS_CONTEXT = "https://identity.foundation/linked-vp/contexts/v1"


def with_implicit_services(document: JsonObject, location: Location) -> JsonObject:
    """A document with the services that it leaves out; its own take precedence.

    A document whose services are not a list is given back as it is, for the
    document's own check to refuse.
    """
    services = document.get("service", [])
    if not isinstance(services, list):
        return document
    names = [service.get("id") for service in services if isinstance(service, dict)]
    present = {name for name in names if isinstance(name, str)}
    implicit: list[JsonObject] = [
        {"id": FILES, "type": "relativeRef", "serviceEndpoint": location.base},
        {
            "@context": WHOIS_CONTEXT,
            "id": WHOIS,
            "type": "LinkedVerifiablePresentation",
            "serviceEndpoint": location.base + WHOIS_FILE,
        },
    ]
    added = [
        service
        for service in implicit
        if not present & {service["id"], f"{document.get('id')}{service['id']}"}
    ]
    return {**document, "service": [*services, *added]}
