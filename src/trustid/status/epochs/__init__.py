"""Epochs of a revocation registry: statements, who believes them, who keeps them, who publishes them."""
