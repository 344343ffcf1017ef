"""Why a policy is not published, or not read as it was."""

from __future__ import annotations

from typing import Literal

from bot.wording import Wording


class RevisionError(Exception):
    """A policy that cannot be published, or that is not any more what was published. Holds no word of it."""

    def __init__(self, code: Literal["in_force", "other", "altered", "moved"], revision: str) -> None:
        self.code, self.revision = code, revision
        super().__init__(code, revision)

    def __str__(self) -> str:
        return self.show("en")

    def show(self, language: str) -> str:
        """What is wrong, and the remedy."""
        wording = Wording(language)
        match self.code:
            case "in_force":
                return wording.say(
                    "{revision} is in force already: there is nothing to publish.", revision=self.revision
                )
            case "other":
                return wording.say(
                    "Nothing was published: a copy of the files is not {revision} any more. They were changed just "
                    "now, or are links to one another. Try again, without such links.",
                    revision=self.revision,
                )
            case "moved":
                return wording.say(
                    "Nothing was published: {revision} is in force by now. Bring your changes over to it first.",
                    revision=self.revision,
                )
            case "altered":
                return wording.say(
                    "What is kept of {revision} is not what was published. Publish the policy again, and run "
                    "vaglio audit verify.",
                    revision=self.revision,
                )
