import json
import os
import signal
import subprocess
import time

import limits

NAME = "benchmark"
SMALL = ["--nets=5", "--batch_sizes=8", "--steps=3", "--repeats=5", "--nogrowth", "--nostartup"]


def test_a_small_run(run_script, tmp_path):
    out, plot = tmp_path / "out.json", tmp_path / "out.png"
    flags = [*SMALL, "--contestants=keras,tf_recipes", f"--json_out={out}", f"--plot_out={plot}"]
    status, printed, errors = run_script(NAME, *flags, children=True)
    assert (status, errors) == (0, "")
    assert "784-5-10, batch 8: 5 rounds of keras, tf_recipes" in printed
    assert "| Keras defaults, fit" in printed
    keras, ours = json.loads(out.read_text())["speed"]
    assert (keras["contestant"], ours["contestant"]) == ("keras", "tf_recipes")
    for each in (keras, ours):
        assert each["failed"] is None
        assert len(each["seconds"]) == 5
        assert each["steps"] == 3
        assert each["versions"]["keras"]
        assert each["memory_bytes"]["peak"] > each["memory_bytes"]["imported"]
    assert plot.read_bytes()[:4] == b"\x89PNG"


def test_ctrl_c_is_one_line_and_ends_every_worker(start_script, tmp_path):
    running = start_script(
        NAME, *SMALL, "--contestants=keras", "--steps=9999", cwd=tmp_path, start_new_session=True
    )
    pids = []
    deadline = time.monotonic() + limits.EVENT
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if pids := processes("--ppid", running.pid):
            break
    os.killpg(running.pid, signal.SIGINT)  # a terminal signals every foreground process
    printed, errors = running.communicate(timeout=limits.EVENT)
    assert (running.returncode, errors) == (130, "benchmark.py: interrupted.\n")
    assert pids
    assert "died" not in printed
    assert not processes(*pids)


def processes(*which):
    """Returns the ids of the named processes that are running."""
    command = ["ps", "-o", "pid=", *map(str, which)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.split()
