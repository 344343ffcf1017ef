"""Invented secrets for the gold posts: made anew at each run, so that none lies here to be found."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_LETTERS, _UPPER = string.ascii_letters + string.digits, string.ascii_uppercase + string.digits
_URL = string.ascii_letters + string.digits + "-_"
_HEX = "0123456789abcdef"


def filled(text: str) -> tuple[str, list[tuple[int, int]]]:
    """`text` with a secret in place of each `{{kind}}`, always the same for the same text; and where each stands."""
    made, places, done = "", list[tuple[int, int]](), 0
    for number, match in enumerate(_PLACE.finditer(text)):
        made += text[done : match.start()]
        dice = random.Random(f"{text}{number}")
        secret = _KINDS[match[1]](dice)
        places.append((len(made), len(made) + len(secret)))
        made += secret
        done = match.end()
    return made + text[done:], places


def kinds(text: str) -> list[str]:
    return _PLACE.findall(text)


def _some(alphabet: str, count: int, head: str = "", tail: str = "") -> Callable[[random.Random], str]:
    return lambda dice: head + "".join(dice.choices(alphabet, k=count)) + tail


def _base64(count: int) -> Callable[[random.Random], str]:
    return lambda dice: base64.b64encode(dice.randbytes(count)).decode()


def _joined(*parts: str | Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    return lambda dice: "".join(part if isinstance(part, str) else part(dice) for part in parts)


def _jwt(dice: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    return f"{head}.{part({'sub': str(dice.randrange(10**9)), 'iat': 1790000000})}.{_some(_URL, 43)(dice)}"


def _block(kind: str) -> Callable[[random.Random], str]:
    return lambda dice: f"-----BEGIN {kind}----- {_base64(96)(dice)} -----END {kind}-----"


def _password(dice: random.Random) -> str:
    word = dice.choice(("Girasole", "Bicicletta", "Tramonto", "Harbour", "Marble", "Falcon"))
    return f"{word}{dice.choice('!?#%_-')}{dice.randrange(10, 9999)}"


_DIGITS = string.digits
_KINDS: dict[str, Callable[[random.Random], str]] = {
    "aws_access_key_id": _some("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16, "AKIA"),
    "aws_secret_access_key": _some(_LETTERS + "/+", 40),
    "github_pat": _some(_LETTERS, 36, "ghp_"),
    "github_fine_grained": _joined(_some(_LETTERS, 22, "github_pat_"), "_", _some(_LETTERS, 59)),
    "gitlab_pat": _some(_URL, 20, "glpat-"),
    "slack_bot_token": _joined("xoxb-", _some(_DIGITS, 12), "-", _some(_DIGITS, 13), "-", _some(_LETTERS, 24)),
    "slack_app_token": _joined("xapp-1-A", _some(_UPPER, 10), "-", _some(_DIGITS, 13), "-", _some(_HEX, 64)),
    "slack_webhook": _joined(
        "https://hooks.slack.com/services/T", _some(_UPPER, 10), "/B", _some(_UPPER, 10), "/", _some(_LETTERS, 24)
    ),
    "discord_bot_token": _joined("MT", _some(_LETTERS, 22), ".G", _some(_LETTERS, 5), ".", _some(_URL, 38)),
    "discord_webhook": _joined("https://discord.com/api/webhooks/", _some(_DIGITS, 18), "/", _some(_URL, 68)),
    "telegram_bot_token": _joined(_some(_DIGITS, 10), ":AA", _some(_URL, 33)),
    "stripe_live_key": _some(_LETTERS, 24, "sk_" + "live_"),
    "sendgrid_key": _joined("SG.", _some(_URL, 22), ".", _some(_URL, 43)),
    "mailgun_key": _joined("key-", _some(_HEX, 32)),
    "twilio_sid_and_token": _joined("AC", _some(_HEX, 32), " / ", _some(_HEX, 32)),
    "openai_key": _joined("sk-proj-", _some(_URL, 74), "T3BlbkFJ", _some(_URL, 74)),
    "anthropic_key": _joined("sk-ant-api03-", _some(_URL, 93), "AA"),
    "google_api_key": _some(_URL, 35, "AIza"),
    "google_oauth_secret": _some(_URL, 28, "GOCSPX-"),
    "azure_storage_key": _base64(64),
    "azure_connection_string": _joined(
        "DefaultEndpointsProtocol=https;AccountName=acmefiles;AccountKey=", _base64(64),
        ";EndpointSuffix=core.windows.net",
    ),
    "npm_token": _some(_LETTERS, 36, "npm_"),
    "pypi_token": _some(_URL, 150, "pypi-AgEIcHlwaS5vcmc"),
    "docker_pat": _some(_URL, 27, "dckr_pat_"),
    "huggingface_token": _some(string.ascii_letters, 34, "hf_"),
    "jwt": _jwt,
    "private_key_block": _block("RSA PRIVATE KEY"),
    "ssh_private_key_block": _block("OPENSSH PRIVATE KEY"),
    "pgp_private_key_block": _block("PGP PRIVATE KEY BLOCK"),
    "url_with_password": _joined("postgres://acme_app:", _password, "@db.acme.example:5432/ordini"),
    "bearer_header": _joined("Authorization: Bearer ", _some(_URL, 40)),
    "basic_auth_header": lambda dice: "Authorization: Basic "
    + base64.b64encode(f"admin:{_password(dice)}".encode()).decode(),
    "databricks_token": _some(_HEX, 32, "dapi"),
    "shopify_token": _some(_HEX, 32, "shpat_"),
    "hubspot_token": lambda dice: "pat-eu1-" + "-".join(_some(_HEX, n)(dice) for n in (8, 4, 4, 4, 12)),
    "airtable_token": _joined("pat", _some(_LETTERS, 14), ".", _some(_HEX, 64)),
    "notion_token": _some(_LETTERS, 46, "ntn_"),
    "vault_token": _some(_URL, 91, "hvs."),
    "password_assignment": _joined("DB_PASSWORD=", _password),
    "generic_api_key_assignment": _joined("API_KEY=", _some(_LETTERS, 32)),
}  # fmt: skip
