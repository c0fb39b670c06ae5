"""SIGHUP while messages come: a renamed carrier takes them at once, whichever process judges them."""

from __future__ import annotations

import signal
from collections.abc import Callable

from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.smsc import Smsc
from tests.flows.conftest import SECRET, carrier
from tests.flows.process import Process


async def test_what_a_system_hands_out_after_a_reload_goes_to_the_carriers_of_the_new_configuration(
    gateway: Callable[..., Process], smsc: Smsc, dsn: str
) -> None:
    cht = Cht(users=[ChtUser("gateway", SECRET)])
    await cht.start()
    (settings,) = carrier(smsc, numbers=["15001"]).values()
    system = {"type": "cht", "url": cht.url, "username": "gateway", "password": SECRET, "poll": "500ms"}
    node = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers={"before": settings},
        systems={"cht": {**system, "senders": ["15001"]}},
        node={"processes": 2},
    )
    await node.start()
    await smsc.wait_bound(1)
    node.write(carriers={"after": settings})
    node.signal(signal.SIGHUP)
    await node.said("configuration read again")
    await smsc.wait_counter("binds", 2)
    cht.add_task("+255754000001", "after the reload")
    await smsc.wait_submits(1)
    assert await node.stop() == 0
    await cht.stop()
