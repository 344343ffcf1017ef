"""Keys, tokens and passwords, from machines and from people."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import regex

from bot.prescreen import Screening
from bot.reply import reply_to
from rules.detectors.base import Subject
from rules.draft import Draft, Kind
from rules.folding import fold
from rules.masking import mask
from rules.policy import Policy
from rules.scanner import scanner
from rules.screening import Screener
from rules.unavailable import Unavailable

Make = Callable[..., Any]
Find = Callable[..., list[str]]

# Secrets are made at each run: none lies here for a scanner of repositories to find.
INVENTED = runpy.run_path(str(Path(__file__).parents[3] / "bench" / "invented.py"))
KINDS = sorted(INVENTED["_KINDS"])
RUN = 12
"""Characters of a secret in a row that nobody should be left to read."""
LONG = regex.compile(r"(?!DefaultEndpoints)(?<![\w+.\-])[\w+.\-]{20,}")


def machine(kind: str, frame: str) -> tuple[str, str]:
    """A text with an invented secret in it, and the secret."""
    text, ((start, end),) = INVENTED["filled"](frame.format(f"{{{{{kind}}}}}"))
    return text, text[start:end]


@pytest.fixture(scope="module")
def rule(make_rule: Make) -> Any:
    made = make_rule("secret", severity="block")
    made.load()
    return made


@pytest.fixture(scope="module")
def screener(rule: Any, make_policy: Callable[..., Policy]) -> Screener:
    return Screener(make_policy(rule))


def hidden(screener: Screener, text: str) -> str:
    found = screener.hidden(text)
    assert found is not None
    return mask(text, found).text


# --- Machines -----------------------------------------------------------------------------------------------------

NAMES_ONLY = {
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY={}",
    "azure_storage_key": "AccountKey={}",
}
"""Forty letters alone could be anything: what stands before says what they are."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frame", ["Ecco la chiave: {} grazie", "Funziona! 🎉\n{}\nA domani", "({})"])
def test_a_machine_s_secret_is_hidden(screener: Screener, kind: str, frame: str) -> None:
    text, secret = machine(kind, frame.replace("{}", NAMES_ONLY.get(kind, "{}")))
    left = hidden(screener, text)
    assert "[SECRET]" in left
    for part in LONG.findall(secret):
        assert not any(part[at : at + RUN] in left for at in range(len(part) - RUN + 1))


def test_of_an_address_with_a_password_only_the_password_is_hidden(screener: Screener) -> None:
    text = "Il database è postgres://app:" + "Tramonto" + "!42@db.acme.example:5432/ordini"
    assert hidden(screener, text) == "Il database è postgres://app:[SECRET]@db.acme.example:5432/ordini"


@pytest.mark.parametrize(
    "text",
    [
        "API_KEY=xxxxxxxx", "DB_PASSWORD=${DB_PASSWORD}", "DB_PASSWORD=$DB_PASSWORD", "token: YOUR_TOKEN",
        "TOKEN=%TOKEN%", "PASSWORD=...", 'api_key = "changeme"', "API_KEY=example-key", "secret: INSERISCI_QUI",
        "API_KEY=la_tua_chiave", "password: <your-password>", "Password: la-tua-password", "password: ********",
        "La password è ••••••••", "the password is [redacted]", "password: {{password}}", "La password è <password>",
        "password: segnaposto", "La password è xxxx", "Il PIN è XXXX", "postgres://user:${PASS}@db/x",
        "I commit sono 3f2a9c1 e 9e107d9d372bb6826bd81d3542a419d6",
        "Ordine 123e4567-e89b-12d3-a456-426614174000 spedito", "https://youtu.be/dQw4w9WgXcQ",
        "https://www.linkedin.com/posts/acme_activity-7199999999999999999-aBcD",
    ],
)  # fmt: skip
def test_what_stands_in_place_of_a_secret_is_none(rule: Any, found: Find, text: str) -> None:
    assert found(rule, text) == []


# --- People -------------------------------------------------------------------------------------------------------

TOLD = [
    # Italian
    ("La password del wifi è girasole.", "girasole"),
    ("La password è «Girasole99»", "Girasole99"),
    ("Password: tramonto", "tramonto"),
    ("pw: Mirtillo!7", "Mirtillo!7"),
    ("La password dell'ufficio è sempre la stessa: pippo123", "pippo123"),
    ("Per entrare nel portale: utente mario, password Ciliegia_8", "Ciliegia_8"),
    ("Ho messo la password Estate2024 su tutti i pc", "Estate2024"),
    ("Rete AcmeGuest, password limonata55", "limonata55"),
    ("la chiave del wifi è casamia2020", "casamia2020"),
    ("Wifi ospiti → limonata", "limonata"),
    ("LA PASSWORD È GIRASOLE99", "GIRASOLE99"),
    ("La password è ｇｉｒａｓｏｌｅ", "ｇｉｒａｓｏｌｅ"),
    ("Il PIN è 4821", "4821"),
    ("il pin della carta aziendale è 48213", "48213"),
    ("PIN 4821 per la SIM del furgone", "4821"),
    ("Il codice del cancello è 7742", "7742"),
    ("Codice porta: 9081", "9081"),
    ("La combinazione della cassaforte è 18-32-07", "18-32-07"),
    ("La cassaforte si apre con 183207", "183207"),
    ("Per aprire il portone digita 5512", "5512"),
    ("Il lucchetto è 4471", "4471"),
    ("Codice di verifica: 918 273", "918 273"),
    ("Il mio codice OTP è 553201", "553201"),
    ("La parola d'ordine è «il gatto dorme sul tetto»", "il gatto dorme sul tetto"),
    ('La passphrase è "cavallo batteria graffetta corretto"', "cavallo batteria graffetta corretto"),
    # English
    ("The wifi password is sunflower.", "sunflower"),
    ('Our password is "Marble-Falcon"', "Marble-Falcon"),
    ("Password: harbour", "harbour"),
    ("pw = Harbour!22", "Harbour!22"),
    ("The admin password is still tulips12", "tulips12"),
    ("username: guest password: tangerine", "tangerine"),
    ("I set the password to Winter2024 for everyone", "Winter2024"),
    ("login guest / tangerine88", "tangerine88"),
    ("the network key is bluewhale77", "bluewhale77"),
    ("The wifi key: bluewhale", "bluewhale"),
    ("The PIN is 4821", "4821"),
    ("The gate code is 7742", "7742"),
    ("The alarm code for the shop is 5150", "5150"),
    ("Punch in 5512 at the back door", "5512"),
    ("The safe combination is 18-32-07", "18-32-07"),
    ("The lockbox is 0451", "0451"),
    ("My verification code is 918 273", "918 273"),
    ("Meeting passcode: 771204", "771204"),
    ("the voicemail pin is 0000", "0000"),
    ("Our passphrase is 'correct horse battery staple'", "correct horse battery staple"),
]


@pytest.mark.parametrize(("text", "secret"), TOLD)
def test_a_secret_told_in_words_is_found(rule: Any, found: Find, text: str, secret: str) -> None:
    assert found(rule, text) == [secret]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("user: admin pass: ciliegia77", "ciliegia77"),
        ("Si entra con admin/ciliegia77", "ciliegia77"),
        ("Credenziali: admin / Zanzara#21", "Zanzara#21"),
        ("Log in with admin:Tangerine9", "Tangerine9"),
        ("La psw del gestionale è Cavallo2024!", "Cavallo2024"),
        ("Il codice dell'allarme è 7742#", "7742"),
    ],
)
def test_of_a_pair_the_secret_at_least_is_hidden(screener: Screener, text: str, secret: str) -> None:
    assert secret not in hidden(screener, text)


HARMLESS = [
    # Italian
    "Non condividere mai la tua password.",
    "La password è scaduta.",
    "La password è stata cambiata ieri.",
    "La password è troppo corta.",
    "La password del portale è la stessa del dominio.",
    "La password deve avere almeno 12 caratteri.",
    "Cambiate la password ogni 90 giorni.",
    "Ho dimenticato la password, di nuovo.",
    "La password è personale e segreta.",
    "La password è importante, ma il secondo fattore di più.",
    "Password sicure: il corso è giovedì alle 15.",
    "Wifi gratis in tutta la sede.",
    "Il wifi è gratuito.",
    "Il nostro wifi è lento dalle 9 alle 11.",
    "Il PIN non si scrive sulla carta.",
    "Non chiediamo mai il PIN, neanche al telefono.",
    "Inserisci il PIN e ritira la carta.",
    "Il codice della strada cambia nel 2025.",
    "Codice sconto: ESTATE20",
    "Usa il codice BENVENUTO10 alla cassa.",
    "Il codice postale è 20121.",
    "La combinazione vincente è pane e salame.",
    "La cassaforte è del 1923.",
    "La parola d'ordine è qualità.",
    "Parola d'ordine: sostenibilità.",
    "La parola chiave di quest'anno è fiducia.",
    "Il lucchetto è rotto.",
    "Non usate password banali come 123456 o qwerty.",
    "Il gestore di password è obbligatorio da lunedì.",
    "Per entrare digita il codice che trovi sul badge.",
    "Il login è più veloce del 30 %.",
    "La chiave è la fiducia.",
    # English
    "Never give your password to a colleague.",
    "The password has expired.",
    "The password is too short.",
    "The password is the same for everyone.",
    "Your password must have at least 12 characters.",
    "Change your password every 90 days.",
    "I forgot my password again.",
    "Password managers are free for staff.",
    "Our password policy changes on 1 March 2025.",
    "The wifi is free.",
    "The wifi is down until 3 pm.",
    "Free wifi, great coffee.",
    "The PIN is printed on the letter.",
    "Enter your PIN and press OK.",
    "The gate code changes every month.",
    "The dress code is casual.",
    "The zip code is 90210.",
    "Use code SUMMER20 at checkout.",
    "The safe is from 1923.",
    "The winning combination is bread and butter.",
    "The magic word is please.",
    "Two-factor login is mandatory from Monday.",
    "The login page has a new look.",
    "Our alarm went off at 7:30.",
    "Passwords, passkeys and PINs: what changes in 2025",
    "The verification code arrives by text within 60 seconds.",
    "The key is patience.",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_talk_about_passwords_gives_none_away(rule: Any, found: Find, text: str) -> None:
    assert found(rule, text) == []


def test_where_prose_is_not_wanted_machines_are_read_all_the_same(make_rule: Make, found: Find) -> None:
    plain = make_rule("secret", prose=False)
    text, secret = machine("github_pat", "Il token è {}")
    assert found(plain, text) == [secret]
    assert [told for told, _ in TOLD if "password" in told and found(plain, told) and ":" not in told] == []


# --- Places -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", ["", "🎉👨‍👩‍👧‍👦🇮🇹 ", "\ud83d\udc00 ", "e\u0301\u200b\u202e ", "\x00", "ﷺ ½ ", "漢字 "]
)
@pytest.mark.parametrize("kind", ["github_pat", "slack_bot_token", "password_assignment"])
def test_whatever_stands_before_the_place_is_right(rule: Any, found: Find, before: str, kind: str) -> None:
    text, secret = machine(kind, "{}")
    (place,) = found(rule, f"{before}{text} {before}")
    assert place == secret.removeprefix("DB_PASSWORD=")
    assert found(rule, f"{before}La password è «Girasole99» {before}") == ["Girasole99"]


@pytest.mark.parametrize(
    "text", ["La password del wifi è {}", "password: Pippo123! {} per tutti", "il pin? no, la pass: {}, grazie"]
)
def test_a_long_secret_is_found_to_its_end(rule: Any, found: Find, text: str) -> None:
    value = "!".join(f"Zq{number}" for number in range(50))
    assert value in found(rule, text.format(value))


def test_a_secret_with_invisible_characters_inside_is_hidden_whole(rule: Any, found: Find) -> None:
    _, secret = machine("github_pat", "{}")
    for unseen in ("\x00", "\u200b", "\u00ad"):
        broken = f"{secret[:9]}{unseen}{secret[9:]}"
        assert found(rule, f"Ecco {broken} qui") == [broken]
        assert found(rule, f"La password è «Gira{unseen}sole99»") == [f"Gira{unseen}sole99"]


def test_the_end_of_a_long_draft_is_read(screener: Screener) -> None:
    text, secret = machine("stripe_live_key", "Il token è {}")
    draft = Draft(text=("parola e altre parole, " * 500)[: 10_000 - len(text)] + text)
    verdict = screener.screen(draft)
    assert [finding.span.of(draft.text) for finding in verdict.findings] == [secret]


@pytest.mark.parametrize(
    "piece",
    [
        "password ", "password: ", "password is ", "token=", "key key ", "-----BEGIN PRIVATE KEY-----", "admin pass ",
        "codice porta ", "digita 5512 ", "1-", "a1!", "eyJabcdefghijk.", "a@b:", "\x00", "bearer ", '"', "_", "🎉", "1",
    ],
)  # fmt: skip
def test_ten_thousand_characters_of_one_kind_are_read_whole(rule: Any, make_policy: Make, piece: str) -> None:
    text = ("x " + piece * 10_000)[:10_000]
    assert Screener(make_policy(rule), patience=30).screen(Draft(text=text)).unchecked == ()


# --- What is said of it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{}, {"hides": "CHIAVE"}])
def test_a_secret_is_always_hidden_as_one(make_rule: Make, fields: dict[str, str]) -> None:
    """Answers go by that name: under another its writer would be shown it."""
    rule, text = make_rule("secret", **fields), "La password è «Girasole99»"
    assert rule.may_hide
    assert [hit.hides for hit in rule.hits(Subject(Draft(text=text), fold(text), ("it", "en")))] == ["SECRET"]


def test_nothing_that_is_found_holds_the_secret(screener: Screener) -> None:
    text, secret = machine("openai_key", "La password è «Girasole99», la chiave {}")
    verdict = screener.screen(Draft(text=text))
    assert len(verdict.findings) == 2
    said = repr(verdict) + repr([asdict(finding) for finding in verdict.findings])
    assert "Girasole" not in said
    assert secret[:RUN] not in said
    assert "kingfisher" in verdict.models


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("room", [2_400, 100])
def test_an_answer_never_shows_the_secret(screener: Screener, language: str, room: int) -> None:
    text, secret = machine("anthropic_key", "La password è «Girasole99» (Girasole99!), la chiave {}")
    draft = Draft(text=text)
    reply = reply_to(Screening("s_1", datetime.now(UTC), draft, screener.screen(draft)), screener.policy, language,
                     room=room)  # fmt: skip
    shown = "".join(piece.text for piece in reply.pieces)
    assert ("[SECRET]", (1,)) in [(piece.text, piece.marks) for piece in reply.pieces]
    assert "Girasole" not in shown
    assert secret[:RUN] not in repr(reply)


def test_an_exception_is_let_pass(make_rule: Make, found: Find) -> None:
    sparing = make_rule("secret", **{"except": ["ospite2024"]})
    assert found(sparing, "La password del wifi è ospite2024") == []
    assert found(sparing, "La password del wifi è girasole99") == ["girasole99"]


# --- Without the scanner ------------------------------------------------------------------------------------------


def test_without_the_scanner_the_rule_is_unavailable(
    make_rule: Make, make_policy: Make, found: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(folder: Path | None) -> None:
        raise ImportError("no such library")

    monkeypatch.setattr("rules.detectors.secret.scanner", missing)
    rule = make_rule("secret")
    with pytest.raises(Unavailable, match=r"^model:kingfisher$"):
        rule.load()
    with pytest.raises(Unavailable, match=r"^model:kingfisher$"):
        found(rule, "x")
    screener = Screener(make_policy(rule))
    assert screener.load() == {"test.secret": "model:kingfisher"}
    assert [(one.reason, one.hides) for one in screener.screen(Draft(text="x")).unchecked] == [
        ("model:kingfisher", True)
    ]
    assert screener.hidden("x") is None


def test_a_scan_that_takes_too_long_leaves_the_rule_unchecked(
    rule: Any, make_policy: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rules.scanner.TIMEOUT", 1e-9)
    (missed,) = Screener(make_policy(rule)).screen(Draft(text="parola " * 1_400)).unchecked
    assert missed.reason == "error:TimeoutError"


def test_one_scanner_serves_all_rules(rule: Any) -> None:
    assert scanner(None) is scanner(None)


def test_another_wording_never_says_the_secret(make_rule: Make, rule: Any, make_policy: Callable[..., Policy]) -> None:
    text = "LA PASSWORD DEL WIFI È GIRASOLE2026! NON DITELO A NESSUNO"
    verdict = Screener(make_policy(rule, make_rule("shouting"))).screen(Draft(text=text))
    assert {finding.rule for finding in verdict.findings} == {"test.secret", "test.shouting"}
    assert not any("girasole" in (finding.replacement or "").lower() for finding in verdict.findings)


def test_a_secret_of_what_is_answered_is_found_in_the_answer(rule: Any, screener: Screener) -> None:
    draft = Draft(text="Grazie, Girasole77! funziona.", kind=Kind.REPLY, in_reply_to="La password è Girasole77!")
    (finding,) = screener.screen(draft).findings
    assert finding.span.of(draft.text).startswith("Girasole77")


def test_a_secret_rule_on_trial_hides_all_the_same(make_rule: Make, make_policy: Callable[..., Policy]) -> None:
    policy = make_policy(make_rule("secret", state="shadow"))
    draft = Draft(text="La password del wifi è Girasole77!")
    screening = Screening("s_1", datetime(2026, 11, 26, tzinfo=UTC), draft, Screener(policy).screen(draft))
    assert "Girasole77" not in "".join(piece.text for piece in reply_to(screening, policy, "it").pieces)
