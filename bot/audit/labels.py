"""What the fields of entries and rows are called."""

from __future__ import annotations

from collections.abc import Mapping

from bot.wording import Wording


def labels_of(wording: Wording) -> Mapping[str, str]:
    """By the names that they have in the record and in subject.json."""
    return _of_people(wording) | _of_drafts(wording) | _of_deeds(wording)


def _of_people(wording: Wording) -> dict[str, str]:
    say = wording.say
    return {
        "accounts": say("accounts"), "pseudonyms": say("pseudonyms"), "language": say("language"), "team": say("team"),
        "locale": say("language of the platform"), "zone": say("time zone"), "person": say("person"), "by": say("by"),
        "role": say("role"), "owner": say("owner"), "owners": say("owners"), "change": say("change"),
        "source": say("by way of"), "platform": say("platform"), "joined": say("pseudonym until then"),
        "asked_by": say("asked by"), "erased": say("people erased again"), "was_last": say("their only account"),
        "client": say("program"),
    }  # fmt: skip


def _of_drafts(wording: Wording) -> dict[str, str]:
    say = wording.say
    return {
        "draft": say("draft"), "thread": say("first check of this draft"),
        "text": say("text"), "in_reply_to": say("in reply to"), "account": say("account"),
        "channel": say("channel"), "characters": say("characters"), "is_answer": say("answers somebody"),
        "attachments": say("attachments"), "outcome": say("outcome"), "findings": say("found"),
        "shadow": say("on trial"), "dismissed": say("set aside"), "unchecked": say("not checked"), "rule": say("rule"),
        "rules": say("rules"), "clause": say("clause"), "severity": say("severity"), "hides": say("blanked as"),
        "reason": say("reason"), "policy": say("policy"), "revision": say("policy"),
        "proposal": say("proposed change"), "previous": say("policy before"),
        "audience": say("audience"), "faults": say("found"), "passage": say("passage"),
    }  # fmt: skip


def _of_deeds(wording: Wording) -> dict[str, str]:
    say = wording.say
    return {
        "seq": say("number"), "at": say("when"), "until": say("kept until"), "kind": say("what"),
        "subject": say("about"), "state": say("state"), "words": say("words"), "words_were": say("the words are"),
        "facts": say("facts"), "screening": say("check"), "review": say("question"), "decided_by": say("decided by"),
        "decided_at": say("decided"), "code": say("code"), "quiz": say("quiz done"), "entries": say("entries"),
        "why": say("why"), "link": say("link"), "how": say("how"), "ruling": say("decision"), "asked": say("asked"),
        "standing": say("might go out because"), "from": say("from"), "to": say("to"), "hold": say("legal hold"),
        "purged": say("entries"), "count": say("how many"), "formats": say("formats"), "filters": say("filters"),
        "with_words": say("with words"), "chain": say("chain"), "head": say("head"), "lost": say("lost"),
        "again": say("once more"), "seen": say("last used"), "way": say("by way of"), "name": say("name"),
        "note": say("note"), "collection": say("collection"), "digest": say("digest"),
        "faulty": say("lines that are no drafts"), "outcomes": say("outcomes"),
        "letters": say("events"),
    }  # fmt: skip
