"""[systems.NAME]: a party we serve."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from smppd.config.values import Seconds, Secret, Table, argon2id

TYPES = ("dhis2", "cht", "cht-rapidpro", "webhook", "kannel", "api")
_NO_URL = ("api", "kannel")  # they call us; kannel is called by get_url or post_url
FIELDS = ("id", "from", "to", "text", "data", "received_at", "carrier", "parts", "complete")


class Retry(Table):
    """When to try again: from `first`, doubling with jitter up to `max`, until `give_up` after receipt."""

    first: Seconds = 5.0
    max: Seconds = 900.0
    give_up: Seconds = 604800.0


class AccessConfig(Table):
    """What the system shows us, and what it may do."""

    token_hash: str | None = None
    username: str | None = None
    password_hash: str | None = None
    password: Secret | None = None
    allow_ips: list[str] = []
    rate: float = Field(100, gt=0)
    max_parts: int = Field(10, ge=1)

    @field_validator("token_hash")
    @classmethod
    def _made_by_us(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch("sha256:[0-9a-fA-F]{64}", value):
            raise ValueError('write "sha256:" and 64 hexadecimal digits, as `smppd token` prints them')
        return value

    @field_validator("password_hash")
    @classmethod
    def _argon2id(cls, value: str | None) -> str | None:
        return None if value is None else argon2id(value)

    @model_validator(mode="after")
    def _whole(self) -> AccessConfig:
        ways = [key for key in ("password_hash", "password") if getattr(self, key) is not None]
        if self.username is None and ways:
            raise ValueError(f"{ways[0]} belongs to a username, which is missing")
        if self.username is not None and len(ways) != 1:
            raise ValueError("username needs a password: give either password_hash or password")
        if self.username is not None and (not self.username or ":" in self.username):
            raise ValueError("username must be 1 character or more, without a colon, which Basic cannot carry")
        if self.password == "":
            raise ValueError("password is empty")
        return self


class SystemConfig(Table):
    """One system. Keys that a type does not use are refused, so that a misplaced key is seen at once."""

    type: Literal["dhis2", "cht", "cht-rapidpro", "webhook", "kannel", "api"]
    url: str = ""
    token: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    senders: list[str] = []
    timeout: Seconds = 30.0
    concurrency: int = Field(8, ge=1, le=1024)
    retry: Retry = Retry()
    access: AccessConfig | None = None
    secret: Secret | None = None  # signs webhooks and callbacks (HMAC-SHA256)
    validity: Seconds = 259200.0  # how long a message of its may wait for a carrier, unless it says otherwise
    carrier: str | None = None  # its messages take this carrier and no other
    ca: str | None = None  # PEM file of the authority that signed the system's certificate

    # webhook
    method: Literal["POST", "GET", "PUT"] = "POST"
    format: Literal["json", "form", "query"] = "json"
    fields: dict[str, str] = {}
    headers: dict[str, Secret] = {}
    retry_status: list[int] = [408, 425, 429, 500, 502, 503, 504]  # other refusals are dead at once

    # dhis2
    variant: Literal["json", "form"] = "json"
    originator: Literal["e164", "digits", "00", "national"] = "e164"
    gateway: str = Field("smppd", min_length=1, max_length=255)
    break_base64: Literal["space", "off"] = "space"
    max_text: int | Literal["off"] = 255
    accept_500_as_stored: bool = False
    retries_on_500: int = Field(2, ge=0)
    damaged: Literal["park", "forward"] = "park"  # a compressed SMS whose check fails
    compressed_originator: str | None = None  # send compressed texts as from this number (the account's own)
    credentials_by_sender: dict[str, Secret] = {}  # originator -> that user's own token

    # cht
    poll: Seconds = 30.0  # longest time between two exchanges
    batch: int = Field(100, ge=1, le=1000)

    # cht-rapidpro
    path: Literal["v2", "v1"] = "v2"

    # kannel
    get_url: Secret | None = None  # with %-codes; the name of a channel in it may be all that keeps others out
    post_url: Secret | None = None
    service: str | None = None  # %n of received messages; left out: the system's name
    mo_recode: bool = True  # hand over UTF-8 whatever alphabet the message came in
    max_messages: int = Field(0, ge=0, le=255)  # parts of the reply to the phone, at most; 0: the answer is no reply
    omit_empty: bool = True  # an empty answer is no reply
    accept_x_kannel_headers: bool = False  # the answer's headers may name receiver, sender, coding …
    faked_sender: str | None = None  # the sender of whatever it sends
    dlr_url: Secret | None = None  # of messages that ask for reports and name no URL
    dlr_extended: bool = False  # %d may be 34 (expired) and 66 (unknown)
    once_per_dlr_url: bool = False  # the same message with the same dlr-url is one message until it has ended
    unmappable: Literal["ucs2", "refuse", "replace"] = "ucs2"  # characters that the carrier's alphabet has not

    @field_validator("senders")
    @classmethod
    def _sendable(cls, value: list[str]) -> list[str]:
        for sender in value:
            if not re.fullmatch(r"\+?[0-9]{1,20}|[ -~]{1,11}", sender) or not sender.strip():
                raise ValueError(f'"{sender}" is neither a number nor a name of at most 11 plain characters')
        return value

    @model_validator(mode="before")
    @classmethod
    def _own_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and (kind := value.get("type")) in TYPES:
            for key in value:
                owners = _OWNERS.get(key)
                if owners and kind not in owners:
                    raise ValueError(f'the key "{key}" belongs to type {" or ".join(owners)}, not to {kind}')
        return value

    @model_validator(mode="after")
    def _complete(self) -> SystemConfig:
        if self.type in _NO_URL:
            if self.url:
                raise ValueError(f"url is not used by type {self.type}")
        elif not self.url:
            raise ValueError("this key is missing: url")
        elif not self.url.startswith(("http://", "https://")):
            raise ValueError('url must start with "http://" or "https://"')
        if self.get_url is not None and self.post_url is not None:
            raise ValueError("get_url and post_url exclude each other; give the one that the service expects")
        for name in ("get_url", "post_url", "dlr_url"):
            if (given := getattr(self, name)) and not given.lower().startswith(("http://", "https://")):
                raise ValueError(f'{name} must start with "http://" or "https://"')
        if self.token is not None and self.username is not None:
            raise ValueError("give either token or username with password, not both")
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        for theirs, ours in self.fields.items():
            if ours not in FIELDS:
                raise ValueError(f'fields.{theirs} = "{ours}" is not a field of ours; ours are {" ".join(FIELDS)}')
        return self


_OWNERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("method", "format", "fields", "headers", "retry_status"), ("webhook",)),
    **dict.fromkeys(
        (
            "variant",
            "originator",
            "gateway",
            "break_base64",
            "max_text",
            "accept_500_as_stored",
            "retries_on_500",
            "damaged",
            "compressed_originator",
            "credentials_by_sender",
        ),
        ("dhis2",),
    ),
    **dict.fromkeys(("poll", "batch"), ("cht",)),
    "path": ("cht-rapidpro",),
    **dict.fromkeys(
        (
            "get_url",
            "post_url",
            "service",
            "mo_recode",
            "max_messages",
            "omit_empty",
            "accept_x_kannel_headers",
            "faked_sender",
            "dlr_url",
            "dlr_extended",
            "once_per_dlr_url",
            "unmappable",
        ),
        ("kannel",),
    ),
}
