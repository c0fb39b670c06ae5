"""What the demo sends, both ways: one row per kind of message, with where it must arrive and as what."""

from __future__ import annotations

from dataclasses import dataclass

from smppd.simulator.mo import Mo

OFF = "255754999999"  # a phone that is never on
NURSE, CLINIC, WORKER = "255754000001", "255754000002", "255754000003"
COMPRESSED = (
    "lkIAAAAAAyDCu3TggmFZA2zb3NTWJeohf2U0PHsS/E2SN9/MIoE0JgC8dYGp49QMfmuvGqgV141UCcFxocGhobHIAWmJmXGRmbGhmZgEaQ2NjssGpgxr"
    "CGYADmrt7ixt6E8rLaiAD09rOU9RcGl0alFyAGuyCnIKw7uiY7saoAA4"
)
_LONG = "CASE 14 malaria, 3 children under five; fever since Tuesday, RDT positive. " * 4
_AMHARIC = "ANC ሰላም፣ እናት ጤናማ ናት 🤰 " * 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One message from a phone; `systems` is where the demo's routes take it."""

    name: str
    mo: Mo
    text: str
    parts: int
    systems: tuple[str, ...]


def _sample(name: str, text: str, parts: int, systems: tuple[str, ...], sender: str = WORKER, **how: object) -> Sample:
    mo = Mo(source=sender, destination="15001", text=text, **how)  # type: ignore[arg-type]
    return Sample(name, mo, text, parts, systems)


def samples() -> list[Sample]:
    """Every kind of message that the inbound half must carry whole."""
    return [
        _sample("short report", "STOCK ACT 12, ORS 40 {ok} €5", 1, ("dhis2",), NURSE),
        _sample("short word that looks like base64", "STOP", 1, ("dhis2",), NURSE),
        _sample("Unicode", "ANC እናት ጤናማ ናት 🤰", 1, ("cht",)),
        _sample("long, 8-bit UDH, out of order", _LONG + "A", 2, ("dhis2", "cht"), CLINIC, order=(2, 1)),
        _sample(
            "long, 16-bit UDH, repeated parts", _LONG + "B", 2, ("dhis2", "cht"), multipart="udh16", order=(1, 2, 1)
        ),
        _sample("long, sar_* TLVs, on two links", _LONG + "C", 2, ("dhis2", "cht"), multipart="sar", links=(0, 1)),
        _sample("long, message_payload", _LONG + "D", 1, ("dhis2", "cht"), multipart="payload"),
        _sample("long Unicode, shuffled", _AMHARIC.strip(), 3, ("cht",), order=(3, 1, 2)),
        _sample("DHIS2 compressed", COMPRESSED, 2, ("dhis2",), NURSE),
    ]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for a phone: `by` names the system that asks, `ends` the state it must come to."""

    name: str
    by: str
    phone: str
    text: str
    parts: int = 1
    ends: str = "delivered"


def outgoing() -> list[Outgoing]:
    """Every kind of message that the outbound half must carry whole. Each phone gets one."""
    return [
        Outgoing("reminder", "API", "255754100001", "Amina: clinic tomorrow at 9. Bring your card {14} €0"),
        Outgoing("Unicode", "API", "255754100002", "ሰላም አሚና፣ ነገ በ9 ሰዓት ክሊኒክ 🤰"),
        Outgoing("long", "API", "255754100003", ("Take 2 tablets of iron each day, after food. " * 5).strip(), 2),
        Outgoing("long Unicode", "API", "255754100004", _AMHARIC.strip(), 3),
        Outgoing("to a phone that is off", "API", OFF, "Results are ready", 1, "undelivered"),
        Outgoing("task of CHT", "CHT", WORKER, "Visit Amina in Kijiji tomorrow"),
        Outgoing(
            "long task of CHT",
            "CHT",
            CLINIC,
            ("Visit Amina, Neema and Zawadi; their children are due. " * 4).strip(),
            2,
        ),
    ]
