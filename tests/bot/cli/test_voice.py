"""`vaglio policy voice`: what a rule that learned from examples says of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.commands import run
from bot.cli.exits import EXIT_POLICY, EXIT_USAGE
from bot.cli.voice import interval
from bot.settings import PREFIX, Settings

POLICY = """
name: small
languages: [it]
owners: [{id: comms, name: Comunicazione}]
clauses: [{id: "6.6", title: Una voce pacata, text: Raccontiamo cose vere., owner: comms}]
rules:
  - id: brand.voice
    detector: topic
    severity: note
    clause: "6.6"
    message: Non suona come noi.
    like:
      - "Energia che ti cambia la vita: lasciati travolgere dal futuro."
      - "Ogni giorno sogniamo in grande per disegnare insieme un domani più smart e più green."
      - "Non vendiamo pane: regaliamo emozioni che scaldano il cuore."
      - "Passione, visione, eccellenza: tre parole che ci spingono oltre l'infinito."
      - "Domenica il forno di via Verdi resta chiuso: si cambia il lievito madre."
    unlike:
      - "Da lunedì lo sportello apre alle 8: ce l'avete chiesto in tanti, grazie."
      - "La strada per il magazzino è chiusa per lavori fino a venerdì."
      - "Questa è Sara, da marzo al banco: vi racconta volentieri come si fa il pane di segale."
      - "Abbiamo sbagliato dodici fatture, e martedì arrivano quelle giuste."
    examples:
      flag: ["Un'esperienza che ti cambia la vita.", "Il futuro è già qui.", "Emozioni senza confini."]
      allow: ["Si apre alle 9.", "Il pane costa tre euro.", "Grazie a Marta."]
  - id: brand.word
    detector: phrases
    severity: note
    clause: "6.6"
    message: Una parola vuota.
    phrases: [sinergia]
    examples: {flag: [sinergia, "la sinergia", "una sinergia"], allow: [pane, latte, sale]}
"""


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.setenv("VAGLIO_MODELS_DIR", str(models))
    monkeypatch.chdir(tmp_path)
    Path("policy.yaml").write_text(POLICY, encoding="utf-8")


def test_programs_get_every_example_with_its_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "voice", "brand.voice", "--policy", "policy.yaml", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rule"] == "brand.voice"
    assert said["threshold"] == 0.5
    assert said["count"] == len(said["examples"]) == 9
    assert said["right"] == sum(each["right"] for each in said["examples"])
    assert said["interval"][0] <= said["share"] <= said["interval"][1]
    for each in said["examples"]:
        assert each["right"] == ((each["score"] >= 0.5) == (each["side"] == "like"))


def test_an_example_on_the_wrong_side_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The fifth of `like` is as calm as what is unlike: the others teach the rule to let it pass."""
    assert run(["policy", "voice", "brand.voice", "--policy", "policy.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("brand.voice tells ")
    assert any(line.startswith("  ✗ ") and "via Verdi" in line for line in lines)
    assert any(line.startswith("  ✓ ") and "Sara" in line for line in lines)


def test_a_rule_that_learns_from_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "voice", "brand.word", "--policy", "policy.yaml"]) == EXIT_USAGE
    assert "only rules of detector `topic` do" in capsys.readouterr().err
    assert run(["policy", "voice", "brand.nothing", "--policy", "policy.yaml"]) == EXIT_USAGE
    assert "There is no rule brand.nothing" in capsys.readouterr().err


def test_without_a_judge_it_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("a file where a folder is wanted", encoding="utf-8")
    monkeypatch.setenv("VAGLIO_MODELS_DIR", str(tmp_path / "models"))
    assert run(["policy", "voice", "brand.voice", "--policy", "policy.yaml"]) == EXIT_POLICY
    assert "brand.voice: it cannot be tried here: " in capsys.readouterr().err


@given(count=st.integers(0, 500), share=st.floats(0, 1))
def test_the_interval_holds_what_was_seen(count: int, share: float) -> None:
    right = round(share * count)
    low, high = interval(right, count)
    assert 0 <= low <= high <= 1
    if count:
        assert low - 1e-9 <= right / count <= high + 1e-9
