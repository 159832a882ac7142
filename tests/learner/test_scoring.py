"""What people write is stored at once and scored afterwards, with what they saw; stop words act at once."""

import asyncio
import json
import threading

import websockets

from learner import scoring
from learner.reward.model import Judgement
from learner.store import queries
from shared.messages import Ack, StopConfirm, StopRequest

TEXT = {
    "robot_id": "mini",
    "client_id": "phone",
    "boot_epoch": 1,
    "decision_seq": 1,
    "client_delay_ms": 900.0,
}
FEEDBACK = "/api/v1/feedback"


class Model:
    """Likes what has "nice" in it, abstains on questions; remembers what it was asked, and can be held up."""

    version = "lexicon-7"

    def __init__(self):
        self.asked = []
        self.gate = threading.Event()
        self.gate.set()

    def judge(self, remarks):
        self.asked += remarks
        if any(remark.text.startswith("hold") for remark in remarks):
            self.gate.wait(20.0)
        return [self._one(remark) for remark in remarks]

    def _one(self, remark):
        if "?" in remark.text:
            return Judgement(0.0, -1.0, 1.0, 0.0, "description", True, self.version, remark.text)
        reward = 0.75 if "nice" in remark.text else -0.5
        return Judgement(
            reward, reward - 0.25, reward + 0.25, 0.8, "evaluative", False, self.version, remark.text
        )


def opening(model):
    def open_model(name, data_dir):
        return model

    return open_model


async def fate_of(b, feedback_id, settled=lambda fate: not fate["pending"]):
    async def found():
        fate = (await b.http.get(f"{FEEDBACK}/{feedback_id}")).json()
        return fate if settled(fate) else None

    return await b.until(found)


def test_words_are_stored_at_once_and_scored_with_what_was_seen(wire, tmp_path):
    async def story():
        model = Model()
        async with wire.bench(tmp_path, open_reward_model=opening(model)) as b:
            robot, spec, keys = await b.assigned()
            records = [wire.transition(seq=s, step=s, n=50, time_unix_s=100.0 + s, **keys) for s in range(3)]
            await robot.deliver(*records)
            await robot.hear(Ack)
            url = b.learner.url.replace("http", "ws") + "/api/v1/live?robot_id=mini"
            async with websockets.connect(url) as socket:
                saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": "a nice lean"})).json()
                assert (saved["pending"], saved["score"], saved["abstained"]) == (True, None, False)
                while True:
                    told = await asyncio.wait_for(socket.recv(), 20)
                    if isinstance(told, str) and json.loads(told)["type"] == "feedback":
                        break
            told = json.loads(told)
            assert (told["id"], told["score"], told["score_low"], told["score_high"]) == (
                saved["id"], 0.75, 0.5, 1.0,
            )  # fmt: skip
            fate = await fate_of(b, saved["id"], lambda fate: fate["credited"])
            assert (fate["score"], fate["score_kind"], fate["abstained"]) == (0.75, "evaluative", False)
            assert (fate["reward_model"], fate["seen"]) == ("lexicon-7", "a nice lean")
            assert fate["changed_steps"] >= 1
            (asked,) = [remark for remark in model.asked if remark.text == "a nice lean"]
            assert asked.context.instruction == spec.instruction
            assert asked.context.tool == "nod"
            assert asked.context.duration_s == 1.0

    asyncio.run(story())


def test_what_is_no_reward_says_why_and_is_credited_to_nothing(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(Model())) as b:
            robot = await b.greeted()
            await robot.deliver(*(wire.transition(seq=s) for s in range(2)))
            await robot.hear(Ack)
            saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": "is it a duck?"})).json()
            fate = await fate_of(b, saved["id"])
            assert fate["abstained"]
            assert fate["score"] is fate["score_low"] is None
            assert fate["reason"] == scoring.WHY_ABSTAINED["description"]
            assert await b.learner.store.read(queries.uncredited_feedback) == []

    asyncio.run(story())


def test_words_about_a_record_that_never_comes_are_scored_without_it(wire, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "CONTEXT_WAIT_S", 0.3)

    async def story():
        model = Model()
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            await b.greeted()
            saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": "nice", "decision_seq": 99})).json()
            assert (await fate_of(b, saved["id"]))["score"] == 0.75
            assert model.asked[-1].context is None

    asyncio.run(story())


def test_what_cannot_be_scored_in_time_says_so_and_is_scored_at_the_next_start(wire, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "LIMIT_S", 0.5)
    monkeypatch.setattr(scoring, "CONTEXT_WAIT_S", 0.0)

    async def story():
        model = Model()
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            await b.greeted()
            model.gate.clear()
            saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": "hold on, nice"})).json()
            fate = await fate_of(b, saved["id"])
            assert fate["score"] is None
            assert fate["reason"].startswith("not scored within")
            assert "did not answer" in fate["reason"]
            again = (
                await b.http.post(FEEDBACK, json=TEXT | {"text": "nice, too"})
            ).json()  # stored all the same
            model.gate.set()
            await fate_of(b, again["id"])
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            fate = await fate_of(b, saved["id"], lambda fate: fate["score"] is not None)
            assert (fate["score"], fate["reason"], fate["abstained"]) == (0.75, None, False)

    asyncio.run(story())


def test_what_was_said_just_before_the_learner_died_is_scored_by_the_next_one(wire, tmp_path):
    async def story():
        model = Model()
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            await b.greeted()
            # Its record is waited for, so that it is still unscored at the end.
            saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": "nice"})).json()
            assert saved["pending"]
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            assert (await fate_of(b, saved["id"]))["score"] == 0.75

    asyncio.run(story())


def test_a_rating_is_the_score_at_once_with_words_or_without(wire, tmp_path):
    async def story():
        model = Model()
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(model)) as b:
            robot = await b.greeted()
            await robot.deliver(*(wire.transition(seq=s) for s in range(2)))
            await robot.hear(Ack)
            for rating, text, score in ((5, "", 1.0), (2, "not nice", -0.5), (3, "hm", 0.0)):
                saved = (await b.http.post(FEEDBACK, json=TEXT | {"text": text, "rating": rating})).json()
                assert (saved["score"], saved["confidence"], saved["pending"]) == (score, 1.0, False)
                fate = await fate_of(b, saved["id"], lambda fate: fate["credited"])
                assert (fate["kind"], fate["value"], fate["text"]) == ("rating", rating, text or None)
                assert fate["changed_steps"] >= 1
            assert not any(remark.text == "not nice" for remark in model.asked)
            count = (await b.http.get("/api/v1/summary")).json()["feedback"]
            assert count["rating"] == 3

    asyncio.run(story())


def test_a_stop_word_stops_that_robot_and_is_no_reward(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=(), open_reward_model=opening(Model())) as b:
            robot, other = await b.greeted(), await b.greeted("other")
            asked = asyncio.create_task(b.http.post(FEEDBACK, json=TEXT | {"text": "Stop it!", "rating": 1}))
            request = await robot.hear(StopRequest)
            assert request.reason == "said: Stop it!"
            await robot.send(StopConfirm("mini", request.request_id, 4.0))
            saved = (await asked).json()
            assert saved["stop"]["confirmed"]
            assert (saved["score"], saved["abstained"], saved["pending"]) == (None, True, False)
            fate = await fate_of(b, saved["id"])
            assert (fate["score_kind"], fate["reason"]) == ("stop", scoring.WHY_ABSTAINED["stop"])
            assert await b.learner.store.read(queries.uncredited_feedback) == []
            assert (await b.http.get("/api/v1/stops")).json()[0]["robot_id"] == "mini"
            assert not [message for message in other.inbox if isinstance(message, StopRequest)]
            unknown = await b.http.post(FEEDBACK, json=TEXT | {"text": "stop", "robot_id": "nobody"})
            assert unknown.status_code == 404

    asyncio.run(story())


BAD = [
    ({"text": ""}, "rating"),
    ({"text": "  ", "rating": None}, "rating"),
    ({"rating": 0}, "rating"),
    ({"rating": 6}, "rating"),
    ({"rating": 2.5}, "rating"),
    ({"text": "x" * 10_001}, "text"),
    ({"text": "nice", "source": "dream"}, "source"),
    ({"text": "nice", "first_decision_seq": 3}, "last_decision_seq"),
    ({"text": "nice", "first_decision_seq": 3, "last_decision_seq": 2}, "after"),
    ({"text": "nice", "first_decision_seq": -1, "last_decision_seq": 2}, "first_decision_seq"),
]


def test_bad_feedback_is_a_problem_and_stores_nothing(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            await b.greeted()
            for change, word in BAD:
                response = await b.http.post(FEEDBACK, json=TEXT | change)
                assert response.status_code == 400, change
                assert word in response.json()["detail"], (change, response.json())
            assert await b.learner.store.read(queries.latest_feedback_id) == 0
            marked = TEXT | {"text": "nice", "first_decision_seq": 0, "last_decision_seq": 1}
            saved = (await b.http.post(FEEDBACK, json=marked)).json()
            row = await b.learner.store.read(queries.get_feedback, saved["id"])
            assert (row.first_decision_seq, row.last_decision_seq, row.source) == (0, 1, "live")

    asyncio.run(story())
