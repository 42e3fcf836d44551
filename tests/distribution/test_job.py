"""Runs jobs to their end as real processes on loopback; kills some of these processes."""

import functools
import json
import pathlib
import signal
import sys
import time

import pytest

import limits
import new_python
from tf_recipes.distribution import job
from tf_recipes.distribution.cluster import Cluster

TRAIN = pathlib.Path(__file__).parents[2] / "scripts" / "train.py"
FLAGS = [
    "--recipe=best_practice",
    "--hidden=8",
    "--batch_size=100",
    "--epochs=2",
    "--checkpoint_steps=20",
]
# In place of best_practice where a test is not about the state of its layers: fewer operations.
PLAIN = "--recipe=momentum"
FIGURES = ("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy")
LOST = (
    "is lost: its process ended. Waiting until this worker is started again, to go on from the last"
    " checkpoint."
)


@pytest.fixture
def workers(start, free_addresses, tf_config):
    """`workers(count, *flags)` returns a function that starts the worker of an index."""

    def make(count, *flags):
        addresses = free_addresses(count)

        def worker(index, *more):
            given = [
                "--strategy=multiworker",
                f"--cluster_timeout={limits.EVENT}",
                *FLAGS,
                *flags,
                *more,
            ]
            return start(TRAIN, *given, TF_CONFIG=tf_config(addresses, index))

        return worker

    return make


def figures(output_dir):
    history = json.loads((output_dir / "history.json").read_text())
    return {name: history[name] for name in FIGURES}


def wait_for_step(output_dir, step, seconds=limits.PROCESS):
    """Waits until there is a checkpoint of that step or a later one."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = output_dir.glob("checkpoints/step-*.ckpt")
        if any(int(path.stem.removeprefix("step-")) >= step for path in found):
            return
        time.sleep(0.02)
    raise AssertionError("no such checkpoint")


def kill(process):
    """Kills a worker, and waits until its port is free: its copy, which held the pipes, is gone."""
    process.kill()
    process.communicate(timeout=limits.EVENT)


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """`one_process(*flags)` returns the figures of the same command without a strategy."""

    @functools.cache
    def train(*flags):
        output_dir = tmp_path_factory.mktemp("one") / "out"
        given = [*FLAGS, *flags, f"--output_dir={output_dir}"]
        new_python.run([sys.executable, TRAIN, *given], check=True)
        return figures(output_dir)

    return train


def assert_close(found, expected):
    for name in FIGURES:
        assert found[name] == pytest.approx(expected[name], rel=1e-4), name


def test_two_replicas_of_one_machine(start, ended, tmp_path, one_process):
    flags = ["--strategy=mirrored", "--replicas=2", *FLAGS, f"--output_dir={tmp_path / 'out'}"]
    ((status, out, error),) = ended([start(TRAIN, *flags)])
    assert (status, error) == (0, ""), out
    assert_close(figures(tmp_path / "out"), one_process())


def test_a_killed_worker_that_is_started_again_changes_no_bit(
    workers, ended, tmp_path, one_process
):
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    worker = workers(2, f"--output_dir={unbroken}")
    assert [result[0] for result in ended([worker(0), worker(1)])] == [0, 0]
    assert_close(figures(unbroken), one_process())

    worker = workers(2, f"--output_dir={broken}")
    chief, victim = worker(0), worker(1)
    wait_for_step(broken, 60)
    kill(victim)
    (status, out, error), (again, *_) = ended([chief, worker(1)])
    assert (status, again) == (0, 0), error
    assert error.startswith("train.py: worker 1 (") and error.endswith(f") {LOST}\n")
    assert error.count("\n") == 1
    assert "going on after step " in out and "written to" in out
    assert figures(broken) == figures(unbroken)  # the same bits


def test_a_killed_chief_of_four(workers, ended, tmp_path, one_process):
    output_dir = tmp_path / "out"
    worker = workers(4, PLAIN, f"--output_dir={output_dir}")
    chief, *others = (worker(k) for k in range(4))
    wait_for_step(output_dir, 60)
    kill(chief)
    results = ended([worker(0), *others])
    assert [status for status, _, _ in results] == [0] * 4, results
    for _, out, _ in results:
        assert "going on after step " in out
    for _, _, error in results[1:]:
        assert error.endswith(f") {LOST}\n")
    assert_close(figures(output_dir), one_process(PLAIN))


def test_a_killed_worker_that_does_not_come_back_is_waited_for_a_while(workers, ended, tmp_path):
    worker = workers(2, PLAIN, f"--output_dir={tmp_path / 'out'}", "--cluster_timeout=5")
    chief, victim = worker(0), worker(1)
    wait_for_step(tmp_path / "out", 20)
    victim.kill()
    ((status, _, error),) = ended([chief])
    lost, end = error.splitlines()
    assert status == 2 and lost.endswith(LOST)
    assert end.startswith("train.py: error: All workers must be started. Received: worker 1 (")
    assert "did not connect within 5 s. Start it" in end


def test_ctrl_c_on_one_worker_ends_all_with_the_state_saved(workers, ended, tmp_path):
    worker = workers(2, PLAIN, f"--output_dir={tmp_path / 'out'}", "--epochs=10000")
    processes = [worker(0), worker(1)]
    wait_for_step(tmp_path / "out", 20)
    processes[1].send_signal(signal.SIGTERM)
    results = ended(processes)
    for status, _, error in results:
        assert status == 128 + signal.SIGTERM
        assert error.startswith("train.py: interrupted at epoch ")
        assert error.endswith("; saved; the same command goes on\n")
    assert results[0][2] == results[1][2]


def test_workers_with_other_flags_are_told_at_once(workers, ended, tmp_path):
    worker = workers(2, f"--output_dir={tmp_path / 'out'}")
    results = ended([worker(0), worker(1, "--seed=5")])
    for status, out, error in results:
        assert (status, out) == (2, "") and error.count("\n") == 1
        assert "All workers must be started alike. Received: recipe.seed=5 on worker 1 (" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "flags, config, texts",
    [
        (["--strategy=multiworker"], "", ["TF_CONFIG must list the workers."]),
        (["--strategy=multiworker"], "{", ["TF_CONFIG must be JSON."]),
        (
            ["--strategy=multiworker", "--replicas=2"],
            "",
            ["`replicas` divides the processor of one machine."],
        ),
        (["--replicas=2"], "", ["`replicas` needs a strategy. Received: ", "replicas=2. Pass "]),
        (["--strategy=tpu"], "", ["flag --strategy=tpu: value should be one of"]),
        (["--strategy=mirrored", "--replicas=0"], "", ["flag --replicas=0"]),
        (
            ["--strategy=multiworker", "--cluster_timeout=0.2"],
            '{"cluster": {"worker": ["localhost:9", "localhost:19999"]},'
            ' "task": {"type": "worker", "index": 1}}',
            ["worker 0 (localhost:9) did not connect within 0.2 s (Connection refused)"],
        ),
    ],
)
def test_a_mistake_is_one_line(start, ended, tmp_path, flags, config, texts):
    flags = [*flags, f"--output_dir={tmp_path / 'out'}"]
    ((status, out, error),) = ended([start(TRAIN, *flags, TF_CONFIG=config)])
    assert (status, out) == (2, "")
    assert error.startswith("train.py: error: ") and error.count("\n") == 1
    assert all(text in error for text in texts), error
    assert not (tmp_path / "out").exists()


def test_a_strategy_of_another_name_is_refused(fails):
    with fails("`strategy` must be one of data_parallel, mirrored, multiworker", "'tpu'"):
        job.start("tpu", {})


@pytest.mark.parametrize(
    "host, key, variable, parts",
    [
        (
            "192.0.2.1",
            None,
            None,
            ["need a `job_key`", "no environment variable TF_RECIPES_JOB_KEY"],
        ),
        ("192.0.2.1", None, "short", ["at least 16 characters", "a job_key of 5 characters"]),
        ("localhost", "hidden words", None, ["a job_key of 12 characters"]),
    ],
)
def test_workers_of_several_machines_need_a_key(
    fails, monkeypatch, tf_config, host, key, variable, parts
):
    monkeypatch.setenv("TF_CONFIG", tf_config([f"{host}:1", f"{host}:2"], 0))
    if variable is not None:
        monkeypatch.setenv(job.KEY, variable)
    with fails(*parts):
        job.start("multiworker", {}, job_key=key)
    with fails("`job_key` is for the workers of several machines"):
        job.check("mirrored", job_key="x" * 16)


def test_the_key_reaches_the_meeting_and_no_error(monkeypatch, tf_config):
    keys = []
    monkeypatch.setenv("TF_CONFIG", tf_config(["192.0.2.1:1", "192.0.2.1:2"], 0))
    monkeypatch.setattr(job.restart, "keep_terminal", lambda: None)

    def meet(cluster, terms, timeout, key):
        keys.append(key)
        raise ValueError("over")

    monkeypatch.setattr(job.peers, "meet", meet)
    for given, variable in (("a" * 16, "b" * 16), (None, "b" * 16)):
        monkeypatch.setenv(job.KEY, variable)
        with pytest.raises(ValueError, match="over"):
            job.start("multiworker", {}, job_key=given)
    assert keys == [b"a" * 16, b"b" * 16]


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), None])
def test_the_cluster_timeout_must_be_finite(fails, timeout):
    with fails("`cluster_timeout` must be a finite number in (0, inf)"):
        job.start("multiworker", {}, cluster_timeout=timeout)


class UnavailableError(Exception):
    """Has the name of an error of TensorFlow's."""


class Watch:
    def __init__(self):
        self.left = []

    def leave(self, seconds):
        self.left.append(seconds)


@pytest.fixture
def two_workers(monkeypatch):
    """Returns a job of two workers, in which a restart is only noted."""
    written = []
    monkeypatch.setattr(job, "_WATCH_DELAY", 0.0)
    monkeypatch.setattr(job.restart, "write_line", written.append)
    monkeypatch.setattr(job.restart, "start_again", lambda: written.append("again"))
    monkeypatch.delenv("TF_RECIPES_STARTED_AGAIN", raising=False)
    made = job.Job(None, Cluster(("a", "b"), ("a:1", "b:1"), 0), Watch(), timeout=7)
    return made, made._watch, written


def test_a_job_that_ends_waits_for_the_others(two_workers):
    made, watch, written = two_workers
    with made:
        pass
    assert (watch.left, written) == ([7], [])


def test_an_error_of_this_worker_does_not_wait_for_the_others(two_workers):
    made, watch, written = two_workers
    with pytest.raises(ValueError, match="mine"), made:
        raise ValueError("mine")
    assert (watch.left, written) == ([0], [])


def test_tensorflow_losing_a_live_worker_is_tried_again_three_times(two_workers):
    made, _, written = two_workers
    for _ in range(3):
        with pytest.raises(UnavailableError), made:
            raise UnavailableError("Socket closed\nat length")
    line = (
        "TensorFlow lost the connection to another worker: Socket closed. Going on from the last"
        " checkpoint."
    )
    assert written == [line, "again"] * 3
    with pytest.raises(OSError, match=r"Received: Socket closed, 4 times\."), made:
        raise UnavailableError("Socket closed")
