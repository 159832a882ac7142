"""A person moves a robot and approves what it proposes, over real sockets."""

import asyncio
import json
import time

import pytest
import websockets

from learner.counters import Counters
from learner.robots import Session
from learner.steering import DEADLINE_S, LATE_S, CannotSteer, Hand
from shared.messages import Approval, SetMode, TeleopTarget

MOVE = {"sent_ms": 0.0, "head_rpy": [0.0, 0.2, 0.3]}


def url(bench, robot_id="mini"):
    return f"{bench.learner.url.replace('http', 'ws')}/api/v1/robots/{robot_id}/teleop"


def now_ms():
    return time.monotonic() * 1000.0


async def reporting(robot, **changes):
    while True:
        await robot.send(robot.status(**changes))
        await asyncio.sleep(0.05)


async def seen(bench, robot_id="mini"):
    async def there():
        session = bench.learner.robots.sessions.get(robot_id)
        return session is not None and session.status is not None

    await bench.until(there)


def test_targets_go_straight_to_the_robot_and_letting_go_hands_back(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            life = asyncio.create_task(reporting(robot))
            await seen(b)
            async with websockets.connect(url(b)) as hand:
                for _ in range(3):
                    await hand.send(json.dumps(MOVE | {"sent_ms": now_ms()}))
                    target = await robot.hear(TeleopTarget)
                    assert target.active
                    assert (target.head_rpy, target.deadline_s) == ((0.0, 0.2, 0.3), DEADLINE_S)
                    await asyncio.sleep(0.02)
                with pytest.raises(websockets.ConnectionClosedError) as refused:
                    async with websockets.connect(url(b)) as second:
                        await second.recv()
                assert "somebody else" in refused.value.rcvd.reason
            released = await robot.hear(TeleopTarget)
            assert not released.active
            assert released.session == target.session
            async with websockets.connect(url(b)) as hand:  # free again
                await hand.send(json.dumps(MOVE | {"sent_ms": now_ms()}))
                assert (await robot.hear(TeleopTarget)).session != target.session
                silent = await robot.hear(TeleopTarget, timeout=3.0)  # a hand that says nothing has let go
                assert not silent.active
            life.cancel()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("robot_id", "state", "word"), [("nobody", "ACTIVE", "not connected"), ("mini", "STOPPED", "STOPPED")]
)
def test_a_robot_that_is_away_or_stopped_is_moved_by_nobody(wire, tmp_path, robot_id, state, word):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(state=state))
            await seen(b)
            async with websockets.connect(url(b, robot_id)) as hand:
                with pytest.raises(websockets.ConnectionClosedError) as refused:
                    await hand.recv()
            assert word in refused.value.rcvd.reason

    asyncio.run(story())


BAD_MOVES = [
    "{not json",
    "[]",
    json.dumps(MOVE | {"head_rpy": [0.0, 0.1]}),
    json.dumps(MOVE | {"head_rpy": [0.0, 0.1, 9.0]}),
    json.dumps(MOVE).replace("0.3", "NaN"),
    json.dumps(MOVE).replace("0.3", "1e999"),
    json.dumps(MOVE | {"extra": 1}),
    json.dumps(MOVE) + " " * 2000,
]


@pytest.mark.parametrize("bad", BAD_MOVES)
def test_what_is_no_target_ends_the_session_and_moves_nothing(wire, tmp_path, bad):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status())
            await seen(b)
            async with websockets.connect(url(b)) as hand:
                await hand.send(bad)
                with pytest.raises(websockets.ConnectionClosedError) as refused:
                    await hand.recv()
            assert refused.value.rcvd.code == 4400
            with pytest.raises(TimeoutError):
                await robot.hear(TeleopTarget, timeout=0.2)

    asyncio.run(story())


def test_another_sites_page_moves_no_robot(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status())
            with pytest.raises(websockets.InvalidStatus):
                async with websockets.connect(url(b), origin="http://evil.example"):
                    pass

    asyncio.run(story())


class Clocked:
    """The robots of a `Hand`, with a clock that tests set and no wire."""

    def __init__(self):
        self.now = 100.0
        self.sent = []

    def clock(self):
        return self.now

    async def send(self, _session, message):
        self.sent.append(message)
        return True


def test_late_targets_are_dropped_and_none_waits(wire, tmp_path):
    async def story():
        robots, counters = Clocked(), Counters()
        status = wire.Robot.status(type("R", (), {"robot_id": "mini"})())
        session = Session("mini", b"", 100.0, accepted=True, status=status, status_s=100.0)
        hand = Hand(robots, session, counters)

        async def move(sent_s, at_s):
            robots.now = session.last_seen_s = session.status_s = at_s
            return await hand.move(sent_s, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0))

        assert await move(7.0, 100.0)  # another machine's clock
        assert await move(7.1, 100.1 + 0.9 * LATE_S)
        assert not await move(7.2, 100.2 + 1.1 * LATE_S)
        assert not await move(7.5, 100.5 + 30.0)
        assert (counters.teleop["sent"], counters.teleop["late"]) == (2, 2)
        assert await move(40.0, 133.0)
        assert not await move(40.001, 133.001)  # too soon after the last
        assert len(robots.sent) == 3
        robots.now += 0.9  # connected, but it has not reported for a while
        assert not await hand.move(41.0, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0))
        robots.now += 10.0
        with pytest.raises(CannotSteer, match="not connected"):
            await hand.move(51.0, (0.0, 0.0, 0.0), 0.0, (0.0, 0.0))

    asyncio.run(story())


def test_a_mode_is_confirmed_only_when_the_robot_shows_it(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status())
            asked = asyncio.create_task(b.http.post("/api/v1/robots/mini/mode", json={"mode": "suggest"}))
            assert await robot.hear(SetMode) == SetMode("suggest")
            await robot.send(robot.status(mode="suggest"))
            answer = (await asked).json()
            assert answer == {"robot_id": "mini", "mode": "suggest", "confirmed": True}
            await robot.send(robot.status(mode="suggest"))
            deaf = (await b.http.post("/api/v1/robots/mini/mode", json={"mode": "autonomous"})).json()
            assert not deaf["confirmed"]
            for body, status in (({"mode": "wild"}, 400), ({}, 400), ({"mode": "suggest", "x": 1}, 400)):
                assert (await b.http.post("/api/v1/robots/mini/mode", json=body)).status_code == status
            absent = await b.http.post("/api/v1/robots/none/mode", json={"mode": "suggest"})
            assert absent.status_code == 404

    asyncio.run(story())


def test_only_the_proposal_that_waits_can_be_answered(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(mode="suggest", proposal_id=4, proposal_tool=8))
            await seen(b)
            late = await b.http.post("/api/v1/robots/mini/proposals/3", json={"approved": True})
            assert late.status_code == 409
            assert "expired" in late.json()["detail"]
            good = await b.http.post("/api/v1/robots/mini/proposals/4", json={"approved": True})
            assert good.status_code == 202
            assert await robot.hear(Approval) == Approval(4, True)
            for path, body in (("0", {"approved": True}), ("4", {"approved": "yes"}), ("4", {})):
                bad = await b.http.post(f"/api/v1/robots/mini/proposals/{path}", json=body)
                assert bad.status_code == 400

    asyncio.run(story())
