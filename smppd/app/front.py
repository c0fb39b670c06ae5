"""The HTTP side of one process: everything that is served, on whichever process has the listeners."""

from __future__ import annotations

from smppd.app.forwarding import served
from smppd.config import Config
from smppd.desk import Desk
from smppd.http import HttpServer, api
from smppd.http.health import Exposition, Readiness


def front(config: Config, desk: Desk, readiness: Readiness, exposition: Exposition) -> HttpServer:
    """Health and metrics, the API, and what the types of the configured systems serve."""
    return HttpServer(config.http, readiness, exposition, [*api.routes(desk), *served(config, desk)])
