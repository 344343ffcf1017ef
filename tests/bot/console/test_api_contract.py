"""The API against its own description: whatever is sent, the answer is one that openapi.json tells of, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from api_made import Api
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.python.asgi import HOST

from bot.audit.ledger import Ledger
from bot.console.clients import Clients
from bot.people import People
from bot.prescreen import Prescreen
from bot.store import Store
from rules.screening import Screener

load_all_checks()
_CHECKED = CHECKS.get_by_names([
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "negative_data_rejection", "unsupported_method",
    "missing_required_header", "allow_header_conformance",
])  # fmt: skip
_MARKUP = (
    "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE entry; --", "</textarea><img src=x>",
    "\x00", "\u202e", "\ufeff", "idiota", "%00", "../../etc/passwd", "\r\nSet-Cookie: a=b",
)  # fmt: skip
_quick = settings(
    max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def api(screener: Screener, store: Store, ledger: Ledger, people: People) -> Api:
    return Api(Prescreen(screener, ledger), Clients(store, ledger, people), ledger, people, store, rate=100_000)


_ASKED = [
    *((operation, mode) for operation in ("screen", "policy") for mode in GenerationMode),
    ("recorded", GenerationMode.POSITIVE),  # whatever is asked for there is the name of a screening, if of none
]


@pytest.mark.parametrize(("operation", "mode"), _ASKED)
def test_every_answer_is_one_that_is_described(api: Api, operation: str, mode: GenerationMode) -> None:
    api.hosts = (HOST,)
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", api.app())
    schema.config.update(headers={"Authorization": f"Bearer {api.token()}"})

    @given(case=schema.find_operation_by_id(operation).as_strategy(generation_mode=mode))
    @_quick
    def answered(case: Any) -> None:
        answer = case.call_and_validate(checks=_CHECKED)
        if mode is GenerationMode.POSITIVE and answer.status_code not in (200, 404):
            # That there is nothing to read between invisible signs, no pattern can tell.
            assert answer.json()["code"] == "empty"

    answered()


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(_MARKUP),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(["text", "kind", "account", "channel", "in_reply_to", "attachments", "answer_language"])


@given(fields=st.dictionaries(_names | st.sampled_from(_MARKUP), _json, max_size=6), key=st.sampled_from(_MARKUP))
@_quick
def test_markup_and_nonsense_are_answered_and_never_repeated(
    screener: Screener, store: Store, ledger: Ledger, people: People, fields: dict[str, Any], key: str
) -> None:
    api = Api(Prescreen(screener, ledger), Clients(store, ledger, people), ledger, people, store, rate=100_000)
    program = api.program()
    sent = {"Content-Type": "application/json", "Idempotency-Key": key.encode(errors="replace")}
    answer = program.post("/api/v1/screenings", content=json.dumps(fields), headers=sent)  # type: ignore[arg-type]
    assert answer.status_code in (200, 400, 422)
    if answer.status_code != 200:
        assert not any(word in answer.text for word in _MARKUP)


@given(text=st.text(alphabet=st.characters(), max_size=40), markup=st.sampled_from(_MARKUP))
@_quick
def test_any_text_is_screened_or_said_to_be_empty(
    screener: Screener, store: Store, ledger: Ledger, people: People, text: str, markup: str
) -> None:
    api = Api(Prescreen(screener, ledger), Clients(store, ledger, people), ledger, people, store, rate=100_000)
    answer = api.program().post("/api/v1/screenings", json={"text": text.encode(errors="replace").decode() + markup})
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.json()["code"] in ("empty", "form")
