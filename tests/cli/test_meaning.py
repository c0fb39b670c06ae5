"""What the values of parameters mean, in words."""

from __future__ import annotations

import pytest

from smppd.cli.meaning import meaning


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("validity_period", "", "as long as the carrier likes"),
        ("validity_period", "000001000000000R", "in 1 day"),
        ("validity_period", "020610233401000R", "in 2 years 6 months 10 days 23 hours 34 minutes 1 second"),
        ("validity_period", "000000000000000R", "in 0 seconds"),
        ("schedule_delivery_time", "261122120000012+", "2026-11-22 12:00:00+03:00"),
        ("schedule_delivery_time", "261122120000500-", "2026-11-22 12:00:00.500+00:00"),
        ("schedule_delivery_time", "261322120000012+", "neither absolute nor relative"),
        ("schedule_delivery_time", "tomorrow", "neither absolute nor relative: 16 characters make a time"),
        ("final_date", "261122120000", "2026-11-22 12:00:00, where the carrier is"),
        ("final_date", "261122120000012+", "2026-11-22 12:00:00+03:00"),
        ("final_date", "", "not in a final state"),
        ("final_date", "000000000000", "neither absolute nor relative: 16 characters make a time"),
    ],
)
def test_a_time_is_said_in_words(name: str, value: str, words: str) -> None:
    assert meaning(name, value, 0x04) == words
