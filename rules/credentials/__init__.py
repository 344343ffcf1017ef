"""Secrets that people give away in words: with a word that announces them, or with none."""
