"""Options as the database keeps them."""

import orjson

from smppd.model import Options
from smppd.store.options import options_json, options_of


def test_what_postgresql_cannot_hold_is_replaced_wherever_it_stands() -> None:
    given = Options(carrier="a\0b", tlvs={"x\0y": "1\0"}, extra={"account": "c\0d", "dlr-mask": 31, "said": "\\u0000"})
    stored = options_json(given)
    assert stored is not None
    assert "\\u0000" not in stored.replace("\\\\", "")
    assert options_of(stored) == Options(
        carrier="a\ufffdb", tlvs={"x\ufffdy": "1"}, extra={"account": "c\ufffdd", "dlr-mask": 31, "said": "\\u0000"}
    )
    assert orjson.loads(stored)["extra"]["said"] == "\\u0000"
