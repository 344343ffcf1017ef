"""What browsers report of the content policy: counted by directive, and nothing else of it is kept."""

from __future__ import annotations

import json

import pytest
import structlog


def _report(**fields: object) -> bytes:
    return json.dumps({"csp-report": fields}).encode()


def test_a_report_is_counted_and_told_without_its_address(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.stranger()
    told = {"document-uri": "http://127.0.0.1/audit?text=segreto", "script-sample": "alert(1)"}
    with structlog.testing.capture_logs() as lines:
        for _ in range(2):
            answer = browser.post("/csp-reports", content=_report(**told, **{"effective-directive": "script-src-elem"}))
            assert answer.status_code == 204
    assert browser.app.state.reports.counted == {"script-src-elem": 2}
    assert [line["directive"] for line in lines] == ["script-src-elem"]
    assert "segreto" not in str(lines)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'{"csp-report": []}', 400),
        (b'{"csp-report": {"effective-directive": 7}}', 400),
        (b'{"csp-report": {"effective-directive": "<script>"}}', 400),
        (b"[" * 15_000, 400),
        (b"x" * 20_000, 413),
    ],
)
def test_what_is_no_report_is_not_counted(rig, body: bytes, status: int) -> None:  # type: ignore[no-untyped-def]
    browser = rig.stranger()
    assert browser.post("/csp-reports", content=body).status_code == status
    assert browser.app.state.reports.counted == {}


def test_a_word_of_somebody_elses_gets_into_no_log(rig) -> None:  # type: ignore[no-untyped-def]
    browser = rig.stranger()
    with structlog.testing.capture_logs() as lines:
        assert browser.post("/csp-reports", content=_report(**{"effective-directive": "segreto"})).status_code == 204
    assert browser.app.state.reports.counted == {"other": 1}
    assert "segreto" not in str(lines)
