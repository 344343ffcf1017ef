"""`vaglio policy ...`: what communications does with the rules."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import EXIT_POLICY, EXIT_USAGE
from bot.cli.build import open_judges, terminal, tongue
from bot.settings import read_settings
from bot.wording import Wording
from rules.detectors.base import BaseRule, Example, Unavailable
from rules.judges import Judges
from rules.localized import say
from rules.policy import Policy, load_policy, schema
from rules.problems import PolicyError
from rules.trial import Misbehaviour, find_shadowed, subject_for, try_examples

policy = typer.Typer(no_args_is_help=True, help="Check, test and explain the policy.")

File = Annotated[Path | None, typer.Argument(help="The policy; VAGLIO_POLICY by default.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]


@policy.command("check")
def load(file: File = None, as_json: Json = False) -> int:
    """Say whether the policy loads, and if not, where and what to write."""
    settings = read_settings()
    language = tongue(settings)
    try:
        found = load_policy(file or settings.policy)
    except PolicyError as error:
        if not as_json:
            raise
        faults = [
            {
                "file": p.place.file,
                "line": p.place.line,
                "column": p.place.column,
                "code": p.code,
                "message": p.say(language),
            }
            for p in error.problems
        ]
        _print_json({"ok": False, "problems": faults})
        return EXIT_POLICY
    if as_json:
        _print_json({"ok": True, "revision": found.revision, "rules": len(found.rules)})
    else:
        terminal().print(_counted(found, language))
    return 0


@policy.command("test")
def try_all(file: File = None, as_json: Json = False) -> int:
    """Try every rule on its own examples, and look for rules that another already covers."""
    settings = read_settings()
    language = tongue(settings)
    found = load_policy(file or settings.policy)
    judges = open_judges(settings)
    wrong = [*try_examples(found, judges), *find_shadowed(found, judges)]
    if as_json:
        faults = [{"rule": m.rule, "kind": m.kind, "text": m.text, "by": m.by} for m in wrong]
        _print_json({"ok": not wrong, "revision": found.revision, "misbehaviours": faults})
    else:
        for misbehaviour in wrong:
            terminal().print(_said(misbehaviour, Wording(language)))
        if not wrong:
            terminal().print(_counted(found, language))
    return EXIT_POLICY if wrong else 0


@policy.command()
def explain(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    text: Annotated[str | None, typer.Argument(help="A text to try it on.")] = None,
    file: Annotated[Path | None, typer.Option("--policy", help="The policy; VAGLIO_POLICY by default.")] = None,
) -> int:
    """Say what a rule looks for and why, and what it finds in a text."""
    settings = read_settings()
    language = tongue(settings)
    found = load_policy(file or settings.policy)
    wanted = found.rule(rule)
    if wanted is None:
        sys.stderr.write(Wording(language).say("There is no rule {rule} in this policy.", rule=rule) + "\n")
        return EXIT_USAGE
    _explain(wanted, found, language)
    if text is not None:
        _try(wanted, text, found, open_judges(settings), Wording(language))
    return 0


@policy.command("schema")
def schema_() -> None:
    """Print the JSON Schema by which editors complete and check policies."""
    _print_json(schema(), indent=1)


def _explain(rule: BaseRule, found: Policy, language: str) -> None:
    wording, out = Wording(language), terminal()
    clause = found.clause(rule.clause)
    out.print(f"{rule.id} ({rule.severity}, {rule.state})")
    out.print(f"{clause.id} {say(clause.title, language)}\n  {say(clause.text, language)}")
    out.print(wording.say("Who answers for it: {owner}", owner=say(found.owner(clause.owner).name, language)))
    out.print(wording.say("What it finds: {what}", what=wording.say(rule.finds)))
    out.print(f"  {say(rule.message, language)}")
    if rule.suggest:
        out.print(f"  → {say(rule.suggest, language)}")
    out.print(wording.say("It flags, for example:"))
    for example in rule.examples.flag:
        out.print(f"  ✗ {_shown(example)}")
    out.print(wording.say("It lets pass, for example:"))
    for example in rule.examples.allow:
        out.print(f"  ✓ {_shown(example)}")


def _shown(example: Example) -> str:
    return example if isinstance(example, str) else f"«{example.in_reply_to}» → «{example.text}»"


def _try(rule: BaseRule, text: str, found: Policy, judges: Judges, wording: Wording) -> None:
    out = terminal()
    try:
        rule.load(judges)
        hits = rule.hits(subject_for(rule, text, found, judges))
    except Unavailable as error:
        out.print(wording.say("It cannot run here: {reason}", reason=error.reason))
        return
    if not hits:
        out.print(wording.say("In this text it finds nothing."))
    for hit in hits:
        out.print(
            wording.say("In this text it finds characters {start} to {end}:", start=hit.span.start, end=hit.span.end)
        )
        out.print(f"  {hit.span.of(text)}")


def _counted(found: Policy, language: str) -> str:
    kinds = Counter(str(getattr(rule, "detector", "")) for rule in found.rules)
    listed = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    return Wording(language).say(
        "{revision}: all is well. Rules: {rules} ({listed}). Clauses: {clauses}.",
        revision=found.revision, rules=len(found.rules), listed=listed, clauses=len(found.clauses),
    )  # fmt: skip


def _said(wrong: Misbehaviour, wording: Wording) -> str:
    match wrong.kind:
        case "silent":
            return wording.say("{rule}: it should flag, and does not: «{text}»", rule=wrong.rule, text=wrong.text)
        case "loud":
            return wording.say("{rule}: it should let pass, and does not: «{text}»", rule=wrong.rule, text=wrong.text)
        case "shadowed":
            return wording.say(
                "{rule}: {other} already finds all its examples, as severely. "
                "Give it an example of its own or remove it.",
                rule=wrong.rule, other=wrong.by,
            )  # fmt: skip
        case "unavailable":
            return wording.say("{rule}: it cannot be tried here: {reason}", rule=wrong.rule, reason=wrong.by)


def _print_json(value: object, indent: int | None = None) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")
