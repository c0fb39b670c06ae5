"""Where systems hand in messages, whatever they speak: judged, routed, committed, answered."""

from smppd.desk.admission import Accepted, Refused
from smppd.desk.desk import Desk, Result

__all__ = ["Accepted", "Desk", "Refused", "Result"]
