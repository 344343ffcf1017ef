"""Forms in Slack: a new draft, the words that an action needs, a receipt to verify; a long text across inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import regex

from bot.actions import Action, Asks, Verb
from bot.chat.slack_actions import BELOW
from bot.chat.slack_blocks import Block, clip, notice
from bot.naming import account_name, channel_name, kind_name
from bot.wording import Wording
from rules.draft import Account, Channel, Kind

INPUT: Final = 3_000
"""Characters that one input takes; counted as browsers count them, where an emoji is two."""
_INPUTS: Final = 4
"""For a text: together they take more than a draft may have."""
_BLOCKS: Final = 100
_LONG: Final = (Verb.EDIT, Verb.VERIFY)
"""Actions whose words are a whole draft."""
_SPACE = regex.compile(r"\s+")
# What no input can carry: halves of characters, and controls.
_UNTYPED = regex.compile(r"(?V1)[[\p{Cs}\p{Cc}]--[\n\t]]")


def form(language: str) -> Block:
    """The view in which a draft is written with its context."""
    wording = Wording(language)
    kinds = {kind: kind_name(kind, wording) for kind in Kind}
    accounts = {account: account_name(account, wording) for account in Account}
    channels = {channel: channel_name(channel, wording) for channel in Channel}
    answered = _typing("in_reply_to", wording.say("If it is a reply: what they wrote"))
    first, *more = _inputs(wording.say("Your draft"), [""], wording)
    blocks = [
        first,
        _choice("channel", wording.say("Where it will go"), channels, Channel.OTHER),
        _choice("account", wording.say("In whose name"), accounts, Account.INSTITUTIONAL),
        _choice("kind", wording.say("What it is"), kinds, Kind.POST),
        answered | {"optional": True},
        *more,
    ]
    return _modal("draft", wording.say("Check a draft"), wording.say("Check"), blocks, wording)


def words_form(action: Action, asks: Asks, place: Mapping[str, Any], language: str) -> Block:
    """The view that asks for the words of an action; it remembers the action and where its answer belongs."""
    wording = Wording(language)
    parts, gaps = parted(asks.given)
    if action.verb in _LONG:
        blocks = _inputs(asks.label, parts, wording, asks.hint)
        submit = wording.say("Check")
    else:
        one = _typing("text", asks.label, hint=asks.hint)
        blocks = [one | {"optional": True} if asks.is_optional else one]
        submit = wording.say("Send")
    meta = json.dumps({"word": action.word, "place": dict(place), "gaps": gaps})
    return _modal("words", "Vaglio", submit, blocks, wording) | {"private_metadata": meta}


def verify_form(code: str, language: str) -> Block:
    """The view that asks for a receipt's code and the text to compare."""
    wording = Wording(language)
    entry = {"type": "plain_text_input", "initial_value": code, "max_length": 20}
    label = wording.say("The text to compare")
    blocks = [
        _input("code", wording.say("The code of the receipt"), entry),
        *_inputs(label, [""], wording, wording.say("Exactly as it was, or will be, published.")),
    ]
    return _modal("verify", "Vaglio", wording.say("Check"), blocks, wording)


def answer_view(said: Sequence[Sequence[Block]], below: Sequence[Block], language: str) -> Block:
    """A view that shows an answer, and below it what stood there before."""
    blocks = [block for part in said for block in part]
    if below:
        blocks += [{"type": "divider", "block_id": BELOW}, *below]
    return result_view(blocks[:_BLOCKS], language)


def result_view(blocks: list[Block], language: str) -> Block:
    """A view that shows an answer, or that one is on its way."""
    wording = Wording(language)
    return {
        "type": "modal",
        "title": _title(wording.say("Check a draft")),
        "close": _title(wording.say("Close")),
        "blocks": blocks,
    }


def waiting_view(language: str, said: str = "", name: str = "") -> Block:
    """In which an answer will stand; by a `name`, unique in the workspace, it can be found before Slack names it."""
    _, blocks = notice(said or Wording(language).say("One moment…"))
    return result_view(blocks, language) | ({"external_id": name} if name else {})


# --- What was filled in ----------------------------------------------------------------------------------------------


def fields_of(view: Mapping[str, Any]) -> dict[str, str | None]:
    """What was entered or chosen in each input."""
    found = {}
    for name, inputs in view["state"]["values"].items():
        entered = inputs["value"]
        chosen = entered.get("selected_option")
        found[name] = chosen["value"] if chosen else entered.get("value")
    return found


def text_of(fields: Mapping[str, str | None], gaps: Sequence[str] = ()) -> str:
    """The text across its inputs, in which `gaps` stood between one and the next when they were filled for a person."""
    names = sorted(
        (name for name in fields if name.startswith("text_")), key=lambda name: int(name.removeprefix("text_"))
    )
    text = before = ""
    for number, name in enumerate(["text", *names]):
        part = fields.get(name) or ""
        if text and part:
            text += gaps[number - 1] if number <= len(gaps) else _gap(before, part)
        text += part
        before = part or before
    return text


def parted(text: str) -> tuple[list[str], list[str]]:
    """A text as so many inputs take it, and what was left out between one and the next."""
    text = _UNTYPED.sub("", text)
    parts, gaps = [], []
    while (end := _room(text)) < len(text):
        start, after = _cut(text, end)
        parts.append(text[:start])
        gaps.append(text[start:after])
        text = text[after:]
    return [*parts, text], gaps


def _room(text: str) -> int:
    """How many characters of it one input takes."""
    used = 0
    for at, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > INPUT:
            return at
    return len(text)


def _cut(text: str, end: int) -> tuple[int, int]:
    """The last white space before `end`, of a line if there is one; else a place between two characters."""
    spaces = [found.span() for found in _SPACE.finditer(text, end // 2) if found.start() <= end]
    # Longer than that it is more than a gap, and stays in the text.
    spaces = [span for span in spaces if span[1] - span[0] <= 8 and span[1] < len(text)]
    lines = [span for span in spaces if "\n" in text[span[0] : span[1]]]
    return next(reversed(lines or spaces), (end, end))


def _gap(before: str, after: str) -> str:
    """An input that is full goes on in the next; one that is not ends a line."""
    is_full = _room(before + "x") <= len(before)
    return "" if is_full or before[-1].isspace() or after[0].isspace() else "\n"


# --- Their parts -----------------------------------------------------------------------------------------------------


def _inputs(label: str, parts: Sequence[str], wording: Wording, hint: str = "") -> list[Block]:
    """An input for each part, and empty ones to go on in."""
    goes_on = wording.say("If it is longer: it goes on here")
    each = wording.say("One field takes 3,000 characters.")
    blocks = [_typing("text", label, parts[0], hint)]
    for number in range(1, max(_INPUTS, len(parts))):
        given = parts[number] if number < len(parts) else ""
        blocks.append(_typing(f"text_{number + 1}", goes_on, given, each) | {"optional": True})
    return blocks


def _typing(name: str, label: str, given: str = "", hint: str = "") -> Block:
    element: Block = {"type": "plain_text_input", "multiline": True, "max_length": INPUT}
    block = _input(name, label, element | ({"initial_value": given} if given else {}))
    return block | ({"hint": {"type": "plain_text", "text": hint}} if hint else {})


def _modal(callback: str, title: str, submit: str, blocks: list[Block], wording: Wording) -> Block:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": _title(title),
        "submit": _title(submit),
        "close": _title(wording.say("Close")),
        "blocks": blocks,
    }


def _title(text: str) -> Block:
    return {"type": "plain_text", "text": clip(text, 24)}


def _input(name: str, label: str, element: Block) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": "value"},
    }


def _choice(name: str, label: str, options: Mapping[Any, str], chosen: str) -> Block:
    shown = [
        {"text": {"type": "plain_text", "text": clip(text, 75)}, "value": str(value)} for value, text in options.items()
    ]
    initial = next(option for option in shown if option["value"] == str(chosen))
    return _input(name, label, {"type": "static_select", "options": shown, "initial_option": initial})
