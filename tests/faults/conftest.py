"""One installation for the tests of a module: to start it takes longer than all that they do to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from faults.house import House, built
from postgres import NoServer
from small_policy import POLICY

SETTINGS: dict[str, str] = {}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it lies it is noon, whenever the tests run: owners are there, and days are summed up."""
    hours = 12 - dt.datetime.now(dt.UTC).hour
    # The names of these zones count westwards.
    zone = f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"
    path = tmp_path_factory.mktemp("policy") / "small.yaml"
    path.write_text(f"{POLICY}\ntimezone: {zone}\n", encoding="utf-8")
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory, policy: Path) -> AsyncIterator[House]:
    try:
        async with built(tmp_path_factory.mktemp("house"), policy) as house:
            yield house
    except NoServer as error:
        pytest.skip(str(error))


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def mended(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """What a test broke is whole again for the next one, however it ended."""
    yield
    if "house" in request.fixturenames:
        await request.getfixturevalue("house").mended()
