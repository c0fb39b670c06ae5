"""The operation matrix for an ESME (SMPP 3.4 section 2.3; the broadcasts from 5.0): what it does with each PDU in each
state, and what it may send.

Everything a session decides by its state stands in these two tables. Where a carrier strays from the matrix in a way
that does no harm (an enquire_link before the bind response), the table follows the carrier.
"""

from __future__ import annotations

import enum

from pdu import Command


class State(enum.Enum):
    """Where a session stands."""

    OPEN = "open"  # connected, nothing sent
    BINDING = "binding"
    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"
    DRAINING = "draining"  # we are about to unbind; what is owed to either side is settled first
    LEAVING = "leaving"  # the carrier asked to unbind; what it is owed is answered first
    UNBINDING = "unbinding"  # we asked to unbind
    CLOSED = "closed"


BOUND = frozenset({State.TRANSMITTER, State.RECEIVER, State.TRANSCEIVER})


class Reaction(enum.Enum):
    """What a session does with a PDU it received."""

    TAKE = "take"  # hand it to the gateway, which answers
    HOLD = "hold"  # keep it until the bind response
    DEFER = "defer"  # answer with a temporary error: the carrier keeps it
    REFUSE = "refuse"  # answer ESME_RINVBNDSTS
    LEAVE = "leave"  # no answer: the carrier sends it again at the next bind
    ECHO = "echo"  # answer by ourselves, at once
    MATCH = "match"  # a response: find its request
    END = "end"  # unbind and its response
    TELL = "tell"  # an event, no answer
    COUNT = "count"  # out of place and harmless


_TAKE, _HOLD, _DEFER, _REFUSE, _LEAVE = Reaction.TAKE, Reaction.HOLD, Reaction.DEFER, Reaction.REFUSE, Reaction.LEAVE
_ECHO, _MATCH, _END, _TELL, _COUNT = Reaction.ECHO, Reaction.MATCH, Reaction.END, Reaction.TELL, Reaction.COUNT

_STATES = (
    State.BINDING,
    State.TRANSMITTER,
    State.RECEIVER,
    State.TRANSCEIVER,
    State.DRAINING,
    State.LEAVING,
    State.UNBINDING,
)
_ROWS: dict[Command, tuple[Reaction, ...]] = {
    #                                     BINDING   TRANSMITTER  RECEIVER  TRANSCEIVER  DRAINING  LEAVING  UNBINDING
    Command.DELIVER_SM:                   (_HOLD,   _REFUSE,     _TAKE,    _TAKE,       _LEAVE,   _DEFER,  _LEAVE),
    Command.DATA_SM:                      (_HOLD,   _REFUSE,     _TAKE,    _TAKE,       _LEAVE,   _DEFER,  _LEAVE),
    Command.ALERT_NOTIFICATION:           (_COUNT,  _COUNT,      _TELL,    _TELL,       _COUNT,   _COUNT,  _COUNT),
    Command.ENQUIRE_LINK:                 (_ECHO,   _ECHO,       _ECHO,    _ECHO,       _ECHO,    _ECHO,   _ECHO),
    Command.UNBIND:                       (_END,    _END,        _END,     _END,        _END,     _COUNT,  _ECHO),
    Command.UNBIND_RESP:                  (_COUNT,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _END),
    Command.ENQUIRE_LINK_RESP:            (_MATCH,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.GENERIC_NACK:                 (_MATCH,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.BIND_TRANSMITTER_RESP:        (_MATCH,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _COUNT),
    Command.BIND_RECEIVER_RESP:           (_MATCH,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _COUNT),
    Command.BIND_TRANSCEIVER_RESP:        (_MATCH,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _COUNT),
    Command.SUBMIT_SM_RESP:               (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.SUBMIT_MULTI_RESP:            (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.DATA_SM_RESP:                 (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.QUERY_SM_RESP:                (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.CANCEL_SM_RESP:               (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.REPLACE_SM_RESP:              (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.BROADCAST_SM_RESP:            (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.QUERY_BROADCAST_SM_RESP:      (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.CANCEL_BROADCAST_SM_RESP:     (_COUNT,  _MATCH,      _MATCH,   _MATCH,      _MATCH,   _MATCH,  _MATCH),
    Command.OUTBIND:                      (_COUNT,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _COUNT),
    Command.DELIVER_SM_RESP:              (_COUNT,  _COUNT,      _COUNT,   _COUNT,      _COUNT,   _COUNT,  _COUNT),
    # What only an ESME may send, sent by the carrier.
    Command.BIND_TRANSMITTER:             (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.BIND_RECEIVER:                (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.BIND_TRANSCEIVER:             (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.SUBMIT_SM:                    (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.SUBMIT_MULTI:                 (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.QUERY_SM:                     (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.CANCEL_SM:                    (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.REPLACE_SM:                   (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.BROADCAST_SM:                 (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.QUERY_BROADCAST_SM:           (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
    Command.CANCEL_BROADCAST_SM:          (_REFUSE, _REFUSE,     _REFUSE,  _REFUSE,     _REFUSE,  _REFUSE, _REFUSE),
}  # fmt: skip

REACTIONS: dict[State, dict[int, Reaction]] = {
    state: {int(command): row[column] for command, row in _ROWS.items()} for column, state in enumerate(_STATES)
}

_SUBMITTING = frozenset(
    map(
        int,
        (
            Command.SUBMIT_SM,
            Command.SUBMIT_MULTI,
            Command.DATA_SM,
            Command.QUERY_SM,
            Command.CANCEL_SM,
            Command.REPLACE_SM,
            Command.BROADCAST_SM,
            Command.QUERY_BROADCAST_SM,
            Command.CANCEL_BROADCAST_SM,
        ),
    )
)
MAY_SEND: dict[State, frozenset[int]] = {
    State.TRANSMITTER: _SUBMITTING,
    State.RECEIVER: frozenset(),
    State.TRANSCEIVER: _SUBMITTING,
}
"""Requests that the gateway may make; what the session sends by itself is not listed."""
