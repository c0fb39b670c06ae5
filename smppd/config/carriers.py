"""[carriers.NAME]: a party that moves SMS for us."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from smppd.config.tlvs import Parameters, TlvConfig, parameters
from smppd.config.values import HostPort, Seconds, Secret, Table

Base = Literal["as-is", "hex", "decimal"]
Alphabet = Literal["gsm7", "gsm7-packed", "latin1", "ascii", "utf-8"]
# As pdu has them.
ReceiptState = Literal[
    "scheduled",
    "enroute",
    "delivered",
    "expired",
    "deleted",
    "undelivered",
    "accepted",
    "unknown",
    "rejected",
    "skipped",
]


class IdBase(Table):
    """The number base of message ids in submit_sm_resp and in receipts."""

    response: Base = "as-is"
    receipt: Base = "as-is"


class Tls(Table):
    """TLS towards the carrier. The certificate is verified and the host name checked unless told otherwise."""

    ca: str | None = None  # PEM file; left out: the system's authorities
    cert: str | None = None  # our own certificate, PEM
    key: str | None = None
    server_name: str | None = None  # name to check instead of the host's
    verify: bool = True


class CarrierConfig(Table):
    """One carrier we bind to over SMPP."""

    type: Literal["smpp"] = "smpp"
    hosts: list[HostPort] = Field(min_length=1)
    system_id: str = Field(max_length=64)
    password: Secret = Secret("")
    system_type: str = Field("", max_length=64)
    bind: Literal["transceiver", "transmitter", "receiver", "pair"] = "transceiver"
    links: int = Field(1, ge=1, le=64)
    version: Literal["3.3", "3.4", "5.0"] = "3.4"
    window: int = Field(10, ge=1, le=10_000)
    throughput: float = Field(50, gt=0)
    enquire_link: Seconds = 30.0
    response_timeout: Seconds = 60.0
    default_alphabet: Alphabet = "gsm7"
    sniff_receipts: bool = False  # receipts come without their bit in esm_class; people can forge such
    receipt_states: dict[str, ReceiptState] = {}  # stat words and numbers that the carrier uses in its own way
    message_id_base: IdBase = IdBase()
    numbers: list[str] = []
    prefixes: list[str] = []
    status: dict[str, Literal["retry", "throttle", "other-carrier", "fail"]] = {}
    weight: int = Field(1, ge=0)
    tls: bool | Tls = False
    local_addr: str | None = None  # leave from this address (carriers filter by source)
    tlvs: dict[str, TlvConfig] = {}
    address_range: str = ""
    addr_ton: int = Field(0, ge=0, le=255)
    addr_npi: int = Field(0, ge=0, le=255)
    reassembly_timeout: Seconds = 3600.0  # how long an incomplete set waits for its missing parts
    incomplete: Literal["deliver", "hold", "drop"] = "deliver"  # what then becomes of it
    # sending
    source_ton: int | None = Field(None, ge=0, le=255)  # left out: by the form of the number
    source_npi: int | None = Field(None, ge=0, le=255)
    dest_ton: int | None = Field(None, ge=0, le=255)
    dest_npi: int | None = Field(None, ge=0, le=255)
    service_type: str = Field("", max_length=5)
    languages: list[str] = []  # national alphabets that the phones of this carrier know: saves parts over UCS-2
    receipts: bool = True  # ask for a delivery receipt on every part
    receipt_timeout: Seconds = 259200.0  # without a receipt for so long what became of it is unknown
    query_sm: bool = False  # it answers query_sm: ask, before what became of a message is unknown
    cancel_sm: bool = False  # it answers cancel_sm: what it has may be taken back
    long_messages: Literal["udh8", "udh16", "sar", "payload"] = "udh8"  # how several parts are marked
    in_doubt: Literal["resend", "unknown"] = "resend"  # parts written without an answer when the link was lost
    late_response: Seconds = 600.0  # how long after response_timeout an answer still counts while the link lives
    down_after: Seconds = 5.0  # no link bound for so long: other carriers take over
    redelivery_window: Seconds = 900.0  # how long after a bind a repeat of an unproved deliver_sm is recognised

    @field_validator("status")
    @classmethod
    def _status_numbers(cls, value: dict[str, str]) -> dict[str, str]:
        for code in value:
            try:
                int(code, 0)
            except ValueError:
                raise ValueError(f'"{code}" is not a command_status; write it as "0x14" or "20"') from None
        return value

    @field_validator("prefixes")
    @classmethod
    def _digits(cls, value: list[str]) -> list[str]:
        for prefix in value:
            if not re.fullmatch(r"\+?[0-9]+", prefix):
                raise ValueError(f'"{prefix}" is no beginning of a number; write digits, such as "25575"')
        return value

    @field_validator("tlvs")
    @classmethod
    def _names(cls, value: dict[str, TlvConfig]) -> dict[str, TlvConfig]:
        parameters(value)
        return value

    @model_validator(mode="after")
    def _receives(self) -> CarrierConfig:
        if self.enquire_link < 1:
            raise ValueError("enquire_link must be at least 1s")
        return self

    @property
    def tls_settings(self) -> Tls | None:
        """The TLS settings, or None for plain TCP."""
        return (Tls() if self.tls else None) if isinstance(self.tls, bool) else self.tls

    @property
    def states(self) -> dict[str, ReceiptState]:
        """receipt_states by words in upper case."""
        return {word.upper(): state for word, state in self.receipt_states.items()}

    @property
    def parameters(self) -> Parameters:
        """The optional parameters by name, the carrier's own among them."""
        return parameters(self.tlvs)
