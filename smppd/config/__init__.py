"""The configuration: TOML in, validated values out. `load` is the only way in."""

from smppd.config.carriers import Base, CarrierConfig, IdBase, Tls
from smppd.config.load import find, load, parse
from smppd.config.root import Config, HttpConfig, LogConfig, NodeConfig, PolicyConfig, RouteConfig, StoreConfig
from smppd.config.systems import AccessConfig, Retry, SystemConfig
from smppd.config.values import HostPort, Secret

__all__ = [
    "AccessConfig",
    "Base",
    "CarrierConfig",
    "Config",
    "HostPort",
    "HttpConfig",
    "IdBase",
    "LogConfig",
    "NodeConfig",
    "PolicyConfig",
    "Retry",
    "RouteConfig",
    "Secret",
    "StoreConfig",
    "SystemConfig",
    "Tls",
    "find",
    "load",
    "parse",
]
