"""What the API takes and gives, as JSON schemas."""

from __future__ import annotations

from typing import Any

from smppd.desk.admission import LONGEST_REFERENCE, LONGEST_SENDER
from smppd.http import submitting
from smppd.http.asking import MOST_ID
from smppd.http.message import CODINGS, LONGEST_URL, REPORTS, UNMAPPABLE
from smppd.model import OutboundState, PartState

Schema = dict[str, Any]

STATES = [state.name.lower() for state in OutboundState]
TIME: Schema = {"type": "string", "format": "date-time"}
NO_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
ID: Schema = {"type": "integer", "format": "int64", "minimum": 1, "maximum": MOST_ID}
WORD: Schema = {"type": "string"}
NO_WORD: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}


def schemas() -> Schema:
    ref = "#/components/schemas/"
    life = {
        "id": ID,
        "system": WORD,
        "reference": NO_WORD,
        "from": WORD,
        "to": WORD,
        "text": NO_WORD,
        "data": NO_WORD,
        "state": {"enum": STATES},
        "reason": WORD,
        "priority": COUNT,
        "parts": COUNT,
        "carrier": NO_WORD,
        "attempts": COUNT,
        "due_at": NO_TIME,
        "options": {"type": "object"},
        "created_at": TIME,
        "expires_at": TIME,
        "sent_at": NO_TIME,
        "ended_at": NO_TIME,
    }
    part = {
        "number": COUNT,
        "total": COUNT,
        "carrier": WORD,
        "state": {"enum": [state.name.lower() for state in PartState]},
        "message_id": NO_WORD,
        "status": COUNT,
        "stat": WORD,
        "error": WORD,
        "resends": COUNT,
        "submitted_at": NO_TIME,
        "answered_at": NO_TIME,
        "done_at": NO_TIME,
    }
    receipt = {"part": COUNT, "carrier": WORD, "message_id": WORD, "state": WORD, "stat": WORD, "error": WORD,
               "received_at": TIME}  # fmt: skip
    report = {"id": ID, "state": {"enum": STATES}, "reason": WORD, "at": TIME, "deliveries": _words()}
    received = {"id": ID, "carrier": WORD, "from": WORD, "to": WORD, "text": NO_WORD, "data": NO_WORD,
                "state": WORD, "parts": COUNT, "missing": {"type": ["array", "null"], "items": COUNT},
                "label": WORD, "problem": WORD, "received_at": TIME, "deliveries": _words()}  # fmt: skip
    carrier = {"name": WORD, "state": {"enum": ["up", "down", "paused", "refusing"]}, "paused_at": NO_TIME,
               "reason": WORD, "limited_by": WORD, "pace": {"type": ["number", "null"]},
               "waiting": COUNT}  # fmt: skip
    system = {"name": WORD, "type": WORD, "state": {"enum": ["up", "paused"]}, "paused_since": NO_TIME,
              "paused_until": NO_TIME, "paused_by": NO_WORD, "reason": WORD, "waiting": COUNT, "dead": COUNT,
              "oldest": NO_TIME}  # fmt: skip
    error = an_object({"code": WORD, "field": WORD, "reason": WORD})
    accepted = {
        "id": ID,
        "state": {"enum": STATES},
        "parts": COUNT,
        "alphabet": WORD,
        "carrier": WORD,
        "reference": WORD,
        "repeated": {"type": "boolean", "description": "It was here already under its reference"},
        "reason": WORD,
    }
    optional = {"reference", "repeated", "reason"}
    result = {"oneOf": [{"$ref": ref + "Accepted"}, {"$ref": ref + "Refused"}]}
    return {
        "Message": message(),
        "Messages": {
            "type": "object",
            "required": ["messages"],
            "additionalProperties": False,
            "properties": {
                "messages": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": submitting.MOST,
                    "items": {"$ref": ref + "Message"},
                }
            },
        },
        "Accepted": an_object(accepted, optional),
        "Refused": an_object({"error": error, "id": ID, "reference": WORD}, {"id", "reference"}),
        "Results": an_object({"accepted": COUNT, "refused": COUNT, "messages": {"type": "array", "items": result}}),
        "Page": an_object(
            {"messages": {"type": "array", "items": an_object(life)}, "next": {"type": ["integer", "null"]}}
        ),
        "Life": an_object(
            {
                **life,
                "sent_parts": {"type": "array", "items": an_object(part)},
                "receipts": {"type": "array", "items": an_object(receipt)},
                "reports": {"type": "array", "items": an_object(report)},
            }
        ),
        "Received": an_object(received),
        "Carrier": an_object(carrier),
        "System": an_object(system),
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": WORD,
                "title": WORD,
                "status": {"type": "integer"},
                "detail": {"type": "string", "description": "What is wrong, for a person"},
                "field": {"type": "string", "description": "The field or parameter that is meant"},
                "code": {"type": "string"},
            },
        },
    }


def message() -> Schema:
    """What a system sends us."""
    hexadecimal = "^([0-9a-fA-F]{2})+$"
    schema: Schema = {
        "type": "object",
        "required": ["to"],
        "additionalProperties": False,
        "oneOf": [{"required": ["text"]}, {"required": ["data"]}],
        "properties": {
            "to": {
                "type": "string",
                "minLength": 1,
                "description": "The phone's number",
                "examples": ["+255712345678"],
            },
            "from": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_SENDER,
                "description": "The sender that the phone shows; left out: the system's own number",
            },
            "text": {"type": "string", "minLength": 1, "description": "Long ones are sent in parts"},
            "data": {"type": "string", "pattern": hexadecimal, "description": "8-bit content in hex"},
            "reference": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_REFERENCE,
                "description": "Your own id: the same one again is the same message",
            },
            "priority": {"type": "integer", "minimum": 0, "maximum": 3, "description": "3 goes first", "default": 0},
            "validity": {
                "oneOf": [{"type": "string", "minLength": 2}, {"type": "number", "minimum": 1}],
                "description": 'How long it is worth sending: "8h", seconds, or a time',
                "examples": ["8h", 3600],
            },
            "send_at": {**TIME, "description": "Not before; with a zone"},
            "callback_url": {
                "type": "string",
                "format": "uri",
                "maxLength": LONGEST_URL,
                "description": "Where to tell of it, in JSON signed with the system's secret",
            },
            "report": {
                "type": "array",
                "items": {"enum": list(REPORTS)},
                "description": "The states to tell of; left out: those that end its life, if there is a callback_url",
            },
            "message_class": {"type": "integer", "minimum": 0, "maximum": 3, "description": "0 is shown at once"},
            "coding": {"enum": list(CODINGS), "default": "auto"},
            "unmappable": {
                "enum": list(UNMAPPABLE),
                "default": "ucs2",
                "description": "What becomes of a text that the alphabet has not",
            },
            "udh": {"type": "string", "pattern": hexadecimal, "description": "User data header, its length first"},
            "carrier": {"type": "string", "description": "Only by this carrier"},
        },
    }
    for name, field in schema["properties"].items():
        if name not in ("to", "text", "data"):  # null is as good as nothing
            _or_null(field)
    return schema


def _or_null(field: Schema) -> None:
    if "oneOf" in field:
        field["oneOf"].append({"type": "null"})
    elif "enum" in field:
        field["enum"].append(None)
    else:
        field["type"] = [field["type"], "null"]


def an_object(properties: Schema, optional: set[str] | frozenset[str] = frozenset()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


def a_list(name: str, items: Schema) -> Schema:
    return an_object({name: {"type": "array", "items": items}})


def _words() -> Schema:
    return {"type": "array", "items": WORD}
