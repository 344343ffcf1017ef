"""What browsers report that the content policy forbade: counted, and told by the directive alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

_log = structlog.get_logger("vaglio.console")

PATH = "/csp-reports"
_MOST_BYTES = 16_000
_FETCHED = ("child", "connect", "default", "font", "frame", "img", "manifest", "media", "object", "script", "style")
_DIRECTIVES = frozenset(
    {f"{kind}-src" for kind in (*_FETCHED, "worker")}
    | {f"{kind}-src-{part}" for kind in ("script", "style") for part in ("elem", "attr")}
    | {"base-uri", "form-action", "frame-ancestors", "sandbox", "trusted-types", "require-trusted-types-for"}
)
"""Names that are told; a report is written by whoever likes to, and no word of theirs gets into the log."""
_OTHER = "other"


class Reports:
    """How often each directive was broken since the start. A report's addresses and samples are not kept."""

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    async def take(self, request: Request) -> Response:
        """Anybody may report: it says nothing, and changes nothing but a count."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                return Response(status_code=413)
        directive = _directive(body)
        if directive is None:
            return Response(status_code=400)
        self.counted[directive] += 1
        if self.counted[directive] == 1:
            _log.warning("csp.violation", directive=directive)
        return Response(status_code=204)


def report_routes(reports: Reports) -> APIRouter:
    """`POST /csp-reports`."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route(PATH, reports.take, methods=["POST"])
    return router


def _directive(body: bytes) -> str | None:
    """Which directive, or that it is none that is known; None for what is no report."""
    try:
        report = json.loads(body)["csp-report"]
        written = report.get("effective-directive") or report["violated-directive"] if _is_object(report) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if not isinstance(written, str):
        return None
    name = written.split()[0] if written.split() else ""
    if not (name.replace("-", "").isalpha() and name.isascii() and len(name) <= 40):
        return None
    return name if name in _DIRECTIVES else _OTHER


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)
