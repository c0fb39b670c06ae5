"""Which carrier a message goes to, who may take over, and as whom it is sent."""

from __future__ import annotations

from collections import Counter

import pytest

from smppd.config.carriers import CarrierConfig
from smppd.outrouting import NoRoute, Outrouter, Way

ALL = {"voda", "tigo", "roam", "spare"}


def router(**more: dict[str, object]) -> Outrouter:
    """voda has a number of its own and the prefix 25575; tigo 25571; roam and spare all there is, spare at weight 0."""
    tables: dict[str, dict[str, object]] = {
        "voda": {"numbers": ["15001", "+255750"], "prefixes": ["+25575"]},
        "tigo": {"prefixes": ["25571", "0025565"]},
        "roam": {},
        "spare": {"weight": 0},
        **more,
    }
    made = {name: CarrierConfig(hosts=["127.0.0.1:1"], system_id="x", **t) for name, t in tables.items()}  # type: ignore[arg-type]
    return Outrouter(made)


@pytest.mark.parametrize(
    ("sender", "recipient", "wish", "up", "way"),
    [
        ("", "+255750000001", "", ALL, Way("voda", ("roam", "spare"), "15001", True)),
        ("", "+255710000001", "", ALL, Way("tigo", ("roam", "spare"), "", True)),
        ("", "+255650000001", "", ALL, Way("tigo", ("roam", "spare"), "", True)),
        ("", "+12125550001", "", ALL, Way("roam", ("spare",), "", True)),
        ("", "+12125550001", "", {"spare"}, Way("spare", ("roam",), "", True)),
        # Who is down loses its turn; when all are, it waits for the first.
        ("", "+255750000001", "", ALL - {"voda"}, Way("roam", ("spare",), "", True)),
        ("", "+255710000001", "", {"spare"}, Way("spare", ("tigo", "roam"), "", True)),
        ("", "+255710000001", "", set(), Way("tigo", ("roam", "spare"), "", False)),
        # A number belongs to a carrier, however it is written; others that say no numbers take the rest.
        ("15001", "+255750000001", "", ALL, Way("voda", (), "15001", True)),
        ("255750", "+255750000001", "", ALL, Way("voda", (), "255750", True)),
        ("Clinic", "+255750000001", "", ALL, Way("roam", ("spare",), "Clinic", True)),
        ("", "+255710000001", "roam", ALL, Way("roam", (), "", True)),
        ("", "+255750000001", "voda", set(), Way("voda", (), "15001", False)),
    ],
)
def test_the_way_of_a_message(sender: str, recipient: str, wish: str, up: set[str], way: Way) -> None:
    asked = router()
    for _ in range(2):  # what was found once is remembered
        assert asked.way(sender, recipient, wish, up.__contains__, 0.0) == way


@pytest.mark.parametrize(
    ("sender", "recipient", "wish", "words"),
    [
        ("", "+255710000001", "mtn", 'the carrier "mtn" cannot be sent to'),
        ("", "+255710000001", "deaf", 'the carrier "deaf" cannot be sent to'),
        ("", "+255710000001", "voda", 'the carrier "voda" does not serve this number'),
        ("15001", "+255710000001", "", "no carrier that serves this number has the sender among its numbers"),
        ("Clinic", "+255750000001", "voda", "no carrier has the sender among its numbers"),
    ],
)
def test_no_way_is_said_in_words(sender: str, recipient: str, wish: str, words: str) -> None:
    asked = router(deaf={"bind": "receiver"})
    for _ in range(2):
        with pytest.raises(NoRoute, match=words):
            asked.way(sender, recipient, wish, ALL.__contains__, 0.0)


def test_a_short_code_has_no_prefix_longer_than_itself() -> None:
    assert router(nine={"prefixes": ["255"]}).way("", "25", "", ALL.__contains__, 0.0).carrier == "roam"


def test_equals_are_drawn_by_weight() -> None:
    asked = router(big={"weight": 3, "prefixes": ["1"]}, small={"weight": 1, "prefixes": ["1"]})
    up = {"big", "small"}
    drawn = Counter(asked.way("", "+1212555", "", up.__contains__, n / 100).carrier for n in range(100))
    assert drawn == {"big": 75, "small": 25}
