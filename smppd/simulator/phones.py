"""What the phones show of what was submitted: parts joined, by number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import pdu
from smppd.simulator.submits import Submit


def shown(submits: Iterable[Submit], number: str) -> list[str]:
    """The texts that the phone `number`, with or without +, shows, in the order of their first part.

    A long message of which a part is missing is not shown; one whose every part came twice is shown twice.
    """
    sets: dict[object, list[pdu.UserData]] = defaultdict(list)
    for submit in submits:
        if isinstance(submit.message, pdu.SubmitMulti) or submit.destination != number.removeprefix("+"):
            continue
        part = pdu.user_data(submit.message)
        segment = part.segment
        sets[object() if segment is None else (segment.kind, segment.reference, segment.total)].append(part)
    texts: list[str] = []
    for parts in sets.values():
        joined = pdu.join(parts)
        if joined.complete:
            copies = Counter(part.segment.number if part.segment else 1 for part in parts)
            texts += [joined.text or ""] * min(copies.values())
    return texts
