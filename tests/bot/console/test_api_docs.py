"""docs/api.md: its request is sent as it stands, and answered as it says; every field and code is named."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, get_args

import pytest
from api_made import Api
from docs.pages import ROOT, Page

from bot.api import shapes
from bot.api.problems import Code
from bot.audit.ledger import Ledger
from bot.console.clients import Clients
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from rules.assembly import load_policy
from rules.judges import Judges
from rules.screening import Screener

PAGE = Page(ROOT / "docs" / "api.md")
_OF_THE_MOMENT = ("id", "at", "policy")


@pytest.fixture
def api(judges: Judges, store: Store, ledger: Ledger, people: People) -> Api:
    screener = Screener(load_policy(ROOT / "policies" / "company.yaml"), judges, patience=30.0)
    screener.load()
    return Api(Prescreen(screener, ledger), Clients(store, ledger, people), ledger, people, store, rate=1)


def shown(kind: str) -> list[str]:
    return [block.text for block in PAGE.blocks if block.kind == kind]


def send(api: Api, token: str) -> Any:
    """The page's `curl`, as a client that is let in sends it."""
    (typed,) = shown("sh")
    program, address, *options = shlex.split(typed.replace("\\\n", " "))
    assert program == "curl"
    named = [name.partition(": ") for flag, name in zip(options[::2], options[1::2], strict=True) if flag == "-H"]
    headers = {name: value.replace("$TOKEN", token) for name, _, value in named}
    body = options[options.index("-d") + 1]
    path = address.removeprefix("https://vaglio.acme.example")
    return api.stranger().post(path, content=body, headers=headers)


def test_the_request_is_answered_as_the_page_says(api: Api) -> None:
    answer = json.loads(shown("json")[0])
    token = api.token()
    said = send(api, token)
    assert said.status_code == 200
    found = said.json()
    for name in _OF_THE_MOMENT:
        assert type(found.pop(name)) is type(answer.pop(name))
    assert found == answer


def test_a_problem_has_the_form_that_the_page_shows(api: Api) -> None:
    problem = json.loads(shown("json")[1])
    program = api.program()
    turned = [program.screen(text=f"Ciao {number}", answer_language="en") for number in range(3)][-1].json()
    detail, shown_detail = (re.sub(r"\d+ seconds?", "", each.pop("detail")) for each in (turned, problem))
    assert turned == problem
    assert detail == shown_detail


def test_every_field_and_every_code_is_named() -> None:
    code = " ".join(PAGE.code)
    assert [name for name in shapes.Draft.model_fields if name not in code] == []
    assert [name for name in get_args(Code) if name not in code] == []
    assert [name for name in get_args(shapes.Reason) if name not in code and name != "other"] == []
    in_answer = json.loads(shown("json")[0])
    assert in_answer.keys() == shapes.Screening.model_fields.keys()
    assert in_answer["findings"][0].keys() == shapes.Finding.model_fields.keys()
