"""Vaglio as people meet it: chat, console, command line, and the record behind them."""
