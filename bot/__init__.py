"""Vaglio as people meet it: chat, console, command line, and the record behind them."""

__version__ = "0.1.0"
