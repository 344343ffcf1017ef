"""What was listened to, as a table and as charts."""

from __future__ import annotations

from babel.dates import format_date

from bot.insights.drawing import Chart
from bot.insights.figures import Column, Figure, Row
from bot.insights.listening import Listened, Theme
from bot.wording import Wording


def theme_name(theme: Theme, wording: Wording) -> str:
    return " · ".join(theme.words) or wording.say("no word in common")


def listening_figure(found: Listened, wording: Wording) -> Figure:
    """A row a theme, then what is in none, then all."""
    say = wording.say
    weeks = [Column(day.isoformat(), format_date(day, "d MMM", wording.language)) for day in found.weeks]
    columns = (
        Column("theme", say("Theme")), Column("complaints", say("Complaints")), Column("messages", say("Messages")),
        *weeks,
    )  # fmt: skip
    rows: list[Row] = [
        (theme_name(theme, wording), theme.complaints, theme.messages, *theme.weeks) for theme in found.themes
    ]
    rows.append((say("in no theme"), found.complaints_elsewhere, sum(found.elsewhere), *found.elsewhere))
    rows.append((say("all"), found.complaints, sum(found.messages), *found.messages))
    title = say("Themes week by week")
    says = say("Different messages that replies answered, by the Monday with which the week begins.")
    return Figure("listening", title, says, columns, tuple(rows) if sum(found.messages) else (), None)


def theme_chart(found: Listened, number: int, wording: Wording) -> Chart:
    """One theme's messages, by week."""
    theme = found.themes[number]
    names = tuple(format_date(day, "d MMM", wording.language) for day in found.weeks)
    title = wording.say("Messages by week: {theme}", theme=theme_name(theme, wording))
    values = tuple((count,) for count in theme.weeks)
    return Chart(f"theme-{number}", title, (wording.say("Messages"),), names, values, is_upright=True, height=130)
