"""Slack, one message and its key: by it a try that comes after an uncertain one finds what is there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

_TYPE: Final = "vaglio_sending"
_PAGE: Final = 200
"""Messages that are looked through: one call, whatever is said in the conversation."""
_SKEW: Final = 300.0
"""Seconds by which the clock here may be ahead of Slack's, as for its signatures."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One message of the answer to one event, whoever sends it and however often that is tried."""

    key: str
    """Worked out by nobody else, and telling nothing: any app in the conversation may read it."""
    since: float | None = None
    """From when on an earlier try may have sent it, in seconds since the epoch; None: there was none."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What the message bears, beside what people see of it."""
        return {"event_type": _TYPE, "event_payload": {"key": self.key}}

    async def found(self, client: AsyncWebClient, channel: str) -> str | None:
        """The message's `ts`, where an earlier try has sent it. `channel` is an id. Raises what the client raises."""
        if self.since is None:
            return None
        # Without a `latest`, the page begins at `oldest`: there it stands, however much was said since.
        page = await client.conversations_history(
            channel=channel, oldest=f"{self.since - _SKEW:.6f}", limit=_PAGE, include_all_metadata=True
        )
        bearers = [str(message["ts"]) for message in page["messages"] or () if self._is(message)]
        # Whoever copied the key from it came later.
        return min(bearers, default=None)

    def _is(self, message: dict[str, Any]) -> bool:
        return (message.get("metadata") or {}).get("event_payload") == {"key": self.key}
