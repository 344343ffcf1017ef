"""Presidio without a downloaded model: its recognisers, tuned for Italian and English posts and kept quiet."""
