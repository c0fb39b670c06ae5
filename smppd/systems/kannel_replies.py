"""What a service answers to a received message, as a message back to the phone."""

from __future__ import annotations

import re
from html import unescape

from smppd.config import SystemConfig
from smppd.model import Submission
from smppd.smpp.outgoing import beginning
from smppd.systems.http import Answer
from smppd.systems.kannel_checks import checked
from smppd.systems.kannel_message import submissions
from smppd.systems.kannel_request import Refusal, from_post, readable

LARGEST = 65_536  # octets of an answer that are read
EMPTY = "<Empty reply from service provider>"

# Each is left after one look: what a page never closes must not be searched again from every place in it.
_HEAD = re.compile(r"<head\b", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_TAGS = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^<>]*+>", re.DOTALL | re.IGNORECASE)
_TYPES = ("text/", "application/octet-stream")


def replies(answer: Answer, config: SystemConfig, phone: str, ours: str, reference: str) -> list[Submission]:
    """Nothing, or one message for each receiver: the phone, unless the answer's headers may and do name others.

    Raises Refusal when the answer cannot be a message, or does not say what it should.
    """
    if not config.max_messages:
        return []
    if not answer.whole:
        raise Refusal(400, f"the answer is longer than {LARGEST} octets")
    kind = answer.headers.get("Content-Type", "text/plain")
    if not kind.lower().startswith(_TYPES):
        raise Refusal(400, "the answer is neither text nor octets")
    headers = [(b"content-type", _taken_for(kind, answer.body).encode("latin-1", "replace"))]
    if config.accept_x_kannel_headers:
        given = answer.headers.items()
        headers += [(n.encode(), v.encode()) for n, v in given if n.lower().startswith("x-kannel-")]
    asked = from_post(headers, _body(kind, answer.body))
    if not asked.get("text") and asked.get("udh") is None:
        if config.omit_empty:
            return []
        asked.values["text"], asked.charset, asked.coding = EMPTY.encode(), "utf-8", 0
    if asked.receivers is None:
        asked.values.setdefault("to", phone.encode())
    asked.values.setdefault("from", ours.encode())
    messages = submissions(checked(asked, config.faked_sender or "", default=False), "", config)
    for number, message in enumerate(messages):
        message.reference = f"{reference}/{number}" if number else reference
        if message.text is not None:
            message.text = beginning(message.text, config.max_messages)
    return messages


def _taken_for(kind: str, body: bytes) -> str:
    """Web pages are read as plain text; text that does not say its charset is UTF-8 if it can be."""
    if not kind.lower().startswith("text/") or kind.lower().startswith("text/xml"):
        return kind
    charset = re.search(r"charset\s*=\s*[\"']?([^\"';\s]+)", kind, re.IGNORECASE)
    if charset:
        return f"text/plain; charset={charset[1]}"
    return f"text/plain; charset={'utf-8' if readable(body).encode() == body else 'iso-8859-1'}"


def _body(kind: str, body: bytes) -> bytes:
    if kind.lower().startswith(("text/html", "text/vnd.wap.wml")):
        page = body.decode("latin-1")
        if (head := _HEAD.search(page)) and (end := _HEAD_END.search(page, head.end())):
            page = page[: head.start()] + " " + page[end.end() :]
        plain = unescape(_TAGS.sub(" ", page))
        return " ".join(plain.split()).encode("latin-1", "xmlcharrefreplace")
    return body
