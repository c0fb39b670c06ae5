"""A Python package's codec as a process, named by the argument: lines of JSON in and out, as codec_facts.py says."""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

Facts = dict[str, Any]
UDHI = 0x40


class Unknown(Exception):
    """A command that the package has no codec for."""


class Aiosmpplib:
    """Tells texts and dates instead of octets; TON, NPI, status and data_coding are enumerations."""

    def __init__(self) -> None:
        from aiosmpplib import protocol, state

        self.protocol, self.state = protocol, state
        self.classes = protocol.MESSAGE_TYPE_MAP

    def read(self, octets: bytes) -> Facts:
        try:
            command = self.state.SmppCommand(int.from_bytes(octets[4:8], "big"))
        except ValueError:
            raise Unknown from None
        if command not in self.classes:
            raise Unknown
        header = self.protocol.SmppMessage.parse_header(octets)
        value = self.classes[command].from_pdu(octets, header, "gsm0338")
        told: Facts = {
            "command": command.name.lower(),
            "status": int(value.command_status),
            "sequence": value.sequence_num,
        }
        if isinstance(value, self.protocol.SubmitSm):
            return told | self._message(value)
        for name in ("system_id", "password", "system_type", "address_range", "message_id"):
            if hasattr(value, name):
                told[name] = getattr(value, name).encode("latin-1").hex()
        for name in ("interface_version", "addr_ton", "addr_npi"):
            if hasattr(value, name):
                told[name] = int(getattr(value, name))
        if getattr(value, "sc_interface_version", None) is not None:
            told["tlv:sc_interface_version"] = [value.sc_interface_version]
        return told

    def _message(self, value: Any) -> Facts:
        told: Facts = {"service_type": value.service_type.encode("latin-1").hex()}
        for end, number, name in (("source", value.source, "source"), ("dest", value.destination, "destination")):
            told |= {f"{end}_addr_ton": int(number.ton), f"{end}_addr_npi": int(number.npi)}
            told[f"{name}_addr"] = number.number.encode("latin-1").hex()
        for name in ("esm_class", "protocol_id", "priority_flag", "registered_delivery", "replace_if_present_flag"):
            told[name] = getattr(value, name)
        for name in ("schedule_delivery_time", "validity_period"):
            told[name] = value.datetime_to_smpp_time(getattr(value, name)).encode().hex()
        told["data_coding"] = int(self.state.SmppDataCoding[value.encoding]) if value.encoding else 0
        told["sm_default_msg_id"] = value.sm_default_msg_id
        told["short_message"] = {"text": value.short_message} if value.short_message else ""
        if isinstance(value, self.protocol.DeliverSm) and value.is_receipt():
            told["receipt"] = self._receipt(value.parse_receipt())
        if value.message_payload:
            told["tlv:message_payload"] = [{"text": value.message_payload}]
        ended = (self.state.ADDITIONAL_STATUS_INFO_TEXT, self.state.RECEIPTED_MESSAGE_ID)
        for parameter in value.optional_params:
            said = parameter.value
            if isinstance(said, bool):
                said = ""
            elif isinstance(said, str):
                said = (said + "\0" * (parameter.tag in ended)).encode("latin-1").hex()
            told.setdefault(f"tlv:0x{parameter.tag:04x}", []).append(said)
        return told

    def _receipt(self, read: dict[str, Any]) -> dict[str, str]:
        """Its numbers and dates as a receipt has them."""
        told = {name: str(read.get(name, "")) for name in ("id", "stat", "text")}
        told |= {name: f"{read[name]:03d}" if name in read else "" for name in ("sub", "dlvrd", "err")}
        for name in ("submit date", "done date"):
            told[name] = f"{read[name]:%y%m%d%H%M}" if name in read else ""
        return told

    def write(self, asked: dict[str, Any]) -> bytes:
        state = self.state
        command = next((one for one in self.classes if int(one) == asked["command_id"]), None)
        if command is None:
            raise Unknown
        made = {name: text(said) if isinstance(said, str) else said for name, said in asked["fields"].items()}
        common: dict[str, Any] = {"sequence_num": asked["sequence"]}
        common["command_status"] = state.SmppCommandStatus(asked["status"])
        if issubclass(self.classes[command], self.protocol.SubmitSm):
            return self._write_message(self.classes[command], made, asked, common)
        if "addr_ton" in made:
            made |= {"addr_ton": state.TON(made["addr_ton"]), "addr_npi": state.NPI(made["addr_npi"])}
        for tag, _, said in asked["tlvs"]:
            if tag == state.SC_INTERFACE_VERSION:
                made["sc_interface_version"] = int(said, 16)
        octets: bytes = self.classes[command](**made, **common).pdu()
        return octets

    def _write_message(self, make: Any, given: dict[str, Any], asked: dict[str, Any], common: dict[str, Any]) -> bytes:
        state, made = self.state, dict(given)
        for end, name in (("source", "source"), ("dest", "destination")):
            ton, npi = state.TON(made.pop(f"{end}_addr_ton")), state.NPI(made.pop(f"{end}_addr_npi"))
            made[name] = state.PhoneNumber(made.pop(f"{name}_addr"), ton, npi)
        for name in ("schedule_delivery_time", "validity_period"):
            made[name] = make.smpp_time_to_datetime(made[name])
        data_coding = made.pop("data_coding")
        made["encoding"] = state.SmppDataCoding(data_coding).name if data_coding else None
        payload = next((said for tag, _, said in asked["tlvs"] if tag == state.MESSAGE_PAYLOAD), "")
        body = asked["fields"]["short_message"]
        made["short_message"] = (asked["text"] or "") if body else ""
        made["message_payload"] = (asked["text"] or "") if payload and not body else ""
        made["optional_params"] = [
            state.OptionalParam(tag, self._value(tag, bytes.fromhex(said)))
            for tag, _, said in asked["tlvs"]
            if tag != state.MESSAGE_PAYLOAD
        ]
        value = make(**made, **common, auto_message_payload=False)
        if asked["udh"]:  # the package's own way for parts: the octets come ready
            value.set_encoded_message(bytes.fromhex(body))
        octets: bytes = value.pdu()
        return octets

    def _value(self, tag: int, octets: bytes) -> int | str | bool:
        kind = self.state.tag_data_type(tag)
        if kind is int:
            return int.from_bytes(octets, "big")
        if kind is bool:
            return True
        ended = tag in (self.state.ADDITIONAL_STATUS_INFO_TEXT, self.state.RECEIPTED_MESSAGE_ID)
        return octets.decode("latin-1").removesuffix("\0" if ended else "")


class Smpplib:
    """Attributes named as in the specification."""

    def __init__(self) -> None:
        from smpplib import command_codes, exceptions, smpp

        logging.disable(logging.CRITICAL)
        self.codes, self.smpp, self.unknown = command_codes, smpp, exceptions.UnknownCommandError

    def _new(self, command_id: int, **given: Any) -> Any:
        try:
            return self.smpp.make_pdu(self.codes.get_command_name(command_id), **given)
        except self.unknown:
            raise Unknown from None

    def _sequenced(self) -> Any:
        class Client:
            sequence = 0

            def next_sequence(self) -> int:
                return 0

        return Client()

    def read(self, octets: bytes) -> Facts:
        value = self._new(int.from_bytes(octets[4:8], "big"), client=self._sequenced())
        value.parse(octets)
        told: Facts = {"command": value.command, "status": value.status, "sequence": value.sequence}
        for name, parameter in value.params.items():
            said = getattr(value, name, None)
            if said is None or name == "sm_length":
                continue
            optional = value.field_is_optional(name)
            if isinstance(said, bytes):
                said = (said + b"\0" * (optional and parameter.type is str)).hex()
            if optional:
                told[f"tlv:{name}"] = [said]
            else:
                told[name] = said
        return told

    def write(self, asked: dict[str, Any]) -> bytes:
        value = self._new(asked["command_id"], client=self._sequenced())
        value.sequence, value.status = asked["sequence"], asked["status"]
        kinds = {name: parameter.type for name, parameter in value.params.items()}
        given = list(asked["fields"].items()) + [(name, said) for _, name, said in asked["tlvs"]]
        for name, said in given:
            made = said
            if isinstance(said, str):
                octets = bytes.fromhex(said)
                kind = kinds.get(name)
                optional = kind is not None and value.field_is_optional(name)
                if kind is int:
                    made = int.from_bytes(octets, "big")
                elif kind is str:
                    made = octets.decode("latin-1").removesuffix("\0" if optional else "")
                else:
                    made = octets
            setattr(value, name, made)
        octets = value.generate()
        return bytes(octets)


class Smpp34:
    """Knows submit_sm and deliver_sm; of the others it hands out the header and the body's octets."""

    def __init__(self) -> None:
        import smpp34

        self.smpp34 = smpp34
        self.makers = {4: smpp34.SubmitSm, 5: smpp34.DeliverSm}

    def read(self, octets: bytes) -> Facts:
        value = self.smpp34.decode(octets)
        if isinstance(value, self.smpp34.RawPdu):
            raise Unknown
        command = "submit_sm" if isinstance(value, self.smpp34.SubmitSm) else "deliver_sm"
        told: Facts = {"command": command, "sequence": value.sequence_number}
        for name in dir(value):
            said = getattr(value, name)
            if name in ("tlvs", "sm_length", "command_id", "sequence_number") or name.startswith("_") or callable(said):
                continue
            told[name] = said.encode().hex() if isinstance(said, str) else said
        told["short_message"] = value.short_message.hex()
        for tlv in value.tlvs:
            told.setdefault(f"tlv:0x{tlv.tag:04x}", []).append(tlv.value.hex())
        return told

    def write(self, asked: dict[str, Any]) -> bytes:
        make = self.makers.get(asked["command_id"])
        if make is None:
            raise Unknown
        made = {name: text(said) if isinstance(said, str) else said for name, said in asked["fields"].items()}
        made["short_message"] = bytes.fromhex(asked["fields"]["short_message"])
        made["tlvs"] = [self.smpp34.Tlv(tag, bytes.fromhex(said)) for tag, _, said in asked["tlvs"]]
        octets: bytes = make(**made, sequence_number=asked["sequence"]).encode()
        return octets


def text(said: str) -> str:
    return bytes.fromhex(said).decode("latin-1")


def answer(peer: Any, line: str) -> dict[str, Any]:
    asked = json.loads(line)
    work: Callable[[], dict[str, Any]]
    if "read" in asked:
        work = lambda: {"facts": peer.read(bytes.fromhex(asked["read"]))}  # noqa: E731
    else:
        work = lambda: {"octets": peer.write(asked["write"]).hex()}  # noqa: E731
    try:
        return work()
    except Unknown:
        return {"unknown": True}
    except Exception as error:  # noqa: BLE001  (whatever a foreign package raises is its answer)
        return {"error": f"{type(error).__name__}: {error}"[:200]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    chosen = {"aiosmpplib": Aiosmpplib, "smpplib": Smpplib, "smpp34": Smpp34}[sys.argv[1]]()
    for request in sys.stdin:
        print(json.dumps(answer(chosen, request)))
    sys.stdout.flush()
    os._exit(0)  # an interpreter that used smpp34 may crash on leaving
