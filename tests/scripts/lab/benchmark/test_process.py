import os
import sys

import pytest

from lab.benchmark import process
from lab.benchmark.process import Worker, WorkerError
from tf_recipes.parity.tf1 import interpreter


def test_questions_and_answers(fake_worker):
    with Worker("tf1", fake_worker()) as worker:
        assert worker.hello()["memory"] == {"peak": 300, "now": 200}
        assert worker.load("work.npz")["note"] == ""
        assert worker.train()["seconds"] == 0.5
        assert worker.rest() is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("echo early >&2; echo last >&2; exit 3", "tf1 died (exit status 3): last"),
        ("kill -9 $$", "tf1 died (signal 9): it printed no error"),
    ],
)
def test_one_that_dies_is_one_line(fake_worker, body, says):
    with Worker("tf1", fake_worker(body)) as worker:
        worker.hello()
        with pytest.raises(WorkerError) as caught:
            worker.train()
    assert str(caught.value) == says


def test_one_that_is_silent(fake_worker, monkeypatch):
    monkeypatch.setattr(process, "TIMEOUT", 0.1)
    silent = pytest.raises(WorkerError, match=r"tf1 has not answered for 0\.1 s\.")
    with silent, Worker("tf1", fake_worker("exec sleep 60")) as worker:
        worker.train()
        worker.train()


def test_one_that_cannot_be_started(tmp_path):
    with pytest.raises(WorkerError, match="tf1 cannot be started"):
        Worker("tf1", tmp_path / "none")


def test_it_ends_with_its_context(fake_worker):
    with Worker("tf1", fake_worker()) as worker:
        pid = worker._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_tf1_gets_none_of_our_variables(fake_worker, monkeypatch):
    monkeypatch.setenv("TF2_BEHAVIOR", "1")
    monkeypatch.setenv("PYTHONHOME", "/mine")
    body = 'echo "${TF2_BEHAVIOR-none} ${PYTHONHOME-none}" >&2; exit 1'
    with Worker("tf1", fake_worker(body)) as worker:
        worker.hello()
        with pytest.raises(WorkerError, match="none none"):
            worker.train()


def test_tf1_is_lent_what_python37_can_read(tmp_path):
    interpreter.copy_originals(tmp_path)
    process.copy_tf1_files(tmp_path)
    lent = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert "lab/benchmark/worker.py" in lent
    assert "tf_recipes/originals/runners/models.py" in lent
    assert not [name for name in lent if "keras" in name or "catalog" in name]


def test_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(process.importlib.util, "find_spec", lambda name: None)
    assert process.missing("pytorch") == "torch is not installed: pip install torch."
    assert "scripts/create_tf1_environment.py" in process.missing("tf1", tmp_path / "none")


def test_what_is_there(script):
    assert process.missing("keras") is None
    assert process.missing("tf1", script("python", "echo 1.15.5")) is None


def test_the_others_run_under_this_interpreter(fake_worker, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(fake_worker()))
    with Worker("keras") as worker:
        assert worker.hello()["versions"] == {"python": "9"}
