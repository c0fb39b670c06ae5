"""The API described in OpenAPI 3.1, from the same names and limits that the handlers use."""

from __future__ import annotations

from smppd import __version__
from smppd.http import looking, submitting
from smppd.http.asking import LARGEST
from smppd.http.schemas import COUNT, ID, STATES, WORD, Schema, a_list, an_object, schemas


def document() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "smppd",
            "version": __version__,
            "description": "Send messages to phones, see what became of them, and what came from phones.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"password": []}],
        "tags": [
            {"name": "messages", "description": "To phones"},
            {"name": "received", "description": "From phones"},
            {"name": "carriers", "description": "The carriers and systems of this gateway"},
        ],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token made by `smppd token`"},
                "password": {"type": "http", "scheme": "basic"},
            },
            "schemas": schemas(),
        },
    }


def _paths() -> Schema:
    message_id = {"name": "id", "in": "path", "required": True, "schema": ID}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    one = "#/components/schemas/"
    both = {"oneOf": [{"$ref": one + "Message"}, {"$ref": one + "Messages"}]}
    results = {"oneOf": [{"$ref": one + "Accepted"}, {"$ref": one + "Results"}]}
    return {
        "/api/v1/messages": {
            "post": {
                "tags": ["messages"],
                "operationId": "submit",
                "summary": "Send one message, or many in one request",
                "description": (
                    "Each message of a list is judged on its own: the answer has what became of each, in order, and is "
                    f"202 if any was accepted. At most {submitting.MOST} messages and {LARGEST >> 20} MiB. A message "
                    "that is accepted is stored; with a reference it may be sent again without being sent twice."
                ),
                "requestBody": {"required": True, "content": {"application/json": {"schema": both}}},
                "responses": {
                    "200": _answer("It was here already under its reference", {"$ref": one + "Accepted"}),
                    "202": _answer("Stored", results),
                    **_problems(400, 404, 408, 409, 413, 415, 422, 429),
                },
            },
            "get": {
                "tags": ["messages"],
                "operationId": "search",
                "summary": "Search messages, newest first",
                "parameters": [
                    _parameter("state", {"type": "string", "enum": STATES}, "Only in this state"),
                    _parameter("to", WORD, "Only to this number, in any spelling"),
                    _parameter("from", WORD, "Only from this sender"),
                    _parameter("carrier", WORD, "Only by this carrier"),
                    _parameter("reference", WORD, "The one with this reference"),
                    _parameter("since", WORD, "Only since this time, or this age: 2h, 3d"),
                    _parameter("before", ID, "Only ids below this one: the `next` of the page before"),
                    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": looking.MOST, "default": 50}, ""),
                    _parameter("system", WORD, "Of this system, for operators"),
                ],
                "responses": {"200": _answer("A page", {"$ref": one + "Page"}), **_problems(400)},
            },
        },
        "/api/v1/messages/{id}": {
            "parameters": [message_id],
            "get": {
                "tags": ["messages"],
                "operationId": "life",
                "summary": "The life of a message: its parts, receipts and reports",
                "responses": {"200": _answer("All that is known", {"$ref": one + "Life"}), **_problems(404)},
            },
            "delete": {
                "tags": ["messages"],
                "operationId": "cancel",
                "summary": "Take a message back while no carrier can have it, or its carrier has cancel_sm",
                "responses": {
                    "200": _answer("Cancelled", {"$ref": one + "Life"}),
                    "202": _answer("Its carrier is asked to drop it: see what comes of it", {"$ref": one + "Life"}),
                    **_problems(404, 409),
                },
            },
        },
        "/api/v1/received": {
            "get": {
                "tags": ["received"],
                "operationId": "received",
                "summary": "Search received messages, newest first",
                "parameters": [
                    _parameter(
                        "state",
                        {"type": "string", "enum": ["complete", "incomplete", "unrouted", "blocked", "quarantined"]},
                        "Only in this state",
                    ),
                    _parameter("to", WORD, "Only to this number of ours"),
                    _parameter("from", WORD, "Only from this phone, as the carrier wrote it"),
                    _parameter("carrier", WORD, "Only by this carrier"),
                    _parameter("since", WORD, "Only since this time, or this age: 2h, 3d"),
                    _parameter("limit", {"type": "integer", "minimum": 1, "maximum": looking.MOST, "default": 50}, ""),
                    _parameter("system", WORD, "Only what was to reach this system, for operators"),
                    _parameter("dead", {"type": "string", "enum": ["true", "false"]}, "Only what a system refused"),
                ],
                "responses": {
                    "200": _answer("The newest", a_list("messages", {"$ref": one + "Received"})),
                    **_problems(400),
                },
            }
        },
        "/api/v1/received/{id}": {
            "parameters": [message_id],
            "get": {
                "tags": ["received"],
                "operationId": "receivedOne",
                "summary": "One received message and its deliveries",
                "responses": {"200": _answer("The message", {"$ref": one + "Received"}), **_problems(404)},
            },
        },
        "/api/v1/received/{id}/replay": {
            "parameters": [message_id],
            "post": {
                "tags": ["received"],
                "operationId": "replay",
                "summary": "Deliver it once more",
                "responses": {
                    "202": _answer("On its way again", an_object({"id": ID, "replayed": COUNT})),
                    **_problems(404, 409),
                },
            },
        },
        "/api/v1/carriers": {
            "get": {
                "tags": ["carriers"],
                "operationId": "carriers",
                "summary": "The carriers and how they are",
                "responses": {"200": _answer("All", a_list("carriers", {"$ref": one + "Carrier"})), **_problems()},
            }
        },
        "/api/v1/carriers/{name}": {
            "parameters": [name],
            "get": {
                "tags": ["carriers"],
                "operationId": "carrier",
                "summary": "One carrier",
                "responses": {"200": _answer("How it is", {"$ref": one + "Carrier"}), **_problems(404)},
            },
        },
        **_verbs("Carrier", "Give a carrier no more messages", "Give it messages again"),
        "/api/v1/systems": {
            "get": {
                "tags": ["carriers"],
                "operationId": "systems",
                "summary": "The systems and what waits for them; a system sees itself",
                "responses": {"200": _answer("All", a_list("systems", {"$ref": one + "System"})), **_problems()},
            }
        },
        "/api/v1/systems/{name}": {
            "parameters": [name],
            "get": {
                "tags": ["carriers"],
                "operationId": "system",
                "summary": "One system",
                "responses": {"200": _answer("How it is", {"$ref": one + "System"}), **_problems(404)},
            },
        },
        **_verbs("System", "Deliver nothing more to a system; what it sends is taken", "Deliver to it again"),
    }


def _verbs(kind: str, pause: str, resume: str) -> Schema:
    """The paths by which operators pause and resume carriers or systems."""
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    now = {"$ref": f"#/components/schemas/{kind}"}
    return {
        f"/api/v1/{kind.lower()}s/{{name}}/{verb}": {
            "parameters": [name],
            "post": {
                "tags": ["carriers"],
                "operationId": f"{verb}{kind}",
                "summary": summary,
                "description": "For an account of [console.users] with role operator or admin.",
                "security": [{"password": []}],
                "responses": {"200": _answer("How it is now", now), **_problems(404)},
            },
        }
        for verb, summary in [("pause", pause), ("resume", resume)]
    }


def _parameter(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _answer(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_MEANING = {
    400: "The request cannot be read, or a field or parameter is not one of ours",
    401: "The credentials are missing or not known",
    403: "These credentials may not do this",
    404: "There is no such thing",
    408: "The body did not come in time",
    409: "It is not in a state for that, or the reference stands for another message",
    413: "The body is too large, or there are too many messages",
    415: "The body is not called JSON",
    422: "A value cannot be used",
    429: "Faster than the system's rate, or too many wrong credentials: see Retry-After",
    503: "Not now: see Retry-After",
}


def _problems(*statuses: int) -> Schema:
    """Answers other than the wanted one; 401, 403, 429 and 503 may come anywhere."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        str(status): {"description": _MEANING[status], "content": content}
        for status in sorted({*statuses, 401, 403, 429, 503})
    }
