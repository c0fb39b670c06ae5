"""`make chaos`: the failure flows of tests/flows in their long form; every message is counted at the end of each.

The gateway and its forwarders are killed `--rounds` times under 1,000 deliver_sm/s; PostgreSQL is stopped and killed
as often; what takes too long for `make test` runs too. Other arguments are pytest's:

    make chaos ARGS="--rounds 100 -k crash"
"""

from __future__ import annotations

import argparse
import os
import sys

import pytest

from tests.flows.conftest import ROUNDS


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description="Failures in their long form.")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="how often each failure is repeated")
    given, others = parser.parse_known_args(arguments)
    os.environ[ROUNDS] = str(given.rounds)
    return pytest.main(["tests/flows", "-s", "--timeout", str(600 + 60 * given.rounds), *others])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
