"""What people may ask of the record, and what limits it: unmask, legal hold, dossier, erasure. Each on record."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from bot.accounts import is_account
from bot.audit.dossier import dossier_page
from bot.audit.facets import plain
from bot.audit.holds import HeldError
from bot.audit.leavings import clear_leavings
from bot.audit.spoken import when
from bot.audit.unmasking import Refusal, Unmasked
from bot.audit.unmasking import Request as Asked
from bot.console.archive import Archive
from bot.console.audit_page import COMPLIANCE
from bot.console.forms import field
from bot.console.gate import Rooms, Visitor
from bot.console.pages import Pages
from bot.wording import Wording


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a form."""

    sentences: tuple[str, ...] = ()
    is_wrong: bool = False
    download: bytes | None = None

    @classmethod
    def no(cls, sentence: str) -> Said:
        return cls((sentence,), is_wrong=True)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a form asks for: whom it is about, as they were written, and why."""

    whom: str
    person: str | None
    """Their pseudonym; None: nobody that is known."""
    reason: str
    form: FormData
    visitor: Visitor
    wording: Wording


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """What the routes need. Whom a form names by an account is answered by it: whose pseudonym is whose is not told."""

    archive: Archive
    pages: Pages

    async def open(self, request: Request, visitor: Visitor) -> Response:
        return await self._answer(request, visitor, Said(), request.query_params.get("person", ""))

    def doing(self, deed: Callable[[PeoplePage, Deed], Said], *, needs_reason: bool = True) -> Any:
        """A form's endpoint."""

        async def act(request: Request, visitor: Visitor, form: FormData) -> Response:
            whom, reason = _written(form, "whom"), _written(form, "reason")
            wording = self.pages.wording(request)
            if needs_reason and not reason:
                said = Said.no(wording.say("Say why: it goes on record."))
            else:
                person = await asyncio.to_thread(self.archive.people.named, whom) if whom else None
                said = await asyncio.to_thread(deed, self, Deed(whom, person, reason, form, visitor, wording))
            if said.download is not None:
                headers = {"Content-Disposition": 'attachment; filename="subject.zip"'}
                return Response(said.download, media_type="application/zip", headers=headers)
            return await self._answer(request, visitor, said, whom if said.is_wrong else "")

        return act

    async def _answer(self, request: Request, visitor: Visitor, said: Said, whom: str) -> Response:
        standing, waiting = await asyncio.to_thread(self._standing)
        everybody = self.pages.wording(request).say("everybody")
        facts = {
            "said": said, "whom": whom, "needs_two": self.archive.needs_two, "me": visitor.person,
            "holds": [(each.id, each.person or everybody, when(each.at), each.by or "–") for each in standing],
            "waiting": [(each.id, each.person, when(each.at), each.by) for each in waiting],
        }  # fmt: skip
        return self.pages.page(request, "audit_people.html", status=422 if said.is_wrong else 200, **facts)

    def _standing(self) -> tuple[Any, Any]:
        return self.archive.holds.standing(), self.archive.unmasking.waiting(self.archive.now())

    # --- What the forms do, each on a thread -----------------------------------------------------------------------

    def unmask(self, deed: Deed) -> Said:
        if deed.person is None:
            return _nobody(deed)
        asked = self.archive.unmasking.ask(
            deed.person, by=deed.visitor.person, reason=deed.reason, at=self.archive.now()
        )
        return _told(asked, deed)

    def agree(self, deed: Deed) -> Said:
        request = _written(deed.form, "request")
        found = self.archive.unmasking.agree(request, by=deed.visitor.person, at=self.archive.now())
        return _told(found, deed)

    def hold(self, deed: Deed) -> Said:
        say, is_for_all = deed.wording.say, field(deed.form, "everybody") == "yes"
        if is_for_all and deed.whom:
            return Said.no(say("Either one person or everybody: empty the field, or take the tick away."))
        if deed.person is None and not is_for_all:
            return _nobody(deed)
        person = None if is_for_all else deed.person
        ordered = self.archive.holds.order(person, by=deed.visitor.person, reason=deed.reason, at=self.archive.now())
        return Said((say("{hold} stands, and is on record.", hold=ordered.id),))

    def release(self, deed: Deed) -> Said:
        say, hold = deed.wording.say, _written(deed.form, "hold")
        if self.archive.holds.lift(hold, by=deed.visitor.person, reason=deed.reason, at=self.archive.now()):
            return Said((say("{hold} is lifted, and that is on record.", hold=hold),))
        return Said.no(say("No such hold stands any more."))

    def dossier(self, deed: Deed) -> Said:
        say = deed.wording.say
        if self.archive.needs_two and not is_account(deed.whom):
            return Said.no(say("Name them by an account: who a pseudonym is takes two to learn."))
        if deed.person is None:
            return _nobody(deed)
        found = self.archive.subjects.dossier(deed.person, by=deed.visitor.person, at=self.archive.now())
        if found is None:
            return _nobody(deed)
        theirs = self.archive.people.language(found.accounts[0]) if found.accounts else deed.wording.language
        whole = json.dumps(asdict(found), ensure_ascii=False, indent=2)
        return Said(download=_zipped({"subject.json": whole, "subject.html": dossier_page(found, theirs)}))

    def erase(self, deed: Deed) -> Said:
        say = deed.wording.say
        if deed.person is None:
            return _nobody(deed)
        if _written(deed.form, "again") != deed.whom:
            return Said.no(say("To erase them, write the same once more in the last field. Nothing was erased."))
        try:
            erased = self.archive.erasures.erase(
                deed.person, by=deed.visitor.person, reason=deed.reason, at=self.archive.now()
            )
        except HeldError as held:
            return Said.no(say("Nothing was erased: a legal hold ({hold}) forbids it. Lift it first, if it may be.",
                               hold=held))  # fmt: skip
        if erased is None:
            return _nobody(deed)
        done = say("{persons}: erased, and on record. Words of {number} entries are gone.",
                   persons=", ".join(erased.persons), number=erased.words)  # fmt: skip
        leavings = clear_leavings(self.archive.store, self.archive.index).told(deed.wording)
        return Said((done, *leavings, say("Copy {file} to where you keep the keys: it makes a backup forget them too.",
                     file=self.archive.erased)))  # fmt: skip


def add_people(rooms: Rooms, pages: Pages, archive: Archive) -> None:
    """`/audit/people`."""
    page = PeoplePage(archive, pages)
    rooms.get("/audit/people", page.open, allowed=COMPLIANCE)
    for name in ("unmask", "hold", "release", "dossier", "erase"):
        doing = page.doing(getattr(PeoplePage, name), needs_reason=name != "dossier")
        rooms.post(f"/audit/people/{name}", doing, allowed=COMPLIANCE)
    rooms.post("/audit/people/agree", page.doing(PeoplePage.agree, needs_reason=False), allowed=COMPLIANCE)


def _written(form: FormData, name: str) -> str:
    """What was typed, as every database takes it."""
    return plain(field(form, name)).strip()


def _nobody(deed: Deed) -> Said:
    return Said.no(deed.wording.say("{person} is nobody that Vaglio knows.", person=deed.whom or "–"))


def _told(found: Unmasked | Asked | Refusal, deed: Deed) -> Said:
    say = deed.wording.say
    match found:
        case Unmasked():
            return Said((f"{found.person}: {', '.join(found.accounts)}", say("That you were told is on record.")))
        case Asked():
            return Said((say("A second person, with the role compliance, has to agree within a day. It waits below."),))
        case Refusal.OWN:
            return Said.no(say("Somebody else has to agree: you asked."))
        case Refusal.OVER:
            return Said.no(say("The request waited for more than a day: ask anew."))
        case _:
            return Said.no(say("Nobody that Vaglio knows has this pseudonym, or the request is not there any more."))


def _zipped(files: Mapping[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return made.getvalue()
