"""Everything that can be set, one to one with `.env.example`; what is half set is an error naming the other half."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.accounts import Title, is_account, read_groups
from bot.audit.targets import Target, read_targets
from bot.env_file import ENV_FILE, language_in, read_env_file
from bot.folders import Named, keep_apart, refuse_root
from bot.languages import LANGUAGES, Language
from bot.oidc import Terms, read_terms
from bot.secret_files import FILE, exposed, read_secret_files
from bot.wording.saying import SaidError, WrongValueError, about, saying
from bot.wrong_settings import refuse_unknown, wrong_values
from rules.assembly import SHIPPED
from rules.draft import LIMIT
from rules.judges import Toxicity
from rules.screening import PATIENCE

PREFIX = "VAGLIO_"


_E_MAIL = re.compile(r"[^@\s:,]+@[^@\s:,]+\.[^@\s:,.]+")


class SettingsError(SaidError):
    """A setting that is missing or wrong, said by its name in the environment."""


class SlackMode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path = Path("data")
    keys_dir: Path = Path("keys")
    models_dir: Path = Path("models")
    # An address may hold a password.
    database_url: str | None = Field(default=None, repr=False)
    database_owner_url: str | None = Field(default=None, repr=False)
    policy: Path = SHIPPED / "company.yaml"
    language: Language | None = None

    draft_limit: int = Field(default=LIMIT, ge=100, le=100_000)
    toxicity: Toxicity = "auto"
    rule_timeout: float = Field(default=PATIENCE, gt=0, le=60)
    workers: int = Field(default=4, ge=1, le=64)
    backlog: int = Field(default=50, ge=1)
    draft_days: int = Field(default=7, ge=1, le=90)
    rate_person: int = Field(default=20, ge=1)
    rate_workspace: int = Field(default=600, ge=1)
    rate_client: int = Field(default=60, ge=1)

    # An address may hold a password.
    checkpoints: str = Field(default="", repr=False)
    checkpoint_entries: int = Field(default=1_000, ge=1)
    checkpoint_minutes: int = Field(default=60, ge=1, le=10_080)

    unmask_people: int = Field(default=1, ge=1, le=2)
    publish_people: int = Field(default=1, ge=1, le=2)

    admin: str | None = Field(default=None, repr=False)

    console_host: str = "127.0.0.1"
    console_port: int = Field(default=8321, ge=0, le=65535)
    console_names: str = ""
    console_url: str | None = None
    metrics_token: SecretStr | None = None

    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_allowed: str = ""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_groups: str = ""

    telegram_token: SecretStr | None = None
    telegram_api_url: str = "https://api.telegram.org"
    telegram_webhook_url: str | None = None
    telegram_webhook_secret: SecretStr | None = None

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_unset(cls, value: object, info: object) -> object:
        # `.env.example` copied as it is has every name with nothing behind it.
        if isinstance(value, str) and not value.strip():
            name = getattr(info, "field_name", "")
            return cls.model_fields[name].get_default()
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy address: SQLite in the data folder unless one is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'vaglio.db'}"

    @property
    def console_hosts(self) -> tuple[str, ...]:
        """The names by which the page is reached besides this machine's own."""
        named = [name.strip() for name in self.console_names.split(",") if name.strip()]
        host = urlsplit(self.console_url or "").hostname or ""
        host = f"[{host}]" if ":" in host else host
        return (*named, host) if host and host not in named else tuple(named)

    @property
    def admin_is_e_mail(self) -> bool:
        """Whether somebody else has to say whose it is: Slack, or the provider at which they sign in."""
        return self.admin is not None and _E_MAIL.fullmatch(self.admin) is not None

    def checkpoint_targets(self) -> tuple[Target, ...]:
        """The places off the host that take checkpoints. Raises `SettingsError`."""
        try:
            return read_targets(self.checkpoints)
        except WrongValueError as error:
            raise SettingsError(*(about(f"{PREFIX}CHECKPOINTS", fault) for fault in error.said)) from None

    def role_groups(self) -> tuple[tuple[Title, str], ...]:
        """Which role goes with which of Slack's user groups. Raises `SettingsError`."""
        try:
            return read_groups(self.slack_groups)
        except WrongValueError as error:
            raise SettingsError(*(about(f"{PREFIX}SLACK_GROUPS", fault) for fault in error.said)) from None

    def sign_in_terms(self) -> Terms | None:
        """The provider by which people sign in; None where there is none. Raises `SettingsError` for a half."""
        try:
            return read_terms(
                self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_allowed, self.console_url,
                PREFIX,
            )  # fmt: skip
        except WrongValueError as error:
            raise SettingsError(*error.said) from None

    def slack_mode(self) -> SlackMode | None:
        """How Slack is reached; None where it is not set up. Raises `SettingsError` for a half."""
        bot, app, secret = self.slack_bot_token, self.slack_app_token, self.slack_signing_secret
        if not (bot or app or secret):
            return None
        if not bot:
            said = saying(
                "Slack: VAGLIO_SLACK_BOT_TOKEN is missing (the token that begins with xoxb-; api.slack.com/apps → "
                "OAuth & Permissions)."
            )
            raise SettingsError(said)
        if app:
            return SlackMode.SOCKET
        if secret:
            return SlackMode.HTTP
        said = saying(
            "Slack: VAGLIO_SLACK_APP_TOKEN is missing (xapp-…, for Socket Mode), or else VAGLIO_SLACK_SIGNING_SECRET "
            "(for HTTP). One of the two goes with VAGLIO_SLACK_BOT_TOKEN."
        )
        raise SettingsError(said)

    def telegram_mode(self) -> Literal["polling", "webhook"] | None:
        """How Telegram is reached; None where it is not set up. Raises `SettingsError` for a half."""
        if not self.telegram_token:
            for name in ("telegram_webhook_url", "telegram_webhook_secret"):
                if getattr(self, name):
                    said = saying(
                        "Telegram: VAGLIO_TELEGRAM_TOKEN is missing (from @BotFather), and {name} is set.",
                        name=f"{PREFIX}{name.upper()}",
                    )
                    raise SettingsError(said)
            return None
        if self.telegram_webhook_url and not self.telegram_webhook_secret:
            said = saying(
                "Telegram: VAGLIO_TELEGRAM_WEBHOOK_SECRET is missing: without it anybody could post updates to "
                "VAGLIO_TELEGRAM_WEBHOOK_URL. Any 32 letters and digits will do."
            )
            raise SettingsError(said)
        return "webhook" if self.telegram_webhook_url else "polling"


def setting_names() -> frozenset[str]:
    """All that may be set."""
    known = (f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
    return frozenset(known) | {f"{name}{FILE}" for name in secret_names()}


def secret_names() -> frozenset[str]:
    """The settings that are never shown: each may lie in a file, which its name with `_FILE` names."""
    hidden = (
        name for name, field in Settings.model_fields.items() if not field.repr or "SecretStr" in str(field.annotation)
    )
    return frozenset(f"{PREFIX}{name.upper()}" for name in hidden)


def exposed_secrets(settings: Settings) -> list[Path]:
    """The files with a secret in them that every user of this machine can read."""
    return exposed(_written(), secret_names(), settings.keys_dir)


def read_settings(*, writes: bool = True) -> Settings:
    """The settings from the environment, `.env` and files of secrets. Raises `SettingsError` naming those at fault.

    `writes`: for whoever may make files, which must not be root's in another user's folders.
    """
    written = _written()
    try:
        refuse_unknown([name for name in written if name.startswith(PREFIX)], setting_names())
        secrets = read_secret_files(written, secret_names())
    except WrongValueError as error:
        raise SettingsError(*error.said) from None
    try:
        settings = Settings(**{name.removeprefix(PREFIX).lower(): secret for name, secret in secrets.items()})  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(*wrong_values(error, PREFIX)) from None
    _look_at_folders(settings, writes=writes)
    settings.sign_in_terms()  # with the page's address, in which one of its names stands
    for name in settings.console_hosts:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]", name):
            said = saying("VAGLIO_CONSOLE_NAMES: not a host's name: write vaglio.acme.example, for example.")
            raise SettingsError(said)
    settings.checkpoint_targets()
    settings.slack_mode()
    settings.telegram_mode()
    _look_at_roles(settings)
    return settings


def written_language() -> Language | None:
    """As it is written, for whoever has to say that the settings cannot be read."""
    name = f"{PREFIX}LANGUAGE"
    named = next((value for each, value in os.environ.items() if each.upper() == name), language_in(name))
    return next((language for language in LANGUAGES if language == named), None)


def _look_at_roles(settings: Settings) -> None:
    if settings.admin and not (settings.admin_is_e_mail or is_account(settings.admin)):
        said = saying(
            "VAGLIO_ADMIN: neither an account nor an e-mail address: write slack:T0123:U0456, telegram:12345 or "
            "anna@acme.example, for example."
        )
        raise SettingsError(said)
    groups = settings.role_groups()
    if settings.slack_mode() is not None:
        return
    # An address is known to Slack, or to the provider at which they sign in.
    if settings.admin_is_e_mail and settings.sign_in_terms() is None:
        said = saying(
            "VAGLIO_ADMIN is asked of Slack, and Slack is not set up: VAGLIO_SLACK_BOT_TOKEN is missing (docs/slack.md "
            "tells how; or let them sign in by a provider: VAGLIO_OIDC_ISSUER)."
        )
        raise SettingsError(said)
    if groups:
        said = saying(
            "VAGLIO_SLACK_GROUPS is asked of Slack, and Slack is not set up: VAGLIO_SLACK_BOT_TOKEN is missing "
            "(docs/slack.md tells how)."
        )
        raise SettingsError(said)


def _written() -> dict[str, str | None]:
    """All that is set in `.env` and the environment, which comes first; Vaglio's names in capitals."""
    try:
        found = {**read_env_file(), **os.environ}
    except WrongValueError as error:
        raise SettingsError(*error.said) from None
    return {name.upper() if name.upper().startswith(PREFIX) else name: value for name, value in found.items()}


def _look_at_folders(settings: Settings, *, writes: bool) -> None:
    data: list[Named] = [(f"{PREFIX}DATA_DIR", settings.data_dir)]
    keys = (f"{PREFIX}KEYS_DIR", settings.keys_dir)
    if settings.database.startswith("sqlite:///"):
        file = Path(settings.database.removeprefix("sqlite:///"))
        data.append((saying("the folder of VAGLIO_DATABASE_URL"), file.parent))
    try:
        keep_apart(keys, data)
        if writes:
            refuse_root([*data, keys, (f"{PREFIX}MODELS_DIR", settings.models_dir)])
    except WrongValueError as error:
        raise SettingsError(*error.said) from None
