"""The text of documents: txt, md, html, docx, pptx, pdf. Broken and hostile files are named, not read."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rules.knowledge.store import KnowledgeError

_MOST_BYTES = 100_000_000
_MOST_UNPACKED = 500_000_000
_MOST_TIMES = 200
"""A file that unpacks to more than this many times its size is a bomb, from some size on."""
_SMALL = 10_000_000
_MOST_TEXT = 20_000_000


def read_document(path: Path) -> str:
    """All words of the file at `path`. Raises `KnowledgeError` naming it, and no word of it."""
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise KnowledgeError(
            f"{path}: {path.suffix or 'a file without ending'} is not read; known are {', '.join(_READERS)}"
        )
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise KnowledgeError(f"{path}: larger than {_MOST_BYTES // 1_000_000} MB")
        text = read(path)
    except KnowledgeError:
        raise
    except Exception as error:
        # Whatever a library makes of a broken file: its message may quote the content.
        raise KnowledgeError(f"{path}: it cannot be read, it seems to be broken ({type(error).__name__})") from None
    if len(text) > _MOST_TEXT:
        raise KnowledgeError(f"{path}: more than {_MOST_TEXT:,} characters of text")
    return text


def documents_in(folder: Path) -> Iterator[Path]:
    """The files in `folder`, and in the folders in it, that can be read; hidden ones and links are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _READERS and not hidden and path.is_file() and not path.is_symlink():
            yield path


def _plain(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in data[:4096]:
            raise KnowledgeError(f"{path}: not a text") from None
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            raise KnowledgeError(f"{path}: byte {error.start} is neither UTF-8 nor Windows-1252") from None


def _html(path: Path) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_plain(path), "lxml")
    for part in soup(["script", "style", "template"]):
        part.decompose()
    return str(soup.get_text(" "))


def _docx(path: Path) -> str:
    """Every word of every part: body, tables, text boxes, controls, insertions, headers, notes, comments."""
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import qn

    _check_zip(path)
    package = docx.Document(str(path)).part.package
    lines = []
    for part in package.iter_parts():
        if not str(part.partname).startswith("/word/") or not str(part.partname).endswith(".xml"):
            continue
        for paragraph in parse_xml(part.blob).iter(qn("w:p")):
            lines.append("".join(text.text or "" for text in paragraph.iter(qn("w:t"))))
    return "\n".join(lines)


def _pptx(path: Path) -> str:
    import pptx

    _check_zip(path)
    lines = []
    for slide in pptx.Presentation(str(path)).slides:
        shapes = list(_ungrouped(slide.shapes))
        lines += [shape.text_frame.text for shape in shapes if shape.has_text_frame]
        lines += [cell.text for shape in shapes if shape.has_table for row in shape.table.rows for cell in row.cells]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.append(slide.notes_slide.notes_text_frame.text)
    return "\n".join(lines)


def _ungrouped(shapes: Iterable[Any]) -> Iterator[Any]:
    for shape in shapes:
        yield shape
        yield from _ungrouped(getattr(shape, "shapes", ()))


def _pdf(path: Path) -> str:
    from pypdf import PdfReader

    # Its warnings quote the file.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)

    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(""):
        raise KnowledgeError(f"{path}: encrypted; save it without a password")
    pages, length = [], 0
    for page in reader.pages:
        pages.append(page.extract_text())
        length += len(pages[-1])
        if length > _MOST_TEXT:
            break
    # A word that was broken at the end of a line is one.
    return "\n".join(pages).replace("-\n", "")


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_TIMES * path.stat().st_size):
        raise KnowledgeError(f"{path}: it unpacks to {unpacked // 1_000_000:,} MB: a bomb, and not a document")


_READERS: dict[str, Callable[[Path], str]] = {
    ".txt": _plain, ".md": _plain, ".html": _html, ".htm": _html, ".docx": _docx, ".pptx": _pptx, ".pdf": _pdf,
}  # fmt: skip
