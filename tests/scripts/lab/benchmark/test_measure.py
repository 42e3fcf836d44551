import sys

import pytest

from lab.benchmark import measure
from lab.benchmark.measure import Contest, Timing


@pytest.fixture
def fakes(fake_worker, monkeypatch):
    """Replaces every contestant by the same shell script."""

    def make(body=":"):
        monkeypatch.setattr(sys, "executable", str(fake_worker(body)))

    return make


def test_what_a_contest_finds(fakes, small):
    fakes()
    said, rounds = [], []
    with Contest(["keras", "tf_recipes"], said.append) as contest:
        timings = contest.run(small(), 5, lambda: rounds.append(1))
    assert list(timings) == ["keras", "tf_recipes"]
    timing = timings["keras"]
    assert (timing.steps, timing.seconds, len(rounds)) == (12, [0.5] * 5, 5)
    assert timing.rates == [24.0] * 5
    assert timing.memory == {"imported": 200, "peak": 900}
    assert (timing.first_epoch, timing.idle_cpu_share) == (0.5, 0.02)
    assert timing.versions == {"python": "9"}
    assert (timing.failed, said) == (None, [])


def test_rounds_are_interleaved_and_the_order_moves_on(fakes, small, monkeypatch):
    fakes()
    turns = []
    plain = measure.Worker.train
    monkeypatch.setattr(
        measure.Worker,
        "train",
        lambda self, epochs=1: turns.append(self.name) or plain(self, epochs),
    )
    with Contest(["keras", "tf_recipes", "matmul"], print) as contest:
        contest.run(small(), 3)
    warm_up, timed = turns[:6], turns[6:]
    assert warm_up == ["keras"] * 2 + ["tf_recipes"] * 2 + ["matmul"] * 2
    assert timed == [
        *("keras", "tf_recipes", "matmul"),
        *("tf_recipes", "matmul", "keras"),
        *("matmul", "keras", "tf_recipes"),
    ]


def test_whoever_dies_is_out_and_the_others_go_on(fakes, small):
    # the seventh request is the second timed pass: load, two to warm up, rest, one timed, rest
    fakes("[ $passes = 7 ] && { echo no memory >&2; exit 1; }")
    said = []
    with Contest(["keras"], said.append) as contest:
        timings = contest.run(small(), 5)
        again = contest.run(small(), 5)
    assert said == ["keras died (exit status 1): no memory"]
    assert timings["keras"].failed == said[0]
    assert len(timings["keras"].seconds) == 1
    assert again["keras"].failed == said[0]


def test_several_workloads_one_after_the_other(fakes, small):
    fakes()
    with Contest(["keras"], print) as contest:
        steps = [contest.run(small(steps=n), 1)["keras"].steps for n in (3, 4)]
    assert steps == [3, 4]


def test_rates():
    assert Timing("keras", 100, seconds=[0.5, 0.25]).rates == [200, 400]
