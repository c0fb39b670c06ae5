"""The HTTP side: one application on every configured address."""

from smppd.http.server import HttpServer

__all__ = ["HttpServer"]
