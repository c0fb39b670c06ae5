"""The right side: one foreign system per file, and the forwarder that serves them all."""

from __future__ import annotations

from smppd.systems.api import API
from smppd.systems.cht import CHT
from smppd.systems.cht_rapidpro import CHT_RAPIDPRO
from smppd.systems.contract import Context, Kind, System
from smppd.systems.dhis2 import DHIS2
from smppd.systems.http import http_session
from smppd.systems.kannel import KANNEL
from smppd.systems.webhook import WEBHOOK

#: `type` of the configuration -> what its one file declares.
TYPES: dict[str, Kind] = {
    "api": API,
    "cht": CHT,
    "cht-rapidpro": CHT_RAPIDPRO,
    "dhis2": DHIS2,
    "kannel": KANNEL,
    "webhook": WEBHOOK,
}

__all__ = ["TYPES", "Context", "Kind", "System", "http_session"]
