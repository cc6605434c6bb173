"""Measurements of the library against named peers, each in the same run."""
