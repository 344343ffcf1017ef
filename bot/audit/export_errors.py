"""Why there is no export, and what to do."""

from __future__ import annotations

from typing import Literal

from bot.wording import Wording


class ExportError(Exception):
    """There is no export, and nothing is left of it. Says which folder, why, and the remedy."""

    def __init__(self, code: Literal["there", "parquet", "erased", "moved"], place: str) -> None:
        self.code, self.place = code, place
        super().__init__(code, place)

    def show(self, language: str) -> str:
        wording = Wording(language)
        told = {
            "there": wording.say("there is something there already. Name a folder that does not exist."),
            "parquet": wording.say("Parquet needs pyarrow. Install it (pip install pyarrow), or choose csv or jsonl."),
            "moved": wording.say(
                "this record goes on on PostgreSQL. What was left here is exported whole: without words, at which a "
                "look could not go on record, and without filters. For those export it there."
            ),
            "erased": wording.say("somebody was erased while it was written, so it was thrown away. Export again."),
        }
        return f"{self.place}: {told[self.code]}"
