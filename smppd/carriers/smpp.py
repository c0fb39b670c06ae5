"""A carrier that we bind to over SMPP."""

from __future__ import annotations

import asyncio
from typing import Any

from smppd.carriers.contract import LinkStatus
from smppd.config.carriers import CarrierConfig
from smppd.errors import Unanswered
from smppd.smpp.events import Response
from smppd.smpp.inquiry import Standing, cancel_sm, cancelled, query_sm, standing
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

_PATIENCE, _AGAIN = 2.0, 0.02  # seconds that a question waits for room in a window, and between looks


def _unheard(carrier: str, link: int, state: LinkState, reason: str) -> None:
    """For those who only ask `states`."""


class SmppCarrier:
    """Owns the links of one carrier, numbered from 1. Raises StartError when a TLS file cannot be used."""

    def __init__(self, name: str, config: CarrierConfig, intake: Intake, *, on_state: OnState = _unheard) -> None:
        self.name, self._config = name, config
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

    async def query(self, message_id: str, sender: str) -> Standing:
        """What the carrier says of a message that was sent from `sender`. Raises CarrierError and Unsendable.

        `message_id` is the carrier's, as submit_sm_resp had it. Many carriers refuse: then NotOffered or Refused.
        """
        response = await self._ask(query_sm(message_id, sender, self._config))
        return standing(self.name, response, self._config.states)

    async def cancel(self, message_id: str, sender: str) -> None:
        """Have the carrier drop a message that has not reached its phone. Raises as `query` does."""
        cancelled(self.name, await self._ask(cancel_sm(message_id, sender, self._config)))

    async def _ask(self, request: Any) -> Response:
        """Over the link that has most room; when none has any, as soon as one has."""
        give_up = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            link = max(self.links, key=lambda link: link.room)
            if link.room:
                return await link.ask(request)
            if asyncio.get_running_loop().time() >= give_up:
                raise Unanswered(f"no link of {self.name} could ask within {_PATIENCE:g} s", sent=False)
            await asyncio.sleep(_AGAIN)

    def states(self) -> list[LinkStatus]:
        """Where the links stand."""
        return [
            LinkStatus(self.name, link.number, link.bind, link.state.value, link.reason, link.endpoint)
            for link in self.links
        ]
