"""What the package shows of itself."""

from __future__ import annotations

import doctest

import pdu


def test_the_example_runs_as_it_is_printed() -> None:
    result = doctest.testmod(pdu)
    assert (result.failed, result.attempted) == (0, 8)
