"""The API over real sockets: feedback and its fate, stops, episodes, live channel, errors as problems."""

import asyncio
import json
import struct
from dataclasses import replace

import httpx
import pytest
import websockets

from learner.store import queries
from learner.store.rows import Metric, StepReward, TasteModel
from shared.answers import WORDS, said
from shared.messages import Ack, StopConfirm, StopRequest
from shared.tools import TOOL_INDEX, TOOLS

TAP = {
    "robot_id": "mini",
    "client_id": "phone",
    "boot_epoch": 1,
    "decision_seq": 1,
    "client_delay_ms": 900.0,
    "value": 1,
}
TEXT = {key: value for key, value in TAP.items() if key != "value"} | {"text": "very nice"}


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status
    assert body["detail"]
    return body["detail"]


def test_a_tap_becomes_credit_and_its_fate_is_told(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.deliver(*(wire.transition(seq=s, n=50, time_unix_s=100.0 + s) for s in range(3)))
            await robot.hear(Ack)
            saved = (await b.http.post("/api/v1/feedback/quick", json=TAP)).json()
            assert saved["score"] == 1.0
            assert not saved["abstained"]

            async def fate():
                found = (await b.http.get(f"/api/v1/feedback/{saved['id']}")).json()
                return found if found["credited"] else None

            found = await b.until(fate)
            assert found["changed_steps"] == 2
            assert found["episode_id"] == "e"
            assert found["taste_version"] is None
            step_id = found["steps"][0]["step_id"]
            reward = (await b.http.get(f"/api/v1/steps/{step_id}/reward")).json()
            assert reward["feedback"][0]["feedback_id"] == saved["id"]
            assert reward["total"] is None

            store = b.learner.store
            newest = await store.read(queries.latest_feedback_id)
            await store.write(queries.add_taste_model, TasteModel(9, 2e9, 2, newest, None, "", {}))
            row = StepReward(step_id, 0.1, 0.5, 0.01, 0.0, 0.6, 9, None)
            await store.write(queries.put_step_rewards, [row])
            await store.write(queries.mark_in_policy, 9, 37)
            found = await fate()
            assert (found["taste_version"], found["policy_version"]) == (9, 37)
            reward = (await b.http.get(f"/api/v1/steps/{step_id}/reward")).json()
            assert reward["total"] == 0.6
            assert reward["policy_version"] == 37

            undone = await b.http.post(f"/api/v1/feedback/{saved['id']}/undo")
            assert undone.status_code == 201
            found = await fate()
            assert found["undone"]
            assert found["changed_steps"] == 0
            problem(await b.http.post(f"/api/v1/feedback/{saved['id']}/undo"), 409)
            problem(await b.http.post(f"/api/v1/feedback/{undone.json()['id']}/undo"), 409)

    asyncio.run(story())


def test_texts_are_scored_or_abstained_on(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            good = await b.http.post("/api/v1/feedback", json=TEXT)
            assert good.status_code == 201
            assert good.json()["pending"]
            command = await b.http.post("/api/v1/feedback", json=TEXT | {"text": "look at the duck"})

            async def settled(saved):
                fate = (await b.http.get(f"/api/v1/feedback/{saved.json()['id']}")).json()
                return None if fate["pending"] else fate

            assert (await b.until(lambda: settled(good)))["score"] > 0.3
            fate = await b.until(lambda: settled(command))
            assert fate["abstained"]
            assert fate["score"] is None
            assert fate["score_kind"] == "command"

    asyncio.run(story())


BAD_BODIES = [
    (b"{not json", "json"),
    (b"[]", ""),
    (b"", ""),
    (json.dumps(TAP | {"value": 3}).encode(), "value"),
    (json.dumps(TAP | {"value": 0.5}).encode(), "value"),
    (json.dumps(TAP | {"boot_epoch": -1}).encode(), "boot_epoch"),
    (json.dumps(TAP | {"decision_seq": 2**63}).encode(), "decision_seq"),
    (json.dumps(TAP | {"client_delay_ms": -5}).encode(), "client_delay_ms"),
    (json.dumps(TAP).replace("900.0", "NaN").encode(), ""),
    (json.dumps(TAP | {"robot_id": ""}).encode(), "robot_id"),
    (json.dumps(TAP | {"extra": 1}).encode(), "extra"),
    (json.dumps({"value": 1}).encode(), "robot_id"),
]
SURROGATE = json.dumps(TEXT).replace("very nice", "\\ud800").encode()
BAD_TEXTS = [{"text": ""}, {"text": "   "}, {"text": "x" * 10_001}, {"text": 7}, {"text": None}]


def test_bad_input_is_a_problem_and_stores_nothing(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            kind = {"Content-Type": "application/json"}
            for body, word in BAD_BODIES:
                response = await b.http.post("/api/v1/feedback/quick", content=body, headers=kind)
                assert word.lower() in problem(response, 400).lower()
            problem(await b.http.post("/api/v1/feedback", content=SURROGATE, headers=kind), 400)
            for change in BAD_TEXTS:
                problem(await b.http.post("/api/v1/feedback", json=TEXT | change), 400)
            problem(await b.http.post("/api/v1/feedback", json=TEXT | {"text": "x" * 100_000}), 413)
            stranger = await b.http.post("/api/v1/feedback/quick", json=TAP | {"robot_id": "nobody"})
            assert "nobody" in problem(stranger, 404)
            assert await b.learner.store.read(queries.latest_feedback_id) == 0
            for path, status in (
                ("/api/v1/feedback/1", 404),
                ("/api/v1/feedback/0", 400),
                ("/api/v1/feedback/99999999999999999999", 400),
                ("/api/v1/episodes/none", 404),
                ("/api/v1/steps/1/reward", 404),
                ("/api/v1/episodes?limit=0", 400),
                ("/api/v1/episodes?limit=501", 400),
                ("/api/v1/episodes?offset=-1", 400),
                ("/api/v1/episodes?limit=many", 400),
                ("/api/v1/nothing", 404),
            ):
                problem(await b.http.get(path), status)
            problem(await b.http.post("/api/v1/robots/nobody/stop", json={}), 404)
            problem(await b.http.post("/api/v1/robots/mini/stop", json={"reason": "x" * 300}), 400)
            problem(await b.http.post("/api/v1/feedback/1/undo"), 404)
            problem(await b.http.delete("/api/v1/episodes"), 405)

    asyncio.run(story())


def test_a_stop_is_confirmed_only_by_the_robot_itself(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot, mute = await b.greeted(), await b.greeted("mute")
            asked = asyncio.create_task(b.http.post("/api/v1/robots/mini/stop", json={"reason": "test"}))
            request = await robot.hear(StopRequest)
            assert request.reason == "test"
            await mute.send(StopConfirm("mute", request.request_id, 1.0))  # not the one that was asked
            await robot.send(StopConfirm("mini", request.request_id, 12.5))
            answer = (await asked).json()
            assert answer == {
                "robot_id": "mini",
                "request_id": request.request_id,
                "confirmed": True,
                "latched_ms": 12.5,
            }
            silent = (await b.http.post("/api/v1/robots/mute/stop")).json()
            assert not silent["confirmed"]
            assert silent["latched_ms"] is None

            everybody = asyncio.create_task(b.http.post("/api/v1/emergency_stop"))
            request = await robot.hear(StopRequest)
            await robot.send(StopConfirm("mini", request.request_id, 3.0))
            answer = (await everybody).json()
            assert not answer["all_confirmed"]
            assert {r["robot_id"]: r["confirmed"] for r in answer["robots"]} == {"mini": True, "mute": False}

    asyncio.run(story())


def test_a_robot_that_is_known_but_away_does_not_confirm(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
        async with wire.bench(tmp_path, tasks=()) as b:
            answer = (await b.http.post("/api/v1/robots/mini/stop")).json()
            assert not answer["confirmed"]
            (robot,) = (await b.http.get("/api/v1/robots")).json()
            assert not robot["connected"]
            everybody = (await b.http.post("/api/v1/emergency_stop")).json()
            assert [r["robot_id"] for r in everybody["robots"]] == ["mini"]
            assert not everybody["all_confirmed"]

    asyncio.run(story())


def test_episodes_show_tools_parameters_in_units_and_rewards(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, ids = await b.assigned()
            step = wire.transition(seq=0, yaw=0.5, **ids)
            step.params[:] = [1.0, -1.0, 0.0, 0.0]
            answer = wire.transition(seq=1, step=1, tool=TOOL_INDEX["say"], **ids)
            answer.params[:] = said(WORDS.index("left"))
            await robot.deliver(step, answer, wire.closing(seq=2, **ids))
            await robot.hear(Ack)
            listed = (
                await b.http.get("/api/v1/episodes", params={"task": "tiny", "robot_id": "mini"})
            ).json()
            assert listed["total"] >= 1
            assert (await b.http.get("/api/v1/episodes", params={"task": "other"})).json()["items"] == []
            episode = (await b.http.get(f"/api/v1/episodes/{spec.episode_id}")).json()
            assert episode["outcome"] == "truncated"
            only, spoke = episode["steps"]
            assert (only["said"], spoke["said"]) == ("", "left")
            assert b.learner.live.step_message(robot.status())["said"] == "left"
            assert b.learner.live.step_message(replace(robot.status(), robot_id="other"))["said"] == ""
            assert only["tool"] == "nod"
            assert only["params"] == [
                {"name": "amplitude", "value": TOOLS[8].params[0].high, "unit": "deg"},
                {"name": "cycles", "value": 1.6, "unit": "1"},
            ]
            assert only["reward"]["task"] == 1.0

    asyncio.run(story())


def test_health_metrics_summary_policies_and_documentation(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(lost=2))
            await robot.deliver(wire.transition())
            await robot.hear(Ack)
            await b.learner.store.write(queries.add_metrics, [Metric(1.0, "success/nod", 0.7, 3)])
            assert (await b.http.get("/livez")).json() == {"status": "alive"}
            assert (await b.http.get("/readyz")).json() == {"status": "ready"}
            metrics = (await b.http.get("/metrics")).text
            assert "reachy_coach_transitions_total 1.0" in metrics
            assert "reachy_coach_robots_connected 1.0" in metrics
            assert 'reachy_coach_robot_lost{robot_id="mini"} 2.0' in metrics
            assert 'reachy_coach_trainer{name="success/nod"} 0.7' in metrics
            summary = (await b.http.get("/api/v1/summary")).json()
            assert summary["metrics"]["success/nod"]["value"] == 0.7
            assert summary["link"]["transitions"] == 1
            assert summary["link"]["lag_p50_ms"] is not None
            assert summary["robots"][0]["lost"] == 2
            history = (await b.http.get("/api/v1/metrics", params={"name": "success/nod"})).json()
            assert history == [{"time_unix_s": 1.0, "step": 3, "value": 0.7}]
            assert (await b.http.get("/api/v1/policies")).json() == []
            paths = (await b.http.get("/schema/openapi.json")).json()["paths"]
            for path in ("/api/v1/feedback", "/api/v1/feedback/quick", "/api/v1/robots/{robot_id}/stop"):
                assert path in paths
            page = (await b.http.get("/schema")).text
            assert "client_delay_ms" in page
            assert "/api/v1/emergency_stop" in page
            assert "<script" not in page  # it works without a network
            assert (await b.http.get("/")).headers["content-type"].startswith("text/html")

    asyncio.run(story())


def test_other_sites_pages_are_refused_and_our_own_is_not(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            for origin in ("http://evil.example", "null"):
                other = {"Origin": origin}
                problem(await b.http.post("/api/v1/feedback/quick", json=TAP, headers=other), 403)
                problem(await b.http.post("/api/v1/robots/mini/stop", headers=other), 403)
                with pytest.raises(websockets.InvalidStatus):
                    await websockets.connect(
                        b.learner.url.replace("http", "ws") + "/api/v1/live", origin=origin
                    )
            assert await b.learner.store.read(queries.latest_feedback_id) == 0
            own = {"Origin": b.learner.url}
            assert (await b.http.post("/api/v1/feedback/quick", json=TAP, headers=own)).status_code == 201

    asyncio.run(story())


async def receive(socket, kind):
    async with asyncio.timeout(5):
        while True:
            data = await socket.recv()
            if isinstance(data, bytes):
                if kind == "picture":
                    return data
            elif json.loads(data)["type"] == kind:
                return json.loads(data)


def test_the_live_channel_tells_steps_pictures_summaries_and_fates(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            url = b.learner.url.replace("http", "ws") + "/api/v1/live?robot_id=mini"
            async with websockets.connect(url) as socket:
                await robot.send(robot.status(decision_seq=7, episode_id="e"))
                step = await receive(socket, "step")
                assert (step["decision_seq"], step["tool"], step["state"]) == (7, "nod", "ACTIVE")
                picture = await receive(socket, "picture")
                (length,) = struct.unpack("<I", picture[:4])
                header = json.loads(picture[4 : 4 + length])
                assert header == {"boot_epoch": 1, "decision_seq": 7, "episode_id": "e"}
                assert picture[4 + length :][:3] == b"\xff\xd8\xff"
                assert (await receive(socket, "summary"))["robots"][0]["robot_id"] == "mini"
                await robot.deliver(wire.transition(seq=0), wire.transition(seq=1))
                await robot.hear(Ack)
                saved = (await b.http.post("/api/v1/feedback/quick", json=TAP)).json()
                fate = await receive(socket, "feedback")
                assert fate["id"] == saved["id"]
                assert fate["changed_steps"] >= 1
            other = b.learner.url.replace("http", "ws") + "/api/v1/live?robot_id=other"
            async with websockets.connect(other) as socket:
                await robot.send(robot.status(decision_seq=8))
                assert (await receive(socket, "summary"))["type"] == "summary"
                drawn = b.learner.counters.pictures
                await asyncio.sleep(0.3)
                assert b.learner.counters.pictures == drawn  # nobody watches mini any more

    asyncio.run(story())


def test_without_gl_watchers_are_told_why(wire, tmp_path):
    def broken():
        raise RuntimeError("no GL here")

    async def story():
        async with wire.bench(tmp_path, renderer=broken, tasks=()) as b:
            robot = await b.greeted()
            async with websockets.connect(b.learner.url.replace("http", "ws") + "/api/v1/live") as socket:
                await robot.send(robot.status())
                assert (await receive(socket, "no_picture"))["reason"] == "no GL here"

    asyncio.run(story())


def test_a_built_page_is_served(tmp_path):
    from litestar import Litestar

    from learner.api.page import page_handlers

    (tmp_path / "index.html").write_text("<p>the page")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app.js").write_text("1")
    app = Litestar(page_handlers(tmp_path), openapi_config=None)

    async def story():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            assert (await http.get("/")).text == "<p>the page"
            assert (await http.get("/assets/app.js")).text == "1"

    asyncio.run(story())


@pytest.mark.parametrize(("which", "flag"), [("api_port", "--port"), ("wire_port", "--wire-port")])
def test_a_port_in_use_names_the_flag(wire, tmp_path, which, flag):
    from shared.errors import AlreadyRunning

    async def story():
        async with wire.bench(tmp_path / "one", tasks=()) as b:
            ports = {"api_port": int(b.learner.url.rsplit(":", 1)[1]), "wire_port": b.learner.wire.port}
            with pytest.raises(AlreadyRunning, match=flag):
                async with wire.bench(tmp_path / "two", **{which: ports[which]}):
                    pass

    asyncio.run(story())


def test_a_full_mailbox_drops_the_oldest():
    from learner.live import MAX_WAITING, Mailbox

    async def story():
        mailbox = Mailbox(None)
        for number in range(MAX_WAITING + 5):
            mailbox.put(("feedback", number), str(number))
        mailbox.put("summary", "old")
        mailbox.put("summary", "new")
        taken = [await mailbox.take() for _ in range(MAX_WAITING)]
        assert taken == [str(n) for n in range(6, MAX_WAITING + 5)] + ["new"]

    asyncio.run(story())
