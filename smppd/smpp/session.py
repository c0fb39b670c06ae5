"""An SMPP session as an ESME: octets and `now` in, events and octets out. No socket, no clock, no waiting.

The driver calls `start`, then `receive` with what it reads, `tick` when `deadline` has come, and writes what `take`
returns once per turn of its loop. What a state allows stands in `smppd.smpp.states`; the numbers are those of
SMPP 3.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from struct import Struct
from typing import Any

from pdu import (
    RESPONSE,
    AlertNotification,
    BindReceiverResp,
    BindTransceiverResp,
    BindTransmitterResp,
    BroadcastSmResp,
    Command,
    DataSm,
    DataSmResp,
    DecodeError,
    DeliverSm,
    Framer,
    FramingError,
    Pdu,
    QueryBroadcastSmResp,
    QuerySmResp,
    Status,
    SubmitMultiResp,
    SubmitSmResp,
    Tag,
    command_name,
    decode,
    encode,
    encode_for,
    int_tlv,
    status_reason,
)
from smppd.smpp.events import (
    Alert,
    BindRefused,
    Bound,
    Cause,
    Closed,
    Delivered,
    Event,
    Lost,
    Overdue,
    PeerUnbound,
    Proved,
    Response,
    Undecodable,
)
from smppd.smpp.outstanding import Outstanding
from smppd.smpp.proof import Proof
from smppd.smpp.settings import SessionSettings
from smppd.smpp.states import BOUND, MAY_SEND, REACTIONS, Reaction, State
from smppd.smpp.timers import NEVER, Clock, Timers

_HEADER, _SEQUENCE = Struct(">IIII"), Struct(">I")
# deliver_sm_resp and data_sm_resp with an empty message_id: a single NUL. Written from here rather than by the codec,
# as every message received costs one.
_ANSWER = Struct(">IIIIB")
_MOST_HELD = 1000  # deliver_sm kept before the bind response; more are deferred
_LINGER = 3.0  # seconds that a carrier which asked to unbind has for the responses it owes us
_BINDS = {
    "receiver": (Command.BIND_RECEIVER, State.RECEIVER),
    "transmitter": (Command.BIND_TRANSMITTER, State.TRANSMITTER),
    "transceiver": (Command.BIND_TRANSCEIVER, State.TRANSCEIVER),
}
_TAKE, _MATCH, _SUBMIT_SM = Reaction.TAKE, Reaction.MATCH, int(Command.SUBMIT_SM)
_SETTLING = (State.DRAINING, State.LEAVING)
_MESSAGES = (Command.DELIVER_SM, Command.DATA_SM)
_BIND_RESPONSES = (BindReceiverResp, BindTransmitterResp, BindTransceiverResp)
# Responses whose status counts although their body cannot be read.
_BARE: dict[int, Callable[..., Pdu]] = {
    each.command_id: each
    for each in (
        *_BIND_RESPONSES,
        SubmitSmResp,
        SubmitMultiResp,
        DataSmResp,
        QuerySmResp,
        BroadcastSmResp,
        QueryBroadcastSmResp,
    )
}


class WrongState(Exception):
    """A request that the state of the session does not allow: a fault of the caller."""


class Session:
    """One bind, from connection to close.

    `owed` counts messages handed out and not yet answered; `strange` counts by word what was out of place and
    harmless.
    """

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.state = State.OPEN
        self.version = settings.version
        self.owed = 0
        self.proof = Proof()
        self.strange: Counter[str] = Counter()
        self._inactivity = settings.inactivity
        self._framer = Framer()
        self._outstanding = Outstanding(settings.window, settings.response_timeout, settings.late_response, self.proof)
        self._timers = Timers()
        self._clock = Clock(0.0)
        self._reactions: dict[int, Reaction] = {}
        self._may_send: frozenset[int] = frozenset()
        self._bind_sequence = self._unbind_sequence = 0
        self._held: list[Delivered | Undecodable] = []
        self._heard = True  # anything since the last enquire_link
        self._answered_before_unbind = 0
        self._told = 0  # of the proof
        self._events: list[Event] = []
        self._out: list[bytes | bytearray] = []

    # --- what the driver calls ---------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """The connection stands: bind."""
        settings = self.settings
        self._clock = Clock(now)
        self._timers.bind = settings.bind_timeout
        texts = (settings.system_id, settings.password, settings.system_type)
        body = b"".join(text.encode("latin-1") + b"\0" for text in texts)
        body += bytes((settings.version, settings.addr_ton, settings.addr_npi))
        body += settings.address_range.encode("latin-1") + b"\0"
        self._bind_sequence = self._outstanding.take()
        self._out.append(_HEADER.pack(16 + len(body), _BINDS[settings.bind][0], 0, self._bind_sequence) + body)
        self._enter(State.BINDING)

    def receive(self, data: bytes, now: float) -> list[Event]:
        """What these octets from the carrier mean."""
        if self.state is State.CLOSED or self.state is State.OPEN:
            return self._pending()
        clock = self._clock.advance(now)
        self._heard = True
        if self.state in BOUND:
            self._timers.enquire = clock + self.settings.enquire_link
        try:
            frames = self._framer.feed(data)
        except FramingError:
            frames = []
        events, owed, reactions = self._events, self.owed, self._reactions
        for frame in frames:
            try:
                pdu = decode(frame)
            except DecodeError as error:
                self._unreadable(error, clock)
            else:
                reaction = reactions.get(pdu.command_id)
                if reaction is _TAKE:
                    self.owed += 1
                    events.append(Delivered(pdu, frame))  # type: ignore[arg-type]  # the matrix takes no other
                elif reaction is _MATCH:
                    self._match(pdu, clock)
                else:
                    self._react(pdu, frame, reaction, clock)
                if pdu.trailing:
                    self.strange["trailing octets"] += 1
            if reactions is not self._reactions:  # another state
                if self.closed:
                    return self._pending()
                reactions = self._reactions
        if self._framer.error is not None:
            self._send(Command.GENERIC_NACK, self._framer.error.status, 0)
            self._close(Cause.BROKEN, f"what the carrier sends is not SMPP: {self._framer.error.reason}")
        elif self.owed > owed:
            self._active(clock)
        return self._pending()

    def tick(self, now: float) -> list[Event]:
        """What the passing of time means."""
        clock = self._clock.advance(now)
        timers, settings = self._timers, self.settings
        if self.closed or not self._clock.running:
            return self._pending()
        if self._outstanding.due <= clock:
            self._events += [Overdue(sequence, each[3]) for sequence, each in self._outstanding.expired(clock)]
            self._events += [Lost(sequence, True, each[3]) for sequence, each in self._outstanding.given_up(clock)]
            self._settled(clock)
        if timers.bind <= clock:
            self._close(Cause.SILENT, f"no answer to the bind within {settings.bind_timeout:g} s")
        if timers.end <= clock:
            if self.state is State.UNBINDING:
                self._close(Cause.ASKED, f"no answer to the unbind within {settings.unbind_timeout:g} s")
            else:
                self._settled(clock, over=True)
        if timers.answer <= clock:
            if self._heard:
                # A lost answer on a link that lives: VPNs re-key, carriers are busy. Ask again.
                timers.answer = NEVER
                if self.proof.wanting:
                    timers.proof = clock
            else:
                self._close(Cause.SILENT, f"nothing heard for {settings.enquire_answer:g} s after an enquire_link")
        if timers.answer == NEVER and min(timers.enquire, timers.proof) <= clock:
            self._enquire(clock)
        if timers.inactivity <= clock:
            self.unbind(now)
        return self._pending()

    def deadline(self) -> float | None:
        """When `tick` is to be called at the latest, on the driver's clock; None: when something else happens."""
        if self._events:
            return self._clock.instant(self._clock.elapsed)
        if self.closed or not self._clock.running:
            return None
        due = min(self._timers.earliest(), self._outstanding.due)
        return None if due == NEVER else self._clock.instant(due)

    def take(self) -> bytes:
        """The octets to write, once."""
        if not self._out:
            return b""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def answer(self, request: DeliverSm | DataSm | Undecodable, status: int) -> bool:
        """Answer what Delivered or Undecodable brought; False when the session is over and nobody hears it."""
        if self.state is State.CLOSED:
            return False
        self._out.append(_ANSWER.pack(17, request.command_id | RESPONSE, status, request.sequence, 0))
        self.proof.answered += 1
        self.owed -= 1
        if self.state in BOUND:
            if self._timers.proof == NEVER:
                self._timers.proof = self._clock.elapsed + self.settings.proof_interval
        elif not self.owed:
            self._settled(self._clock.elapsed)
        return True

    def request(self, pdu: Pdu, now: float, told: Any = None) -> int | None:
        """Send a request; returns its sequence number, or None when the window is full.

        Its end is told by exactly one Response or Lost, and by one Overdue before it when that takes long; each of
        them brings `told` along. Raises WrongState when it cannot be sent now, EncodeError when it cannot be sent at
        all: to a carrier that speaks SMPP 3.3, nothing goes with optional parameters.
        """
        command_id, outstanding = pdu.command_id, self._outstanding
        if command_id not in self._may_send:
            raise WrongState(f"{command_name(command_id)} cannot be sent while {self.state.value}")
        if len(outstanding.requests) >= outstanding.window:
            return None
        if command_id == _SUBMIT_SM and not pdu.tlvs:
            frame = encode(pdu)  # every version has it
        else:
            frame = encode_for(pdu, self.version, self.settings.parameters)
        clock = self._clock.advance(now)
        sequence = outstanding.add(command_id, clock, told)
        numbered = bytearray(frame)
        _SEQUENCE.pack_into(numbered, 12, sequence)
        self._out.append(numbered)
        if self._inactivity is not None:
            self._active(clock)
        return sequence

    @property
    def closed(self) -> bool:
        """Whether it is over."""
        return self.state is State.CLOSED

    @property
    def waiting(self) -> int:
        """Requests of ours without a response that take room in the window."""
        return len(self._outstanding.requests)

    @property
    def room(self) -> int:
        """How many more requests may be sent now."""
        return self.settings.window - len(self._outstanding.requests) if self._may_send else 0

    @property
    def overdue(self) -> int:
        """Requests of ours whose response is late and would still be told."""
        return self._outstanding.overdue

    def prove(self, now: float) -> None:
        """Ask at once for the proof of all answers given so far, unless it is being asked for."""
        if self.state in BOUND and not self.proof.asking:
            self._enquire(self._clock.advance(now))

    def unbind(self, now: float, patience: float = 0.0) -> None:
        """Ask for the end, and take nothing new. Closed follows, with the carrier's answer or without.

        What both sides are owed is settled first, as far as that is done within `patience` seconds; requests that are
        overdue are not waited for.
        """
        if self.state in BOUND:
            clock = self._clock.advance(now)
            self._enter(State.DRAINING)
            self._timers.end = clock + patience
            self._settled(clock, over=patience <= 0)
        elif self.state in (State.OPEN, State.BINDING):
            self._close(Cause.ASKED, "stopped before the bind stood")

    def pause(self, now: float) -> None:
        """The driver stops reading: no timer runs until `resume`."""
        self._clock.advance(now)
        self._clock.running = False

    def resume(self, now: float) -> None:
        """The driver reads again."""
        self._clock.advance(now)
        self._clock.running = True

    def lost(self, reason: str) -> list[Event]:
        """The connection ended under us."""
        if self.state in (State.UNBINDING, State.LEAVING):
            # We had said all there was to say; many carriers close without the last word.
            self._close(Cause.ASKED if self.state is State.UNBINDING else Cause.CLOSED, "closed after the unbind")
        elif self.state is not State.CLOSED:
            self._close(Cause.CLOSED, reason)
        return self._pending()

    # --- what the carrier sends --------------------------------------------------------------------------------------

    def _react(self, pdu: Pdu, frame: bytes, reaction: Reaction | None, clock: float) -> None:
        match reaction:
            case Reaction.MATCH:
                self._match(pdu, clock)
            case Reaction.ECHO:
                self._send(pdu.command_id | RESPONSE, 0, pdu.sequence)
            case Reaction.END:
                self._end(pdu, clock)
            case Reaction.TELL if isinstance(pdu, AlertNotification):
                self._events.append(Alert(pdu))
            case Reaction.HOLD if isinstance(pdu, (DeliverSm, DataSm)):
                self._hold(Delivered(pdu, frame), pdu)
            case _:
                self._decline(reaction, pdu.command_id, pdu.sequence)

    def _unreadable(self, error: DecodeError, clock: float) -> None:
        command_id, sequence = error.command_id, error.sequence
        reaction = self._reactions.get(command_id)
        if command_id in _MESSAGES:
            found = Undecodable(error.raw, f"{error.field}: {error.reason}", sequence, command_id, error.status)
            if reaction is Reaction.TAKE:
                self.owed += 1
                self._events.append(found)
            elif reaction is Reaction.HOLD:
                self._hold(found, found)
            else:
                self._decline(reaction, command_id, sequence)
        elif command_id in _BARE:
            status = int.from_bytes(error.raw[8:12], "big")
            self.strange["unreadable response"] += 1
            self._react(_BARE[command_id](status=status, sequence=sequence), error.raw, reaction, clock)
        elif command_id & RESPONSE:
            # A response is never answered: two peers would nack each other for ever.
            self.strange["unknown response"] += 1
        else:
            self.strange["unknown command" if reaction is None else "unreadable request"] += 1
            self._send(Command.GENERIC_NACK, error.status, sequence)

    def _hold(self, event: Delivered | Undecodable, request: DeliverSm | DataSm | Undecodable) -> None:
        if len(self._held) < _MOST_HELD:
            self._held.append(event)
        else:
            self._decline(Reaction.DEFER, request.command_id, request.sequence)

    def _decline(self, reaction: Reaction | None, command_id: int, sequence: int) -> None:
        if reaction is Reaction.LEAVE:
            return  # it crossed our unbind on the way, which is nobody's fault
        self.strange[f"{command_name(command_id)} while {self.state.value}"] += 1
        if reaction is Reaction.DEFER:
            self._send(command_id | RESPONSE, Status.ESME_RX_T_APPN, sequence)
        elif reaction is Reaction.REFUSE:
            self._send(command_id | RESPONSE, Status.ESME_RINVBNDSTS, sequence)

    def _match(self, pdu: Pdu, clock: float) -> None:
        sequence, command_id = pdu.sequence, pdu.command_id
        if (waiting := self._outstanding.match(sequence, command_id)) is not None:
            self._events.append(Response(sequence, pdu, waiting[2], waiting[3]))
            if self.state in _SETTLING:
                self._settled(clock)
            elif self._inactivity is not None:
                self._active(clock)
        elif self.state is State.BINDING and (
            isinstance(pdu, _BIND_RESPONSES) or (command_id == Command.GENERIC_NACK and sequence == self._bind_sequence)
        ):
            self._bound(pdu, clock)
        elif sequence in self.proof and command_id in (Command.ENQUIRE_LINK_RESP, Command.GENERIC_NACK):
            # A nack, too, shows how far the carrier has read.
            if self.proof.hear(sequence):
                self._timers.answer = NEVER
            self._tell_proof()
        elif command_id == Command.GENERIC_NACK and sequence == self._unbind_sequence != 0:
            self._end(pdu, clock)
        else:
            self.strange[f"unmatched {command_name(command_id)}"] += 1

    def _bound(self, pdu: Pdu, clock: float) -> None:
        settings = self.settings
        if pdu.sequence != self._bind_sequence:
            self.strange["bind response with another sequence"] += 1
        if pdu.status or not isinstance(pdu, _BIND_RESPONSES):
            status = pdu.status or Status.ESME_RBINDFAIL
            self._events.append(BindRefused(status))
            self._close(Cause.REFUSED, f"bind refused: {status_reason(status).removeprefix('bind refused: ')}")
            return
        theirs = int_tlv(pdu.tlvs, Tag.SC_INTERFACE_VERSION)
        if theirs:
            self.version = min(self.version, theirs)
        self._timers.bind = NEVER
        self._timers.enquire = clock + settings.enquire_link
        self._active(clock)
        self._enter(_BINDS[settings.bind][1])
        self._events.append(Bound(pdu.system_id, self.version))
        held, self._held = self._held, []
        for event in held:
            request = event.pdu if isinstance(event, Delivered) else event
            if self._reactions[request.command_id] is Reaction.TAKE:
                self.owed += 1
                self._events.append(event)
            else:
                self._decline(Reaction.REFUSE, request.command_id, request.sequence)

    def _tell_proof(self) -> None:
        if self.proof.proved > self._told:
            self._told = self.proof.proved
            self._events.append(Proved(self._told))

    def _end(self, pdu: Pdu, clock: float) -> None:
        if pdu.command_id == Command.UNBIND:
            self._unbind_sequence = pdu.sequence
            self._events.append(PeerUnbound())
            self._take_back()
            self._enter(State.LEAVING)
            self._timers.end = clock + self.settings.unbind_timeout
            self._settled(clock)
        else:
            self.proof.prove(self._answered_before_unbind)
            self._tell_proof()
            self._close(Cause.ASKED, "unbound")

    # --- what we send and become -------------------------------------------------------------------------------------

    def _settled(self, clock: float, *, over: bool = False) -> None:
        """Before an end: go on with it if nothing is owed to either side, or if its time is over."""
        if not over and (self.owed or self._outstanding.requests):
            if self.state is State.LEAVING and not self.owed:
                # Its responses may have crossed its unbind with our requests. Many carriers have forgotten them.
                self._timers.end = min(self._timers.end, clock + _LINGER)
        elif self.state is State.DRAINING:
            self._enter(State.UNBINDING)
            self._timers.end = clock + self.settings.unbind_timeout
            self._unbind_sequence = self._outstanding.take()
            self._answered_before_unbind = self.proof.answered
            self._send(Command.UNBIND, 0, self._unbind_sequence)
        elif self.state is State.LEAVING:
            self._send(Command.UNBIND_RESP, 0, self._unbind_sequence)
            self._close(Cause.CLOSED, "the carrier unbound")

    def _enquire(self, clock: float) -> None:
        sequence = self._outstanding.take()
        self.proof.ask(sequence)
        if self._timers.answer == NEVER:
            self._timers.answer = clock + self.settings.enquire_answer
            self._heard = False
        self._timers.enquire = clock + self.settings.enquire_link
        self._timers.proof = NEVER
        self._send(Command.ENQUIRE_LINK, 0, sequence)

    def _send(self, command_id: int, status: int, sequence: int) -> None:
        self._out.append(_HEADER.pack(16, command_id, status, sequence))

    def _active(self, clock: float) -> None:
        if self._inactivity is not None:
            self._timers.inactivity = clock + self._inactivity

    def _enter(self, state: State) -> None:
        self.state = state
        self._reactions = REACTIONS.get(state, {})
        self._may_send = MAY_SEND.get(state, frozenset())
        if state not in (State.BINDING, *BOUND):
            self._timers.stop()

    def _close(self, cause: Cause, reason: str) -> None:
        self._enter(State.CLOSED)
        self._held.clear()
        self._take_back()
        self._events += [Lost(sequence, True, waiting[3]) for sequence, waiting in self._outstanding.close()]
        self._events.append(Closed(cause, reason))

    def _take_back(self) -> None:
        """Requests that the driver has not taken are certainly not written, and are not going to be."""
        kept = []
        for frame in self._out:
            _, command_id, _, sequence = _HEADER.unpack_from(frame)
            waiting = None if command_id & RESPONSE else self._outstanding.drop(sequence)
            if waiting is None:
                kept.append(frame)
            else:
                self._events.append(Lost(sequence, False, waiting[3]))
        self._out = kept

    def _pending(self) -> list[Event]:
        events, self._events = self._events, []
        return events
