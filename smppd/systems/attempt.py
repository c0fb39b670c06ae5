"""One call of an adapter. A fault of ours in it is that message's trouble, and nobody else's."""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from smppd.model import BatchResult, Delivery, Outcome, Verdict
from smppd.systems.contract import System


async def attempt(adapter: System, deliveries: list[Delivery], logger: FilteringBoundLogger) -> BatchResult:
    """What the adapter makes of them; when it raises, what it makes of each alone."""
    try:
        return await adapter.deliver(deliveries)
    except Exception as error:
        logger.error("fault in the adapter", messages=[d.id for d in deliveries], exc_info=error)
        if len(deliveries) == 1:
            reason = f"fault of smppd itself, see the log: {type(error).__name__}"
            return BatchResult([Outcome(Verdict.RETRY, reason, in_doubt=True)])
    # One of them is the cause: each by itself now, but none behind one of its line that must wait.
    result = BatchResult([])
    held: dict[str, Outcome] = {}
    for delivery in deliveries:
        if (outcome := held.get(delivery.line)) is None:
            alone = await attempt(adapter, [delivery], logger)
            outcome = alone.outcomes[0]
            result.outbound += alone.outbound
            if outcome.verdict in (Verdict.RETRY, Verdict.PAUSE):
                held[delivery.line] = outcome
        result.outcomes.append(outcome)
    return result
