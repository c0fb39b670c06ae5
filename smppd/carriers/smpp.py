"""A carrier that we bind to over SMPP."""

from __future__ import annotations

import asyncio

from smppd.carriers.contract import LinkStatus
from smppd.config.carriers import CarrierConfig
from smppd.smpp.link import Link
from smppd.smpp.ports import Intake, LinkState, OnState
from smppd.smpp.settings import Bind

# What the links of one `links` are, by the key `bind`.
_BINDS: dict[str, tuple[Bind, ...]] = {
    "transceiver": ("transceiver",),
    "transmitter": ("transmitter",),
    "receiver": ("receiver",),
    "pair": ("transmitter", "receiver"),
}


def _unheard(carrier: str, link: int, state: LinkState, reason: str) -> None:
    """For those who only ask `states`."""


class SmppCarrier:
    """Owns the links of one carrier, numbered from 1. Raises StartError when a TLS file cannot be used."""

    def __init__(self, name: str, config: CarrierConfig, intake: Intake, *, on_state: OnState = _unheard) -> None:
        self.name = name
        binds = _BINDS[config.bind] * config.links
        self.links = [Link(name, number, bind, config, intake, on_state) for number, bind in enumerate(binds, 1)]

    async def run(self) -> None:
        """Keep all links up until `stop`."""
        async with asyncio.TaskGroup() as group:
            for link in self.links:
                group.create_task(link.run(), name=f"link {link.number} of {self.name}")

    async def stop(self, deadline: float) -> None:
        """Unbind all links, at `deadline` on the loop's clock at the latest."""
        await asyncio.gather(*(link.stop(deadline) for link in self.links))

    def states(self) -> list[LinkStatus]:
        """Where the links stand."""
        return [
            LinkStatus(self.name, link.number, link.bind, link.state.value, link.reason, link.endpoint)
            for link in self.links
        ]
