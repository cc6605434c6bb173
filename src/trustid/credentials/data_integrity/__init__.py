"""Data Integrity proofs: a signature that lives inside the document it secures."""
