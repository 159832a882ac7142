"""The live channel: a WebSocket of steps, pictures, summaries and fates. Slow watchers miss old messages."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import Parameter

from learner.live import Mailbox
from learner.service import Service

Socket = WebSocket[Any, Any, Any]
MAX_WATCHERS = 32
TRY_AGAIN_LATER = 1013


@websocket("/live")
async def live(
    socket: Socket,
    service: Service,
    robot_id: Annotated[str | None, Parameter(max_length=200)] = None,
) -> None:
    """Text messages are JSON with a `type`; binary ones are pictures (see `learner.pictures`)."""
    await socket.accept()
    if service.hub.count() >= MAX_WATCHERS:
        await socket.close(TRY_AGAIN_LATER, "too many watchers")
        return
    with service.hub.watch(robot_id) as mailbox:
        tasks = (asyncio.create_task(_send(socket, mailbox)), asyncio.create_task(_until_gone(socket)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            error = task.exception()
            if error is not None and not isinstance(error, WebSocketDisconnect):
                raise error


async def _send(socket: Socket, mailbox: Mailbox) -> None:
    while True:
        message = await mailbox.take()
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_text(message)


async def _until_gone(socket: Socket) -> None:
    """What watchers send is read and ignored; ends when they leave."""
    while True:
        await socket.receive_data("text")
