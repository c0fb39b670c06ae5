"""smppd: the SMS gateway between mobile carriers and health information systems."""

__version__ = "0.1.0"
