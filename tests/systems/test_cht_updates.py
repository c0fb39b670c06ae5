"""CHT is told what became of its messages: in its words, the newest only, never back, all in one POST."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from smppd.desk import Accepted, Refused, Result
from smppd.model import Delivery, Options, OutboundState, Outcome, Report, ReportDetail, Submission
from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.standin import Failure
from smppd.systems import System
from smppd.systems.cht_updates import REPORTED, of_report, of_result
from tests.systems.kit import DEAD, DELIVERED, PASSWORD, RETRY, SENDER, adapter, attempt, delivery, poll, try_once

USER = {"username": "gateway", "password": PASSWORD}
S = OutboundState


@pytest.fixture
async def cht() -> AsyncIterator[Cht]:
    server = Cht(users=[ChtUser("gateway", PASSWORD)])
    await server.start()
    yield server
    assert server.overlaps == 0
    assert server.regressions == []
    assert server.unknown_updates == []
    await server.stop()


def news(reference: str | None, state: OutboundState, id: int = 9, reason: str = "", **detail: Any) -> Delivery:
    """A report; `reference` stands for the message as well."""
    report = Report(hash(reference), reference, state, reason, ReportDetail(**detail), "15001", SENDER, Options())
    return delivery(id, text=None, report=report)


def known(state: OutboundState, reason: str = "") -> Result:
    return Accepted(5, state, 1, "gsm7", "vodacom", True, repeated=True, reason=reason)


WORDS: list[tuple[Delivery, dict[str, str] | None]] = [
    (news("a", S.QUEUED), None),  # the carrier still tries
    (news("a", S.SENDING), {"status": "PENDING"}),
    (news("a", S.SENT), {"status": "SENT"}),
    (news("a", S.UNKNOWN), {"status": "SENT"}),
    (news("a", S.DELIVERED), {"status": "DELIVERED"}),
    (
        news("a", S.UNDELIVERED, stat="UNDELIV", error="011"),
        {"status": "FAILED", "reason": "Delivery failed: UNDELIV err=011"},
    ),
    (news("a", S.UNDELIVERED, stat="EXPIRED"), {"status": "FAILED", "reason": "Delivery failed: EXPIRED err=000"}),
    (news("a", S.UNDELIVERED, reason="deleted"), {"status": "FAILED", "reason": "Delivery failed: deleted"}),
    (news("a", S.REJECTED, status=0x0B), {"status": "FAILED", "reason": "generic; errorCode=0xb"}),
    (news("a", S.REJECTED, reason="ESME_RSYSERR"), {"status": "FAILED", "reason": "generic; ESME_RSYSERR"}),
    (news("a", S.EXPIRED), {"status": "FAILED", "reason": "no-service"}),
    (news("a", S.DENIED, reason="deny"), {"status": "FAILED", "reason": "destination.invalid"}),
    (news("a", S.FAILED, reason="to: no carrier"), {"status": "FAILED", "reason": "destination.invalid"}),
    (news("a", S.FAILED, reason="does not fit"), {"status": "FAILED", "reason": "generic; does not fit"}),
    (news("a", S.CANCELLED), {"status": "FAILED", "reason": "generic; cancelled"}),
]


@pytest.mark.parametrize(("report", "update"), WORDS)
def test_every_state_has_a_word_of_chts(report: Delivery, update: dict[str, str] | None) -> None:
    assert report.report is not None
    found = of_report(report.report)
    assert (found and found.json()) == (update and {"id": "a", **update})


def test_every_state_that_ends_a_message_is_asked_for_but_the_unconfirmed() -> None:
    asked = {state for state in OutboundState if REPORTED & state.bit}
    assert asked == {state for state in OutboundState if state.final} - {S.UNKNOWN} | {S.SENDING, S.SENT}


RESULTS: list[tuple[Result, dict[str, str]]] = [
    (Accepted(5, S.QUEUED, 1, "gsm7", "vodacom", True), {"status": "UNSENT"}),
    (Accepted(5, S.QUEUED, 1, "gsm7", "vodacom", False), {"status": "UNSENT"}),
    (known(S.QUEUED), {"status": "UNSENT"}),
    (known(S.SENT), {"status": "SENT"}),
    (known(S.UNKNOWN), {"status": "SENT"}),
    (known(S.DELIVERED), {"status": "DELIVERED"}),
    (known(S.DENIED, "deny"), {"status": "FAILED", "reason": "destination.invalid"}),
    (known(S.EXPIRED), {"status": "FAILED", "reason": "no-service"}),
    (Refused("denied", "to", "denied by deny", 5), {"status": "FAILED", "reason": "destination.invalid"}),
    (Refused("unrouted", "to", "no carrier"), {"status": "FAILED", "reason": "destination.invalid"}),
    (Refused("unrouted", "carrier", "down"), {"status": "FAILED", "reason": "destination.invalid"}),
    (Refused("invalid", "to", "too short"), {"status": "FAILED", "reason": "destination.invalid"}),
    (Refused("invalid", "text", "it takes 12 parts"), {"status": "FAILED", "reason": "generic; it takes 12 parts"}),
    (Refused("conflict", "reference", "other", 5, S.DELIVERED), {"status": "DELIVERED"}),
]


@pytest.mark.parametrize(("result", "update"), RESULTS)
def test_a_hand_out_is_answered_with_what_became_of_it(result: Result, update: dict[str, str]) -> None:
    assert of_result("a", result).json() == {"id": "a", **update}


def tasks(cht: Cht, *names: str) -> None:
    for name in names:
        cht.add_task("+255700000001", "x", name)


def sent(cht: Cht, at: int = -1) -> list[tuple[str, str]]:
    return [(update["id"], update["status"]) for update in json.loads(cht.requests[at].body)["updates"]]


def settle(system: System, reference: str, state: OutboundState = S.QUEUED) -> None:
    system.settled([Submission(SENDER, "x", reference=reference)], [known(state)])


async def test_messages_and_updates_go_in_one_exchange(cht: Cht) -> None:
    tasks(cht, "a", "b")
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(
            system,
            delivery(1),
            news("a", S.SENDING, 2),
            news("a", S.SENT, 3),
            delivery(4),
            news("b", S.SENDING, 5),
            news("a", S.DELIVERED, 6),
        )
    assert result.outcomes == [Outcome(DELIVERED)] * 6
    assert cht.count == 1
    assert len(cht.saved) == 2
    assert sent(cht) == [("a", "DELIVERED"), ("b", "PENDING")]


async def test_only_the_furthest_status_of_a_message_is_told(cht: Cht) -> None:
    tasks(cht, "a", "b", "c")
    async with adapter("cht", cht.url, **USER) as system:
        settle(system, "a")  # handed over, and sent before CHT heard of that
        settle(system, "b")
        settle(system, "c", S.DELIVERED)
        await attempt(system, news("a", S.SENT, 1), news("c", S.SENT, 2))
        assert sent(cht) == [("a", "SENT"), ("c", "DELIVERED"), ("b", "UNSENT")]
        await poll(system)
    assert sent(cht) == []


async def test_what_was_read_before_a_report_and_told_after_it_does_not_go_back(cht: Cht) -> None:
    tasks(cht, "a")
    async with adapter("cht", cht.url, **USER) as system:
        await attempt(system, news("a", S.DELIVERED))
        settle(system, "a", S.SENT)  # as the database had it a moment earlier
        await poll(system)
        assert sent(cht) == []
        settle(system, "a", S.DELIVERED)  # CHT asks again: it is told again
        await poll(system)
    assert sent(cht) == [("a", "DELIVERED")]
    assert cht.tasks["a"].updates == ["DELIVERED", "DELIVERED"]


async def test_nothing_is_told_until_a_200_says_so(cht: Cht) -> None:
    tasks(cht, "a", "b")
    async with adapter("cht", cht.url, **USER) as system:
        settle(system, "b")
        cht.faults.fail, cht.faults.failure = 1, Failure(503)
        result = await attempt(system, news("a", S.SENT))
        assert result.outcomes == [Outcome(RETRY, "503 Service Unavailable")]
        settle(system, "a")
        await poll(system)
        assert sent(cht) == [("b", "UNSENT")], "the report comes again by itself, and is further"
        assert await try_once(system, news("a", S.SENT)) == Outcome(DELIVERED)
    assert cht.tasks["a"].updates == ["SENT"]


async def test_a_report_that_lost_its_answer_is_told_again_and_the_later_one_after_it(cht: Cht) -> None:
    tasks(cht, "a")
    async with adapter("cht", cht.url, **USER) as system:
        cht.faults.drop = 1
        assert (await try_once(system, news("a", S.SENT))).verdict is RETRY
        both = await attempt(system, news("a", S.SENT, 1), news("a", S.DELIVERED, 2))
    assert both.outcomes == [Outcome(DELIVERED)] * 2
    assert cht.tasks["a"].updates == ["SENT", "DELIVERED"]


async def test_one_that_fails_again_and_again_goes_alone_and_holds_back_its_own_message_only(cht: Cht) -> None:
    tasks(cht, "a", "b")
    cht.faults.fail, cht.faults.failure = 1, Failure(500)
    suspect = news("a", S.SENT, 1)
    suspect.attempts = 2
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, suspect, news("a", S.DELIVERED, 2), news("b", S.SENT, 3), delivery(4))
    assert [outcome.verdict for outcome in result.outcomes] == [RETRY, RETRY, DELIVERED, DELIVERED]
    assert (cht.tasks["a"].updates, cht.tasks["b"].updates) == ([], ["SENT"])


async def test_reports_that_tell_cht_nothing_are_done_with(cht: Cht) -> None:
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, news("a", S.QUEUED), news(None, S.SENT))
    assert result.outcomes[0] == Outcome(DELIVERED)
    assert (result.outcomes[1].verdict, result.outcomes[1].reason.split(":")[0]) == (DEAD, "nobody to tell")
    assert cht.count == 0


async def test_a_hand_out_with_other_content_is_answered_and_noted(
    cht: Cht, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks(cht, "a")
    async with adapter("cht", cht.url, **USER) as system:
        handed = await poll(system)
        assert isinstance(handed, list)
        system.settled(handed, [Refused("conflict", "reference", "other", 5, S.SENT)])
        await poll(system)
    assert cht.tasks["a"].updates == ["SENT"]
    assert "handed out again with other content" in capsys.readouterr().err
