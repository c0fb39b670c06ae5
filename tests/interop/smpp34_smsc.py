"""An SMSC made of the Python package smpp34, in a process of its own: leaving an interpreter that used it may crash.

Speaks as smsc.js does: orders as lines of JSON on stdin, {"deliver": [PDU, ...]} and {"unbind": true}; what happens as
lines of JSON on stdout. In a PDU, short_message and the values of tlvs are hex; these go by the package's names.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

import smpp34


def tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


async def serve(server: smpp34.Server, bound: list[smpp34.Esme]) -> None:
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            bound[:] = [event]
            tell("bound", system_id=event.system_id, receives=event.can_receive)
        elif isinstance(event, smpp34.Unbound):
            tell("unbound")


def tag(name: str) -> int:
    return 0x1403 if name == "TLV_VENDOR" else int(getattr(smpp34, name))


async def deliver(esme: smpp34.Esme, given: dict[str, Any]) -> int:
    options = dict(given)
    body = bytes.fromhex(options.pop("short_message", ""))
    tlvs = [smpp34.Tlv(tag(name), bytes.fromhex(value)) for name, value in options.pop("tlvs", {}).items()]
    answer = await esme.deliver_sm(options.pop("destination_addr"), body, tlvs=tlvs, **options)
    return int(answer.command_status)


async def obey(line: str, bound: list[smpp34.Esme]) -> None:
    order = json.loads(line)
    (esme,) = bound
    if "deliver" in order:
        tell("answered", statuses=await asyncio.gather(*(deliver(esme, given) for given in order["deliver"])))
    elif "unbind" in order:
        await esme.unbind()
        tell("unbind_answered")


async def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    tell("listening", port=port)
    bound: list[smpp34.Esme] = []
    serving = asyncio.create_task(serve(server, bound))
    while line := await asyncio.to_thread(sys.stdin.readline):
        await obey(line, bound)
    serving.cancel()
    await server.stop()


try:
    asyncio.run(main())
finally:
    sys.stdout.flush()
    os._exit(0 if sys.exc_info()[0] is None else 1)
