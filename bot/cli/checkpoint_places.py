"""What `vaglio doctor` says of checkpoints: whose key signs them, whether they fit, and how each place stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from bot.addresses import StoreError
from bot.audit.deliveries import Lateness, late_places
from bot.audit.errors import RecordError
from bot.audit.moved import departure
from bot.audit.reachable import can_be_told, look_at
from bot.audit.reports import alone
from bot.audit.signing import SigningKeys
from bot.audit.tables import Outpost
from bot.audit.targets import Target
from bot.checkup import Part
from bot.cli.build import open_store
from bot.cli.checkpoints import compared, refusal_said
from bot.keys import KeyFileError
from bot.settings import Settings
from bot.wording import Wording


def checkpoints(settings: Settings, wording: Wording) -> Iterator[Part]:
    """Nothing is written, and nothing is asked of the network."""
    name, targets = wording.say("Checkpoints"), settings.checkpoint_targets()
    yield _signing_key(settings, wording)
    if not targets:
        yield Part(name, "missing", alone(wording))
    said = _said(settings, targets, wording)
    yield from said.values()
    try:
        found, late = compared(settings, None, None), _late(settings)
    except (StoreError, RecordError):
        return  # the record's own line says it
    if found.faults:
        yield Part(name, "wrong", wording.say("the record does not bear them out: run vaglio audit verify."))
    for each in late:
        when = f"{each.since:%Y-%m-%d %H:%M} UTC"
        told = wording.say("{place}: it has had no checkpoint since {when}.", place=each.target.shown, when=when)
        yield Part(name, "wrong", told)
    well = [each.shown for each in targets if each not in said and each not in {one.target for one in late}]
    if well and not found.faults:
        yield Part(name, "active", ", ".join(well))


def _said(settings: Settings, targets: Sequence[Target], wording: Wording) -> Mapping[Target, Part]:
    """By the place, what is to be known of it: of one that is well, nothing."""
    name, found = wording.say("Checkpoints"), dict[Target, Part]()
    rows = dict[Target, Outpost]()
    with suppress(StoreError, RecordError):  # the record's own line says it
        rows = dict(_rows(settings, targets))
    for target in targets:
        row = rows.get(target)
        if can_be_told(target) and (refusal := look_at(target)):
            told = wording.say("{place}: {why}", place=target.shown, why=refusal_said(refusal, wording))
            found[target] = Part(name, "wrong", told)
        elif row and row.attempts:
            told = wording.count(
                "{place}: the last delivery failed. The log says why (checkpoint.not_delivered), and so does vaglio "
                "audit checkpoint.",
                "{place}: the last {number} deliveries failed. The log says why (checkpoint.not_delivered), and so "
                "does vaglio audit checkpoint.",
                row.attempts,
                place=target.shown,
            )
            found[target] = Part(name, "wrong", told)
        elif not can_be_told(target) and not (row and row.has):
            told = wording.say(
                "{place}: nothing was ever delivered there, and it was not tried now: vaglio audit checkpoint does.",
                place=target.shown,
            )
            found[target] = Part(name, "missing", told)
    return found


def _rows(settings: Settings, targets: Sequence[Target]) -> Iterator[tuple[Target, Outpost]]:
    store = open_store(settings, read_only=True)
    # Of a file that was left behind, the places hear from elsewhere.
    if not store.has(Outpost) or departure(store.file, settings.keys_dir):
        return
    with store.read() as session:
        for target in targets:
            if row := session.get(Outpost, target.digest):
                yield target, row


def _signing_key(settings: Settings, wording: Wording) -> Part:
    name = wording.say("Signing key")
    try:
        public = SigningKeys(settings.keys_dir).public()
    except KeyFileError as error:
        return Part(name, "wrong", error.show(wording.language))
    if public is None:
        return Part(name, "missing", wording.say("it is made at the first start."))
    return Part(name, "active", wording.say("its public half is {key}", key=public))


def _late(settings: Settings) -> Sequence[Lateness]:
    store = open_store(settings, read_only=True)
    # Of a file that was left behind, the places hear from elsewhere.
    if not store.has(Outpost) or departure(store.file, settings.keys_dir):
        return ()
    period = timedelta(minutes=settings.checkpoint_minutes)
    return late_places(store, settings.checkpoint_targets(), period, datetime.now(UTC))
