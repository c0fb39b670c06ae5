"""What the store's writer asks: how parts join, what a text is, where a message goes."""

from __future__ import annotations

from smppd.compressed import label
from smppd.config import Config
from smppd.routing import Router
from smppd.smpp.mapping import compose


class Reader:
    """One per process; `router` may be replaced while it runs."""

    def __init__(self, config: Config) -> None:
        self.router = Router(config.routes)
        self._alphabets = {name: carrier.default_alphabet for name, carrier in config.carriers.items()}

    def configure(self, config: Config) -> None:
        """Take over a new configuration between two messages."""
        self.router = Router(config.routes)
        self._alphabets = {name: carrier.default_alphabet for name, carrier in config.carriers.items()}

    def compose(self, carrier: str, slots: list[tuple[bytes, int, bytes] | None]) -> tuple[str | None, bytes, bool]:
        return compose(slots, self._alphabets.get(carrier, "gsm7"))

    def label(self, text: str) -> str:
        return label(text)

    def targets(self, carrier: str, sender: str, recipient: str, text: str | None) -> tuple[str, ...]:
        return self.router.targets(carrier, sender, recipient, text)
