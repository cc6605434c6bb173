"""Stores: the ports of trustid.protocols filled in, on SQLite now."""
