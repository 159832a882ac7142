import os
import signal
import subprocess
import sys

import pytest

from robot_agent.spool import Spool
from shared.errors import StoreError


def rows(*seqs, epoch=1):
    return [((epoch, seq), f"{epoch}:{seq}".encode()) for seq in seqs]


def payloads(spool):
    return [payload for _, payload in spool.after(0, 1000)]


def test_records_stay_in_order_until_forgotten(tmp_path):
    spool = Spool(tmp_path / "spool.db", 100)
    spool.add(rows(0, 1, 2) + rows(0, epoch=2))
    assert payloads(spool) == [b"1:0", b"1:1", b"1:2", b"2:0"]
    assert spool.forget([(1, 1), (9, 9)]) == 1
    assert payloads(spool) == [b"1:0", b"1:2", b"2:0"]
    assert len(spool) == 3


def test_a_key_is_kept_once(tmp_path):
    spool = Spool(tmp_path / "spool.db", 100)
    spool.add(rows(0, 1))
    spool.add([((1, 1), b"other")])
    assert payloads(spool) == [b"1:0", b"1:1"]
    assert len(spool) == 2


def test_a_full_spool_refuses_the_newest_and_counts_them_for_ever(tmp_path):
    spool = Spool(tmp_path / "spool.db", 3)
    assert spool.add(rows(0, 1)) == 0
    assert spool.add(rows(2, 3, 4)) == 2
    assert spool.add(rows(5)) == 1
    assert payloads(spool) == [b"1:0", b"1:1", b"1:2"]
    spool.forget([(1, 0)])
    assert spool.add(rows(6)) == 0
    spool.close()
    again = Spool(tmp_path / "spool.db", 3)
    assert again.refused == 3
    assert payloads(again) == [b"1:1", b"1:2", b"1:6"]
    assert len(again) == 3


def test_what_was_added_survives_kill_9(tmp_path):
    code = (
        "import sys; from pathlib import Path; from robot_agent.spool import Spool\n"
        "spool = Spool(Path(sys.argv[1]), 10**6); n = 0\n"
        "while True:\n"
        "    spool.add([((1, n), b'x' * 4000)]); print(n, flush=True); n += 1\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "spool.db"], stdout=subprocess.PIPE, text=True
    )
    told = [int(process.stdout.readline()) for _ in range(50)]
    os.kill(process.pid, signal.SIGKILL)
    told += [int(line) for line in process.communicate()[0].splitlines()]
    spool = Spool(tmp_path / "spool.db", 10**6)
    found = len(payloads(spool))
    assert found in (len(told), len(told) + 1)
    assert spool.add(rows(10**5)) == 0


def test_a_file_that_is_no_spool_is_named(tmp_path):
    path = tmp_path / "spool.db"
    path.write_bytes(b"not a database, much longer than a header" * 100)
    with pytest.raises(StoreError, match=r"spool\.db"):
        Spool(path, 10)
