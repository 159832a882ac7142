"""The link: commit, then acknowledge; bad frames, wrong keys, other layouts; judging; assignments."""

import asyncio
import contextlib
import hashlib
import time
from dataclasses import replace

import numpy as np
import pytest
import zmq

from learner.store import queries
from learner.store.rows import Policy
from shared.codec import MAX_MESSAGE, encode
from shared.messages import (
    Ack,
    Chunk,
    ChunkRequest,
    EndEpisode,
    PolicyNotice,
    PolicyResult,
    Refusal,
    TaskSpec,
    Welcome,
)


def test_what_is_acknowledged_is_stored_and_repeats_are_harmless(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            batch = [wire.transition(seq=seq) for seq in range(5)]
            await robot.deliver(*batch)
            assert (await robot.hear(Ack)).keys == tuple((1, seq) for seq in range(5))
            stored = await b.learner.store.read(queries.episode_steps, "e")
            assert [step.decision_seq for step in stored] == list(range(5))
            await robot.deliver(*batch, wire.transition(seq=5), wire.transition(seq=5))
            assert len((await robot.hear(Ack)).keys) == 7
            assert await b.learner.store.read(queries.count_steps) == 6
            assert b.learner.counters.duplicates == 6

    asyncio.run(story())


def test_bad_frames_are_refused_and_stop_nobody(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot, other = await b.greeted(), await b.greeted("other")
            good = encode(robot.hello())
            nan = wire.transition()
            nan.obs[3] = np.nan
            bad = [
                b"",
                b"\xc1garbage",
                b"\x91" * 100_000,
                good[:-3],
                bytes([good[0], 99]) + good[2:],
                b"x" * (MAX_MESSAGE + 1),
                encode(TaskSpec(**{f: getattr(wire.SPEC, f) for f in wire.SPEC.__dataclass_fields__})),
                encode(replace(robot.hello(), robot_id="somebody-else")),
            ]
            for number, frame in enumerate(bad, 1):
                await robot.raw(frame)
                assert (await robot.hear(Refusal)).reason
                assert b.learner.counters.refused_frames == number
            await other.deliver(wire.transition(robot_id="other"))
            assert (await other.hear(Ack)).keys == ((1, 0),)
            await robot.deliver(wire.transition())
            assert (await robot.hear(Ack)).keys == ((1, 0),)

    asyncio.run(story())


def test_a_frame_far_over_the_cap_costs_only_its_senders_connection(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot, other = await b.greeted(), await b.greeted("other")
            await robot.raw(b"x" * (3 * MAX_MESSAGE))
            await other.deliver(wire.transition(robot_id="other"))
            assert (await other.hear(Ack)).keys == ((1, 0),)
            await asyncio.sleep(0.3)
            await robot.deliver(wire.transition())  # on the connection that ZeroMQ has made anew
            assert (await robot.hear(Ack)).keys == ((1, 0),)

    asyncio.run(story())


def test_a_record_of_another_robot_is_refused(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.deliver(wire.transition(robot_id="other"))
            assert "belongs to" in (await robot.hear(Refusal)).reason
            assert await b.learner.store.read(queries.count_steps) == 0

    asyncio.run(story())


def test_a_key_that_is_not_on_the_list_gets_in_nowhere(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            stranger = b.robot("stranger", allowed=False)
            await stranger.send(stranger.hello())

            async def refused():
                return b.learner.counters.refused_keys

            await b.until(refused)
            assert b.learner.robots.sessions == {}
            plain = b.context.socket(zmq.DEALER)
            plain.connect(f"tcp://127.0.0.1:{b.learner.wire.port}")
            with contextlib.suppress(zmq.Again):  # its connection may have been cut already
                await plain.send(encode(stranger.hello()), flags=zmq.NOBLOCK)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await plain.recv()
            plain.close(linger=0)
            robot = await b.greeted()
            await robot.deliver(wire.transition())
            assert (await robot.hear(Ack)).keys

    asyncio.run(story())


def test_another_layout_is_refused_with_both_hashes(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot = b.robot()
            await robot.send(robot.hello(layout_hash="0123456789abcdef"))
            welcome = await robot.hear(Welcome)
            assert not welcome.accepted
            assert "0123456789abcdef" in welcome.reason
            assert robot.hello().layout_hash in welcome.reason
            await robot.deliver(wire.transition())
            assert "Hello" in (await robot.hear(Refusal)).reason
            assert b.learner.counters.refused_hellos == 1

    asyncio.run(story())


def test_an_episode_is_given_judged_ended_and_followed_by_the_next(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, ids = await b.assigned()
            await robot.send(robot.status(**ids))
            await robot.deliver(
                wire.transition(seq=0, yaw=0.5, **ids), wire.transition(seq=1, yaw=1.5, **ids)
            )
            assert await robot.hear(EndEpisode) == EndEpisode(spec.episode_id, "success")
            cut = wire.transition(seq=2, yaw=1.5, end_reason="new_task", **ids)
            await robot.deliver(cut, wire.closing(seq=3, **ids))
            following = await robot.hear(TaskSpec)
            assert following.episode_id != spec.episode_id
            steps = await b.learner.store.read(queries.episode_steps, spec.episode_id)
            assert [step.r_task for step in steps] == [1.0, 4.0, None, None]
            episode = await b.learner.store.read(queries.get_episode, spec.episode_id)
            assert (episode.outcome, episode.n_steps, episode.return_task) == ("success", 2, 5.0)
            assert episode.split == "train"

    asyncio.run(story())


def test_a_robot_that_ends_an_episode_itself_truncates_it(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, ids = await b.assigned()
            await robot.deliver(wire.transition(seq=0, **ids), wire.closing(seq=1, **ids))
            await robot.send(robot.status(**ids))
            assert (await robot.hear(TaskSpec)).episode_id != spec.episode_id
            episode = await b.learner.store.read(queries.get_episode, spec.episode_id)
            assert episode.outcome == "truncated"
            assert not [m for m in robot.inbox if isinstance(m, EndEpisode)]

    asyncio.run(story())


def test_a_restarted_learner_goes_on_with_the_episode(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, ids = await b.assigned()
            await robot.deliver(wire.transition(seq=0, yaw=0.5, **ids))
            await robot.hear(Ack)
        async with wire.bench(tmp_path) as b:
            robot = b.robot()  # no Hello: ZeroMQ reconnects without the robot noticing
            await robot.send(robot.status(**ids))
            await robot.deliver(wire.transition(seq=1, yaw=-1.5, **ids))
            assert await robot.hear(EndEpisode) == EndEpisode(spec.episode_id, "failure")
            steps = await b.learner.store.read(queries.episode_steps, spec.episode_id)
            assert [step.r_task for step in steps] == [1.0, -2.0]
            await robot.deliver(wire.closing(seq=2, **ids))
            assert (await robot.hear(TaskSpec)).episode_id != spec.episode_id

    asyncio.run(story())


def test_nothing_is_given_to_a_robot_that_is_stopped_or_has_no_policy(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot = await b.greeted()
            for status in (robot.status(state="STOPPED"), robot.status(policy_version=0)):
                await robot.send(status)
                with pytest.raises(TimeoutError):
                    await robot.hear(TaskSpec, timeout=0.4)

    asyncio.run(story())


def test_a_policy_is_noticed_pulled_in_chunks_and_its_fate_noted(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            await robot.send(robot.status(policy_version=0))
            bundle = np.random.default_rng(0).bytes(600_000)
            folder = b.learner.config.learner_dir / "policies"
            folder.mkdir(parents=True)
            (folder / "7.bundle").write_bytes(bundle)
            sha = hashlib.sha256(bundle).hexdigest()
            row = Policy(7, None, time.time(), str(folder / "7.bundle"), sha, len(bundle), {"nod": 0.5})
            await b.learner.store.write(queries.publish_policy, row)
            assert await robot.hear(PolicyNotice) == PolicyNotice(7, len(bundle), sha)
            got = b""
            while len(got) < len(bundle):
                await robot.send(ChunkRequest(7, len(got)))
                got += (await robot.hear(Chunk)).data
            assert got == bundle
            for wrong in (ChunkRequest(7, len(bundle)), ChunkRequest(8, 0), ChunkRequest(7, -1)):
                await robot.send(wrong)
                assert "policy" in (await robot.hear(Refusal)).reason
            await robot.send(PolicyResult("mini", 7, "active", ""))

            async def active():
                return await b.learner.store.read(queries.active_versions)

            assert await b.until(active) == {"mini": [7]}

    asyncio.run(story())


def test_a_bundle_that_changed_on_disk_is_not_served(wire, tmp_path):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot = await b.greeted()
            path = tmp_path / "7.bundle"
            path.write_bytes(b"changed")
            row = Policy(7, None, 0.0, str(path), hashlib.sha256(b"original").hexdigest(), 8, {})
            await b.learner.store.write(queries.publish_policy, row)
            await robot.send(ChunkRequest(7, 0))
            assert "sha256" in (await robot.hear(Refusal)).reason

    asyncio.run(story())


def test_one_robots_bad_batch_does_not_keep_others_out(wire, tmp_path, monkeypatch):
    async def story():
        async with wire.bench(tmp_path, tasks=()) as b:
            robot, other = await b.greeted(), await b.greeted("other")
            write = b.learner.store.write

            async def picky(query, rows, *rest, **keywords):
                if isinstance(rows, list) and any(row.robot_id == "other" for row in rows):
                    raise OSError("cannot store this")
                return await write(query, rows, *rest, **keywords)

            monkeypatch.setattr(b.learner.store, "write", picky)
            ingest = b.learner.experience.ingest
            offered = []
            monkeypatch.setattr(ingest, "offer", lambda arrived: not offered.append(arrived))
            await other.deliver(wire.transition(robot_id="other"))
            await robot.deliver(wire.transition())

            async def both():
                return len(offered) == 2

            await b.until(both)
            monkeypatch.undo()
            monkeypatch.setattr(b.learner.store, "write", picky)
            assert all(ingest.offer(arrived) for arrived in offered)  # both in one commit
            assert (await robot.hear(Ack)).keys == ((1, 0),)
            with pytest.raises(TimeoutError):
                await other.hear(Ack, timeout=0.3)

    asyncio.run(story())


def test_a_failing_store_acknowledges_nothing_and_recovers(wire, tmp_path, monkeypatch):
    async def story():
        async with wire.bench(tmp_path) as b:
            robot, spec, ids = await b.assigned()
            write = b.learner.store.write

            async def full(*_args, **_kwargs):
                raise OSError("disk full")

            monkeypatch.setattr(b.learner.store, "write", full)
            await robot.deliver(wire.transition(seq=0, yaw=0.5, **ids))
            with pytest.raises(TimeoutError):
                await robot.hear(Ack, timeout=0.4)
            assert (await b.http.get("/readyz")).status_code == 503
            monkeypatch.setattr(b.learner.store, "write", write)
            await robot.deliver(wire.transition(seq=0, yaw=0.5, **ids))
            assert (await robot.hear(Ack)).keys == ((1, 0),)
            steps = await b.learner.store.read(queries.episode_steps, spec.episode_id)
            assert [step.r_task for step in steps] == [1.0]  # judged once, though it came twice
            assert (await b.http.get("/readyz")).status_code == 200

    asyncio.run(story())
