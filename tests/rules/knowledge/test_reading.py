"""The text of documents of each kind; what is broken or hostile is named, and none of its words said."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import pptx
import pytest
from docx.oxml import parse_xml
from hypothesis import given
from hypothesis import strategies as st
from pptx.util import Inches
from pypdf import PdfReader, PdfWriter

from rules.knowledge import reading
from rules.knowledge.reading import documents_in, read_document
from rules.knowledge.store import KnowledgeError

SAID = "Acquisizione di Zorblax per dodici milioni"


def write_docx(path: Path, *, table: str = "", header: str = "") -> Path:
    document = docx.Document()
    document.add_paragraph(SAID)
    if table:
        document.add_table(1, 2).rows[0].cells[1].text = table
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.save(str(path))
    return path


def write_pptx(path: Path) -> Path:
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = SAID
    slide.shapes.add_table(1, 1, 0, 0, Inches(1), Inches(1)).table.cell(0, 0).text = "in tabella"
    outer = slide.shapes.add_group_shape()
    inner = outer.shapes.add_group_shape()
    inner.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "in un gruppo"
    slide.notes_slide.notes_text_frame.text = "nelle note"
    slides.save(str(path))
    return path


def pdf(text: str) -> bytes:
    """The smallest PDF with a line of text."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(made)
    return made + b"xref\n0 5\n0000000000 65535 f \n" + table + end


def encrypted(text: str, password: str) -> bytes:
    writer, made = PdfWriter(clone_from=PdfReader(BytesIO(pdf(text)))), BytesIO()
    writer.encrypt(user_password=password, owner_password="o", algorithm="AES-256")
    writer.write(made)
    return made.getvalue()


def words(text: str) -> list[str]:
    return text.split()


# --- What is read -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", SAID.encode(), SAID),
        ("a.TXT", b"\xef\xbb\xbf" + "perché".encode(), "perché"),
        ("a.txt", "perché".encode("cp1252"), "perché"),
        ("a.txt", b"", ""),
        ("a.md", f"# {SAID}\n\n- uno".encode(), f"# {SAID} - uno"),
        ("a.html", f"<p>{SAID}</p><script>var x</script><style>p {{}}</style>".encode(), SAID),
        ("a.htm", b"<td>uno</td><td>due &amp; tre</td>", "uno due & tre"),
        ("a.pdf", pdf(SAID), SAID),
        ("a.pdf", encrypted(SAID, ""), SAID),  # for printing only: whoever opens it is asked nothing
    ],
)
def test_a_document_is_read(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert words(read_document(path)) == words(expected)


def test_word_files_are_read_with_tables_headers_and_footers(tmp_path: Path) -> None:
    text = read_document(write_docx(tmp_path / "a.docx", table="in tabella", header="in testa"))
    assert {SAID, "in tabella", "in testa"} <= set(text.splitlines())


def test_slides_are_read_with_tables_groups_and_notes(tmp_path: Path) -> None:
    text = read_document(write_pptx(tmp_path / "a.pptx"))
    assert {SAID, "in tabella", "in un gruppo", "nelle note"} <= set(text.splitlines())


def test_a_folder_s_documents_are_those_that_can_be_read(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.PDF", "a/d.md", "e.xlsx", "f", ".g.txt", ".h/i.txt", "~$j.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "k.txt").symlink_to(tmp_path / "b.txt")
    (tmp_path / "l.txt").mkdir()
    assert [str(path.relative_to(tmp_path)) for path in documents_in(tmp_path)] == ["a/c.PDF", "a/d.md", "b.txt"]


# --- What is not --------------------------------------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(KnowledgeError) as caught:
        read_document(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert not any(word in said for word in words(SAID) if len(word) > 3)
    return said


@pytest.mark.parametrize("name", ["a.xlsx", "a.doc", "a.png", "a", "a.txt.gz"])
def test_a_file_of_another_kind_is_said_with_those_that_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(SAID, encoding="utf-8")
    assert "known are .txt, .md, .html" in refused(path)


def test_an_encrypted_pdf_is_said_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(encrypted(SAID, "girasole"))
    assert "without a password" in refused(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", SAID.encode()),
        ("a.pdf", b""),
        ("a.pdf", pdf(SAID)[:60]),
        ("a.docx", SAID.encode()),
        ("a.docx", b""),
        ("a.pptx", b"PK\x03\x04" + SAID.encode()),
    ],
)
def test_a_broken_document_is_named_and_not_quoted(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert "broken" in refused(path)


def test_a_document_in_another_s_clothes_is_broken(tmp_path: Path) -> None:
    slides, path = write_pptx(tmp_path / "a.pptx"), tmp_path / "a.docx"
    path.write_bytes(slides.read_bytes())
    assert "broken" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", SAID)
    assert "broken" in refused(path)


def test_what_is_no_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for content in (b"\x00\xff" * 20, SAID.encode("utf-16")):
        path.write_bytes(content)
        assert "not a text" in refused(path)
    path.write_bytes(b"perch\x81")
    assert "byte 5 is neither UTF-8 nor Windows-1252" in refused(path)


@pytest.mark.parametrize("suffix", ["docx", "pptx"])
def test_what_unpacks_to_much_more_than_it_is_is_never_unpacked(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write: Callable[[Path], Path] = write_docx if suffix == "docx" else write_pptx
    path = write(tmp_path / f"a.{suffix}")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.xml", b"0" * 20_000_000)

    def opened(*_: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr("docx.Document", opened)
    monkeypatch.setattr("pptx.Presentation", opened)
    assert "a bomb, and not a document" in refused(path)


def test_a_document_with_large_pictures_is_no_bomb(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("word/media/image1.png", b"0" * 20_000_000)
    assert SAID in read_document(path)


def test_what_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_text(SAID, encoding="utf-8")
    monkeypatch.setattr(reading, "_MOST_TEXT", 20)
    assert "more than 20 characters" in refused(path)
    monkeypatch.setattr(reading, "_MOST_BYTES", 20)
    assert "larger than" in refused(path)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    nested = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    body = parts["word/document.xml"].replace(SAID.encode(), b"&e9;")
    declared = b'<!DOCTYPE x [<!ENTITY e0 "lol">' + nested.encode() + b"]>"
    parts["word/document.xml"] = body.replace(b"<w:document", declared + b"<w:document", 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert "broken" in refused(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@pytest.mark.filterwarnings("ignore")
@given(
    content=st.binary(max_size=200) | st.sampled_from([pdf(SAID), encrypted(SAID, "x")]).map(lambda made: made[:400]),
    suffix=st.sampled_from(["txt", "md", "html", "docx", "pptx", "pdf"]),
)
def test_any_file_is_a_text_or_a_knowledge_error(folder: Path, content: bytes, suffix: str) -> None:
    path = folder / f"any.{suffix}"
    path.write_bytes(content)
    try:
        assert isinstance(read_document(path), str)
    except KnowledgeError as error:
        assert str(path) in str(error)  # noqa: PT017 -- either will do


def test_what_word_shows_beside_its_paragraphs_is_read_too(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("visibile")
    body = document.element.body
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    for inside in (
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>controllo</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {space}><w:ins w:id='1' w:author='a'><w:r><w:t>inserito</w:t></w:r></w:ins></w:p>",
    ):
        body.insert(0, parse_xml(inside))
    document.sections[0].header.paragraphs[0].text = "intestazione"
    path = tmp_path / "a.docx"
    document.save(str(path))
    assert set(read_document(path).split()) >= {"visibile", "controllo", "inserito", "intestazione"}
