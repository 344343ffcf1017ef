"""What is remembered for some hours by a digest alone; and what people are told whom Vaglio does not know."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.audit.seals import Seals
from bot.languages import LANGUAGES, Language, spoken_in
from bot.rates import sweep
from bot.store import Store
from bot.tables import Rate
from bot.wording import Wording

_HOUR = timedelta(hours=1)
_EDITABLE = timedelta(hours=48)
"""For which Telegram lets people change a message."""


class Marks:
    """Kept where every process sees them."""

    def __init__(self, store: Store, seals: Seals) -> None:
        self._store, self._name = store, seals.name

    def may_be_told(self, account: str, now: datetime) -> bool:
        """Whether it is time to tell this stranger how to be known; the next time is an hour later."""
        key = self._name("stranger", account)
        # Looked at first: whoever keeps writing must not keep others from the database.
        return not self._is_set(key, now) and self._set(key, now + _HOUR, now)

    def is_words(self, account: str, chat: int, message: int, now: datetime) -> None:
        """This message was the answer to a question: it is no draft, not even when it is edited later."""
        self._set(self._words(account, chat, message), now + _EDITABLE, now)

    def was_words(self, account: str, chat: int, message: int, now: datetime) -> bool:
        return self._is_set(self._words(account, chat, message), now)

    def _words(self, account: str, chat: int, message: int) -> str:
        return self._name("words", account, str(chat), str(message))

    def _is_set(self, key: str, now: datetime) -> bool:
        with self._store.read() as session:
            found = session.get(Rate, key)
        return found is not None and found.until > now.timestamp()

    def _set(self, key: str, until: datetime, now: datetime) -> bool:
        with self._store.write() as session:
            sweep(session, now.timestamp())
            if session.get(Rate, key) is not None:
                return False
            session.add(Rate(key=key, until=until.timestamp(), count=1))
        return True


def spoken_by(locale: str | None) -> Language:
    """The language of somebody of whom nothing is known but what their telephone says."""
    # Somebody whose telephone speaks neither is more likely to read English than Italian.
    return spoken_in(locale or LANGUAGES[0]) or "en"


def how_to_link(language: Language) -> str:
    """The one sentence. It fits into the answer to a press."""
    return Wording(language).say(
        "I answer colleagues whose Telegram I know. Ask for a code with “/vaglio link” in Slack or on Vaglio's page, "
        "then send it to me here: /link CODE"
    )
