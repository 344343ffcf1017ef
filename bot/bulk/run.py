"""A file of drafts from its first line, or from where it was stopped, to its last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from bot.bulk.output import Output, chunk_of
from bot.bulk.posts import Posts
from bot.bulk.processes import Chunk
from bot.bulk.results import Result, Summary, told

Screen = Callable[[Iterable[Chunk]], Iterator[list[Result]]]
"""Results of each chunk, in order."""
Progress = Callable[[int], None]
"""Told the last line that is done."""


def run(
    posts: Posts, output: Output, screen: Screen, progress: Progress = lambda line: None, *, language: str = "en"
) -> Summary:
    """Write a result for every draft that has none yet; what was written is kept, however it ends.

    The summary is of all results, also of those before a stop. Raises `OSError`, `BadFile`, and what `screen` raises.
    """
    summary = Summary()
    beyond = output.go_on(summary)
    progress(beyond)
    for results in screen(_chunks(posts, beyond)):
        output.append([told(result, language) for result in results])
        for result in results:
            summary.add(result)
        progress(results[-1]["line"])
    return summary


def _chunks(posts: Posts, beyond: int) -> Iterator[Chunk]:
    for _, rows in groupby(posts.rows(beyond), key=lambda row: chunk_of(row.line)):
        yield list(rows)
