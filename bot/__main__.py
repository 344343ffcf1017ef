"""`python -m bot` is `vaglio`."""

from bot.cli import main

main()
