"""Two ends of a channel, each hearing what the other writes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from smppd.app.channel import Channel
from smppd.errors import Silent


class Way:
    """What one end writes, cut into pieces of `size` octets for the other to hear."""

    def __init__(self, size: int = 2**16) -> None:
        self.reader, self._size = asyncio.StreamReader(), size

    def write(self, data: bytes) -> None:
        for at in range(0, len(data), self._size):
            self.reader.feed_data(data[at : at + self._size])


class Two:
    """The ends `near` and `far`; `far` answers `questions` and hears `words`."""

    def __init__(self, size: int, questions: dict[str, Callable[[bytes], Awaitable[bytes]]]) -> None:
        self.words: list[bytes] = []
        self.there, self.back = Way(size), Way(size)
        self.near = Channel(self.back.reader, self.there, {"twice": twice}, {})
        words = {"note": self.words.append, "fail": fail}
        self.far = Channel(self.there.reader, self.back, questions, words)
        self.tasks = [asyncio.create_task(end.run()) for end in (self.near, self.far)]

    async def end(self) -> None:
        for way in (self.there, self.back):
            with contextlib.suppress(AssertionError):  # fed its end already
                way.reader.feed_eof()
        await asyncio.gather(*self.tasks)


async def twice(octets: bytes) -> bytes:
    return octets * 2


async def never(_: bytes) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


def fail(_: bytes) -> None:
    raise ValueError("a fault of ours")


async def broken(_: bytes) -> bytes:
    raise ValueError("a fault of ours")


@pytest.fixture(params=[1, 7, 2**16], ids=["octet by octet", "in pieces", "whole"])
def size(request: pytest.FixtureRequest) -> int:
    size: int = request.param
    return size


@pytest.mark.parametrize("octets", [b"", b"x", b"\n 1 =\n" * 9, bytes(range(256)) * 300], ids=len)
async def test_a_question_is_answered_whatever_octets_it_has(size: int, octets: bytes) -> None:
    two = Two(size, {"twice": twice})
    assert await two.near.ask("twice", octets) == octets * 2
    assert await two.far.ask("twice", octets) == octets * 2
    await two.end()


async def test_an_answer_finds_its_question_whichever_comes_first(size: int) -> None:
    turn = asyncio.Event()

    async def late(octets: bytes) -> bytes:
        await turn.wait()
        return octets

    two = Two(size, {"late": late, "twice": twice})
    waiting = asyncio.create_task(two.near.ask("late", b"first"))
    assert await two.near.ask("twice", b"second") == b"secondsecond"
    assert not waiting.done()
    turn.set()
    assert await waiting == b"first"
    await two.end()


async def test_words_come_in_order(size: int) -> None:
    two = Two(size, {"twice": twice})
    for n in range(100):
        two.near.tell("note", b"%d" % n)
    await two.near.ask("twice")
    assert two.words == [b"%d" % n for n in range(100)]
    await two.end()


async def test_a_word_that_fails_is_told_in_the_log_and_the_next_one_is_heard(
    size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    two = Two(size, {"twice": twice})
    two.near.tell("fail")
    two.near.tell("note", b"after")
    await two.near.ask("twice")
    assert two.words == [b"after"]
    told = capsys.readouterr()
    assert "could not be followed" in told.out + told.err
    await two.end()


async def test_a_question_that_fails_is_unanswered_at_once_and_the_next_one_is_not(size: int) -> None:
    two = Two(size, {"broken": broken, "twice": twice})
    with pytest.raises(Silent):
        await two.near.ask("broken", patience=3600)
    assert await two.near.ask("twice", b"x") == b"xx"
    await two.end()


async def test_patience_ends() -> None:
    two = Two(7, {"never": never, "twice": twice})
    with pytest.raises(Silent):
        await two.near.ask("never", patience=0.001)
    assert await two.near.ask("twice", b"x") == b"xx"
    await two.end()


@pytest.mark.parametrize(
    "cut", [b"", b"= never", b"= never 1 9\nshort"], ids=["between frames", "in a line", "in octets"]
)
async def test_when_the_other_end_goes_every_question_is_unanswered(cut: bytes) -> None:
    two = Two(7, {"never": never})
    asked = [asyncio.create_task(two.near.ask("never", patience=3600)) for _ in range(3)]
    await asyncio.sleep(0)
    two.back.write(cut)
    two.back.reader.feed_eof()
    for each in asked:
        with pytest.raises(Silent):
            await each
    with pytest.raises(Silent):
        await two.near.ask("never")
    await two.end()
