"""Walks through the console as somebody who opens every link and fills in every form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)> {{7919*7907}} ${7919*7907} '; DROP TABLE entry; --"
"""What would be a program, a tag, a template or a statement anywhere where it is not merely words."""
EXECUTED = re.compile(r"<script>alert|<img src=x|62615533")
"""What a page says in which it was more than words."""
_NOT_FOLLOWED = re.compile(r"^/(static/|sign-out|sign-in)")
_IDS = re.compile(r"/(?:[0-9]+|[a-z]_[0-9a-f]+|[0-9a-f]{32,}|[\w-]+@[0-9a-f]{12})(?=/|$)")


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a page: where it goes, and what its fields are."""

    page: str
    method: str
    action: str
    fields: dict[str, str] = field(hash=False)
    """As they stand."""
    written: frozenset[str]
    """Those that somebody types into."""

    def filled(self, words: str) -> dict[str, str]:
        return {name: words if name in self.written else value for name, value in self.fields.items()}


def shape(path: str) -> str:
    """A path without its ids: of a thousand entries one page is looked at."""
    return _IDS.sub("/*", urlsplit(path).path)


def links(html: str, page: str) -> Iterator[str]:
    """Pages of ours that this one leads to, as paths."""
    for link in BeautifulSoup(html, "lxml").find_all("a", href=True):
        target = urlsplit(urljoin(f"http://console{page}", str(link["href"])))
        if target.netloc == "console" and not _NOT_FOLLOWED.match(target.path):
            yield target.path + (f"?{target.query}" if target.query else "")


def forms(html: str, page: str) -> Iterator[Form]:
    soup = BeautifulSoup(html, "lxml")
    for found in soup.find_all("form"):
        controls = [*found.find_all(["input", "textarea", "select", "button"])]
        controls += soup.find_all(["input", "textarea", "select"], form=found.get("id") or "\0")
        fields: dict[str, str] = {}
        written: set[str] = set()
        for control in controls:
            _take(control, fields, written)
        action = urlsplit(urljoin(f"http://console{page}", str(found.get("action") or page)))
        path = action.path + (f"?{action.query}" if action.query else "")
        yield Form(page, str(found.get("method", "get")).lower(), path, fields, frozenset(written))


def _take(control: Tag, fields: dict[str, str], written: set[str]) -> None:
    name, kind = str(control.get("name") or ""), str(control.get("type") or "text")
    if not name:
        return
    if control.name == "select":
        options = control.find_all("option")
        chosen = next((each for each in options if each.has_attr("selected")), options[-1] if options else None)
        fields[name] = str(chosen.get("value", chosen.get_text())) if chosen else ""
    elif control.name == "textarea":
        fields[name] = control.get_text()
        written.add(name)
    elif control.name == "button":
        fields.setdefault(name, str(control.get("value", "")))
    elif kind in ("checkbox", "radio"):
        if kind == "checkbox" or control.has_attr("checked"):
            fields[name] = str(control.get("value", "on"))
    else:
        fields[name] = str(control.get("value", ""))
        if kind not in ("hidden", "submit"):
            written.add(name)


def walk(browser: Any, start: str = "/", most: int = 80) -> dict[str, str]:
    """Each kind of page that can be reached from `start`, by the path of one of them, with its HTML."""
    waiting, seen, found = [start], set[str](), dict[str, str]()
    while waiting and len(found) < most:
        path = waiting.pop(0)
        if shape(path) in seen:
            continue
        seen.add(shape(path))
        answer = browser.get(path, follow_redirects=True)
        assert answer.status_code < 500, (path, answer.status_code)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        found[answer.url.path + (f"?{answer.url.query.decode()}" if answer.url.query else "")] = answer.text
        waiting += links(answer.text, path)
    return found
