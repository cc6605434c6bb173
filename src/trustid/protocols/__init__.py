"""Protocols: conversations with wallets and verifiers, in plain Python without a web framework."""
