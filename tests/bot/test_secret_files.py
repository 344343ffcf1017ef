"""Secrets in files: every setting that is never shown may lie in one, and what is wrong with it is said by place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.secret_files import FILE
from bot.settings import PREFIX, Settings, SettingsError, exposed_secrets, read_settings, secret_names

SECRETS = sorted(secret_names())
SLACK = "VAGLIO_SLACK_BOT_TOKEN"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        for each in (f"{PREFIX}{name.upper()}", f"{PREFIX}{name.upper()}{FILE}"):
            monkeypatch.delenv(each, raising=False)
    monkeypatch.chdir(tmp_path)


def secret_in(name: str, content: str | bytes, mode: int = 0o600) -> Path:
    path = Path(name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


def test_tokens_passwords_and_addresses_with_passwords_are_secrets() -> None:
    assert {
        "VAGLIO_SLACK_BOT_TOKEN", "VAGLIO_SLACK_APP_TOKEN", "VAGLIO_SLACK_SIGNING_SECRET", "VAGLIO_TELEGRAM_TOKEN",
        "VAGLIO_TELEGRAM_WEBHOOK_SECRET", "VAGLIO_OIDC_CLIENT_SECRET", "VAGLIO_METRICS_TOKEN", "VAGLIO_DATABASE_URL",
        "VAGLIO_CHECKPOINTS",
    } <= set(SECRETS)  # fmt: skip


def test_whatever_sounds_like_a_secret_is_one() -> None:
    sounding = {name for name in Settings.model_fields if name.endswith(("token", "secret", "password", "url_secret"))}
    assert {f"{PREFIX}{name.upper()}" for name in sounding} <= set(SECRETS)


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_lie_in_a_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.secret_files import read_secret_files
    from bot.settings import _written

    monkeypatch.setenv(f"{name}{FILE}", str(secret_in("secret", "qualcosa-di-segreto\n")))
    assert read_secret_files(_written(), secret_names()) == {name: "qualcosa-di-segreto"}


def test_a_file_is_as_good_as_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SLACK}{FILE}", str(secret_in("bot", "xoxb-di-un-file\n")))
    secret_in("app", "\ufeffxapp-di-un-file\r\n")
    secret_in(".env", "VAGLIO_SLACK_APP_TOKEN_FILE=app\nVAGLIO_TELEGRAM_TOKEN_FILE=\n")
    settings = read_settings()
    assert settings.slack_bot_token == SecretStr("xoxb-di-un-file")
    assert settings.slack_app_token == SecretStr("xapp-di-un-file")
    assert settings.telegram_token is None


def test_both_set_is_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SLACK, "xoxb-una")
    monkeypatch.setenv(f"{SLACK}{FILE}", str(secret_in("bot", "xoxb-altra")))
    with pytest.raises(SettingsError, match=f"{SLACK} and {SLACK}{FILE} are both set") as raised:
        read_settings()
    assert "xoxb" not in str(raised.value)


def test_blank_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAGLIO_METRICS_TOKEN", "  ")
    monkeypatch.setenv("VAGLIO_METRICS_TOKEN_FILE", str(secret_in("metrics", "numeri")))
    assert read_settings().metrics_token == SecretStr("numeri")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: write the secret into it"),
        (b" \n\n", "is empty"),
        (b"xoxb-1\nxoxb-2\n", "more than one line"),
        (b"\xff\xfe\x00x", "not UTF-8"),
        (b"x" * 20_000, "more than one line"),
    ],
    ids=["empty", "blank", "two lines", "bytes", "a disk"],
)
def test_a_file_that_holds_no_secret_is_named_with_a_remedy(
    content: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{SLACK}{FILE}", str(secret_in("segreto-del-bot", content)))
    with pytest.raises(SettingsError, match=said) as raised:
        read_settings()
    assert f"{SLACK}{FILE}: segreto-del-bot" in str(raised.value)
    assert "xoxb" not in str(raised.value)


@pytest.mark.parametrize("place", ["not-there", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_named_with_a_remedy(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_in(".env", f"{SLACK}{FILE}={place}\n")
    with pytest.raises(SettingsError, match=f"{SLACK}{FILE}: .* cannot be read .*let Vaglio's user read it"):
        read_settings()


@pytest.mark.parametrize("name", ["VAGLIO_SLACK_BOT_TOKEN_FILES", "VAGLIO_LOG_LEVEL_FILE", "VAGLIO_SLACK_BOT_FILE"])
def test_no_other_name_may_end_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"{name} is no setting"):
        read_settings()


def test_what_every_user_of_the_machine_can_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{SLACK}{FILE}", str(secret_in("bot", "xoxb-1", 0o644)))
    monkeypatch.setenv("VAGLIO_SLACK_APP_TOKEN_FILE", str(secret_in("app", "xapp-1", 0o640)))
    Path("keys").mkdir(mode=0o755)
    secret_in("keys/master.key", bytes(32), 0o644)
    secret_in("keys/texts.key", bytes(32), 0o600)
    assert exposed_secrets(read_settings()) == [Path("bot"), Path("keys/master.key")]


@pytest.mark.parametrize(("mode", "told"), [(0o711, [Path("keys/master.key")]), (0o744, []), (0o700, [])])
def test_what_lies_in_a_folder_that_cannot_be_listed_is_open_all_the_same(mode: int, told: list[Path]) -> None:
    Path("keys").mkdir()
    Path("keys").chmod(mode)
    secret_in("keys/master.key", bytes(32), 0o644)
    assert exposed_secrets(read_settings()) == told


def test_so_is_the_file_of_settings_if_a_secret_stands_in_it() -> None:
    secret_in(".env", "VAGLIO_LANGUAGE=it\n", 0o644)
    assert exposed_secrets(read_settings()) == []
    secret_in(".env", "VAGLIO_METRICS_TOKEN=numeri\n", 0o644)
    assert exposed_secrets(read_settings()) == [Path(".env")]
    Path(".env").chmod(0o640)
    assert exposed_secrets(read_settings()) == []


def test_no_secret_is_in_the_settings_as_they_are_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {
        "SLACK_BOT_TOKEN": "xoxb-parolaccia", "SLACK_APP_TOKEN": "xapp-parolaccia", "METRICS_TOKEN": "parolaccia",
        "SLACK_SIGNING_SECRET": "parolaccia", "TELEGRAM_TOKEN": "1:parolaccia",
        "TELEGRAM_WEBHOOK_URL": "https://acme.example/telegram/updates", "TELEGRAM_WEBHOOK_SECRET": "parolaccia",
        "OIDC_ISSUER": "https://slack.com", "OIDC_CLIENT_ID": "1.2", "OIDC_CLIENT_SECRET": "parolaccia",
        "OIDC_ALLOWED": "T0123", "CONSOLE_URL": "https://acme.example",
        "DATABASE_URL": "postgresql://vaglio:parolaccia@host/vaglio",
        "CHECKPOINTS": "https://vaglio:parolaccia@acme.example/evidence",
    }  # fmt: skip
    for name, word in words.items():
        monkeypatch.setenv(f"{PREFIX}{name}", word)
    settings = read_settings()
    for written in (repr(settings), str(settings), settings.model_dump_json(exclude={"database_url", "checkpoints"})):
        assert "parolaccia" not in written
    assert "parolaccia" not in repr(settings.sign_in_terms())
    assert "parolaccia" not in repr(settings.checkpoint_targets())
