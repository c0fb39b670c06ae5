"""DHIS2 compressed SMS: whole ones reach DHIS2 octet for octet, damaged ones are counted and visible instead."""

from __future__ import annotations

from collections.abc import Callable

from smppd.app.samples import COMPRESSED
from smppd.simulator.dhis2 import Dhis2, User
from smppd.simulator.dhis2_values import make_token
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from tests.flows.book import PHONE
from tests.flows.conftest import carrier
from tests.flows.process import Process

WORKER = PHONE + "0000007"


async def test_a_whole_one_goes_through_untouched_and_a_damaged_one_is_seen_before_dhis2(
    gateway: Callable[..., Process], smsc: Smsc, dsn: str
) -> None:
    token = make_token()
    dhis2 = Dhis2("2.41", [User(f"+{WORKER}", "w", token=token)], text_width=None)
    await dhis2.start()
    try:
        process = gateway(
            store={"dsn": dsn, "max_disk": "100GB"},
            carriers=carrier(smsc),
            systems={"dhis2": {"type": "dhis2", "url": dhis2.url, "token": token, "max_text": "off"}},
            routes=[{"to": ["dhis2"]}],
        )
        await process.start()
        assert "/" in COMPRESSED
        damaged = COMPRESSED.replace("/", "?")  # by a carrier's alphabet
        for text in (damaged, COMPRESSED):
            await smsc.enqueue(Mo(source=WORKER, text=text)).acked
        await dhis2.wait_rows(1)
        assert [row.text for row in dhis2.rows] == [COMPRESSED]
        page = (await process.get("/metrics"))[1]
        for result in ("ok", "damaged"):
            assert f'smppd_compressed_total{{result="{result}",type="SIMPLE_EVENT"}} 1.0' in page
        code, shown, _ = await process.command("messages", "--dead")
        assert code == 0
        assert "dhis2-damaged:SIMPLE_EVENT:v2:3" in shown
        assert damaged not in shown
    finally:
        await dhis2.stop()
