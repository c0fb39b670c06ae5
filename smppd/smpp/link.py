"""One bind to a carrier, kept up for as long as the gateway runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pdu import EncodeError, Pdu, Status
from smppd import log, metrics
from smppd.config.carriers import CarrierConfig
from smppd.errors import StoreError, Unanswered
from smppd.smpp.connect import Endpoint, connect, resolve, tls_context, words
from smppd.smpp.connection import Connection, Told
from smppd.smpp.events import Cause, Outcome, Overdue, Response
from smppd.smpp.mapping import MappingSettings
from smppd.smpp.ports import Intake, LinkState, OnState
from smppd.smpp.reconnect import Reconnect
from smppd.smpp.session import WrongState
from smppd.smpp.settings import Bind, SessionSettings

VERSIONS = {"3.3": 0x33, "3.4": 0x34, "5.0": 0x50}


@dataclass(slots=True)
class _End:
    """How an attempt ended."""

    cause: Cause
    reason: str
    status: int = 0
    bound_for: float | None = None  # seconds; None: never bound


class Link:
    """Connects, binds, pumps, and tries again. `run` is its life; `state` and `reason` say where it stands.

    Raises StartError when a TLS file of the configuration cannot be used.
    """

    def __init__(
        self,
        carrier: str,
        number: int,
        bind: Bind,
        config: CarrierConfig,
        intake: Intake,
        on_state: OnState,
        *,
        reconnect: Reconnect | None = None,
    ) -> None:
        self.carrier, self.number, self.bind = carrier, number, bind
        self.state, self.reason, self.endpoint = LinkState.DOWN, "not started", ""
        self._config, self._intake, self._on_state = config, intake, on_state
        self._reconnect = reconnect or Reconnect()
        self._settings = session_settings(config, bind)
        bases = config.message_id_base.response, config.message_id_base.receipt
        self._mapping = MappingSettings(config.default_alphabet, config.sniff_receipts, config.states, bases)
        tls = config.tls_settings
        self._tls = tls_context(tls) if tls else None
        self._server_name = tls.server_name if tls else None
        self._log = log.get("link").bind(carrier=carrier, link=number)
        self._gauges = {state: metrics.LINK_STATE.labels(carrier, str(number), state.value) for state in LinkState}
        self._gauges[LinkState.DOWN].set(1)
        metrics.WINDOW_IN_USE.labels(carrier, str(number)).set_function(self._in_use)
        self._connection: Connection | None = None
        self._life: asyncio.Timeout | None = None
        self._stopping = False
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Keep the bind up until `stop`. Nothing that a carrier or the network does ends it."""
        try:
            async with asyncio.timeout(None) as self._life:
                while not self._stopping:
                    end = await self._attempt()
                    if self._stopping:
                        break
                    metrics.LINK_REBINDS.labels(self.carrier, end.cause.value).inc()
                    self._tell(LinkState.DOWN, end.reason)
                    await asyncio.sleep(self._reconnect.delay(end.cause, end.status, end.bound_for))
        except TimeoutError:
            if self._life is None or not self._life.expired():
                raise
        finally:
            self._life = None
            self._tell(LinkState.DOWN, "stopped")
            self._stopped.set()

    async def stop(self, deadline: float) -> None:
        """Answer what is committed, wait for responses, unbind, close; over at `deadline` on the loop's clock."""
        again, self._stopping = self._stopping, True
        if self._life is None or again:
            return
        connection = self._connection
        if connection is None:
            self._life.reschedule(0.0)
        else:
            self._life.reschedule(deadline)
            self._tell(LinkState.UNBINDING, "stopping")
            connection.leave(deadline)
        await self._stopped.wait()

    def request(self, pdu: Pdu, told: Told) -> bool:
        """Send a request over the bind; False when the window is full.

        What becomes of it is `told`: exactly one Response or Lost, and when the response takes longer than
        response_timeout one Overdue before it. Raises WrongState when the link is not bound for it or stops,
        EncodeError when this carrier can never be sent it.
        """
        if self._connection is None:
            raise WrongState(f"link {self.number} of {self.carrier} is {self.state.value}")
        return self._connection.request(pdu, told)

    async def ask(self, pdu: Pdu) -> Response:
        """The response to a request, whatever its status; waits no longer than response_timeout.

        Raises Unanswered.
        """
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def told(outcome: Outcome) -> None:
            if not ended.done():  # an answer after the time is of no use to anyone
                ended.set_result(outcome)

        try:
            sent = self.request(pdu, told)
        except (WrongState, EncodeError) as error:
            raise Unanswered(f"{self.carrier} cannot be asked: {error}", sent=False) from None
        if not sent:
            raise Unanswered(f"the window of link {self.number} of {self.carrier} is full", sent=False)
        outcome = await ended
        if isinstance(outcome, Response):
            return outcome
        if isinstance(outcome, Overdue):
            raise Unanswered(f"{self.carrier} gave no answer in {self._settings.response_timeout:g} s", sent=True)
        raise Unanswered(f"link {self.number} of {self.carrier} was lost before an answer came", sent=outcome.written)

    def _in_use(self) -> int:
        return 0 if self._connection is None else self._connection.session.waiting

    @property
    def version(self) -> int:
        """The interface_version agreed on, e.g. 0x34; before the bind ours. Below 0x34 no TLV may be sent."""
        return self._settings.version if self._connection is None else self._connection.session.version

    @property
    def room(self) -> int:
        """Requests that may be sent now; 0 while not bound, while stopping, and on a receiver."""
        return 0 if self._connection is None else self._connection.session.room

    # --- one attempt -------------------------------------------------------------------------------------------------

    async def _attempt(self) -> _End:
        self._tell(LinkState.CONNECTING, "")
        try:
            record = await self._intake.open(self.carrier, self.number, self._prove)
        except StoreError as error:
            return _End(Cause.STORE, f"not bound, as nothing can be stored now: {error}")
        try:
            return await self._bind_somewhere(record)
        finally:
            self._intake.close(record)

    async def _bind_somewhere(self, record: Any) -> _End:
        """Try every address in order until one takes the bind, and stay with it to its end."""
        end = _End(Cause.UNREACHABLE, "no host has an address")
        for host in self._config.hosts:
            try:
                endpoints = await resolve(host, self._config.local_addr)
            except OSError as error:
                end = _End(Cause.UNREACHABLE, f"{host}: {words(error)}")
                continue
            for endpoint in endpoints:
                end = await self._converse(record, endpoint)
                if end.bound_for is not None or self._stopping:
                    return end
        return end

    async def _converse(self, record: Any, endpoint: Endpoint) -> _End:
        self.endpoint = str(endpoint)
        settings = self._settings

        def factory() -> Connection:
            return Connection(self.carrier, settings, self._mapping, self._intake, record, self._changed)

        try:
            connection = await connect(
                factory,
                endpoint,
                tls=self._tls,
                server_name=self._server_name,
                local_addr=self._config.local_addr,
                # When an enquire_link and its answer are lost the link is given up anyway.
                user_timeout=settings.enquire_link + settings.enquire_answer,
            )
        except OSError as error:
            return _End(Cause.UNREACHABLE, f"{endpoint}: {words(error)}")
        try:
            closed = await connection.ended
        finally:
            self._connection = None
            connection.abort()
        lasted = None if connection.bound_at is None else self._now() - connection.bound_at
        return _End(closed.cause, closed.reason + self._advice(connection.refused), connection.refused, lasted)

    def _advice(self, status: int) -> str:
        if status == Status.ESME_RALYBND:
            return "; it may still hold our last session"
        if status == Status.ESME_RINVSYSTYP:
            return f'; ask the carrier to check system_type "{self._config.system_type}"'
        return f"; ask the carrier to check system_id {self._config.system_id}" if status else ""

    def _changed(self, connection: Connection, state: LinkState) -> None:
        self._connection = connection
        if not self._stopping:
            self._tell(state, f"{self.endpoint}")

    def _prove(self) -> None:
        if self._connection is not None:
            self._connection.prove()

    def _tell(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self._gauges[self.state].set(0)
        self._gauges[state].set(1)
        if state is LinkState.DOWN and not self._stopping:
            self._log.warning("down", reason=reason)
        elif state is not self.state:
            self._log.info(state.value, reason=reason)
        self.state, self.reason = state, reason
        self._on_state(self.carrier, self.number, state, reason)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def session_settings(config: CarrierConfig, bind: Bind) -> SessionSettings:
    """What the sessions of a carrier are told."""
    return SessionSettings(
        system_id=config.system_id,
        password=config.password,
        system_type=config.system_type,
        bind=bind,
        version=VERSIONS[config.version],
        address_range=config.address_range,
        addr_ton=config.addr_ton,
        addr_npi=config.addr_npi,
        window=config.window,
        enquire_link=config.enquire_link,
        response_timeout=config.response_timeout,
        late_response=config.late_response,
        parameters=config.parameters,
    )
