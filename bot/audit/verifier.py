#!/usr/bin/env python3
"""Checks Vaglio's record without Vaglio: an export (its folder) or a copy of the database (its file).

    python verify.py [FOLDER | vaglio.db] [--checkpoints FOLDER_OR_FILE ...] [--key PUBLIC ...] [--language it] [--json]

Needs Python 3.9 or newer, and for signatures the package `cryptography`. It reads only, and believes nothing that it
reads. Leaves with 0 if all is sound, 1 if something is not as it was written, 2 if it cannot be read.
"""

# Longer than a file of Vaglio's may be, on purpose: it travels alone, shares no code with what writes the record, and
# is read by whoever doubts that code.
from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sqlite3
import stat
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

GENESIS = "0" * 64
MOST_BYTES, MOST_LINE = 4 << 20, 6 << 20  # of what is signed or hashed, and of the line that it is on
MOST_CHECKPOINTS, MOST_FAULTS = 200_000, 1_000
KEYS = {"v", "seq", "previous", "at", "kind", "actor", "subject", "commitment", "facts"}
FORMS = {1: KEYS, 2: KEYS | {"holder", "sealed"}}
CHECKPOINT = {"v", "number", "at", "count", "head", "previous", "erased", "key"}
HEX, SIGNATURE = re.compile("[0-9a-f]{64}"), re.compile("[0-9a-f]{128}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)

SAYINGS = {
    "gap": ("it is missing.", "manca."),
    "order": ("its number was there already, or is none.", "il suo numero c’era già, o non è un numero valido."),
    "hash": ("its bytes are not those that were hashed.", "i suoi byte non sono quelli dell’impronta."),
    "type": ("a column holds another kind of value.", "una colonna contiene un altro tipo di valore."),
    "canonical": ("it is not canonical JSON (RFC 8785).", "non è JSON canonico (RFC 8785)."),
    "form": ("it does not have the form that Vaglio writes.", "non ha la forma che scrive Vaglio."),
    "columns": ("it does not say what its columns say.", "non dice quello che dicono le sue colonne."),
    "chain": ("it does not follow the one before it.", "non segue quella prima."),
    "words": ("its words are not those that it commits to.", "le sue parole non sono quelle a cui è legata."),
    "salt": ("its salt is not 32 bytes.", "il suo sale non è di 32 byte."),
    "sealed": ("its sealed words were changed.", "le sue parole sigillate sono state cambiate."),
    "let go": (
        "its words are missing, and no erasure and no retention tells why.",
        "le sue parole mancano, e nessuna cancellazione o scadenza dice perché.",
    ),
    "kept": (
        "its words were let go, by an erasure or a retention, and are still here.",
        "le sue parole erano state lasciate andare, per cancellazione o scadenza, e sono ancora qui.",
    ),
    "orphan": ("these words belong to no entry.", "queste parole non sono di nessuna voce."),
    "long": ("it is longer than anything that Vaglio writes.", "è più lungo di quanto scriva mai Vaglio."),
    "odd": ("it is no plain file, and was not opened.", "non è un file semplice, e non è stato aperto."),
    "unread": ("it cannot be read.", "non si può leggere."),
    "no record": ("there is no record here.", "qui non c’è nessun registro."),
    "absent": ("the file is missing.", "il file manca."),
    "unknown": ("the manifest does not name this file.", "il manifesto non nomina questo file."),
    "bytes": ("its bytes are not those that the manifest names.", "i suoi byte non sono quelli del manifesto."),
    "end": (
        "the entries do not end where the manifest says.",
        "le voci non finiscono dove dice il manifesto.",
    ),
    "signature": ("the signature does not fit.", "la firma non corrisponde."),
    "unsigned": ("it is not signed.", "non è firmato."),
    "key": ("nothing vouches for the key that signed it.", "niente garantisce per la chiave che l’ha firmato."),
    "named": ("its name is not that of its number.", "il suo nome non è quello del suo numero."),
    "skipped": ("checkpoints before it are missing.", "mancano dei checkpoint prima di questo."),
    "repeated": ("its number comes after a higher one.", "il suo numero viene dopo uno più alto."),
    "link": ("it does not follow the checkpoint before it.", "non segue il checkpoint prima."),
    "differs": ("another signed one has the same number.", "un altro firmato ha lo stesso numero."),
    "empty": ("there are no checkpoints here.", "qui non ci sono checkpoint."),
    "removed": (
        "a checkpoint knows it: the newest entries were removed.",
        "un checkpoint la conosce: le voci più recenti sono state tolte.",
    ),
    "rewritten": ("a checkpoint knows another entry here.", "un checkpoint conosce qui un’altra voce."),
    "erased": (
        "it names somebody as erased of whom the record does not say so.",
        "nomina come cancellata una persona di cui il registro non lo dice.",
    ),
    # What is no fault, and has to be known.
    "restored": (
        "it says that a backup was put back, and that entries {first} to {last} are lost by it.",
        "dice che è stata ripristinata una copia, e che così si sono perse le voci da {first} a {last}.",
    ),
    "unchecked": (
        "SIGNATURES WERE NOT CHECKED: the package cryptography is not installed.",
        "LE FIRME NON SONO STATE CONTROLLATE: manca il pacchetto cryptography.",
    ),
    "no key": (
        "signed by the key {key}: see that it is the company’s, or name the one you know with --key.",
        "firmato con la chiave {key}: controlla che sia quella dell’azienda, o indica con --key quella che conosci.",
    ),
    "selected": (
        "only some of the entries are here: whether others are missing cannot be told.",
        "qui ci sono solo alcune voci: se ne mancano altre non si può dire.",
    ),
    "later": ("made after this export, and not compared.", "fatto dopo questa esportazione, e non confrontato."),
    "sound": ("{count} entries, all as they were written.", "{count} voci, tutte come sono state scritte."),
    "faults": ("Faults: {count}.", "Difetti: {count}."),
    "head": ("Last hash: {head}", "Ultima impronta: {head}"),
    "made": ("Exported at {at}.", "Esportato il {at}."),
}


class Unreadable(Exception):
    """Nothing can be said; `place` and a key of `SAYINGS`."""


class Report:
    """What was found, in order; of very many faults only the first ones are kept."""

    def __init__(self, language: str) -> None:
        self.language, self.faults, self.more = language, list[dict[str, str]](), 0
        self.notes = dict[tuple[str, str], str]()

    def fault(self, place: str, what: str) -> None:
        if len(self.faults) == MOST_FAULTS:
            self.more += 1
        else:
            self.faults.append({"place": place, "what": what, "text": self.sentence(what)})

    def note(self, place: str, what: str, **facts: object) -> None:
        self.notes[place, what] = self.sentence(what, **facts)

    def sentence(self, what: str, **facts: object) -> str:
        return SAYINGS[what][self.language == "it"].format(**facts)

    def entry(self, seq: object) -> str:
        return ("entry {}", "voce {}")[self.language == "it"].format(seq)


# --- RFC 8785 ---------------------------------------------------------------------------------------------------------


def es6(number: float) -> str:
    """A number as ECMAScript writes it. Raises `ValueError` for what JSON has no number for."""
    if number - number != 0:
        raise ValueError
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)  # digits before the point
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    sign = "-" if number < 0 else ""
    if not digits:
        return "0"
    if len(digits) <= point <= 21:
        return sign + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def written(value: Any) -> str:
    """Canonical JSON: keys in the order of their UTF-16 code units, numbers as `es6`."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{written(key)}:{written(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return es6(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _real(text: str) -> float:
    value = float(text)
    # Where Python writes it without an exponent and not as a whole number, it does so as ECMAScript does.
    is_plain = repr(value) == text and "e" not in text and not text.endswith((".0", "inf", "nan"))
    if not is_plain and es6(value) != text:
        raise ValueError
    return value


def _whole(text: str) -> float:
    value = int(text)
    return value if -(2**53) < value < 2**53 else _real(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError  # a key twice: two readers may read two things
    return found


def _no_number(_: str) -> None:
    raise ValueError


_read = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_real, parse_int=_whole, parse_constant=_no_number
).decode
_read_line = json.JSONDecoder(object_pairs_hook=_object).decode
_fast = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def canonical(raw: bytes) -> Any:
    """What these bytes say. Raises `ValueError` unless they are canonical JSON to the letter."""
    if len(raw) > MOST_BYTES:
        raise ValueError
    text = raw.decode()
    try:
        value = _read(text)
        # What Python itself writes differs in the order of keys beyond ASCII, and in numbers: then the long way.
        if not ((text.isascii() and _fast(value) == text) or written(value) == text):
            raise ValueError
    except RecursionError:
        raise ValueError from None
    return value


def line(raw: bytes) -> dict[str, Any]:
    """An object on a line of its own, canonical or not. Raises `ValueError`."""
    try:
        found = _read_line(raw.decode())
    except RecursionError:
        raise ValueError from None
    if not isinstance(found, dict):
        raise ValueError
    return found


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def is_hex(value: object) -> bool:
    return isinstance(value, str) and HEX.fullmatch(value) is not None


def is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


# --- the chain --------------------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    seq: int
    hash: str
    body: bytes
    columns: tuple[str, str, str] | None = None  # at, kind, subject; None in an export
    is_typed: bool = True
    holder: str | None = None  # of the words that lie beside it in a database
    sealed: bytes | None = None


def said_by(body: bytes) -> dict[str, Any] | None:
    """What an entry says; None if it does not have the form of one. Raises `ValueError` if it is not canonical."""
    said = canonical(body)
    if not isinstance(said, dict) or type(said.get("v")) is not int or FORMS.get(said["v"]) != set(said):
        return None
    texts = (said["at"], said["kind"], said["subject"], said["previous"])
    is_right = (
        all(isinstance(each, str) for each in texts)
        and is_count(said["seq"])
        and MOMENT.fullmatch(said["at"])
        and isinstance(said["facts"], dict)
        and isinstance(said["actor"], (str, type(None)))
    )
    promised = [said["commitment"]]
    if said["v"] == 1:  # the first form: the words lay under their writer's key, and nothing was said of sealed bytes
        said.update(holder=said["actor"] or "house", sealed=None)
    else:
        promised += [said["sealed"], digest(b"") if isinstance(said["holder"], str) else said["holder"]]
    return said if is_right and (promised == [None] * len(promised) or all(map(is_hex, promised))) else None


class LetGo:
    """Whose words were erased or let go in time, and which entries a backup lost: as the entries themselves say."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self.erased, self.restores = set[str](), dict[int, int]()
        self._starts, self._ends, ranges = list[int](), list[int](), list[tuple[int, int]]()
        for body in bodies:
            with suppress(ValueError, KeyError, TypeError):  # such an entry excuses nothing
                said = said_by(body)
                if said and said["kind"] == "erasure" and isinstance(said["facts"]["person"], str):
                    self.erased.add(said["facts"]["person"])
                elif said and said["kind"] == "retention":
                    # Time can be over only for what was written before.
                    purged = [(a, b) for a, b in said["facts"]["purged"] if is_count(a) and is_count(b)]
                    ranges += [(a, b) for a, b in purged if b < said["seq"]]
                elif said and said["kind"] == "restore":
                    self._restored(said)
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def covers(self, seq: int, holder: str) -> bool:
        at = bisect_right(self._starts, seq) - 1
        return holder in self.erased or (at >= 0 and seq <= self._ends[at])

    def admits(self, count: int, reached: int) -> int:
        """The `restore` entry that says that this one was lost. It speaks only of what was signed before it."""
        return next((seq for seq, last in self.restores.items() if seq <= count <= last and reached < seq), 0)

    def _restored(self, said: dict[str, Any]) -> None:
        """It excuses only where the first lost entry stood, and if it names the one before as the last that is left."""
        seq, facts = said["seq"], said["facts"]
        first, last = facts["lost"] or (0, 0)
        kept = (seq - 1, said["previous"])
        if is_count(first) and is_count(last) and first == seq <= last and (facts["count"], facts["head"]) == kept:
            self.restores[seq] = last


class Chain:
    """The walk from entry to entry. `hashes` are those at the numbers in `wanted`."""

    def __init__(self, report: Report, let_go: LetGo, wanted: set[int], is_whole: bool = True) -> None:
        self.report, self.let_go, self.is_whole = report, let_go, is_whole
        self.last, self.head, self.number = 0, GENESIS, 0
        self.hashes, self._wanted = {0: GENESIS}, wanted

    def take(self, entry: Entry) -> dict[str, Any] | None:
        """What it says, if that can be said; whatever is wrong is reported."""
        place, before = self.report.entry(entry.seq), self.last
        self.number += 1
        if entry.seq <= before:
            self.report.fault(place, "order")
            return None
        if self.is_whole and entry.seq != before + 1:
            missing = f"{before + 1}–{entry.seq - 1}" if entry.seq > before + 2 else before + 1
            self.report.fault(self.report.entry(missing), "gap")
        if digest(entry.body) != entry.hash:
            self.report.fault(place, "hash")
        if not entry.is_typed:
            self.report.fault(place, "type")
        said = self._said(place, entry)
        if said and entry.seq == before + 1 and said["previous"] != self.head:
            self.report.fault(place, "chain")
        self.last, self.head = entry.seq, entry.hash
        if entry.seq in self._wanted:
            self.hashes[entry.seq] = entry.hash
        if said and said["kind"] == "restore" and entry.seq in self.let_go.restores:
            self.report.note(place, "restored", first=entry.seq, last=self.let_go.restores[entry.seq])
        return said

    def _said(self, place: str, entry: Entry) -> dict[str, Any] | None:
        try:
            said = said_by(entry.body)
        except ValueError:
            self.report.fault(place, "canonical")
            return None
        if said is None:
            self.report.fault(place, "form")
        elif said["seq"] != entry.seq or entry.columns not in (None, (said["at"], said["kind"], said["subject"])):
            self.report.fault(place, "columns")
        return said

    def sealed(self, said: dict[str, Any], entry: Entry) -> str | None:
        """What is wrong with the sealed words of an entry in a database."""
        if entry.holder is None:
            is_right = said["commitment"] is None or self.let_go.covers(entry.seq, said["holder"])
            return None if is_right else "let go"
        if said["commitment"] is None:
            return "orphan"
        if self.let_go.covers(said["seq"], said["holder"]):
            return "kept"
        is_right = entry.sealed is not None and entry.holder == said["holder"]
        is_promised = said["sealed"] is None or digest(entry.sealed or b"") == said["sealed"]
        return None if is_right and is_promised else "sealed"

    def opened(self, said: dict[str, Any], salt: object, words: object) -> str | None:
        """What is wrong with exported words, or with their being gone (both None)."""
        if said["commitment"] is None:
            return "orphan"
        if salt is None and words is None:
            # Where only some entries are here, the one that tells why need not be.
            return None if not self.is_whole or self.let_go.covers(said["seq"], said["holder"]) else "let go"
        if self.let_go.covers(said["seq"], said["holder"]):
            return "kept"
        if not isinstance(salt, str) or not HEX.fullmatch(salt):
            return "salt"
        content = words.encode(errors="surrogatepass") if isinstance(words, str) else b""
        return None if digest(bytes.fromhex(salt) + content) == said["commitment"] else "words"


# --- checkpoints ------------------------------------------------------------------------------------------------------


def is_signed(key: str, signature: str, told: bytes) -> bool | None:
    """None: signatures cannot be checked here."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return None
    if not is_hex(key) or not SIGNATURE.fullmatch(signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), told)
    except (InvalidSignature, ValueError):
        return False
    return True


class Checkpoint(NamedTuple):
    place: str
    number: int
    at: str
    entries: int
    head: str
    key: str
    next_key: str | None
    erased: tuple[str, ...]
    digest: str
    is_signed: bool | None
    is_linked: bool  # names the one before it by its hash, and so vouches for it


class Checkpoints:
    """Those of one place or of several: each checked by itself, those of a place in their order."""

    def __init__(self, report: Report, keys: set[str]) -> None:
        self.report, self.keys = report, keys
        self.believed = dict[int, Checkpoint]()

    def take(self, found: Iterable[tuple[str, str | None, bytes]]) -> None:
        """`found`: place, file name where each has its own, and the line."""
        links, seen = list[Checkpoint](), set[str]()
        for place, name, raw in found:
            link = self._link(place, raw, links[-1] if links else None)
            if link is None:
                self.report.fault(place, "form")
                continue
            if name is not None and name != f"checkpoint-{link.number:08d}.json":
                self.report.fault(place, "named")
            if link.digest in seen:
                continue  # whoever is told at least once may note it twice
            seen.add(link.digest)
            if len(links) == MOST_CHECKPOINTS:
                self.report.fault(place, "long")
                break
            self._order(links[-1] if links else None, link)
            links.append(link)
        for link, is_trusted in zip(links, self._trusted(links)):  # noqa: B905 -- Python 3.9
            self._believe(link, is_trusted)

    def _link(self, place: str, raw: bytes, last: Checkpoint | None) -> Checkpoint | None:
        try:
            both = line(raw)
            body, signature = both["body"].encode(), both["signature"]
            said = canonical(body)
            numbers, hexes = (said["number"], said["count"]), [said["head"], said["previous"], said["key"]]
            is_right = (
                CHECKPOINT <= set(said) <= CHECKPOINT | {"next_key"}
                and said["v"] == 1
                and all(map(is_count, numbers))
                and all(map(is_hex, [*hexes, said.get("next_key", GENESIS)]))
                and MOMENT.fullmatch(said["at"])
                and all(isinstance(each, str) for each in [*said["erased"], signature])
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        if not is_right:
            return None
        is_linked = last is not None and said["previous"] == last.digest
        signed = is_signed(said["key"], signature, body)
        return Checkpoint(
            place, said["number"], said["at"], said["count"], said["head"], sys.intern(said["key"]),
            said.get("next_key"), tuple(said["erased"]), digest(body), signed, is_linked,
        )  # fmt: skip

    def _order(self, last: Checkpoint | None, link: Checkpoint) -> None:
        if link.is_signed is False:
            self.report.fault(link.place, "signature")
        elif link.is_signed is None:
            self.report.note("", "unchecked")
        if last and link.number > last.number + 1:
            self.report.fault(link.place, "skipped")
        elif last and link.number <= last.number:
            self.report.fault(link.place, "repeated")
        elif last and not link.is_linked:
            self.report.fault(link.place, "link")

    def _trusted(self, links: list[Checkpoint]) -> list[bool]:
        """Signed by a known key, by one that a trusted checkpoint names as the next; or named by a trusted one."""
        known, over, trusted = set(self.keys), set[str](), list[bool]()
        if links and not known:
            known.add(links[0].key)
            self.report.note(links[0].place, "no key", key=links[0].key)
        for link in links:
            key, following = link.key, link.next_key
            trusted.append(link.is_signed is not False and key in known and key not in over)
            if trusted[-1] and following:
                known.add(following)
                over.add(key)
        for place in range(len(links) - 1, 0, -1):
            if trusted[place] and links[place].is_linked and links[place - 1].is_signed is not False:
                trusted[place - 1] = True
        self.keys |= known if self.keys else set()  # a manifest may be signed by a key that followed
        return trusted

    def _believe(self, link: Checkpoint, is_trusted: bool) -> None:
        if not is_trusted:
            if link.is_signed is not False:
                self.report.fault(link.place, "key")
        elif self.believed.setdefault(link.number, link).digest != link.digest:
            self.report.fault(link.place, "differs")

    def compare(self, chain: Chain, made_at: str | None) -> None:
        """With the ledger. Of many that do not fit only the first is named: the others say the same."""
        reached, removed, rewritten = 0, False, list[int]()
        for _, link in sorted(self.believed.items()):
            count = link.entries
            if chain.hashes.get(count) == link.head:
                reached = max(reached, count)
            elif seq := chain.let_go.admits(count, reached):
                # Lost, as the record itself admits; whoever was erased since has to be erased here too.
                self.report.note(self.report.entry(seq), "restored", first=seq, last=count)
            elif made_at and count > chain.last and link.at > made_at:
                self.report.note(link.place, "later")
                continue
            elif count > chain.last:
                removed = removed or chain.is_whole
            elif chain.is_whole or count in chain.hashes:
                rewritten.append(count)
            if chain.is_whole and not chain.let_go.erased.issuperset(link.erased):
                self.report.fault(link.place, "erased")
        if removed:
            self.report.fault(self.report.entry(chain.last + 1), "removed")
        if rewritten:
            self.report.fault(self.report.entry(min(rewritten)), "rewritten")


# --- files ------------------------------------------------------------------------------------------------------------


def lines(path: Path, report: Report) -> Iterator[tuple[str, bytes]]:
    """Each with its place. What cannot be read ends them, and is reported."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            report.fault(path.name, "odd")
            return
        with path.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(MOST_LINE + 1), b""), start=1):
                if len(raw) > MOST_LINE:
                    report.fault(f"{path.name}:{number}", "long")
                    return
                yield f"{path.name}:{number}", raw
    except FileNotFoundError:
        report.fault(path.name, "absent")
    except OSError:
        report.fault(path.name, "unread")


def checkpoints_at(path: Path, report: Report) -> Iterator[tuple[str, str | None, bytes]]:
    """In a folder, or in a file of lines. Raises `Unreadable`."""
    try:
        found = sorted(path.glob("checkpoint-*.json")) if path.is_dir() else [path]
        path.stat()
    except OSError:
        raise Unreadable(str(path), "unread") from None
    is_empty = True
    for file in found:
        name = file.name if path.is_dir() else None
        # A file that the caller names may well be a link; one that merely lies in a folder may not.
        for place, raw in lines(file if path.is_dir() else file.resolve(), report):
            if raw.strip():
                is_empty = False
                yield place, name, raw
    if is_empty:
        report.fault(str(path), "empty")


# --- an export --------------------------------------------------------------------------------------------------------


class Folder:
    def __init__(self, path: Path, report: Report) -> None:
        self.path, self.report = path, report
        self.manifest = dict[str, Any]()

    def has(self, name: str) -> bool:
        return os.path.lexists(self.path / name)

    def read_manifest(self, keys: set[str]) -> None:
        """And hold every file against it."""
        told = len(self.report.faults)
        raw = self._only_line("manifest.json")
        try:
            said = canonical(raw)
            files, ledger = said["files"], said["ledger"]
            is_right = (
                said["v"] == 1
                and MOMENT.fullmatch(said["made_at"])
                and said["chain"] in ("whole", "selected")
                and isinstance(said["key"], (str, type(None)))
                and is_count(ledger["count"])
                and is_hex(ledger["head"])
                and all(is_hex(each["sha256"]) and is_count(each["bytes"]) for each in files.values())
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            is_right = False
        if not is_right:
            # An empty one is as wrong as any other: whoever empties it would have nothing held against it.
            if raw or len(self.report.faults) == told:
                self.report.fault("manifest.json", "form")
            return
        self.manifest = said
        self._signed(raw, said["key"], keys)
        self._files(files)

    def _only_line(self, name: str) -> bytes:
        return b"".join(raw for _, raw in islice(lines(self.path / name, self.report), 2))

    def _signed(self, raw: bytes, key: str | None, keys: set[str]) -> None:
        if not self.has("manifest.sig"):
            if key is not None or keys:
                self.report.fault("manifest.json", "unsigned")
            else:
                self.report.note("manifest.json", "unsigned")
            return
        signature = self._only_line("manifest.sig")
        found = is_signed(key or "", signature.decode("ascii", "replace"), raw)
        if found is None:
            self.report.note("", "unchecked")
        elif not found:
            self.report.fault("manifest.sig", "signature")
        elif keys and key not in keys:
            self.report.fault("manifest.sig", "key")
        elif not keys:
            self.report.note("manifest.sig", "no key", key=key)

    def _files(self, named: dict[str, Any]) -> None:
        """No path that the manifest names is opened: only what lies in the folder, if the manifest names it."""
        missing = set(named)
        for name in sorted(os.listdir(self.path)):  # noqa: PTH208 -- their names are enough, and they may be many
            missing.discard(name)
            if name in ("manifest.json", "manifest.sig"):
                continue
            if name not in named:
                self.report.fault(name, "unknown")
            elif not stat.S_ISREG((self.path / name).lstat().st_mode):
                self.report.fault(name, "odd")
            else:
                self._file(self.path / name, named[name])
        for name in sorted(missing):
            self.report.fault(name, "absent")

    def _file(self, path: Path, named: dict[str, Any]) -> None:
        found, size = hashlib.sha256(), 0
        try:
            with path.open("rb") as file:
                for piece in iter(lambda: file.read(1 << 20), b""):
                    found.update(piece)
                    size += len(piece)
        except OSError:
            self.report.fault(path.name, "unread")
            return
        if (found.hexdigest(), size) != (named["sha256"], named["bytes"]):
            self.report.fault(path.name, "bytes")

    def entries(self) -> Iterator[Entry]:
        for place, raw in lines(self.path / "chain.jsonl", self.report):
            try:
                found = line(raw)
                seq, hashed, body = found["seq"], found["hash"], found["body"].encode()
                if set(found) != {"seq", "hash", "body"} or type(seq) is not int or not isinstance(hashed, str):
                    raise ValueError
            except (ValueError, KeyError, AttributeError):
                self.report.fault(place, "form")
                continue
            yield Entry(seq, hashed, body)

    def let_go(self) -> LetGo:
        quiet = Report("en")  # what is wrong with the file is told by the walk
        telling = re.compile(b"erasure|retention|restore")
        found = (raw for _, raw in lines(self.path / "chain.jsonl", quiet) if telling.search(raw))
        return LetGo(_body(raw) for raw in found)

    def walk(self, chain: Chain) -> None:
        words, held = self._words(), None
        for entry in self.entries():
            said = chain.take(entry)
            held = held or next(words, None)
            while held and held[1]["seq"] < entry.seq:
                self.report.fault(held[0], "orphan")
                held = next(words, None)
            if held and held[1]["seq"] == entry.seq:
                fault = chain.opened(said, held[1]["salt"], held[1]["words"]) if said else None
                if fault:
                    self.report.fault(self.report.entry(entry.seq), fault)
                held = None
        for place, _ in [held] if held else []:
            self.report.fault(place, "orphan")
        for place, _ in words:
            self.report.fault(place, "orphan")
        ledger = self.manifest.get("ledger")
        if ledger and chain.is_whole and (ledger["count"], ledger["head"]) != (chain.last, chain.head):
            self.report.fault("manifest.json", "end")

    def _words(self) -> Iterator[tuple[str, dict[str, Any]]]:
        if not self.has("words.jsonl"):
            return
        for place, raw in lines(self.path / "words.jsonl", self.report):
            try:
                found = line(raw)
                if set(found) != {"seq", "salt", "words"} or type(found["seq"]) is not int:
                    raise ValueError
            except ValueError:
                self.report.fault(place, "form")
                continue
            yield place, found


def _body(raw: bytes) -> bytes:
    try:
        return str(line(raw).get("body")).encode()
    except ValueError:
        return b""


# --- a database -------------------------------------------------------------------------------------------------------

# SQLite keeps whatever type is written: so all is asked for as bytes, and its type apart.
ROWS = """
SELECT e.seq, CAST(e.hash AS BLOB), CAST(e.body AS BLOB), CAST(e.at AS BLOB), CAST(e.kind AS BLOB),
       CAST(e.subject AS BLOB), typeof(e.seq) || typeof(e.hash) || typeof(e.body) || typeof(e.at) || typeof(e.kind)
       || typeof(e.subject), c.seq IS NOT NULL, CAST(c.holder AS BLOB),
       CASE typeof(c.sealed) WHEN 'blob' THEN c.sealed END
FROM entry e LEFT JOIN content c ON c.seq = e.seq ORDER BY e.seq"""
TYPES = "integer" + "text" + "blob" + "text" * 3
ORPHANS = "SELECT CAST(c.seq AS TEXT) FROM content c LEFT JOIN entry e ON e.seq = c.seq WHERE e.seq IS NULL"
TELLING = "SELECT CAST(body AS BLOB) FROM entry WHERE CAST(kind AS TEXT) IN ('erasure', 'retention', 'restore')"
CHECKPOINTS = "SELECT CAST(number AS TEXT), CAST(body AS BLOB), CAST(signature AS BLOB) FROM checkpoint ORDER BY number"


class Database:
    def __init__(self, path: Path, report: Report) -> None:
        self.path, self.report = path, report
        # A log beside it holds entries too. Where there is none nothing need be made beside it either.
        beside = any(os.path.lexists(f"{path}{suffix}") for suffix in ("-wal", "-journal"))
        how = "mode=ro" if beside else "mode=ro&immutable=1"
        try:
            self.connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{how}", uri=True)
            if hasattr(self.connection, "setlimit"):  # Python 3.11
                self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_LINE)
            self.tables = self._tables()
        except sqlite3.Error:
            raise Unreadable(str(path), "unread") from None
        if not {"entry", "content"} <= self.tables:
            raise Unreadable(str(path), "no record")

    def _tables(self) -> set[str]:
        """Plain tables only: a view or a module under a table's name could have anything run."""
        self.connection.execute("PRAGMA trusted_schema=OFF")
        found = self.connection.execute(
            "SELECT CAST(name AS BLOB) FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"
        )
        return {_text(name) for (name,) in found}

    def rows(self, statement: str, place: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self.connection.execute(statement)
        except (sqlite3.Error, OverflowError):
            self.report.fault(place, "unread")

    def let_go(self) -> LetGo:
        return LetGo(bytes(body) for (body,) in self.rows(TELLING, "entry") if body is not None)

    def checkpoints(self) -> Iterator[tuple[str, str | None, bytes]]:
        if "checkpoint" in self.tables:
            for number, body, signature in self.rows(CHECKPOINTS, "checkpoint"):
                both = json.dumps({"body": _text(body), "signature": _text(signature)})
                name = f"checkpoint-{number!s:0>8}.json"
                yield f"checkpoint {number}", name, both.encode()

    def entries(self) -> Iterator[Entry]:
        for seq, hashed, body, at, kind, subject, types, has_words, holder, sealed in self.rows(ROWS, "entry"):
            if type(seq) is not int:
                self.report.fault("entry", "type")
                continue
            columns = (_text(at), _text(kind), _text(subject))
            theirs = _text(holder) if has_words else None
            yield Entry(seq, _text(hashed), bytes(body or b""), columns, types == TYPES, theirs, sealed)

    def walk(self, chain: Chain) -> None:
        for entry in self.entries():
            said = chain.take(entry)
            fault = chain.sealed(said, entry) if said else None
            if fault:
                self.report.fault(self.report.entry(entry.seq), fault)
        for (seq,) in self.rows(ORPHANS, "content"):
            self.report.fault(f"content {seq}", "orphan")


def _text(stored: object) -> str:
    """Bytes that are no text become something that no entry says."""
    return bytes(stored).decode("utf-8", "surrogateescape") if isinstance(stored, bytes) else ""


# --- the whole --------------------------------------------------------------------------------------------------------


def check(path: Path, beside: list[Path], keys: set[str], report: Report) -> tuple[Chain, str | None]:
    """The chain, walked, and when it was exported. Raises `Unreadable`."""
    checkpoints = Checkpoints(report, set(keys))
    for place in beside:
        checkpoints.take(checkpoints_at(place, report))
    source: Folder | Database
    if path.is_dir():
        source = Folder(path, report)
        if not source.has("manifest.json") and not source.has("chain.jsonl"):
            raise Unreadable(str(path), "no record")
        if source.has("checkpoints.jsonl"):
            own = lines(path / "checkpoints.jsonl", report)
            checkpoints.take((place, None, raw) for place, raw in own)
        source.read_manifest(checkpoints.keys)
        is_whole, made_at = source.manifest.get("chain") != "selected", source.manifest.get("made_at")
    else:
        source, is_whole, made_at = Database(path, report), True, None
        checkpoints.take(source.checkpoints())
    wanted = {link.entries for link in checkpoints.believed.values()}
    chain = Chain(report, source.let_go(), wanted, is_whole)
    source.walk(chain)
    checkpoints.compare(chain, made_at)
    if not is_whole:
        report.note("", "selected")
    return chain, made_at


def shown(text: str) -> str:
    """What was read may hold anything: nothing of it may steer a terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def tell(report: Report, chain: Chain, made_at: str | None, as_json: bool) -> None:
    told, number = sys.stdout.write, len(report.faults) + report.more
    notes = [{"place": place, "what": what, "text": text} for (place, what), text in report.notes.items()]
    if as_json:
        found = {"ok": not number, "count": chain.number, "head": chain.head, "made_at": made_at}
        told(json.dumps({**found, "faults": report.faults, "more": report.more, "notes": notes}) + "\n")
        return
    for each in [*report.faults, *notes]:
        told(shown(f"{each['place']}: {each['text']}" if each["place"] else each["text"]) + "\n")
    told(
        report.sentence("faults", count=number) + "\n"
        if number
        else report.sentence("sound", count=chain.number) + "\n"
    )
    told(report.sentence("head", head=shown(chain.head)) + "\n")
    if made_at:
        told(report.sentence("made", at=shown(made_at)) + "\n")


def public_key(text: str) -> str:
    if not is_hex(text.lower()):
        raise ValueError
    return text.lower()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument("--checkpoints", type=Path, nargs="+", action="extend", default=[])
    parser.add_argument("--key", type=public_key, action="append", default=[], help="64 hexadecimal digits")
    parser.add_argument("--language", choices=["en", "it"])
    parser.add_argument("--json", action="store_true", dest="as_json")
    given = parser.parse_args(arguments)
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    report = Report(given.language or ("it" if spoken.lower().startswith("it") else "en"))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if not given.what.exists():
            raise Unreadable(str(given.what), "absent")
        chain, made_at = check(given.what, given.checkpoints, set(given.key), report)
        if given.key and ("", "unchecked") in report.notes:
            raise Unreadable("--key", "unchecked")  # whoever names a key wants to know
    except (Unreadable, OSError) as error:
        place, what = error.args if isinstance(error, Unreadable) else (error.filename, "unread")
        sys.stderr.write(shown(f"{place}: {report.sentence(what)}") + "\n")
        return 2
    tell(report, chain, made_at, given.as_json)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
