"""Routing: which systems a message reaches, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from smppd.config import RouteConfig
from smppd.routing import Router


def reached(*routes: dict[str, Any], **message: str | None) -> tuple[str, ...]:
    given: dict[str, Any] = {"carrier": "vodacom", "sender": "+255700000001", "recipient": "15001", "text": "anc 12"}
    given.update(message)
    return Router([RouteConfig.model_validate({"to": ["x"], **route}) for route in routes]).targets(**given)


@pytest.mark.parametrize(
    ("route", "message", "holds"),
    [
        ({}, {}, True),
        ({"carrier": "vodacom"}, {}, True),
        ({"carrier": "airtel"}, {}, False),
        ({"number": "15001"}, {}, True),
        ({"number": "1500"}, {}, False),
        ({"number": "150*"}, {}, True),
        ({"number": "*"}, {}, True),
        ({"number": "+15001"}, {}, True),
        ({"number": "15001"}, {"recipient": "0015001"}, True),
        ({"number": "INFO"}, {"recipient": "INFO"}, True),
        ({"from": "+2557*"}, {}, True),
        ({"from": "2557*"}, {}, True),
        ({"from": "002557*"}, {}, True),
        ({"from": "+2557*"}, {"sender": "255700000001"}, True),
        ({"from": "+2567*"}, {}, False),
        ({"from": "+255700000001"}, {}, True),
        ({"from": "+255700000001"}, {"sender": ""}, False),
        ({"keyword": "ANC"}, {}, True),
        ({"keyword": "anc"}, {"text": "  Anc, 12"}, True),
        ({"keyword": "anc"}, {"text": "ANC"}, True),
        ({"keyword": "anc"}, {"text": "ANC?!"}, True),
        ({"keyword": "anc"}, {"text": "\nanc\n12"}, True),
        ({"keyword": "anc"}, {"text": "ANC\u00a012"}, True),
        ({"keyword": "anc"}, {"text": "ancient"}, False),
        ({"keyword": "anc"}, {"text": "the anc"}, False),
        ({"keyword": "anc"}, {"text": ""}, False),
        ({"keyword": "anc"}, {"text": None}, False),
        ({"keyword": "እናት"}, {"text": "እናት ጤናማ"}, True),
        ({"keyword": "straße"}, {"text": "STRASSE 5"}, True),
        ({"keyword_regex": r"anc\s+\d+"}, {}, True),
        ({"keyword_regex": r"ANC\s+\d+"}, {"text": "  anc 7"}, True),
        ({"keyword_regex": r"\d+"}, {}, False),  # anchored at the beginning
        ({"keyword_regex": r".*12$"}, {}, True),
        ({"keyword_regex": ""}, {"text": None}, True),
        ({"number": "15001", "keyword": "anc", "from": "+255*", "carrier": "vodacom"}, {}, True),
        ({"number": "15001", "keyword": "anc", "from": "+255*", "carrier": "airtel"}, {}, False),
    ],
    ids=str,
)
def test_a_route_holds_when_every_condition_does(route: dict[str, Any], message: dict[str, Any], holds: bool) -> None:
    assert reached(route, **message) == (("x",) if holds else ())


@pytest.mark.parametrize(
    ("routes", "systems"),
    [
        ([], ()),
        ([{"to": ["a"]}, {"to": ["b"]}], ("a",)),
        ([{"to": ["a"], "continue": True}, {"to": ["b"]}, {"to": ["c"]}], ("a", "b")),
        ([{"to": ["a"], "continue": True}, {"keyword": "other", "to": ["b"]}, {"to": ["c"]}], ("a", "c")),
        ([{"keyword": "other", "to": ["a"]}, {"to": ["b"]}], ("b",)),
        ([{"to": ["a", "b"], "continue": True}, {"to": ["b", "c"]}], ("a", "b", "c")),
        ([{"to": ["a", "a"]}], ("a",)),
        ([{"to": ["a"], "continue": True}], ("a",)),
    ],
    ids=str,
)
def test_the_first_route_that_holds_wins_unless_it_says_continue(
    routes: list[dict[str, Any]], systems: tuple[str, ...]
) -> None:
    assert reached(*routes) == systems
