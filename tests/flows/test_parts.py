"""A long message in pieces over two links, with a crash in the middle, at the health systems."""

from __future__ import annotations

from collections.abc import Callable

from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.dhis2 import Command, Dhis2, User
from smppd.simulator.dhis2_values import make_token
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from tests.flows.book import MARK, PHONE, shuffled
from tests.flows.conftest import SECRET, carrier
from tests.flows.process import Process

WORKER = PHONE + "0000007"
TEXT = (f"CASE {MARK} እናት ጤናማ ናት 🤰 " * 40)[:700].strip()  # eleven parts of 67 UTF-16 units each


async def test_eleven_shuffled_and_repeated_parts_over_two_links_with_a_crash_between_arrive_once_and_whole(
    gateway: Callable[..., Process], smsc: Smsc
) -> None:
    token = make_token()
    dhis2 = Dhis2("2.41", [User("+255700", "gateway", token=token), User(f"+{WORKER}", "w")], [Command("CASE")], None)
    cht = Cht([ChtUser("gateway", SECRET)])
    await dhis2.start()
    await cht.start()
    try:
        process = gateway(
            carriers=carrier(smsc, links=2),
            systems={
                "dhis2": {"type": "dhis2", "url": dhis2.url, "token": token, "max_text": "off"},
                "cht": {"type": "cht", "url": cht.url, "username": "gateway", "password": SECRET, "poll": "1s"},
            },
            routes=[{"to": ["dhis2", "cht"]}],
        )
        await process.start()
        await smsc.wait_bound(2, 30)
        order = shuffled(11, seed=3, repeats=6)
        # Everything but the last new part goes out first, and some of it has been answered when the gateway dies.
        last_new = max(order.index(number) for number in range(1, 12))
        how = {"source": WORKER, "text": TEXT, "reference": 77, "links": (0, 1)}
        first = smsc.enqueue(Mo(order=order[:last_new], **how))  # type: ignore[arg-type]
        await smsc.wait_counter("acked_pdus", last_new // 2)
        await process.kill()
        rest = smsc.enqueue(Mo(order=order[last_new:], **how))  # type: ignore[arg-type]
        await process.start()
        await first.acked
        await rest.acked
        await dhis2.wait_rows(1)
        await cht.wait_saved(1)
        # A last one behind it: when that is there, a second copy would be there too.
        after = smsc.enqueue(Mo(source=WORKER, text=f"CASE {MARK} after"))
        await after.acked
        await dhis2.wait_rows(2)
        await cht.wait_saved(2)
        assert await process.stop() == 0
        assert [row.text for row in dhis2.rows] == [TEXT, after.message.text]
        assert [item.content for item in cht.saved] == [TEXT, after.message.text]
        assert cht.saved_twice == set()
        async with process.database() as connection:
            assert await connection.fetchval("select count(*) from received") == 2
    finally:
        await dhis2.stop()
        await cht.stop()
