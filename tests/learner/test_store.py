"""The store: migration and tables agree, keys are unique, undone feedback is out of force."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from learner.store import engine, queries
from learner.store.engine import AsyncStore, Store
from learner.store.rows import Credit, Policy, PolicyEvent, Scored, StepReward, TasteModel
from learner.store.tables import METADATA
from shared.errors import StoreError
from tests.learner.samples import EPISODE, STEP, TAP


def test_migrations_give_exactly_the_tables(store):
    with store.read() as c:
        context = MigrationContext.configure(c, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_durable_pragmas_are_in_force(store):
    with store.write() as c:
        assert c.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert c.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert c.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_a_second_delivery_changes_nothing(store):
    with store.write() as c:
        queries.insert_steps(c, [STEP, replace(STEP, decision_seq=1)])
        queries.insert_steps(c, [replace(STEP, tool=0), replace(STEP, decision_seq=2)])
    with store.read() as c:
        rows = queries.episode_steps(c, "e")
        assert [row.decision_seq for row in rows] == [0, 1, 2]
        assert rows[0].tool == 8
        keys = [(1, seq) for seq in range(1000)]
        assert queries.known_keys(c, "r", keys) == {(1, 0), (1, 1), (1, 2)}
        assert queries.known_keys(c, "other", keys) == set()


def test_gaps_in_the_sequence_are_counted_per_epoch(store):
    with store.write() as c:
        assert queries.count_missing(c, "r") == 0
        rows = [replace(STEP, boot_epoch=e, decision_seq=s) for e, s in ((1, 0), (1, 3), (2, 1), (2, 2))]
        queries.insert_steps(c, [*rows, replace(STEP, robot_id="other", decision_seq=50)])
        assert queries.count_missing(c, "r") == 2 + 1


def test_an_episode_is_closed_once_and_summed_up(store):
    with store.write() as c:
        queries.insert_episode(c, EPISODE)
        queries.insert_steps(
            c,
            [
                STEP,
                replace(STEP, decision_seq=1, r_task=0.5),
                replace(STEP, decision_seq=2, r_task=None, end_reason="closing"),
            ],
        )
        assert queries.close_episode(c, "e", "success", 105.0)
        assert not queries.close_episode(c, "e", "failure", 106.0)
        assert not queries.close_episode(c, "unknown", "failure", 106.0)
    with store.read() as c:
        episode = queries.get_episode(c, "e")
        assert (episode.outcome, episode.n_steps, episode.return_task) == ("success", 2, 0.75)
        assert episode.policy_version == 3
        assert queries.open_episodes(c, "r") == []
        assert queries.outcomes(c, "nod", last=5) == [("success", 0.75)]
        ended = queries.finished_episodes(c, ended_after_unix_s=104, ended_before_unix_s=105)
        assert [e.episode_id for e in ended] == ["e"]


def test_lag_counts_from_the_end_of_the_motion(store):
    with store.write() as c:
        assert queries.lag_percentiles_ms(c) == []
        queries.insert_steps(c, [STEP])
    with store.read() as c:
        assert queries.lag_percentiles_ms(c) == pytest.approx([300.0, 300.0])


def _credited(c, feedback, steps, weight=1.0):
    number = queries.insert_feedback(c, feedback)
    rows = [Credit(number, step, weight, feedback.score) for step in steps]
    queries.insert_credits(c, number, rows, feedback.received_unix_s)
    return number


def test_labels_tell_which_step_ended_its_episode(store):
    with store.write() as c:
        queries.insert_steps(c, [replace(STEP, decision_seq=seq) for seq in range(2)])
        queries.insert_steps(c, [replace(STEP, decision_seq=2, r_task=None, end_reason="closing")])
        queries.insert_steps(c, [replace(STEP, boot_epoch=STEP.boot_epoch + 1, decision_seq=1)])
        _credited(c, TAP, [1, 2, 4])
        assert [(la.step_id, la.ended) for la in queries.labels(c)] == [(1, False), (2, True), (4, False)]


def test_labels_leave_out_what_was_undone(store):
    text = replace(TAP, kind="text", value=None, text="bad", score=-0.5)
    with store.write() as c:
        queries.insert_steps(c, [replace(STEP, decision_seq=seq) for seq in range(3)])
        tap = _credited(c, TAP, [1, 2])
        words = _credited(c, text, [2, 3])
        found = [(la.feedback_id, la.step_id) for la in queries.labels(c)]
        assert found == [(tap, 1), (tap, 2), (words, 2), (words, 3)]
        assert not any(label.ended for label in queries.labels(c))
        assert len(queries.step_credits(c, 2)) == 2
        queries.insert_feedback(c, replace(TAP, kind="undo", score=None, value=None, undoes=tap))
        assert [(la.feedback_id, la.step_id) for la in queries.labels(c)] == [(words, 2), (words, 3)]
        assert [credit.feedback_id for credit in queries.step_credits(c, 2)] == [words]
        assert queries.get_feedback(c, tap).undone_by == 3
        assert queries.count_feedback(c) == {"good": 1, "bad": 0, "rating": 0, "text": 1, "undo": 1}


def test_events_are_found_by_how_their_kind_begins(store):
    with store.write() as c:
        for at, kind in enumerate(("alarm.influence", "started", "alarm.hacking", "alarm_not")):
            queries.add_event(c, kind, float(at), who="phone")
        found = queries.list_events(c, limit=5, prefix="alarm.")
        assert [event.kind for event in found] == ["alarm.hacking", "alarm.influence"]
        assert found[1].detail == {"who": "phone"}
        assert queries.list_events(c, limit=5, since_unix_s=3.0)[0].kind == "alarm_not"
        assert len(queries.list_events(c, limit=1)) == 1


SCORED = Scored(0.5, 0.7, 0.1, 0.9, "evaluative", None, "m-1", "good")


def test_a_text_waits_for_its_score_and_is_scored_once(store):
    text = replace(TAP, kind="text", value=None, text="good", score=None, score_confidence=None)
    with store.write() as c:
        queries.insert_feedback(c, TAP)
        number = queries.insert_feedback(c, text)
        assert [f.id for f in queries.unscored_feedback(c)] == [number]
        assert queries.uncredited_feedback(c) == [queries.get_feedback(c, 1)]
        assert queries.score_feedback(c, number, SCORED, 103.0)
        assert not queries.score_feedback(c, number, replace(SCORED, score=-1.0), 104.0)
        found = queries.get_feedback(c, number)
        assert (found.score, found.score_low, found.score_high, found.scored_unix_s) == (0.5, 0.1, 0.9, 103.0)
        assert (found.score_kind, found.reward_model, found.seen) == ("evaluative", "m-1", "good")
        assert queries.unscored_feedback(c) == []
        assert [f.id for f in queries.uncredited_feedback(c)] == [1, number]


def test_an_abstention_is_never_credited_and_says_why(store):
    text = replace(TAP, kind="text", value=None, text="turn left", score=None, score_confidence=None)
    nothing = Scored(None, None, None, None, "command", "it is a command", "m-1", "turn left")
    with store.write() as c:
        number = queries.insert_feedback(c, text)
        queries.score_feedback(c, number, nothing, 103.0)
        assert queries.unscored_feedback(c) == queries.uncredited_feedback(c) == []
        assert queries.get_feedback(c, number).abstained == "it is a command"


def test_a_text_that_was_taken_back_waits_no_more(store):
    text = replace(TAP, kind="text", value=None, text="good", score=None, score_confidence=None)
    with store.write() as c:
        number = queries.insert_feedback(c, text)
        queries.insert_feedback(c, replace(TAP, kind="undo", score=None, undoes=number))
        assert queries.unscored_feedback(c) == []


def test_only_scored_feedback_waits_for_credit(store):
    with store.write() as c:
        tap = queries.insert_feedback(c, TAP)
        queries.insert_feedback(c, replace(TAP, kind="text", value=None, score=None, text="hm"))
        assert [f.id for f in queries.uncredited_feedback(c)] == [tap]
        queries.insert_credits(c, tap, [], 1.0)
        assert queries.uncredited_feedback(c) == []


def test_the_fate_of_a_feedback(store):
    def taste(version, last, created):
        return TasteModel(version, created, 1, last, None, "", {})

    with store.write() as c:
        queries.insert_steps(c, [STEP])
        tap = queries.insert_feedback(c, TAP)
        assert not queries.feedback_fate(c, tap).credited
        queries.add_taste_model(c, taste(1, tap, 102.0))  # fitted before the credit existed
        queries.insert_credits(c, tap, [Credit(tap, 1, 1.0, 1.0)], 103.0)
        fate = queries.feedback_fate(c, tap)
        assert (fate.changed_steps, fate.taste_version, fate.policy_version) == (1, None, None)
        queries.add_taste_model(c, taste(2, tap, 104.0))
        queries.put_step_rewards(c, [StepReward(1, 0.2, 0.1, 0.0, 0.0, 0.3, 2, None)])
        assert queries.feedback_fate(c, tap).taste_version == 2
        queries.mark_in_policy(c, 2, 7)
        queries.mark_in_policy(c, 2, 8)
        assert queries.feedback_fate(c, tap).policy_version == 7
        assert queries.get_step_reward(c, 1).policy_version == 7
        undo = queries.insert_feedback(c, replace(TAP, kind="undo", score=None, undoes=tap))
        fate = queries.feedback_fate(c, tap)
        assert (fate.changed_steps, fate.taste_version) == (0, None)
        queries.add_taste_model(c, taste(3, undo, 105.0))
        assert queries.feedback_fate(c, tap).taste_version == 3


def test_whatever_changes_a_fate_changes_the_state_of_fates(store):
    acts = [
        lambda c: queries.insert_feedback(c, TAP),
        lambda c: queries.insert_credits(c, 1, [Credit(1, 1, 1.0, 1.0)], 103.0),
        lambda c: queries.add_taste_model(c, TasteModel(1, 104.0, 1, 1, None, "", {})),
        lambda c: queries.mark_in_policy(c, 1, 7),
        lambda c: queries.insert_feedback(c, replace(TAP, kind="undo", score=None, undoes=1)),
        lambda c: queries.add_taste_model(c, TasteModel(2, 105.0, 1, 2, None, "", {})),
        lambda c: queries.mark_in_policy(c, 2, 8),
    ]
    with store.write() as c:
        queries.insert_steps(c, [STEP])
        seen = [queries.fate_state(c)]
        for act in acts:
            act(c)
            seen.append(queries.fate_state(c))
    assert len(set(seen)) == len(acts) + 1


def test_policies_published_withdrawn_and_answered(store):
    with store.write() as c:
        assert queries.next_policy_version(c) == 1
        for version in (1, 2):
            queries.publish_policy(c, Policy(version, None, 1.0, "p", "00", 5, {"nod": 0.5}))
        assert queries.latest_policy(c).version == 2
        queries.withdraw_policy(c, 2, "worse")
        assert queries.latest_policy(c).version == 1
        assert queries.policies_after(c, 0)[0].eval == {"nod": 0.5}
        assert queries.get_policy(c, 2).status_reason == "worse"
        queries.add_policy_event(c, PolicyEvent("r", 1, "active", "", 2.0))
        queries.add_policy_event(c, PolicyEvent("r", 2, "rejected", "sha", 3.0))
        assert queries.active_versions(c) == {"r": [1]}
        assert [event.version for event in queries.policy_events_of(c, None, 10)] == [2, 1]
        queries.add_policy_event(c, PolicyEvent("r", 1, "active", "again", 4.0))
        assert queries.last_policy_events(c) == {"r": PolicyEvent("r", 2, "rejected", "sha", 3.0)}
        assert queries.refused_versions(c, "r") == {2}


def test_an_older_store_is_brought_up_to_date_with_what_it_holds(tmp_path):
    path = tmp_path / "coach.db"
    config = Config()
    config.set_main_option("script_location", str(Path(engine.__file__).parent / "migrations"))
    old = sqlalchemy.create_engine(f"sqlite:///{path}")
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(
            "INSERT INTO policies (version, created_unix_s, path, sha256, size, eval, status) "
            "VALUES (3, 1.0, 'p', '00', 5, '{}', 'published')"
        )
        for row in ("1, 'tap', NULL, 1.0", "2, 'text', 'good', 0.4", "3, 'text', 'turn left', NULL"):
            connection.exec_driver_sql(
                "INSERT INTO feedback (id, kind, text, score, robot_id, client_id, received_unix_s, "
                f"boot_epoch, shown_decision_seq, client_delay_ms) VALUES ({row}, 'r', 'c', 7.0, 1, 0, 0.0)"
            )
    old.dispose()
    store = Store(path)
    with store.read() as c:
        row = queries.get_policy(c, 3)
        assert (row.gate, row.limits_profile) == ({}, 1.0)
        assert queries.list_stops(c, limit=1) == []
        # What was said before is not asked to be scored anew.
        assert queries.unscored_feedback(c) == []
        assert queries.get_feedback(c, 1).source == "live"
        words, abstained = queries.get_feedback(c, 2), queries.get_feedback(c, 3)
        assert (words.reward_model, words.seen, words.score_kind) == ("lexicon", "good", "evaluative")
        assert abstained.abstained == "nothing in it says how it did"
    store.close()


def test_two_openers_at_once_migrate_once(tmp_path):
    failures = []

    def opener():
        try:
            Store(tmp_path / "coach.db").close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=opener) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_file_that_is_no_store_is_refused_by_name(tmp_path):
    (tmp_path / "coach.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match=r"coach\.db"):
        Store(tmp_path / "coach.db")


def test_a_newer_store_is_refused(tmp_path):
    Store(tmp_path / "coach.db").close()
    with sqlite3.connect(tmp_path / "coach.db") as c:
        c.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="another version"):
        Store(tmp_path / "coach.db")


async def _async_round_trip(path):
    store = AsyncStore(path)
    await store.write(queries.insert_steps, [STEP])
    rows = await store.read(queries.episode_steps, "e")
    await store.close()
    return rows


def test_the_asynchronous_store_runs_the_same_queries(tmp_path):
    import asyncio

    rows = asyncio.run(_async_round_trip(tmp_path / "coach.db"))
    assert [row.decision_seq for row in rows] == [0]
