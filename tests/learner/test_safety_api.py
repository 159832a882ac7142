"""Stops of all robots, anomalies, and what robots do with policies: over real sockets."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from learner import policies
from learner.disliking import DISLIKED, Dislikes
from learner.store import queries
from learner.store.rows import Policy
from shared.messages import Anomaly, EndEpisode, PolicyNotice, PolicyResult, StopConfirm, StopRequest

ANOMALY = Anomaly("mini", "e", 3, "frozen", 4.5, "joint 2 does not move", 100.0)


def test_an_emergency_stop_asks_all_at_once_says_who_confirmed_and_is_written_down(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robots = [await b.greeted(name) for name in ("a", "b", "mute")]
            asked = asyncio.create_task(b.http.post("/api/v1/emergency_stop", json={"reason": "smoke"}))
            requests = [await robot.hear(StopRequest) for robot in robots]
            for robot, request in list(zip(robots, requests, strict=True))[:2]:
                await robot.send(StopConfirm(robot.robot_id, request.request_id, 5.0))
            answer = (await asked).json()
            assert not answer["all_confirmed"]
            assert {r["robot_id"]: (r["confirmed"], r["latched_ms"]) for r in answer["robots"]} == {
                "a": (True, 5.0), "b": (True, 5.0), "mute": (False, None),
            }  # fmt: skip
            stops = (await b.http.get("/api/v1/stops")).json()
            assert {(s["robot_id"], s["confirmed"]) for s in stops} == {
                ("a", True), ("b", True), ("mute", False),
            }  # fmt: skip
            assert all(s["everywhere"] and s["reason"] == "smoke" for s in stops)
            again = await robots[2].hear(StopRequest, timeout=0.2) if robots[2].inbox else None
            assert again is None

    asyncio.run(story())


def test_a_robot_that_did_not_confirm_is_asked_again_when_it_calls(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted("away")
        async with wire.bench(tmp_path, tasks=()) as b:
            answer = (await b.http.post("/api/v1/emergency_stop")).json()
            assert [(r["robot_id"], r["confirmed"]) for r in answer["robots"]] == [("away", False)]
            robot = await b.greeted("away")
            await robot.send(robot.status())
            request = await robot.hear(StopRequest)
            assert request.request_id == answer["robots"][0]["request_id"]
            await robot.send(StopConfirm("away", request.request_id, 3.0))
            await robot.send(robot.status(decision_seq=1))
            await asyncio.sleep(1.2)  # longer than the pause before it would be asked again
            await robot.send(robot.status(decision_seq=2))
            with pytest.raises(TimeoutError):
                await robot.hear(StopRequest, timeout=0.3)

    asyncio.run(story())


def test_a_store_that_fails_keeps_no_robot_from_being_stopped(wire, tmp_path, monkeypatch):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()

            async def broken(*_args, **_keywords):
                raise OperationalError("select", {}, Exception("disk I/O error"))

            monkeypatch.setattr(b.learner.store, "read", broken)
            monkeypatch.setattr(b.learner.store, "write", broken)
            asked = asyncio.create_task(b.http.post("/api/v1/emergency_stop"))
            request = await robot.hear(StopRequest)
            await robot.send(StopConfirm("mini", request.request_id, 2.0))
            assert (await asked).json()["all_confirmed"]
            monkeypatch.undo()

    asyncio.run(story())


def test_an_anomaly_is_stored_once_a_step_and_shown_with_its_episode(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, _ = await b.assigned()
            told = replace(ANOMALY, episode_id=spec.episode_id)
            for message in (told, replace(told, score=9.0), replace(told, episode_id="")):
                await robot.send(message)

            async def both():
                found = (await b.http.get("/api/v1/anomalies")).json()
                return found if len(found) == 2 else None

            without, within = await b.until(both)
            assert without["episode_id"] is None
            assert (within["kind"], within["score"], within["episode_step"]) == ("frozen", 9.0, 3)
            episode = (await b.http.get(f"/api/v1/episodes/{spec.episode_id}")).json()
            assert [a["detail"] for a in episode["anomalies"]] == ["joint 2 does not move"]
            assert (await b.http.get("/api/v1/anomalies", params={"robot_id": "other"})).json() == []
            metrics = (await b.http.get("/metrics")).text
            assert 'reachy_coach_anomalies_total{kind="frozen"} 3.0' in metrics
            summary = (await b.http.get("/api/v1/summary")).json()
            assert summary["anomalies"]["count"] == 2

    asyncio.run(story())


TAP = {"robot_id": "mini", "client_id": "phone", "boot_epoch": 1, "decision_seq": 1, "client_delay_ms": 0.0}


def test_a_burst_of_bad_taps_ends_what_the_robot_does(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(episode_id="e7"))
            for value in (-1, -1, -1, 1, -1, -1, -1):  # one good word in between
                await b.http.post("/api/v1/feedback/quick", json=TAP | {"value": value})
            with pytest.raises(TimeoutError):
                await robot.hear(EndEpisode, timeout=0.2)
            await b.http.post("/api/v1/feedback/quick", json=TAP | {"value": -1})
            assert await robot.hear(EndEpisode) == EndEpisode("e7", DISLIKED)

    asyncio.run(story())


def test_bad_taps_far_apart_are_no_burst():
    dislikes = Dislikes()
    assert not any(dislikes.tap("r", -1.0, 4.0 * second) for second in range(20))
    assert [dislikes.tap("r", -1.0, 200.0 + i) for i in range(5)] == [False, False, False, True, False]


def publish(version):
    return Policy(version, None, 0.0, f"{version}.bundle", "0" * 64, 8, {})


def test_a_stop_that_nobody_confirmed_outlives_the_learner_until_somebody_does(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted("away")
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.http.post("/api/v1/emergency_stop", json={"reason": "smoke"})
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted("away")
            await robot.send(robot.status())
            request = await robot.hear(StopRequest)
            assert request.reason == "smoke"
            await robot.send(StopConfirm("away", request.request_id, 3.0))
            while not (await b.http.get("/api/v1/stops")).json()[0]["confirmed"]:
                await asyncio.sleep(0.02)
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted("away")
            await robot.send(robot.status())
            with pytest.raises(TimeoutError):
                await robot.hear(StopRequest, timeout=0.5)

    asyncio.run(story())


def test_a_version_that_a_robot_took_back_is_shown_with_its_reason_and_never_offered_again(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(policy_version=0))
            await b.learner.store.write(queries.publish_policy, publish(7))
            assert (await robot.hear(PolicyNotice)).version == 7
            for status, reason in (("trial", ""), ("active", ""), ("rolled_back", "saturation")):
                for _ in range(2):  # told again after a reconnection
                    await robot.send(PolicyResult("mini", 7, status, reason))

            async def events():
                (policy,) = (await b.http.get("/api/v1/policies")).json()
                return policy["events"] if len(policy["events"]) >= 3 else None

            found = await b.until(events)
            assert [e["status"] for e in found] == ["rolled_back", "active", "trial"]
            (row,) = (await b.http.get("/api/v1/summary")).json()["robots"]
            assert row["policy_event"]["reason"] == "saturation"
        async with wire.bench(tmp_path, tasks=()) as b:  # the learner forgets nothing over a restart
            robot = await b.greeted()
            await robot.send(robot.status(policy_version=0))
            with pytest.raises(TimeoutError):
                await robot.hear(PolicyNotice, timeout=1.5)
            await b.learner.store.write(queries.publish_policy, publish(8))
            assert (await robot.hear(PolicyNotice)).version == 8
            other = await b.greeted("other")
            await other.send(other.status(policy_version=0))
            assert (await other.hear(PolicyNotice)).version == 8

    asyncio.run(story())


def test_a_robot_is_told_again_only_until_it_has_answered(wire, tmp_path, monkeypatch):
    monkeypatch.setattr(policies, "RENOTICE_S", 0.1)

    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(policy_version=2))
            await b.learner.store.write(queries.publish_policy, publish(7))
            for _ in range(2):
                assert (await robot.hear(PolicyNotice)).version == 7
            await robot.send(PolicyResult("mini", 7, "trial", ""))
            await robot.send(robot.status(policy_version=2))  # back at v2: its roll-back is not told yet
            await asyncio.sleep(0.7)
            robot.inbox.clear()
            with pytest.raises(TimeoutError):
                await robot.hear(PolicyNotice, timeout=1.2)

    asyncio.run(story())


def test_what_the_gate_refused_is_offered_to_no_robot(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(policy_version=0))
            refused = replace(publish(7), status="refused", status_reason="too wild")
            await b.learner.store.write(queries.publish_policy, refused)
            with pytest.raises(TimeoutError):
                await robot.hear(PolicyNotice, timeout=1.2)
            summary = (await b.http.get("/api/v1/summary")).json()
            assert summary["policy"]["refused"] == {"version": 7, "reason": "too wild"}

    asyncio.run(story())
