"""Files that somebody made to do harm: documents that swell, policies that reach for other files."""

from __future__ import annotations

import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from rules.assembly import load_policy
from rules.knowledge.reading import read_document
from rules.knowledge.store import KnowledgeError
from rules.problems import PolicyError

ROOT = Path(__file__).parents[2]
SECRET = "zanzibar-e-il-segreto"
_BOUNDED = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))
from rules.knowledge.reading import read_document
from rules.knowledge.store import KnowledgeError
try:
    print(len(read_document(Path(sys.argv[1]))))
except KnowledgeError as error:
    print("refused")
"""


def _pdf(*streams: bytes, filters: str = "/FlateDecode") -> bytes:
    """A document of one page with these contents, packed as given."""
    kids = " ".join(f"{4 + number} 0 R" for number in range(len(streams)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents[{kids}]>>".encode(),
        *(f"<</Length {len(each)}/Filter[{filters}]>>stream\n".encode() + each + b"\nendstream" for each in streams),
    ]  # fmt: skip
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)) + packer.flush()


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        _pdf(_bomb(1_500_000_000)),
        _pdf(zlib.compress(_bomb(1_500_000_000), 9), filters="/FlateDecode /FlateDecode"),
        _pdf(*[_bomb(400_000_000)] * 6),
    ],
    ids=["one stream", "packed twice", "many streams"],
)
def test_a_pdf_that_swells_is_refused_before_it_fills_the_memory(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(path)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert (ran.returncode, ran.stdout.strip()) in ((0, "refused"), (0, "0")), ran.stdout + ran.stderr[-1500:]


def test_an_archive_that_lies_about_its_size_is_broken(tmp_path: Path) -> None:
    honest = tmp_path / "honest.docx"
    with zipfile.ZipFile(honest, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 50_000_000)
    size = (50_000_000).to_bytes(4, "little")
    lying = tmp_path / "lying.docx"
    lying.write_bytes(honest.read_bytes().replace(size, (1_000).to_bytes(4, "little")))
    with pytest.raises(KnowledgeError, match=r"lying\.docx"):
        read_document(lying)


@pytest.mark.parametrize("where", ["../secret.txt", "{folder}/secret.txt", "packs/../../secret.txt", "./../secret.txt"])
@pytest.mark.parametrize(
    "how", ["include: [{file}]", "rules: [{{id: a.b, detector: phrases, phrases_from: [{file}]}}]"]
)
def test_a_policy_reads_no_file_outside_its_folder(where: str, how: str, tmp_path: Path) -> None:
    """Also its errors show no line of one: communications write policies on the page, and the keys lie on the host."""
    (tmp_path / "secret.txt").write_text(f"{SECRET}: [", encoding="utf-8")
    (tmp_path / "policy").mkdir()
    policy = tmp_path / "policy" / "company.yaml"
    policy.write_text("name: x\nlanguages: [it]\n" + how.format(file=where.format(folder=tmp_path)), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_policy(policy)
    assert any(problem.code == "outside" for problem in refused.value.problems)
    assert SECRET not in refused.value.show("it") + refused.value.show("en")
