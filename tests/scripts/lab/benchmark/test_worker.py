import os
import time

import pytest

from lab.benchmark import worker, workload
from lab.benchmark.process import Worker


def test_one_from_its_start_to_its_end(small, tmp_path):
    work = small()
    workload.save(tmp_path / "work.npz", work)
    with Worker("compat_v1") as running:
        hello = running.hello()
        assert hello["versions"]["python"].startswith("3.")
        assert hello["versions"]["tensorflow"].startswith("2.")
        assert running.load(tmp_path / "work.npz")["note"] == ""
        answer = running.train()
        assert answer["seconds"] > 0
        assert answer["loss"] is None
        assert answer["memory"]["peak"] > hello["memory"]["now"] > 2**20
        assert answer["idle_cpu_seconds"] < 1
        started = time.perf_counter()
        running.rest()
        assert time.perf_counter() - started >= worker.REST


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="no /proc")
def test_the_peak_of_memory_stays():
    before = worker.memory()["peak"]
    held = bytearray(200 * 2**20)
    held[:: 2**12] = bytes([1]) * len(held[:: 2**12])
    del held
    after = worker.memory()
    assert after["peak"] >= before
    assert after["peak"] >= after["now"] + 150 * 2**20


def test_a_pass_is_timed_and_told_whether_to_shuffle():
    class Contestant:
        def epoch(self, shuffle):
            return float(shuffle)

    assert worker.timed_pass(Contestant(), True, 1)["loss"] == 1.0
    assert worker.timed_pass(Contestant(), False, 1)["loss"] == 0.0


def test_a_pass_of_several_epochs_is_one_call_where_there_is_one_and_is_timed_per_epoch():
    calls = []

    class Fit:
        def epochs(self, count, shuffle):
            calls.append((count, shuffle))
            time.sleep(0.2)

    class Epochs:
        def epoch(self, shuffle):
            calls.append(shuffle)

    started = time.perf_counter()
    seconds = worker.timed_pass(Fit(), True, 4)["seconds"]
    assert 0.05 <= seconds <= (time.perf_counter() - started) / 4
    worker.timed_pass(Epochs(), False, 2)
    assert calls == [(4, True), False, False]


def test_versions_are_those_of_the_contestants_libraries():
    import keras

    assert worker.versions("keras")["keras"] == keras.__version__
