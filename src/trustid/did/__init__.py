"""Identifiers and their documents.

syntax     reading DIDs and DID URLs
document   reading DID documents (the only door to pydid)
key jwk web   the methods
resolver   from a DID to its document, and to a key in it
"""
