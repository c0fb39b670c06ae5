"""[carriers.NAME.tlvs]: optional parameters that a carrier has beside the standard ones."""

from __future__ import annotations

from pydantic import Field, model_validator

from pdu import Parameter
from pdu import Parameters as Parameters
from pdu.parameters import VendorType
from smppd.config.values import Table


class TlvConfig(Table):
    """One of them; `length` in octets is exact for an integer and the most for others, a NUL at the end counted."""

    tag: int = Field(ge=1, le=0xFFFF)
    type: VendorType
    length: int = Field(ge=1, le=0xFFFF)

    @model_validator(mode="after")
    def _fits(self) -> TlvConfig:
        if self.type == "integer" and self.length > 8:
            raise ValueError("length of an integer is 1 to 8 octets")
        return self


def parameters(tlvs: dict[str, TlvConfig]) -> Parameters:
    """The names that hold for a carrier. Raises ValueError naming the key that cannot be."""
    own: list[Parameter] = []
    known = Parameters()
    for name, each in tlvs.items():
        try:
            own.append(Parameter.of(name, each.tag, each.type, each.length))
            known = Parameters(own)
        except ValueError as error:
            raise ValueError(f'the key "{name}" cannot be: {error}') from None
    return known
