"""The right side: one foreign system per file, and the forwarder that serves them all."""

from __future__ import annotations

from collections.abc import Callable

from smppd.systems.cht import Cht
from smppd.systems.cht_rapidpro import ChtRapidpro
from smppd.systems.contract import Context, System
from smppd.systems.dhis2 import Dhis2
from smppd.systems.http import http_session
from smppd.systems.webhook import Webhook

#: `type` of the configuration -> the adapter of one system.
TYPES: dict[str, Callable[[Context], System]] = {
    "cht": Cht,
    "cht-rapidpro": ChtRapidpro,
    "dhis2": Dhis2,
    "webhook": Webhook,
}

__all__ = ["TYPES", "Context", "System", "http_session"]
