"""Slack: every command, by `/vaglio` and in direct messages, in both languages; and what somebody sees at first."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from emulators.slack import SlackEmulator, words

from bot.people import Linked

both = pytest.mark.parametrize("user", ["U1", "U2"])
by_each = pytest.mark.parametrize("by", ["slash", "direct"])
pytestmark = pytest.mark.parametrize("connect", ["socket"], indirect=True)

RUDE = "Che idiota, lo zibaldone"


@pytest.fixture
def ask(slack: SlackEmulator, house: Any) -> Any:
    """Writes a command and brings the words that are seen then."""

    async def asked(by: str, text: str, user: str) -> str:
        ack = await (slack.slash(text, user) if by == "slash" else slack.direct_message(text, user))
        assert ack.status == 200
        await house.quiet()
        assert slack.top(user).kind == {"slash": "ephemeral", "direct": "message"}[by]
        return slack.reads(user)

    return asked


@both
@by_each
async def test_mine(slack: SlackEmulator, ask: Any, say: Any, by: str, user: str) -> None:
    assert say(user, "You have no drafts under way") in await ask(by, "mine", user)
    await ask("direct", RUDE, user)
    text = await ask(by, "bozze", user)
    assert say(user, "not to be published") in text
    assert "zibaldone" in text
    await slack.press(say(user, "Show {number}", number=1), user)


@both
@by_each
async def test_show_a_draft_from_the_list(
    slack: SlackEmulator, ask: Any, say: Any, house: Any, by: str, user: str
) -> None:
    await ask("direct", RUDE, user)
    await ask(by, "mine", user)
    await slack.press(say(user, "Show {number}", number=1), user)
    await house.quiet()
    assert say(user, "Please do not publish this as it is") in slack.reads(user)
    assert say(user, "Forget this draft") in slack.labels(user)


@both
@by_each
async def test_policy_and_the_word_that_it_is_known(
    slack: SlackEmulator, ask: Any, say: Any, house: Any, by: str, user: str
) -> None:
    text = await ask(by, "policy", user)
    revision = house.prescreen.screener.policy.revision
    for part in ("1.2", "4.1", revision, say(user, "You have not said yet that you have read the policy.")):
        assert part in text
    await slack.press(say(user, "I have read it"), user)
    await house.quiet()
    thanks = "Thank you: noted. When it changes, I tell you what is new."
    assert say(user, thanks) in slack.reads(user)
    assert [entry.kind for entry in house.ledger.entries()] == ["acknowledgement"]
    text = await ask(by, "regole", user)
    assert say(user, "Nothing in the policy has changed since you said that you had read it.") in text
    assert say(user, "I have read it") not in slack.labels(user)


@both
async def test_verify_by_command(slack: SlackEmulator, ask: Any, say: Any, house: Any, user: str) -> None:
    text = await ask("direct", "Uno zibaldone", user)
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert code
    for typed, answer in (("Uno zibaldone", "Valid"), ("Due zibaldoni", "Edited")):
        await slack.slash(f"verify {code[0].lower()}", user)
        await slack.opened(user)
        assert slack.field("code", user) == code[0]
        await slack.submit(user, text=typed)
        await house.quiet()
        assert slack.top(user).kind == "modal"
        italian = {"Valid": "Valida", "Edited": "Modificat"}
        assert (answer if user == "U2" else italian[answer]) in slack.reads(user)
    await slack.slash("verifica 0000-0000", user)
    await slack.opened(user)
    await slack.submit(user, code="<!here>|1|", text="Uno zibaldone")
    await house.quiet()
    assert say(user, "I know no receipt with this code.") in slack.reads(user)


@both
async def test_verify_in_a_direct_message(
    slack: SlackEmulator, ask: Any, say: Any, press: Any, house: Any, user: str
) -> None:
    text = await ask("direct", "Uno zibaldone", user)
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert code
    await ask("direct", f"verify {code[0]}", user)
    await press("Compare a text", user, words="Uno zibaldone")
    assert {"U1": "Valida", "U2": "Valid"}[user] in slack.reads(user)


@both
@by_each
async def test_link_gives_a_code_once(slack: SlackEmulator, ask: Any, house: Any, by: str, user: str) -> None:
    text = await ask(by, "link", user)
    code = re.search(r"/(?:link|collega) ([0-9A-Z]{8})", text)
    assert code
    assert house.people.link("telegram:77", code[1], datetime.now(UTC)) is Linked.DONE
    person = house.people.person(f"slack:T1:{user}")
    assert house.people.accounts(person) == (f"slack:T1:{user}", "telegram:77")


@both
@by_each
async def test_link_takes_a_code(slack: SlackEmulator, ask: Any, say: Any, house: Any, by: str, user: str) -> None:
    wrong = "This code is not valid: perhaps it was used, or its ten minutes are over. Ask for a new one."
    assert say(user, wrong) in await ask(by, "link 22222222", user)
    code = house.people.new_code(house.people.person("local:owner"), datetime.now(UTC))
    assert say(user, "Done: from now on I know you here too.") in await ask(by, f"link {code.lower()}", user)
    assert house.people.person("local:owner") == house.people.person(f"slack:T1:{user}")


@both
@by_each
async def test_help_names_what_can_be_asked(slack: SlackEmulator, ask: Any, say: Any, by: str, user: str) -> None:
    text = await ask(by, "help", user)
    for word in ("/vaglio mine", "/vaglio policy", "/vaglio quiz", "/vaglio verify", "/vaglio link", "private"):
        assert word in text or user == "U1"
    await slack.press(say(user, "New draft"), user)
    await slack.opened(user)
    assert slack.top(user).payload["callback_id"] == "draft"


@both
@by_each
async def test_a_language(slack: SlackEmulator, ask: Any, by: str, user: str) -> None:
    assert "From now on I will answer you in English." in await ask(by, "language en", user)
    assert "D’ora in poi" in await ask(by, "lingua it", user)


@both
async def test_private_is_checked_and_forgotten(
    slack: SlackEmulator, ask: Any, say: Any, house: Any, user: str
) -> None:
    for count, word in enumerate(("private", "Privata", "PRIVATO"), start=1):
        text = await ask("slash", f"{word} {RUDE} Xanadu", user)
        assert say(user, "Checked and forgotten: only a count remains") in text
        assert {screening.draft.account for screening in house.recorder.screenings} == {"private"}
        with house.store.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT sum(count) FROM tally").scalar_one() == count
    assert b"Xanadu" not in house.bytes()
    assert house.ledger.entries() == []
    assert "actions" not in [block["type"] for block in slack.top(user).payload["blocks"]]


@both
async def test_a_command_of_which_only_the_draft_is_private(
    slack: SlackEmulator, ask: Any, house: Any, user: str
) -> None:
    assert "zibaldone" in await ask("slash", "private zibaldone di @bruno <b>", user)
    await ask("direct", "private zibaldone", user)
    # A message of somebody's own may well begin with this word.
    drafts = [(screening.draft.text, screening.draft.account) for screening in house.recorder.screenings]
    assert drafts == [("zibaldone di @bruno <b>", "private"), ("private zibaldone", "institutional")]


# --- First contact ---------------------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(slack: SlackEmulator) -> str:
    slack.users["U7"] = {"name": "dora", "locale": "it-IT"}
    return "U7"


@pytest.mark.parametrize("way", ["slash", "help", "direct", "shortcut", "form", "home"])
async def test_whoever_comes_for_the_first_time_is_welcomed_once(
    slack: SlackEmulator, house: Any, newcomer: str, way: str
) -> None:
    for _ in range(2):
        match way:
            case "slash":
                await slack.slash(RUDE, newcomer)
            case "help":
                await slack.slash("help", newcomer)
            case "direct":
                await slack.direct_message(RUDE, newcomer)
            case "shortcut":
                await slack.message_shortcut("check_message", RUDE, newcomer, newcomer)
            case "form":
                await slack.global_shortcut("new_draft", newcomer)
                await slack.opened(newcomer)
                await slack.submit(newcomer, text=RUDE)
            case "home":
                await slack.app_home_opened(newcomer)
        await house.quiet()
    welcomes = [each for each in slack.screen(newcomer) if "Piacere" in words(each.payload)]
    assert [(each.kind, each.channel) for each in welcomes] == [("message", "DU7")]
    if way not in ("help", "home"):
        assert len(house.ledger.entries()) == 2
        assert any("non pubblicarla" in words(each.payload) for each in slack.screen(newcomer))


async def test_from_the_welcome_to_the_policy(slack: SlackEmulator, house: Any, newcomer: str, say: Any) -> None:
    await slack.slash("help", newcomer)
    await house.quiet()
    await slack.press(say("U1", "Read the policy"), newcomer)
    await house.quiet()
    assert "4.1" in slack.reads(newcomer)
