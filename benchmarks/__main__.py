"""Every benchmark, one table after the other. Run it on a quiet machine: two cores carry all sides of each."""

from __future__ import annotations

import argparse

from benchmarks import codec, inbound, outbound, session
from benchmarks.load import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="messages per flood")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    codec.main(given.rounds)
    session.main(given.count, given.rounds)
    run(inbound.main(given.count, given.rounds))
    run(outbound.main(given.count // 2, given.rounds))
