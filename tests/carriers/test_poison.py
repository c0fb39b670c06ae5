"""What one message asks for, or one answer says, that is out of the ordinary: nobody else's messages wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smppd.model import Options, PartState, Submission
from tests.carriers.kit import carrier, texts

Run = Callable[..., Any]


async def test_a_validity_longer_than_the_protocol_can_say_is_shortened_and_stops_nobody(
    carriers: Callable[[], Any], run: Run
) -> None:
    smsc = await carriers()
    node = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    long = Submission("+255754000001", "for a year", options=Options(validity=366 * 86400))
    ids = await node.send(long, Submission("+255754000002", "for us"))
    await node.ended(ids)
    assert texts(smsc) == ["for a year", "for us"]


async def test_once_a_part_was_refused_for_good_no_further_part_of_its_message_is_written(
    carriers: Callable[[], Any], run: Run
) -> None:
    """Parts 1 and 2 are under way when the refusal comes; the last two wait for room in the window."""
    smsc = await carriers()
    smsc.habits.submit_status, smsc.habits.dribble = 0x0B, True
    node = await run({"vodacom": carrier(smsc, window=2)})
    await smsc.wait_bound(1)
    (message,) = await node.send(Submission("+255754000001", "x" * 600))
    await node.ended([message])
    states = await node.part_states(message)
    assert states.count(PartState.REFUSED) <= 2, states
