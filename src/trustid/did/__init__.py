"""Identifiers and their documents.

syntax         reading DIDs and DID URLs
document       reading DID documents (the only door to pydid)
location       where did:web and did:webvh keep their files
key jwk peer   methods that fetch nothing
web webvh      methods on the web; webvh keeps its history
resolution     what resolving gives
resolver       from a DID to its document, and to a key in it
dereferencing  from a DID URL to what it names
http_binding   resolving for others, over HTTP
"""
