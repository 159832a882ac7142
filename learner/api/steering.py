"""A person takes a robot's motion, or has its policy's proposals wait for a word; no stop is cleared here."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import msgspec
from litestar import Controller, WebSocket, post, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.params import Parameter

from learner.api.payloads import Answer, ModeAnswer, ModeWanted, TeleopMove
from learner.api.problems import conflict, not_found
from learner.robots import Session
from learner.service import Service
from learner.steering import CannotSteer, Hand
from learner.store import queries

Socket = WebSocket[Any, Any, Any]
Key = Annotated[str, Parameter(min_length=1, max_length=200)]
SILENCE_S = 1.0
"""A hand that says nothing for so long has let go."""
REFUSED = 4409
"""WebSocket close code: the robot cannot be moved; the reason says why."""
UNUSABLE = 4400
"""WebSocket close code: what was sent is no target."""
MAX_MOVE_CHARS = 1000

_MOVES = msgspec.json.Decoder(TeleopMove)


class SteeringController(Controller):
    """Mode and proposals."""

    tags = ("steering",)

    @post("/robots/{robot_id:str}/mode", status_code=200)
    async def mode(self, service: Service, robot_id: Key, data: ModeWanted) -> ModeAnswer:
        """Have a robot act by itself (`autonomous`), or wait for approval of each proposal (`suggest`)."""
        session = connected(service, robot_id)
        confirmed = await service.steering.set_mode(session, data.mode)
        await _note(service, "mode", robot_id=robot_id, mode=data.mode, confirmed=confirmed)
        return ModeAnswer(robot_id, data.mode, confirmed)

    @post("/robots/{robot_id:str}/proposals/{proposal_id:int}", status_code=202)
    async def answer(
        self,
        service: Service,
        robot_id: Key,
        proposal_id: Annotated[int, Parameter(ge=1, le=2**63 - 1)],
        data: Answer,
    ) -> Answer:
        """Approve or reject the proposal that waits; 409 if it has expired."""
        session = connected(service, robot_id)
        try:
            await service.steering.answer(session, proposal_id, approved=data.approved)
        except CannotSteer as error:
            raise conflict(str(error)) from None
        await _note(service, "answer", robot_id=robot_id, proposal_id=proposal_id, approved=data.approved)
        return data


@websocket("/robots/{robot_id:str}/teleop")
async def teleop(socket: Socket, service: Service, robot_id: Key) -> None:
    """Move a robot by hand: send `TeleopMove` objects, 20 or so a second; closing hands the motion back.

    It answers nothing while all is well; the closing frame's reason says what is wrong.
    """
    await socket.accept()
    began_s = time.monotonic()
    try:
        with service.steering.take(robot_id) as hand:
            try:
                await _follow(socket, hand)
            finally:
                await hand.release()
    except CannotSteer as error:
        await socket.close(REFUSED, str(error)[:120])
    except msgspec.MsgspecError as error:
        await socket.close(UNUSABLE, str(error)[:120])
    except (TimeoutError, WebSocketDisconnect):
        pass
    lasted_s = round(time.monotonic() - began_s, 1)
    await _note(service, "teleop", robot_id=robot_id, lasted_s=lasted_s)


async def _follow(socket: Socket, hand: Hand) -> None:
    """Send on what comes until the hand lets go."""
    while True:
        async with asyncio.timeout(SILENCE_S):
            raw = await socket.receive_data("text")
        if len(raw) > MAX_MOVE_CHARS:
            raise msgspec.ValidationError(f"a target of {len(raw)} characters; at most {MAX_MOVE_CHARS}")
        move = _MOVES.decode(raw)
        await hand.move(move.sent_ms / 1000.0, move.head_rpy, move.body_yaw, move.antennas)


def connected(service: Service, robot_id: str) -> Session:
    """A robot's session.

    Raises:
        ProblemDetailsException: 404 for one that is not connected.
    """
    session = service.robots.sessions.get(robot_id)
    if session is None or not session.connected(service.robots.clock()):
        raise not_found("connected robot", robot_id, "GET /api/v1/robots lists them")
    return session


async def _note(service: Service, kind: str, **detail: Any) -> None:
    await service.store.write(queries.add_event, kind, time.time(), **detail)
