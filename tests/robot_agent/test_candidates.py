"""From the folder into the process: only what is new, signed by somebody trusted and passed its trial."""

import time
from dataclasses import replace

import pytest

from robot_agent import candidates as module
from robot_agent.bundles import BundleFolder
from robot_agent.candidates import MAX_BEGINNINGS, Candidates
from robot_agent.ledger import Ledger
from robot_agent.rehearsal import REHEARSAL_KEY, random_bundle
from robot_agent.shelf import Toolbox, key_of
from robot_agent.trial import examine
from shared.bundle import pack_bundle, read_bundle
from shared.signing import trust
from sim.made import made_tools
from tests.robot_agent.made import packed

BUNDLES = {version: random_bundle(version) for version in (3, 4, 5, 6)}


class Here:
    """A robot's folder, and a policy process that may be started anew."""

    def __init__(self, path):
        self.folder, self.signers = BundleFolder(path / "bundles"), path / "signers"
        self.made = path / "made-tools"
        trust(self.signers, "rehearsal", REHEARSAL_KEY.public)
        self.start()

    def start(self):
        if hasattr(self, "ledger"):
            self.ledger.save()
        self.ledger = Ledger(self.folder.ledger)
        self.found = Candidates(self.folder, self.ledger, self.signers, self.made)
        self.found.restore()
        return self.found.restored

    def scan(self):
        self.found.scan()
        self.found.tidy()
        return self.found.take()

    def receive(self, *versions):
        for version in versions:
            self.folder.keep(version, BUNDLES[version])

    def status(self, version):
        entry = self.ledger.entry(version)
        return (entry.status, entry.reason) if entry else None


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "try_out", examine)  # test_trial.py has it in a process of its own
    return Here(tmp_path)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def test_a_good_one_is_given_once(here):
    here.receive(5)
    assert here.scan().policy.version == 5
    assert here.status(5)[0] == "trial"
    assert here.scan() is None
    here.start()
    assert here.scan() is None, "what was tried before is not tried again"


def test_the_newest_first_and_never_an_older_one(here):
    here.receive(4, 5)
    assert here.scan().policy.version == 5
    assert here.scan() is None
    here.receive(3)
    assert here.scan() is None
    assert here.folder.versions() == [5]
    here.receive(6)
    assert here.scan().policy.version == 6


def test_an_older_one_that_comes_later_is_refused(here):
    here.receive(6)
    here.scan()
    here.ledger.note(6, "rolled_back", "saturation")
    here.scan()
    assert here.folder.versions() == []
    here.receive(5)
    assert here.scan() is None
    assert here.status(5) == ("rejected", "policy v5 is not newer than v6, which was tried here before")
    assert here.folder.has(5), "not pulled again"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data[: len(data) // 2], "damaged"),
        (lambda data: b"", "damaged"),
        (lambda data: flipped(data, len(data) - 1000), "sha256"),
        (lambda data: BUNDLES[6], "announced as v5"),
    ],
)
def test_a_bad_one_leaves_its_place_to_an_older_one(here, spoil, reason):
    here.receive(4)
    here.folder.keep(5, spoil(BUNDLES[5]))
    assert here.scan().policy.version == 4
    assert here.status(5)[0] == "rejected"
    assert reason in here.status(5)[1]
    assert here.folder.versions() == [4]
    assert here.folder.has(5), "not pulled again"


def test_a_key_may_be_trusted_later(here):
    (here.signers / "rehearsal.pub").unlink()
    here.receive(5)
    for _ in range(3):
        assert here.scan() is None
    assert "keys trust" in here.status(5)[1]
    assert len(here.ledger.news) == 1, "said once"
    here.start()
    assert here.scan() is None
    trust(here.signers, "learner", REHEARSAL_KEY.public)
    assert here.scan().policy.version == 5
    assert here.status(5)[0] == "trial"


def in_use(here, version, status="active"):
    here.receive(version)
    assert here.scan().policy.version == version
    here.ledger.note(version, status)
    here.ledger.use(version)


def test_what_was_in_use_is_in_use_again_and_good_ones_are_kept(here, monkeypatch):
    in_use(here, 3, "good")
    in_use(here, 4, "good")
    in_use(here, 5)
    monkeypatch.setattr(module, "try_out", lambda *_: pytest.fail("tried again"))
    restored = here.start()
    assert restored.in_use.policy.version == 5
    assert [one.policy.version for one in restored.kept] == [4, 3]


def test_another_engine_tries_it_again(here, monkeypatch):
    in_use(here, 5)
    monkeypatch.setattr(module, "ENGINE", "another engine")
    tried = []
    monkeypatch.setattr(module, "try_out", lambda *what: tried.append(what[1]))
    assert here.start().in_use.policy.version == 5
    assert tried == [5]


@pytest.mark.parametrize("spoil", ["changed", "gone", "distrusted"])
def test_a_file_that_is_not_what_it_was_is_not_used(here, spoil):
    in_use(here, 4, "good")
    in_use(here, 5)
    if spoil == "changed":
        here.folder.keep(5, BUNDLES[6])
    elif spoil == "gone":
        (here.folder.ledger.parent / "00000005.bundle").unlink()
    else:
        (here.signers / "rehearsal.pub").unlink()
    restored = here.start()
    assert restored.in_use is None
    assert [one.policy.version for one in restored.kept] == ([4] if spoil != "distrusted" else [])
    assert here.status(5)[0] == "rolled_back"


def test_one_with_which_the_process_keeps_ending_is_given_up(here):
    in_use(here, 5)
    for _ in range(MAX_BEGINNINGS):
        assert here.start().in_use is not None
    assert here.start().in_use is None
    assert "ended 5 times" in here.status(5)[1]


def test_one_that_decides_or_is_good_is_not(here):
    in_use(here, 5)
    for _ in range(3 * MAX_BEGINNINGS):
        assert here.start().in_use is not None
        here.ledger.decided(5)
    here.ledger.note(5, "good")
    for _ in range(3 * MAX_BEGINNINGS):
        assert here.start().in_use is not None


def test_the_thread_notices_what_arrives_while_it_is_wanted(here, monkeypatch, caplog):
    monkeypatch.setattr(module, "SCAN_PERIOD_S", 0.01)
    here.found.restored = None
    here.found.wanted = False
    here.found.start()
    try:
        here.receive(5)
        time.sleep(0.2)
        assert here.found.restored is not None
        assert here.found.take() is None
        (here.signers / "bad.pub").write_text("nonsense")
        here.found.wanted = True
        deadline = time.monotonic() + 10.0
        while "bad.pub" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        (here.signers / "bad.pub").unlink()
        while (found := here.found.take()) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert found.policy.version == 5
    finally:
        here.found.close()


def test_made_tools_come_with_the_policy_that_chooses_them(here):
    plain = read_bundle(BUNDLES[5])
    made = replace(plain.manifest, tools=tuple(packed(program) for program in made_tools()))
    here.folder.keep(5, pack_bundle(made, plain.onnx, REHEARSAL_KEY))
    keys = tuple(key_of(program.digest) for program in made_tools())
    assert here.scan().made == keys
    box = Toolbox(here.made, here.signers)
    box.scan()
    assert all(box.tool(key) for key in keys)
