"""What is wrong with settings, addresses and keys is told in the language of the command line, and repeats no value."""

from __future__ import annotations

import ast
import os
import pickle
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from string import Formatter

import pytest
from pydantic import ValidationError

from bot.addresses import StoreError
from bot.audit.checkpoints import CheckpointError
from bot.audit.rights import GrantError
from bot.audit.vault import VaultError
from bot.cli.commands import run
from bot.cli.exits import EXIT_INTERNAL, EXIT_IO, EXIT_SETTINGS
from bot.cli.server import bound
from bot.keys import KeyFileError, key_in
from bot.settings import PREFIX, Settings, SettingsError
from bot.wording import refusals
from bot.wording.saying import SaidError, Saying, WrongValueError, saying
from bot.wrong_settings import wrong_values

BOT = Path(__file__).parents[3] / "bot"
LOCALES = {"it": "it_IT.UTF-8", "en": "en_US.UTF-8"}
ERRORS = [SettingsError, StoreError, KeyFileError, CheckpointError, VaultError]
"""All that a command ends with."""
SECRET = "parola-strana"

Said = Callable[..., str]


def _calls() -> list[ast.Call]:
    """Wherever a sentence is made that is said later."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(BOT.rglob("*.py"))]
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [node for node in nodes if isinstance(node.func, ast.Name) and node.func.id == "saying"]


SENTENCES = sorted({str(ast.literal_eval(call.args[0])) for call in _calls()})
"""The first argument is written out: the catalogues are made of the code as it stands."""


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    """What a command says where something is wrong, to whoever has that locale."""

    def told(language: str, *command: str, code: int) -> str:
        monkeypatch.setenv("LANG", LOCALES[language])
        capsys.readouterr()
        assert run(command or ["check", "Ciao"]) == code
        return "".join(capsys.readouterr())

    return told


@pytest.fixture
def ends_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], None]:
    """Have any command end with an error."""

    def set_to(error: Exception) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("bot.cli.commands.app", fail)

    return set_to


# --- Every sentence ------------------------------------------------------------------------------------------------


def test_every_fact_of_a_sentence_is_given_and_no_other() -> None:
    for call in _calls():
        wanted = {name for _, name, _, _ in Formatter().parse(ast.literal_eval(call.args[0])) if name}
        assert {keyword.arg for keyword in call.keywords} == wanted, ast.unparse(call)


def test_whatever_ends_a_command_bears_sentences_and_no_string() -> None:
    kinds = {kind.__name__ for kind in (*ERRORS, SaidError, WrongValueError)}
    for path in sorted(BOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
                assert not any(isinstance(given, ast.Constant | ast.JoinedStr) for given in node.args), path


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence[:40])
def test_every_sentence_is_told_in_the_language_of_the_command_line(
    sentence: str, said: Said, ends_with: Callable[[Exception], None]
) -> None:
    facts = {name: f"<{name}>" for _, name, _, _ in Formatter().parse(sentence) if name}
    english = sentence.format_map(facts)
    for kind in ERRORS:
        ends_with(kind(Saying(sentence, facts)))
        assert said("en", code=EXIT_SETTINGS) == f"{english}\n"
        italian = said("it", code=EXIT_SETTINGS)
        assert italian != f"{english}\n"
        assert all(fact in italian for fact in facts.values())


def test_so_is_a_user_who_could_put_things_in_the_owners_way(
    said: Said, ends_with: Callable[[Exception], None]
) -> None:
    ends_with(GrantError("vaglio_app", "REVOKE"))
    assert said("it", code=EXIT_SETTINGS).startswith("vaglio_app: può creare cose sue")
    assert said("en", code=EXIT_SETTINGS).startswith("vaglio_app: it may make things of its own")


def test_so_are_a_file_that_the_system_refuses_and_a_fault_of_vaglios(
    said: Said, ends_with: Callable[[Exception], None]
) -> None:
    ends_with(FileNotFoundError(2, "No such file or directory", "posts.csv"))
    assert said("it", code=EXIT_IO) == "posts.csv: il file o la cartella non c’è\n"
    assert said("en", code=EXIT_IO) == "posts.csv: No such file or directory\n"
    ends_with(OSError(95, "Whatever else"))
    assert said("it", code=EXIT_IO) == said("en", code=EXIT_IO) == "vaglio: Whatever else\n"
    ends_with(RuntimeError(SECRET))
    assert said("it", code=EXIT_INTERNAL).startswith("vaglio: RuntimeError. È un errore di Vaglio.")
    assert said("en", code=EXIT_INTERNAL).startswith("vaglio: RuntimeError. This is a fault of Vaglio's.")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have words of their own")
def test_in_english_the_system_says_what_it_always_says() -> None:
    for number, told in refusals._REASONS.items():
        assert str(told) == os.strerror(number)
    for number in refusals._OF_NAMES:
        assert str(refusals.reason(socket.gaierror(number, "x"))) == str(refusals._OF_NAMES[number])


def test_an_error_reaches_another_process_whole() -> None:
    error = pickle.loads(pickle.dumps(StoreError(saying("{named} names no database: write {like}.", named=1, like=2))))  # noqa: S301
    assert isinstance(error, StoreError)
    assert error.show("it") == "1 non indica un database: scrivi 2."


# --- As they come about --------------------------------------------------------------------------------------------

_SIGN_IN = {
    "OIDC_ISSUER": "https://login.acme.example", "OIDC_CLIENT_ID": "1", "OIDC_CLIENT_SECRET": SECRET,
    "OIDC_ALLOWED": "acme.example", "CONSOLE_URL": "https://vaglio.acme.example",
}  # fmt: skip
_WRONG = [
    ({"WORKERS": "0"}, "VAGLIO_WORKERS: deve essere almeno 1", "VAGLIO_WORKERS: Input should be greater than or"),
    ({"CONSOLE_PORT": "99999"}, "deve essere al massimo 65535", "less than or equal to 65535"),
    ({"RULE_TIMEOUT": "61"}, "deve essere al massimo 60\n", "less than or equal to 60\n"),
    ({"RULE_TIMEOUT": "0"}, "deve essere maggiore di 0", "should be greater than 0"),
    ({"WORKERS": SECRET}, "deve essere un numero intero", "a valid integer"),
    ({"WORKERS": "9" * 5000}, "ha troppe cifre", "exceeded maximum size"),
    ({"RULE_TIMEOUT": SECRET}, "deve essere un numero, con il punto", "a valid number"),
    ({"LOG_FORMAT": SECRET}, "deve essere 'text' o 'json'", "should be 'text' or 'json'"),
    ({"LOG_LEVEL": SECRET}, "'debug', 'info', 'warning' o 'error'", "'debug', 'info', 'warning' or 'error'"),
    ({"LOG_FORMAT": "\udcff"}, "deve essere un testo in UTF-8", "a valid string"),
    (
        {"WORKERS": "0", "BACKLOG": "0"},
        "WORKERS: deve essere almeno 1\nVAGLIO_BACKLOG: deve essere almeno 1",
        "1\nVAGLIO_BACKLOG",
    ),
    ({"SLACK_BOT_TOKEN": SECRET}, "manca VAGLIO_SLACK_APP_TOKEN", "VAGLIO_SLACK_APP_TOKEN is missing"),
    ({"SLACK_APP_TOKEN": SECRET}, "manca VAGLIO_SLACK_BOT_TOKEN", "VAGLIO_SLACK_BOT_TOKEN is missing"),
    ({"TELEGRAM_WEBHOOK_SECRET": SECRET}, "mentre VAGLIO_TELEGRAM_WEBHOOK_SECRET c’è", "_SECRET is set"),
    (
        {"TELEGRAM_TOKEN": SECRET, "TELEGRAM_WEBHOOK_URL": "https://acme.example"},
        "manca VAGLIO_TELEGRAM_WEBHOOK_SECRET",
        "VAGLIO_TELEGRAM_WEBHOOK_SECRET is missing",
    ),
    ({"SLACK_GROUPS": "boss=S1"}, "VAGLIO_SLACK_GROUPS: scrivi communications=S0123", "GROUPS: write communications"),
    ({"SLACK_GROUPS": "admin=S1"}, "chi è in un gruppo lo dice Slack", "GROUPS is asked of Slack"),
    ({"ADMIN": "anna@acme.example"}, "di chi è l’indirizzo lo dice Slack", "ADMIN is asked of Slack"),
    ({"ADMIN": SECRET}, "non è un account né un indirizzo e-mail", "neither an account nor an e-mail address"),
    ({"CONSOLE_NAMES": "*"}, "non è il nome di un host", "not a host's name"),
    ({"POLCY": SECRET}, "non è un’impostazione di Vaglio. Forse VAGLIO_POLICY.", "Perhaps VAGLIO_POLICY."),
    ({"ZANZIBAR_QUANTO": SECRET}, "Ci sono tutte in .env.example.", "All of them are in .env.example."),
    ({"KEYS_DIR": "data/keys"}, "non può stare dentro VAGLIO_DATA_DIR", "must lie outside VAGLIO_DATA_DIR"),
    (
        {"KEYS_DIR": "x", "DATABASE_URL": "sqlite:///x/vaglio.db"},
        "dentro la cartella di VAGLIO_DATABASE_URL",
        "outside the folder of VAGLIO_DATABASE_URL",
    ),
    ({"DATA_DIR": "loop"}, "un collegamento che porta a sé stesso", "a link that leads to itself"),
    ({"CHECKPOINTS": "/mnt/a ftp:x"}, "VAGLIO_CHECKPOINTS: il posto 2 non è di quelli", "CHECKPOINTS: place 2 is none"),
    ({"CHECKPOINTS": f"git:ssh://u:{SECRET}@h/x"}, "ha una password in un indirizzo", "a password in an address"),
    ({"CHECKPOINTS": f"git:https://u:{SECRET}%0A@h/x"}, "un a capo o simili", "a line break or the like"),
    ({"OIDC_ALLOWED": "acme.example"}, "mancano VAGLIO_OIDC_ISSUER, ", "VAGLIO_CONSOLE_URL are missing"),
    ({**_SIGN_IN, "OIDC_ALLOWED": ""}, "manca VAGLIO_OIDC_ALLOWED", "VAGLIO_OIDC_ALLOWED is missing"),
    ({**_SIGN_IN, "OIDC_ALLOWED": "T0123"}, "non entrerebbe nessuno", "nobody would get in"),
    ({**_SIGN_IN, "OIDC_ALLOWED": SECRET}, "scrivi ID di team di Slack", "write Slack's team IDs"),
    ({"CONSOLE_URL": f"https://[{SECRET}"}, "scrivi un indirizzo come https://vaglio", "write an address such as"),
    ({"DATABASE_URL": f"postgresql//u:{SECRET}@h/d"}, "VAGLIO_DATABASE_URL non è un indirizzo", "is not an address"),
    ({"DATABASE_URL": "sqlite://"}, "un database in memoria sparisce", "a database in memory is gone"),
    ({"DATABASE_URL": f"oracle://u:{SECRET}@h/d"}, "si chiama oracle", "by the name oracle"),
    ({"DATABASE_URL": f"postgresql://u:{SECRET}@h"}, "non indica un database", "names no database"),
    ({"METRICS_TOKEN": SECRET, "METRICS_TOKEN_FILE": "one"}, "Ci sono sia VAGLIO_METRICS_TOKEN", "are both set"),
    (
        {"METRICS_TOKEN_FILE": "none"},
        "non si può leggere (il file o la cartella non c’è)",
        "(No such file or directory)",
    ),
    ({"METRICS_TOKEN_FILE": "empty"}, "empty è vuoto", "empty is empty"),
    ({"METRICS_TOKEN_FILE": "two"}, "più di una riga", "more than one line"),
    ({"METRICS_TOKEN_FILE": "bytes"}, "bytes non è in UTF-8", "bytes is not UTF-8"),
]


@pytest.mark.parametrize(("given", "italian", "english"), _WRONG, ids=[", ".join(given) for given, *_ in _WRONG])
def test_what_is_wrong_with_settings_is_told_in_both_languages(
    given: dict[str, str], italian: str, english: str, said: Said, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"one": SECRET, "empty": "", "two": f"{SECRET}\n{SECRET}"}
    for name, content in contents.items():
        (home / name).write_text(content, encoding="utf-8")
    (home / "bytes").write_bytes(b"\xff")
    (home / "loop").symlink_to(home / "loop")
    for name, value in given.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    told = {language: said(language, code=EXIT_SETTINGS) for language in LOCALES}
    assert italian in told["it"]
    assert english in told["en"]
    assert "Input" not in told["it"]
    assert SECRET not in "".join(told.values())


@pytest.mark.parametrize("name", Settings.model_fields)
def test_whatever_pydantic_says_of_a_setting_is_known(name: str) -> None:
    for value in ("\udcff", SECRET, "1.5", "nan", "inf", "-1", "9" * 5000, "9" * 30, "true", "[1]", "a\x00b"):
        try:
            Settings(**{name: value})
        except ValidationError as error:
            (told,) = wrong_values(error, PREFIX)
            assert not re.search("Input|should|parse", told.show("it")), told


@pytest.mark.parametrize(
    "given",
    [given for given, *_ in _WRONG if set(given) <= {"WORKERS", "BACKLOG", "RULE_TIMEOUT", "LOG_LEVEL", "LOG_FORMAT"}],
)
def test_in_english_a_value_is_told_as_pydantic_tells_it(
    given: dict[str, str], said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    words = [fault["msg"] for fault in refused.value.errors()]
    lines = said("en", code=EXIT_SETTINGS).splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == words


def test_what_is_set_comes_before_the_terminal_also_where_something_else_cannot_be_read(
    said: Said, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKERS", "0")
    (home / ".env").write_text(f"{PREFIX}LANGUAGE=it\n", encoding="utf-8")
    assert "deve essere almeno 1" in said("en", code=EXIT_SETTINGS)
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    assert "Input should be" in said("it", code=EXIT_SETTINGS)
    monkeypatch.delenv(f"{PREFIX}LANGUAGE")
    (home / ".env").write_text(f"{PREFIX}LANGUAGE=it\n{PREFIX}POLICY {SECRET}\n", encoding="utf-8")
    assert ".env, riga 2: scrivi NOME=valore." in said("en", code=EXIT_SETTINGS)
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", "en")
    (home / ".env").write_bytes(b"\xff")
    assert ".env is not UTF-8" in said("it", code=EXIT_SETTINGS)
    monkeypatch.setenv(f"{PREFIX}LANGUAGE", SECRET)
    assert ".env non è in UTF-8" in said("it", code=EXIT_SETTINGS)


def test_the_doctor_speaks_it_too(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKERS", "0")
    assert "Impostazioni: VAGLIO_WORKERS: deve essere almeno 1" in said("it", "doctor", code=1)
    assert "Settings: VAGLIO_WORKERS: Input should be" in said("en", "doctor", code=1)
    monkeypatch.delenv(f"{PREFIX}WORKERS")
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", SECRET)
    assert "Impostazioni: VAGLIO_DATABASE_URL non è un indirizzo" in said("it", "doctor", code=1)


def test_a_key_that_was_cut_short_is_told_in_both_languages(said: Said, home: Path) -> None:
    (home / "keys").mkdir(mode=0o700)
    for name in ("master.key", "texts.key"):
        (home / "keys" / name).write_bytes(b"x")
    told = {language: said(language, "doctor", code=1) for language in LOCALES}
    assert "1 byte invece di 32: rimetti la chiave da dove la conservi." in told["it"]
    assert "1 bytes, not 32: restore the key from where you keep it." in told["en"]
    assert "1 byte invece di 32" in said("it", "check", "--record", "Ciao", code=EXIT_SETTINGS)


def test_a_key_that_cannot_be_made_names_key_and_reason(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(KeyFileError) as refused:
        key_in(home / "file", "master.key", saying("the master key"))
    assert refused.value.show("it").endswith("non si può creare la chiave principale: il file esiste già.")


def test_a_port_that_is_taken_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv(f"{PREFIX}CONSOLE_PORT", str(port := taken.getsockname()[1]))
        with pytest.raises(SettingsError) as refused:
            bound(Settings())
    assert f"non si può ascoltare su 127.0.0.1:{port} (indirizzo già in uso)" in refused.value.show("it")
    assert f"127.0.0.1:{port} cannot be listened at (Address already in use)" in str(refused.value)
