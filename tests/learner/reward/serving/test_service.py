"""The reward service: batches, cache, swaps without losing anybody, and what happens when a model fails."""

import asyncio
import contextlib
import math
import threading
from dataclasses import replace

import pytest

from learner.reward.model import Context, Judgement, Remark
from learner.reward.serving import service as serving
from learner.reward.serving.catalogue import Catalogue
from learner.reward.serving.checking import ModelRefused
from learner.reward.serving.service import Busy, RewardService, Unavailable, UnknownModel
from learner.reward.serving.worker import Worker

NAMES = ("good", "other", "broken", "mad", "lexicon")


class Model:
    """Judges by the length of a text; its thread, batches and gate can be looked at."""

    def __init__(self, version, reward=None):
        self.version = version
        self.reward = reward
        self.batches = []
        self.threads = set()
        self.gate = threading.Event()
        self.gate.set()
        self.fails = None

    def judge(self, remarks):
        self.threads.add(threading.get_ident())
        self.batches.append(len(remarks))
        self.gate.wait(10.0)
        if self.fails is not None:
            raise self.fails
        return [self._one(remark) for remark in remarks]

    def _one(self, remark):
        reward = math.tanh(len(remark.text) / 100.0) if self.reward is None else self.reward
        low, high = max(-1.0, reward - 0.1), min(1.0, reward + 0.1)
        return Judgement(reward, low, high, 0.9, "evaluative", False, self.version, remark.text)


def broken():
    raise RuntimeError("a file is missing")


@contextlib.asynccontextmanager
async def running(wanted="good", **models):
    made = {
        "good": Model("good-1"),
        "other": Model("other-1"),
        "lexicon": Model("lexicon-1", 0.0),
        "mad": Model("mad-1", math.nan),
    } | models

    def open_model(name):
        return broken() if name == "broken" else made[name]

    service = RewardService(open_model, lambda: NAMES, wanted)
    task = asyncio.create_task(service.run())
    try:
        yield service, made
    finally:
        for model in made.values():
            model.gate.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(check):
    async with asyncio.timeout(10.0):
        while not check():
            await asyncio.sleep(0.005)


async def warm(service, version="good-1"):
    await until(lambda: service.version == version)


def remarks(*texts):
    return [Remark(text) for text in texts]


def test_what_waits_is_answered_together_in_order_and_by_one_thread():
    async def story():
        async with running() as (service, made):
            await warm(service)
            model = made["good"]
            model.batches.clear()
            model.threads.clear()
            model.gate.clear()
            first = asyncio.create_task(service.judge(remarks("a")))
            await until(lambda: model.batches)
            rest = [asyncio.create_task(service.judge(remarks("b" * n, "c" * n))) for n in range(1, 101)]
            await until(lambda: service.waiting == 200)
            model.gate.set()
            await first
            for n, judgements in enumerate(await asyncio.gather(*rest), 1):
                assert [j.seen for j in judgements] == ["b" * n, "c" * n]
                assert judgements[0].reward == math.tanh(n / 100.0)
            assert model.batches == [1, 64, 64, 64, 8]
            assert len(model.threads) == 1
            assert sum(service.tally.latency.counts) == service.tally.requests == 101

    asyncio.run(story())


def test_the_same_remark_is_read_once_and_another_rating_or_context_is_another_remark():
    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].batches.clear()
            nod = Context("nod yes", "nod", range_deg=20.0)
            asked = [Remark("hm"), Remark(" hm "), Remark("hm", 3), Remark("hm", None, nod)]
            await service.judge(asked)
            await asyncio.gather(*(service.judge(asked) for _ in range(3)))
            assert made["good"].batches == [3]
            assert service.tally.cached == 12
            await service.activate("other")
            (judgement,) = await service.judge(remarks("hm"))
            assert judgement.version == "other-1"  # an answer of the old model is not served for the new one

    asyncio.run(story())


def test_the_cache_forgets_the_longest_unused(monkeypatch):
    monkeypatch.setattr(serving, "CACHED", 2)

    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].batches.clear()
            for text in ("a", "b", "a", "c", "a", "b"):
                await service.judge(remarks(text))
            assert made["good"].batches == [1, 1, 1, 1]  # a, b, c, and b again

    asyncio.run(story())


def test_until_the_wanted_model_is_warm_the_fallback_answers_and_says_so():
    async def story():
        slow = Model("good-1")
        slow.gate.clear()  # its probes hang until the gate opens
        async with running(good=slow) as (service, _):
            (judgement,) = await service.judge(remarks("nice"))
            assert judgement.version == "lexicon-1"
            states = {m.name: m.state for m in service.models()}
            assert (states["good"], states["lexicon"]) == ("loading", "active")
            slow.gate.set()
            await warm(service)
            (judgement,) = await service.judge(remarks("nice"))
            assert judgement.version == "good-1"

    asyncio.run(story())


def test_a_swap_loses_nobody_and_each_answer_is_of_one_model():
    async def story():
        async with running() as (service, made):
            await warm(service)
            answers = []

            async def ask(name):
                for number in range(150):
                    answers.append(await service.judge(remarks(f"{name} {number}", f"{name} again {number}")))

            asking = [asyncio.create_task(ask(name)) for name in "abcd"]
            for name in ("other", "good", "other"):
                await asyncio.sleep(0.02)
                assert (await service.activate(name)).state == "active"
            await asyncio.gather(*asking)
            assert len(answers) == 600
            assert {j.version for pair in answers for j in pair} == {"good-1", "other-1"}
            assert service.tally.failures == 0
            # A batch that is under way when the model is swapped is answered by the model that has it.
            made["other"].gate.clear()
            made["other"].batches.clear()
            late = asyncio.create_task(service.judge(remarks("late")))
            await until(lambda: made["other"].batches)
            await service.activate("good")
            made["other"].gate.set()
            assert (await late)[0].version == "other-1"
            assert (await service.judge(remarks("late")))[0].version == "good-1"

    asyncio.run(story())


@pytest.mark.parametrize(("name", "word"), [("broken", "a file is missing"), ("mad", "nan")])
def test_a_broken_model_is_refused_and_the_old_one_stays(name, word):
    async def story():
        async with running() as (service, _):
            await warm(service)
            with pytest.raises(ModelRefused, match=word):
                await service.activate(name)
            assert service.version == "good-1"
            state = next(m for m in service.models() if m.name == name)
            assert state.state == "failed"
            assert word in state.reason
            with pytest.raises(UnknownModel, match="nothing"):
                await service.activate("nothing")
            assert (await service.activate("good-1")).name == "good"  # by version

    asyncio.run(story())


def test_without_the_wanted_model_the_fallback_goes_on_and_the_reason_is_shown():
    async def story():
        async with running("broken") as (service, _):
            (judgement,) = await service.judge(remarks("nice"))
            assert judgement.version == "lexicon-1"
            await until(lambda: any(m.state == "failed" for m in service.models()))
            assert "a file is missing" in next(m.reason for m in service.models() if m.name == "broken")

    asyncio.run(story())


def test_a_model_that_fails_is_stood_in_for_and_after_three_times_put_out_of_use():
    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].fails = RuntimeError("out of memory")
            for number in range(3):
                assert service.version == "good-1"
                (judgement,) = await service.judge(remarks(f"nice {number}"))
                assert judgement.version == "lexicon-1"
            assert service.version == "lexicon-1"
            state = next(m for m in service.models() if m.name == "good")
            assert (state.state, state.reason) == (
                "failed",
                "put out of use: RuntimeError: out of memory",
            )
            assert (service.tally.failures, service.tally.degraded) == (3, 3)
            made["lexicon"].fails = RuntimeError("this too")
            with pytest.raises(Unavailable, match="this too"):
                await service.judge(remarks("new"))
            made["good"].fails = made["lexicon"].fails = None
            await service.activate("good")
            assert (await service.judge(remarks("new")))[0].version == "good-1"

    asyncio.run(story())


def test_a_model_that_answers_nonsense_is_stood_in_for():
    async def story():
        async with running() as (service, made):
            await warm(service)
            for bad in ({"reward": math.inf}, {"low": 0.5, "high": 0.1}, {"kind": "?"}, {"confidence": 2.0}):
                made["good"]._one = lambda remark, bad=bad: replace(Model("good-1")._one(remark), **bad)
                service._strikes = 0
                (judgement,) = await service.judge(remarks(f"nice {bad}"))
                assert judgement.version == "lexicon-1"
            service._strikes = 0
            made["good"].judge = lambda remarks: []
            assert (await service.judge(remarks("short")))[0].version == "lexicon-1"

    asyncio.run(story())


def test_a_model_that_hangs_is_left_behind(monkeypatch):
    monkeypatch.setattr(serving, "HANG_S", 0.2)

    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].gate.clear()
            (judgement,) = await service.judge(remarks("nice"))
            assert judgement.version == service.version == "lexicon-1"
            assert "too long" in next(m.reason for m in service.models() if m.name == "good")

    asyncio.run(story())


def test_a_full_queue_refuses_and_says_when_to_come_back(monkeypatch):
    monkeypatch.setattr(serving, "WAITING", 10)

    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].gate.clear()
            first = asyncio.create_task(service.judge(remarks("first")))
            await until(lambda: len(made["good"].batches) > 1)
            waiting = asyncio.create_task(service.judge(remarks(*map(str, range(10)))))
            await until(lambda: service.waiting == 10)
            with pytest.raises(Busy, match="10 remarks wait"):
                await service.judge(remarks("one too many"))
            made["good"].gate.set()
            assert len(await waiting) == 10
            await first
            assert service.tally.refused == 1

    asyncio.run(story())


def test_an_asker_who_leaves_takes_nobody_along():
    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].gate.clear()
            gone, stays = (asyncio.create_task(service.judge(remarks("same"))) for _ in range(2))
            await until(lambda: len(made["good"].batches) > 1)
            gone.cancel()
            made["good"].gate.set()
            assert (await stays)[0].version == "good-1"

    asyncio.run(story())


def test_what_cannot_be_put_into_words_is_refused_before_it_waits():
    async def story():
        async with running() as (service, _):
            for context, word in (
                (Context("nod", "fly"), "fly"),
                (Context("nod", "nod", turned_deg=math.nan), "turned_deg"),
                (Context("nod", "nod", outcome="won"), "won"),
            ):
                with pytest.raises(ValueError, match=word):
                    await service.judge([Remark("nice"), Remark("nice", None, context)])
            assert service.waiting == 0
            assert await service.judge([]) == []

    asyncio.run(story())


def test_those_who_wait_when_the_learner_ends_are_told():
    async def story():
        async with running() as (service, made):
            await warm(service)
            made["good"].gate.clear()
            tasks = [asyncio.create_task(service.judge(remarks("one")))]
            await until(lambda: len(made["good"].batches) > 1)
            tasks.append(asyncio.create_task(service.judge(remarks("two"))))
            await until(lambda: service.waiting == 1)
        for task in tasks:
            with pytest.raises(Unavailable):
                await task

    asyncio.run(story())


def test_a_worker_runs_jobs_in_turn_and_passes_errors_on():
    async def story():
        worker = Worker("test")
        ran = []
        await asyncio.gather(*(worker.run(lambda n=n: ran.append(n), 5.0) for n in range(20)))
        assert ran == list(range(20))
        with pytest.raises(KeyError):
            await worker.run(lambda: {}["x"], 5.0)
        stuck = threading.Event()
        with pytest.raises(TimeoutError):
            await worker.run(lambda: stuck.wait(10.0), 0.05)
        assert await worker.run(lambda: 7, 5.0) == 7  # by a new thread
        stuck.set()
        worker.end()

    asyncio.run(story())


def test_the_catalogue_opens_names_only(tmp_path):
    opened = []
    catalogue = Catalogue(tmp_path, lambda spec, data_dir: opened.append((spec, data_dir)))
    assert catalogue.names() == ["minilm", "lexicon", "buttons"]
    folder = tmp_path / "reward" / "models" / "mine"
    folder.mkdir(parents=True)
    (folder.parent / "notes.txt").write_text("no model")
    assert catalogue.names()[3:] == ["mine"]
    catalogue.open("mine")
    catalogue.open("lexicon")
    assert opened == [(str(folder), tmp_path), ("lexicon", tmp_path)]
    for name in ("../mine", "/etc", "notes.txt", ""):
        with pytest.raises(ValueError, match="no reward model"):
            catalogue.open(name)
