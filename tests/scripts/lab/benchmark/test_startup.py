import sys

from lab.benchmark import startup


def test_every_round_starts_everyone_anew(fake_worker, small, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake_worker()))
    rounds = []
    seconds = startup.run(
        ["keras", "tf_recipes"], small(), 5, print, None, lambda: rounds.append(1)
    )
    assert {name: len(each) for name, each in seconds.items()} == {"keras": 5, "tf_recipes": 5}
    assert all(0 < value < 60 for each in seconds.values() for value in each)
    assert len(rounds) == 5


def test_the_way_to_the_first_answer_counts(fake_worker, small, monkeypatch):
    monkeypatch.setattr(
        sys, "executable", str(fake_worker('case "$line" in pass*) sleep 0.3;; esac'))
    )
    assert startup.run(["keras"], small(), 1, print)["keras"][0] >= 0.3


def test_whoever_dies_is_left_out(fake_worker, small, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake_worker("exit 4")))
    said = []
    assert startup.run(["keras"], small(), 5, said.append) == {}
    assert said == ["keras died (exit status 4): it printed no error"]
