"""Is it still true? Status lists, the order of their entries, and the check of one entry."""
