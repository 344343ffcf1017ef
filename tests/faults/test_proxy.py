"""The stretch of network does to real connections what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from faults.proxy import Proxy, Way

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[Proxy], Awaitable[Streams]]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(1_000):
            writer.write(piece)
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with Proxy(server.sockets[0].getsockname()) as proxy:
        yield proxy
    server.close()


@pytest.fixture
async def connected() -> AsyncIterator[Connect]:
    opened: list[asyncio.StreamWriter] = []

    async def connected(proxy: Proxy) -> Streams:
        streams = await asyncio.open_connection("127.0.0.1", proxy.port)
        opened.append(streams[1])
        return streams

    yield connected
    for writer in opened:
        writer.transport.abort()


async def echoed(streams: Streams, said: bytes) -> bytes:
    reader, writer = streams
    writer.write(said)
    async with asyncio.timeout(10):
        return await reader.read(1_000)


async def is_silent(streams: Streams, said: bytes) -> bool:
    streams[1].write(said)
    try:
        await asyncio.wait_for(streams[0].read(1_000), 0.1)
    except TimeoutError:
        return True
    return False


async def test_what_is_sent_arrives_and_so_does_the_end(proxy: Proxy, connected: Connect) -> None:
    streams = await connected(proxy)
    assert await echoed(streams, b"one") == b"one"
    streams[1].write_eof()
    assert await streams[0].read() == b""
    assert proxy.made == 1


async def test_a_unix_socket_may_be_behind_it(tmp_path: Path, connected: Connect) -> None:
    server = await asyncio.start_unix_server(_echo, tmp_path / "socket")
    async with Proxy(tmp_path / "socket") as proxy:
        assert await echoed(await connected(proxy), b"one") == b"one"
    server.close()


async def test_it_is_slow(proxy: Proxy, connected: Connect) -> None:
    streams, loop = await connected(proxy), asyncio.get_running_loop()
    proxy.delay, begun = 0.05, loop.time()
    assert await echoed(streams, b"one") == b"one"
    assert loop.time() - begun >= 0.1


async def test_what_is_cut_is_reset_and_stays_so_until_it_is_healed(proxy: Proxy, connected: Connect) -> None:
    streams = await connected(proxy)
    await echoed(streams, b"one")
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        await echoed(streams, b"two")
    later = await connected(proxy)
    with pytest.raises(ConnectionResetError):
        await echoed(later, b"three")
    proxy.heal()
    assert await echoed(await connected(proxy), b"four") == b"four"


async def test_one_reset_lets_new_connections_pass(proxy: Proxy, connected: Connect) -> None:
    streams = await connected(proxy)
    await echoed(streams, b"one")
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        await echoed(streams, b"two")
    assert await echoed(await connected(proxy), b"three") == b"three"


async def test_what_is_frozen_arrives_later(proxy: Proxy, connected: Connect) -> None:
    streams = await connected(proxy)
    await echoed(streams, b"one")
    proxy.freeze()
    fresh = await connected(proxy)
    assert await is_silent(streams, b"two")
    assert await is_silent(fresh, b"three")
    proxy.heal()
    async with asyncio.timeout(10):
        assert await streams[0].read(1_000) == b"two"
        assert await fresh[0].read(1_000) == b"three"


@pytest.mark.parametrize("way", list(Way))
async def test_one_way_is_lost_and_nobody_is_told(proxy: Proxy, connected: Connect, way: Way) -> None:
    streams = await connected(proxy)
    await echoed(streams, b"one")
    proxy.lost.add(way)
    assert await is_silent(streams, b"two")
    proxy.heal()
    assert await echoed(streams, b"three") == b"three"


async def test_a_later_request_passes_one_that_is_held(proxy: Proxy, connected: Connect) -> None:
    held = proxy.hold()
    first = await connected(proxy)
    first[1].write(b"first")
    await held.begun.wait()
    assert await echoed(await connected(proxy), b"second") == b"second"
    held.release()
    async with asyncio.timeout(10):
        assert await first[0].read(1_000) == b"first"


async def test_its_end_leaves_nothing_open(connected: Connect) -> None:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    async with Proxy(server.sockets[0].getsockname()) as proxy:
        streams = await connected(proxy)
        await echoed(streams, b"one")
        assert proxy.open == 1
    assert proxy.open == 0
    with pytest.raises(ConnectionResetError):
        await echoed(streams, b"two")
    server.close()
