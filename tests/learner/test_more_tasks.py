"""Every task can be learnt, each under its own name; what is learnt by default has not changed."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from learner.config import LearnerConfig
from learner.main import serve
from learner.publishing import Publisher
from learner.rl.config import TrainConfig
from learner.rl.demos import demonstrate
from learner.rollouts.source import TASK_NAMES
from learner.store.engine import Store
from learner.trainer import Trainer
from shared.errors import ConfigError, UnknownTask
from sim.tasks import ALL_TASKS
from tests.learner.test_trainer import TINY
from tools.train import refuse_other_tasks, with_tasks


def test_stored_indices_keep_their_meaning():
    assert TASK_NAMES[:3] == ("look", "nod", "shake")
    assert TASK_NAMES[3:7] == ("find", "slowly", "steps", "carry")
    assert set(TASK_NAMES) == set(ALL_TASKS)


def test_defaults_are_the_three(tmp_path):
    assert TrainConfig().task_names == ("look", "nod", "shake")
    store = Store(tmp_path / "coach.db")
    assert Publisher(store, tmp_path)._tasks == ("look", "nod", "shake")
    store.close()


def test_other_tasks_are_learnt_and_told_by_name(tmp_path):
    names = ("look", "find", "slowly")
    config = with_tasks(replace(TINY, num_steps=4, eval_every=2, eval_episodes=1), ["look,find", "slowly"])
    assert config.tasks == names
    assert config.demonstrations == 9
    told = []
    trainer = Trainer(config, tmp_path, reporters=(lambda progress: told.append(progress.figures()),))
    trainer.run(lambda: False, 2)
    assert trainer.counters.updates == 2
    assert set(trainer.counters.episodes) == set(names)
    assert min(trainer.counters.episodes.values()) >= 3
    for name in names:
        assert told[-1][f"charts/episodes_{name}"] == trainer.counters.episodes[name]
        assert 0.0 <= told[-1][f"validation/{name}"] <= 1.0
    refuse_other_tasks(trainer)


def test_a_rollout_tells_which_task_was_played(tmp_path):
    trainer = Trainer(with_tasks(TINY, ["carry", "nod", "ask", "safe"]), tmp_path)
    (rollout,) = trainer.collect()
    trainer.local.close()
    assert [TASK_NAMES[k] for k in rollout.task[0]] == ["carry", "nod", "ask", "safe"]


def test_every_task_has_demonstrations():
    demos = demonstrate(dict.fromkeys(ALL_TASKS, 1), seed=3)
    assert demos.episodes == len(ALL_TASKS)
    assert np.isfinite(demos.obs).all()


def test_there_is_an_environment_for_each_task():
    config = with_tasks(TINY, tuple(ALL_TASKS))
    assert config.num_envs >= len(ALL_TASKS)
    assert min(config.demonstrations_per_task().values()) == 3
    assert with_tasks(TINY, ()) is TINY


def test_a_run_goes_on_with_its_own_tasks_only(tmp_path):
    trainer = Trainer(TINY, tmp_path)
    trainer.local.close()
    trainer.counters.episodes = {"look": 3}
    with pytest.raises(ConfigError, match="learns look, not nod, shake"):
        refuse_other_tasks(trainer)


def test_robots_are_not_given_what_only_simulation_has(tmp_path):
    config = LearnerConfig(data_dir=tmp_path, tasks=("nod", "safe"))
    with pytest.raises(ConfigError, match="cannot be given the task 'safe'"):
        asyncio.run(serve(config, print))


@pytest.mark.parametrize(("typed", "error"), [(["look,carri"], UnknownTask), ([","], ConfigError)])
def test_wrong_names_are_refused(typed, error):
    with pytest.raises(error):
        with_tasks(TINY, typed)
