"""Settings: one to one with `.env.example`, and a half-filled pair says what is missing."""

import re
from pathlib import Path

import pytest

from bot.accounts import Role, Title
from bot.settings import PREFIX, Settings, SettingsError, SlackMode, read_settings

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


SIGN_IN = {
    "OIDC_ISSUER": "https://slack.com/",
    "OIDC_CLIENT_ID": "1.2",
    "OIDC_CLIENT_SECRET": "parola-strana",
    "OIDC_ALLOWED": "T0123, @Acme.example",
    "CONSOLE_URL": "https://vaglio.acme.example/",
}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_example_names_every_setting_and_no_other() -> None:
    named = re.findall(r"^(VAGLIO_[A-Z_]+)=", EXAMPLE, re.M)
    assert sorted(named) == sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)


def test_the_example_as_it_stands_is_the_default() -> None:
    Path(".env").write_text(EXAMPLE, encoding="utf-8")
    assert read_settings() == Settings(_env_file=None)


def test_nothing_set_is_enough() -> None:
    settings = read_settings()
    assert settings.database == "sqlite:///data/vaglio.db"
    assert settings.policy.is_file()
    assert settings.slack_mode() is None
    assert settings.telegram_mode() is None


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"SLACK_SIGNING_SECRET": "s"}, "SLACK_BOT_TOKEN"),
        ({"TELEGRAM_WEBHOOK_URL": "https://acme.example/telegram/updates"}, "TELEGRAM_TOKEN"),
        ({"TELEGRAM_WEBHOOK_SECRET": "s"}, "TELEGRAM_TOKEN"),
        ({"TELEGRAM_TOKEN": "1:T", "TELEGRAM_WEBHOOK_URL": "https://acme.example/t"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"OIDC_ISSUER": "https://slack.com"}, "OIDC_CLIENT_ID, VAGLIO_OIDC_CLIENT_SECRET, VAGLIO_OIDC_ALLOWED"),
        ({"OIDC_ALLOWED": "acme.example"}, "OIDC_ISSUER"),
        ({name: value for name, value in SIGN_IN.items() if name != "OIDC_ALLOWED"}, "OIDC_ALLOWED is missing"),
        ({name: value for name, value in SIGN_IN.items() if name != "CONSOLE_URL"}, "CONSOLE_URL is missing"),
    ],
)
def test_a_half_is_an_error_that_names_the_other(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(SettingsError, match=f"{PREFIX}{missing}"):
        read_settings()


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"SLACK_BOT_TOKEN": "b", "SLACK_APP_TOKEN": "a"}, SlackMode.SOCKET),
        ({"SLACK_BOT_TOKEN": "b", "SLACK_SIGNING_SECRET": "s"}, SlackMode.HTTP),
        ({"SLACK_BOT_TOKEN": "b", "SLACK_APP_TOKEN": "a", "SLACK_SIGNING_SECRET": "s"}, SlackMode.SOCKET),
    ],
)
def test_an_app_token_selects_socket_mode(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], mode: SlackMode
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    assert read_settings().slack_mode() is mode


@pytest.mark.parametrize("name", ["CONSOLE_PORT", "DRAFT_LIMIT", "RULE_TIMEOUT", "LANGUAGE", "LOG_FORMAT"])
def test_a_wrong_value_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", "parola-strana")
    with pytest.raises(SettingsError, match=f"{PREFIX}{name}") as error:
        read_settings()
    assert "parola-strana" not in str(error.value)


def test_tokens_never_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}TELEGRAM_TOKEN", "1:molto-segreto")
    assert "molto-segreto" not in repr(read_settings())


@pytest.mark.parametrize("keys", ["data", "data/keys"])
def test_keys_never_lie_with_the_data(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", keys)
    with pytest.raises(SettingsError, match=f"{PREFIX}KEYS_DIR"):
        read_settings()


def test_keys_never_lie_with_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", "sqlite:///elsewhere/vaglio.db")
    monkeypatch.setenv(f"{PREFIX}KEYS_DIR", "elsewhere/keys")
    with pytest.raises(SettingsError, match=f"{PREFIX}DATABASE_URL"):
        read_settings()


def test_a_misspelt_name_is_an_error_that_names_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAGLIO_POLCY", "mine.yaml")
    with pytest.raises(SettingsError, match="VAGLIO_POLICY"):
        read_settings()


def test_a_misspelt_name_in_the_file_too() -> None:
    Path(".env").write_text("VAGLIO_SLACK_TOKEN=xoxb-segreto\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="VAGLIO_SLACK_TOKEN") as error:
        read_settings()
    assert "segreto" not in str(error.value)


def test_a_file_in_another_encoding_is_named() -> None:
    Path(".env").write_bytes("VAGLIO_LOG_LEVEL=info # perché\n".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"\.env"):
        read_settings()


@pytest.mark.parametrize(
    ("written", "line", "also"),
    [
        ("# mine\n\nVAGLIO_POLICY segreto\nVAGLIO_LANGUAGE=en\n", 3, "write NAME=value."),
        ("VAGLIO_POLICY\n", 1, "write NAME=value."),
        ("VAGLIO_LOG_LEVEL=info\r\n\r\nexport segreto\r\n", 3, "write NAME=value."),
        ('VAGLIO_LOG_LEVEL=info\nVAGLIO_SLACK_BOT_TOKEN="segreto\n', 2, "close every quotation mark"),
    ],
)
def test_a_line_that_sets_nothing_is_a_fault_and_not_repeated(
    written: str, line: int, also: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path(".env").write_text(written, encoding="utf-8", newline="")
    with pytest.raises(SettingsError, match=rf"\.env, line {line}: .*{also}") as error:
        read_settings()
    assert "segreto" not in str(error.value)
    assert f".env, riga {line}: scrivi NOME=valore" in error.value.show("it")
    assert not caplog.records


def test_a_data_folder_that_leads_to_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv(f"{PREFIX}DATA_DIR", "loop")
    with pytest.raises(SettingsError, match=f"{PREFIX}DATA_DIR"):
        read_settings()


def test_a_path_that_no_file_system_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("VAGLIO_DATA_DIR=a\0b\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=f"{PREFIX}DATA_DIR or {PREFIX}KEYS_DIR is no path"):
        read_settings()


@pytest.mark.parametrize("names", ["*", "*.acme.example", "a.*.b", "http://acme.example", "a b", "-a"])
def test_a_name_of_the_page_is_a_host(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    monkeypatch.setenv(f"{PREFIX}CONSOLE_NAMES", f"vaglio.acme.example, {names}")
    with pytest.raises(SettingsError, match=f"{PREFIX}CONSOLE_NAMES"):
        read_settings()


def test_the_names_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}CONSOLE_NAMES", "vaglio.acme.example, [::1] ,")
    assert read_settings().console_hosts == ("vaglio.acme.example", "[::1]")


# --- Who is who ----------------------------------------------------------------------------------------------------


@pytest.fixture
def _with_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv(f"{PREFIX}SLACK_APP_TOKEN", "xapp-1")


@pytest.mark.usefixtures("_with_slack")
def test_roles_by_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        f"{PREFIX}SLACK_GROUPS", "communications=S0123, compliance = S0456,owner:legal=S0789,owner:legal=S1,"
    )
    legal = Title(Role.OWNER, "legal")
    assert read_settings().role_groups() == (
        (Title(Role.COMMUNICATIONS), "S0123"),
        (Title(Role.COMPLIANCE), "S0456"),
        (legal, "S0789"),
        (legal, "S1"),
    )


@pytest.mark.parametrize(
    "groups",
    ["S0123", "communications", "communications=", "=S0123", "boss=S0123", "owner=S0123", "owner:=S0123",
     "communications=communications-team", "communications=S0123 compliance=S0456", "communications=@press"],
)  # fmt: skip
@pytest.mark.usefixtures("_with_slack")
def test_a_group_that_is_written_wrongly(monkeypatch: pytest.MonkeyPatch, groups: str) -> None:
    monkeypatch.setenv(f"{PREFIX}SLACK_GROUPS", groups)
    with pytest.raises(SettingsError, match=f"{PREFIX}SLACK_GROUPS.*owner:legal=S0456"):
        read_settings()


@pytest.mark.parametrize(
    ("admin", "is_e_mail"),
    [("slack:T0123:U0456", False), ("telegram:12345", False), ("local:owner", False), ("anna@acme.example", True)],
)
@pytest.mark.usefixtures("_with_slack")
def test_an_admin_is_an_account_or_an_address(monkeypatch: pytest.MonkeyPatch, admin: str, is_e_mail: bool) -> None:
    monkeypatch.setenv(f"{PREFIX}ADMIN", admin)
    settings = read_settings()
    assert (settings.admin, settings.admin_is_e_mail) == (admin, is_e_mail)
    assert admin not in repr(settings)


@pytest.mark.parametrize("admin", ["annarossi", "U0456", "@anna", "anna@localhost", "slack:T0123", "a@b.c, d@e.f"])
@pytest.mark.usefixtures("_with_slack")
def test_an_admin_who_is_neither(monkeypatch: pytest.MonkeyPatch, admin: str) -> None:
    monkeypatch.setenv(f"{PREFIX}ADMIN", admin)
    with pytest.raises(SettingsError, match=f"{PREFIX}ADMIN.*slack:T0123:U0456") as error:
        read_settings()
    assert f": {admin}" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "is_enough"),
    [
        ({"ADMIN": "anna@acme.example"}, False),
        ({"SLACK_GROUPS": "admin=S1"}, False),
        ({"ADMIN": "telegram:12345"}, True),
    ],
)
def test_what_is_asked_of_slack_needs_slack(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], is_enough: bool
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    if is_enough:
        read_settings()
        return
    with pytest.raises(SettingsError, match=f"{PREFIX}{next(iter(given))}.*{PREFIX}SLACK_BOT_TOKEN"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [("DRAFT_DAYS", "0", "1"), ("DRAFT_DAYS", "91", "90"), ("RATE_PERSON", "0", "1"), ("RATE_WORKSPACE", "-5", "1")],
)
def test_a_number_out_of_bounds_is_told_the_bound(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, bound: str
) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(SettingsError, match=f"{PREFIX}{name}: .* {bound}$"):
        read_settings()


def test_the_provider_is_read_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings().sign_in_terms() is None
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    settings = read_settings()
    terms = settings.sign_in_terms()
    assert terms is not None
    assert (terms.issuer, terms.is_slack, terms.name) == ("https://slack.com", True, "Slack")
    assert terms.callback == "https://vaglio.acme.example/sign-in/callback"
    assert (terms.teams, terms.domains) == ({"T0123"}, {"acme.example"})
    assert settings.console_hosts == ("vaglio.acme.example",)
    assert "parola-strana" not in repr(settings) + repr(terms)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ISSUER", "http://login.acme.example"),
        ("OIDC_ISSUER", "login.acme.example"),
        ("OIDC_ISSUER", "https://login.acme.example?x=1"),
        ("OIDC_ISSUER", "https://[parola-strana"),
        ("CONSOLE_URL", "http://vaglio.acme.example"),
        ("CONSOLE_URL", "https://[parola-strana"),
        ("CONSOLE_URL", "https://vaglio.acme.example/console"),
        ("CONSOLE_URL", "https://anna:parola-strana@vaglio.acme.example"),
        ("OIDC_ALLOWED", "*"),
        ("OIDC_ALLOWED", "acme"),
        ("OIDC_ALLOWED", "anna@acme.example"),
    ],
)
def test_a_provider_that_cannot_be_right_is_said(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for each, right in {**SIGN_IN, name: value}.items():
        monkeypatch.setenv(f"{PREFIX}{each}", right)
    with pytest.raises(SettingsError, match=f"{PREFIX}{name}") as error:
        read_settings()
    assert "parola-strana" not in str(error.value)


def test_teams_are_slacks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SIGN_IN, "OIDC_ISSUER": "https://login.acme.example/realm", "OIDC_ALLOWED": "T0123"}.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(SettingsError, match="nobody would get in"):
        read_settings()
    monkeypatch.setenv(f"{PREFIX}OIDC_ALLOWED", "acme.example")
    terms = read_settings().sign_in_terms()
    assert terms is not None
    assert not terms.is_slack
    assert terms.name == "login.acme.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_needs_no_https(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name, value in {**SIGN_IN, "CONSOLE_URL": f"http://{host}:8321"}.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    settings = read_settings()
    terms = settings.sign_in_terms()
    assert terms is not None
    assert terms.callback == f"http://{host}:8321/sign-in/callback"
    assert settings.console_hosts == (host,)


def test_an_admin_by_address_needs_slack_or_a_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}ADMIN", "anna@acme.example")
    with pytest.raises(SettingsError, match="OIDC_ISSUER"):
        read_settings()
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    assert read_settings().admin_is_e_mail
