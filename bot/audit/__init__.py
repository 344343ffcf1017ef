"""The record: who may trust it, how it is checked, and what it never holds."""
