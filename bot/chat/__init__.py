"""Slack and Telegram: events become drafts here, and replies become messages; nothing else knows either."""

import os

# python-telegram-bot gives durations as such only when told so before it is imported, and warns of the old way.
os.environ.setdefault("PTB_TIMEDELTA", "1")
