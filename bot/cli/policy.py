"""`vaglio policy ...`: what communications does with the rules."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.build import open_judges, open_knowledge, terminal, tongue
from bot.cli.exits import EXIT_POLICY, EXIT_USAGE
from bot.cli.publishing import as_data, diff, history, misbehaving, publish
from bot.proposals.telling import said
from bot.settings import Settings, read_settings
from bot.wording import Wording
from rules.assembly import load_policy
from rules.detectors.base import BaseRule
from rules.detectors.fields import Example
from rules.draft import Account, Audience, Channel, Draft, Kind
from rules.localized import say
from rules.policy import Policy, schema
from rules.problems import PolicyError
from rules.tracing import Step, traced

policy = typer.Typer(no_args_is_help=True, help="Check, test, explain and publish the policy.")

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
    wrong = misbehaving(found, settings)
    if as_json:
        _print_json({"ok": not wrong, "revision": found.revision, "misbehaviours": as_data(wrong)})
    else:
        for misbehaviour in wrong:
            terminal().print(said(misbehaviour, Wording(language)))
        if not wrong:
            terminal().print(_counted(found, language))
    return EXIT_POLICY if wrong else 0


@policy.command()
def explain(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    text: Annotated[str | None, typer.Argument(help="A text to try it on.")] = None,
    file: Annotated[Path | None, typer.Option("--policy", help="The policy; VAGLIO_POLICY by default.")] = None,
    kind: Annotated[Kind, typer.Option(help="What the text is.")] = Kind.POST,
    account: Annotated[Account, typer.Option(help="Whose voice it has.")] = Account.INSTITUTIONAL,
    channel: Annotated[Channel, typer.Option(help="Where it goes.")] = Channel.OTHER,
    audience: Annotated[Audience, typer.Option(help="Whom it is written for.")] = Audience.PUBLIC,
    reply_to: Annotated[str | None, typer.Option("--in-reply-to", help="What it answers.")] = None,
) -> int:
    """Say what a rule looks for and why, and step by step why it does or does not fire on a text."""
    settings = read_settings()
    language = tongue(settings)
    found = load_policy(file or settings.policy)
    wanted = found.rule(rule)
    if wanted is None:
        sys.stderr.write(Wording(language).say("There is no rule {rule} in this policy.", rule=rule) + "\n")
        return EXIT_USAGE
    _explain(wanted, found, language)
    if text is not None:
        kind = Kind.REPLY if reply_to else kind
        draft = Draft(text=text, kind=kind, account=account, channel=channel, audience=audience, in_reply_to=reply_to)
        _try(wanted, draft, found, settings, Wording(language))
    return 0


policy.command()(publish)
policy.command()(diff)
policy.command()(history)


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


def _try(rule: BaseRule, draft: Draft, found: Policy, settings: Settings, wording: Wording) -> None:
    out = terminal()
    out.print(wording.say("Step by step, on this text:"))
    steps = traced(rule, draft, found, open_judges(settings), open_knowledge(settings))
    for number, step in enumerate(steps, start=1):
        out.print(f"  {number}. {_step(step, wording)}")


def _step(step: Step, wording: Wording) -> str:  # noqa: C901 -- a sentence for each kind
    """What happened, in a sentence."""
    facts = step.facts
    why = f" ({facts['why']})" if facts.get("why") else ""
    match step.kind:
        case "draft_state":
            return wording.say("The rule is a draft: it is tried on its examples only.")
        case "shadow":
            return wording.say("The rule is on trial: what it finds is recorded and not shown.")
        case "other_draft":
            return wording.say("It is not for such a draft, but for: {scope}.", **facts)
        case "other_day":
            return wording.say("It is not for today, but for: {dates}.", **facts)
        case "language":
            return wording.say("The text is in this language: {language}.", **facts)
        case "foreign":
            return wording.say("The rule judges only: {languages}.", **facts)
        case "reads":
            return wording.say("It is also read as: «{text}»", **facts)
        case "unavailable":
            return wording.say("It cannot run here: {reason}", **facts)
        case "score":
            return wording.say("{name}: score {score}; it counts from {least}.", **facts)
        case "found":
            return wording.say("It finds «{words}» (characters {start} to {end}).", **facts)
        case "excepted":
            return wording.say("«{words}» is let pass by `except`: «{phrase}»", **facts) + why
        case "allowed":
            return wording.say("«{words}» ({entity}) is let pass by `allow`: «{phrase}»", **facts) + why
        case "doubtful":
            return wording.say("«{words}» may be {entity}, but its score is {score} and {least} is wanted.", **facts)
        case "nothing":
            return wording.say("So it does not fire.")
        case "fires":
            return wording.say("So it fires.")


def _counted(found: Policy, language: str) -> str:
    kinds = Counter(str(getattr(rule, "detector", "")) for rule in found.rules)
    listed = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    return Wording(language).say(
        "{revision}: all is well. Rules: {rules} ({listed}). Clauses: {clauses}.",
        revision=found.revision, rules=len(found.rules), listed=listed, clauses=len(found.clauses),
    )  # fmt: skip


def _print_json(value: object, indent: int | None = None) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")
