"""Harder tasks open on a robot once it can do the easier ones."""

import asyncio
from dataclasses import replace

import pytest

from learner.store import queries
from learner.store.engine import AsyncStore
from learner.unlocking import Unlocking, passed
from tests.learner import samples

S, F = "success", "failure"


@pytest.mark.parametrize(
    ("outcomes", "enough"),
    [
        ([], False),
        ([S, S], False),
        ([S, S, S], True),
        ([S, F, S, F, S], True),
        ([S, F, F, S, F, F, S], False),
        ([S, S, S, *[F] * 20], True),  # passed once is passed
        (["truncated"] * 9, False),
    ],
)
def test_three_of_five_pass_a_task(outcomes, enough):
    assert passed(outcomes) == enough


def test_a_robot_gets_the_next_task_after_it_has_passed_the_one_before(tmp_path):
    async def story():
        store = AsyncStore(tmp_path / "coach.db")
        tasks = ("look", "nod", "other", "shake")
        unlocking = Unlocking(store, tasks, ("nod", "shake", "unknown", "look"))

        async def finish(robot_id, task, count):
            for index in range(count):
                name = f"{robot_id}{task}{index}"
                row = replace(samples.EPISODE, episode_id=name, robot_id=robot_id, task=task)
                await store.write(queries.insert_episode, row)
                await store.write(queries.close_episode, name, S, 100.0 + index)

        assert await unlocking.open_tasks("r") == ["nod", "other"]
        locked = {a.task: a.after for a in await unlocking.access("r") if not a.open}
        assert locked == {"shake": "nod", "look": "nod"}
        await finish("r", "nod", 3)
        assert await unlocking.open_tasks("r") == ["nod", "other", "shake"]
        await finish("r", "shake", 3)
        assert await unlocking.open_tasks("r") == list(tasks)
        assert await unlocking.open_tasks("another") == ["nod", "other"]
        assert await Unlocking(store, tasks, ()).open_tasks("another") == list(tasks)
        assert await Unlocking(store, (), ("nod",)).open_tasks("r") == []
        await store.close()

    asyncio.run(story())
