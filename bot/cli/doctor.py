"""`vaglio doctor`: what is active, what is missing, and what that costs."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.util import find_spec
from typing import Annotated

import typer

from bot import __version__
from bot.addresses import StoreError, read_address
from bot.audit import masters
from bot.audit.errors import RecordError
from bot.audit.ledger import Ledger
from bot.audit.moved import departure
from bot.audit.switching import broken_off
from bot.audit.vault import Vault, VaultError
from bot.checkup import Part, State
from bot.cli.build import existing_revisions, open_judges, open_store, terminal, tongue
from bot.cli.checkpoint_places import checkpoints
from bot.cli.standing import database_user, durability, is_elsewhere, is_left_behind
from bot.knowledge import KEY, knowledge_key
from bot.live import LivePolicy
from bot.revisions import RevisionError
from bot.settings import Settings, SettingsError, exposed_secrets, read_settings
from bot.wording import Wording
from rules.detoxified import KINDS
from rules.judges import Judges
from rules.knowledge.hashing import Keyed
from rules.knowledge.store import Knowledge
from rules.problems import PolicyError
from rules.screening import Screener
from rules.unavailable import Unavailable

_SIGN: dict[State, str] = {"active": "✓", "missing": "–", "wrong": "✗"}
_PIPELINES = (
    "it_core_news_sm",
    "it_core_news_md",
    "it_core_news_lg",
    "en_core_web_sm",
    "en_core_web_md",
    "en_core_web_lg",
)
_ROOM = 200_000_000
"""Bytes below which a disk is as good as full."""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False) -> int:
    """Say what is active, what is missing and what that costs. Exit code 1 if something is wrong."""
    wording = Wording(tongue())
    parts = list(examined(wording))
    if as_json:
        sys.stdout.write(json.dumps([asdict(part) for part in parts], ensure_ascii=False) + "\n")
    else:
        for part in parts:
            terminal().print(f"{_SIGN[part.state]} {part.name}: {part.detail}")
    return 1 if any(part.state == "wrong" for part in parts) else 0


def examined(wording: Wording, settings: Settings | None = None, running: Screener | None = None) -> Iterator[Part]:
    """Every part in turn. A process that runs gives what it runs by: its models are not opened once more."""
    yield Part("Vaglio", "active", __version__)
    yield Part("Python", "active", platform.python_version())
    try:
        settings = settings or read_settings()
        read_address(settings.database)
    except SettingsError as error:
        yield Part(wording.say("Settings"), "wrong", error.show(wording.language))
        return
    judges = running.judges if running else open_judges(settings)
    yield from _policy(settings, judges, wording, running)
    yield from _models(settings, judges, wording)
    yield _slack(settings, wording)
    yield _telegram(settings, wording)
    yield _sign_in(settings, wording)
    yield from _secrets(settings, wording)
    yield from _disk(settings, wording)
    yield from _record(settings, wording)
    yield from checkpoints(settings, wording)


def _policy(settings: Settings, judges: Judges | None, wording: Wording, running: Screener | None) -> Iterator[Part]:
    try:
        live = LivePolicy(existing_revisions(settings), settings.policy)
        published, policy = live.published(), running.policy if running else live.policy()
    except (PolicyError, RevisionError, RecordError) as error:
        yield Part("Policy", "wrong", error.show(wording.language))
        return
    place = wording.say("published") if published else str(settings.policy)
    yield Part("Policy", "active", f"{policy.revision} ({place})")
    missing = (running or Screener(policy, judges, _knowledge(settings))).load()
    for rule, reason in missing.items():
        yield Part(rule, "missing", wording.say("it cannot run ({reason}), and every draft says so.", reason=reason))


def _knowledge(settings: Settings) -> Knowledge | None:
    """What lies here. No key is made, and nothing is brought from other machines."""
    if not (settings.keys_dir / KEY).exists():
        return None
    return Knowledge(settings.data_dir / "knowledge", Keyed(knowledge_key(settings.keys_dir)))


def _models(settings: Settings, judges: Judges | None, wording: Wording) -> Iterator[Part]:
    found = [name for name in _PIPELINES if find_spec(name)]
    if found:
        yield Part("spaCy", "active", ", ".join(found))
    else:
        yield Part(
            "spaCy",
            "missing",
            wording.say(
                "no pipeline is installed: people's names go by lists. More: vaglio models install it_core_news_md"
            ),
        )
    if judges is not None:
        yield from _judges(settings, judges, wording)


def without_detoxify(settings: Settings, wording: Wording) -> str | None:
    """What to say where Detoxify may join and is not there; None where it is, or is not wanted."""
    if settings.toxicity != "auto" or any((settings.models_dir / f"detoxify-{kind}").exists() for kind in KINDS):
        return None
    return wording.say(
        "Detoxify is not installed: the built-in judge reads toxicity alone. "
        "To have both: vaglio models install detoxify-multilingual (1.1 GB to download)."
    )


def _judges(settings: Settings, judges: Judges, wording: Wording) -> Iterator[Part]:
    try:
        judge = judges.judge()
        yield Part(wording.say("Judge"), "active", f"{judge.name} {judge.digest}")
    except Unavailable as error:
        reason = str(error.__cause__ or error)
        yield Part(wording.say("Judge"), "wrong", wording.say("it cannot be opened: {reason}", reason=reason))
    try:
        detoxify = judges.detoxify()
    except Unavailable as error:
        yield Part("Detoxify", "wrong", str(error.__cause__ or error))
        return
    if detoxify is not None:
        yield Part("Detoxify", "active", f"{detoxify.name} {detoxify.digest}")
    elif offer := without_detoxify(settings, wording):
        yield Part("Detoxify", "missing", offer)


def _slack(settings: Settings, wording: Wording) -> Part:
    mode = settings.slack_mode()
    if mode is None:
        return Part("Slack", "missing", wording.say("not set up: docs/slack.md tells how."))
    return Part("Slack", "active", "Socket Mode" if mode == "socket" else "HTTP")


def _telegram(settings: Settings, wording: Wording) -> Part:
    mode = settings.telegram_mode()
    if mode is None:
        return Part("Telegram", "missing", wording.say("not set up: docs/telegram.md tells how."))
    return Part("Telegram", "active", mode)


def _sign_in(settings: Settings, wording: Wording) -> Part:
    name, terms = wording.say("Signing in at the page"), settings.sign_in_terms()
    if terms is None:
        return Part(name, "missing", wording.say("by the one-time link alone: docs/people.md tells how others get in."))
    return Part(name, "active", f"{terms.name}, {terms.callback}")


def _secrets(settings: Settings, wording: Wording) -> Iterator[Part]:
    """Only where there is something to say."""
    for file in exposed_secrets(settings):
        said = wording.say("every user of this machine can read {file}: chmod o-rwx {file}", file=file)
        yield Part(wording.say("Secrets"), "missing", said)


def _disk(settings: Settings, wording: Wording) -> Iterator[Part]:
    """Only where there is something to say."""
    folder = settings.data_dir
    if not folder.is_dir():
        return
    if not os.access(folder, os.W_OK):
        yield Part(wording.say("Disk"), "wrong", RecordError("rights", str(folder)).show(wording.language))
        return
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        said = wording.say("{folder}: {number} MB are left: make room.", folder=folder, number=free // 1_000_000)
        yield Part(wording.say("Disk"), "wrong", said)


def _record(settings: Settings, wording: Wording) -> Iterator[Part]:
    yield _master_key(settings, wording)
    name = wording.say("Record")
    if broken_off(settings.data_dir) is not None:
        yield Part(name, "wrong", RecordError("restoring", str(settings.data_dir)).show(wording.language))
        return
    try:
        # A doctor looks and changes nothing: no table is made or migrated here.
        store = open_store(settings, read_only=True)
        yield Part(wording.say("Database"), "active", f"{store.kind}, {store.place}")
        yield from is_elsewhere(store, wording)
        yield from is_left_behind(store, settings.data_dir, wording)
        yield from database_user(store, wording)
        yield from durability(store, wording)
        left = departure(store.file, settings.keys_dir)
        found = Ledger(store, settings.data_dir / "ledger.head", left=left).verify()
    except StoreError as error:
        yield Part(name, "wrong", error.show(wording.language))
        return
    except RecordError as error:
        yield Part(name, "missing" if error.code == "none" else "wrong", error.show(wording.language))
        return
    if found.is_sound:
        yield Part(
            name,
            "active",
            wording.count("{number} entry, sound", "{number} entries, sound", found.count),
        )
    else:
        yield Part(name, "wrong", wording.say("it does not verify: run vaglio audit verify."))


def _master_key(settings: Settings, wording: Wording) -> Part:
    name, path = wording.say("Master key"), settings.keys_dir / masters.FILE
    try:
        if path.exists():
            Vault.open(settings.keys_dir)
        is_lost = masters.is_lost(settings.keys_dir, open_store(settings, read_only=True))
    except VaultError as error:
        return Part(name, "wrong", error.show(wording.language))
    except (StoreError, RecordError):
        is_lost = False  # the record's own line says it
    if is_lost:
        return Part(name, "wrong", RecordError("master", str(path)).show(wording.language))
    if not path.exists():
        return Part(name, "missing", wording.say("it is made at the first start."))
    return Part(name, "active", str(path))
