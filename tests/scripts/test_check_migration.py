"""The script as people run it: in a process of its own, from another directory."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import limits
import new_python
from tf_recipes.parity import references

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_migration.py"
# Closes the standard output, as the shell's `>&-` does, and runs the script of its arguments.
CLOSED = """
import os, runpy, sys
os.close(1)
sys.stdout = sys.__stdout__ = None  # as in each Python that starts without one
del sys.argv[0]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""
LIKE_TF1 = {"variables": new_python.AS_TF1_ADDS}
QUICK = references.RECORDED / "dropout_float64.npz"


@pytest.fixture
def check(tmp_path):
    """Runs the script with these flags; returns what `subprocess.run` does.

    With `new=True` it runs in a new Python, which imports TensorFlow itself.
    """

    def run(*arguments, new=False, cwd=tmp_path):
        python = subprocess.run if new else functools.partial(new_python.run, **LIKE_TF1)
        return python(
            [sys.executable, SCRIPT, *map(str, arguments)],
            check=False,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
        )

    return run


def test_shipped_traces_match_and_the_terminal_is_clean(check, tmp_path):
    arguments = ("--recipe=momentum_decay,he_init", "--json_out=out.json", "--plot_dir=plots")
    done = check(*arguments, new=True)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "2 of 2 exact ports match" in done.stdout
    assert "old gradients keep their old rate" in done.stdout
    document = json.loads((tmp_path / "out.json").read_text())
    assert (document["passed"], document["exit_status"]) == (True, 0)
    rows = {(row["name"], row["port"]): row for row in document["results"]}
    assert rows["momentum_decay", "exact"]["passed"] is True
    assert rows["momentum_decay", "textbook"]["passed"] is False
    assert rows["momentum_decay", "textbook"]["drift"] > 0.1
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == [
        "he_init.png",
        "momentum_decay.png",
    ]


def test_live_in_this_tensorflow_with_any_flags(check):
    done = check(
        "--reference=compat",
        "--recipe=momentum_decay",
        "--hidden=7",
        "--steps=12",
        "--learning_rate=0.02",
        "--seed=5",
        "--batch_norm",
        "--keep_prob=0.8",
        "--ports=exact",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 exact ports match" in done.stdout


def test_live_on_real_tf1(check, tf1_python):
    done = check(
        "--reference=tf1",
        f"--tf1_python={tf1_python}",
        "--recipe=best_practice",
        "--hidden=9,7",
        "--steps=10",
        "--optimizer=adam",
        "--ports=exact",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 exact ports match" in done.stdout


def test_bad_traces_are_named_and_the_others_still_judged(check, tmp_path):
    folder = tmp_path / "traces"
    folder.mkdir()
    (folder / "torn.npz").write_bytes(QUICK.read_bytes()[:5000])
    shutil.copy(QUICK, folder / "whole.npz")
    done = check("--trace_dir=traces", "--json_out=out.json", "--ports=exact")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "torn.npz: a trace must be a readable .npz file." in done.stderr
    assert "1 of 1 exact ports match" in done.stdout
    assert "1 could not be judged" in done.stdout
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["passed"] is False
    by_name = {row["name"]: row for row in document["results"]}
    assert by_name["dropout_float64"]["passed"] is True
    assert by_name["traces/torn.npz"]["passed"] is False
    assert by_name["traces/torn.npz"]["worst_ratio"] is None


REFUSALS = [
    (["--trace_dir=none"], "Received: --trace_dir='none', which is none"),
    (["--trace_dir=."], "which holds no trace"),
    (["--recipe=nonsense"], "`recipe` must be one of"),
    (["--ports=nonsense"], "`ports` must be one of"),
    (["--ports="], "--ports is empty"),
    (["--ports=exact,exact"], "twice"),
    (["--learning_rate=0.5"], "--learning_rate"),
    (["--trace_dir=.", "--reference=compat"], "--trace_dir replays recorded traces"),
    (["--reference=tf2"], "reference"),
    (["--reference=compat", "--recipe=l2", "--l2=-1"], "regularizer.l2"),
    (["--reference=compat", "--recipe=l2", "--hidden=ten"], "--hidden takes whole numbers"),
    (["--reference=tf1", "--tf1_python=/nowhere/python"], "/nowhere/python"),
    (["--json_out=none/out.json"], "none"),
    (["--json_out=."], "must name a file"),
    (["--trace_dir="], "--trace_dir is empty. Received: --trace_dir=."),
    (["--json_out="], "--json_out is empty"),
    (["--html="], "--html is empty"),
    (["--html=."], "must name a file"),
    (["--html=none/report.html"], "'none' is no directory that can be written to"),
    (["--html=out", "--json_out=./out"], "--html and --json_out must name two files"),
    (["--tf1_python=python3"], "--tf1_python goes with --reference=tf1"),
    (["--reference=compat", "--nobatch_norm", "--batch_norm_decay=0.9"], "--nobatch_norm"),
    (["--no_such_flag"], "no_such_flag"),
    (["stray"], "stray"),
]


@pytest.mark.parametrize(("arguments", "says"), REFUSALS)
def test_bad_input_is_one_line_and_exit_2(check, tmp_path, arguments, says):
    done = check(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.startswith("check_migration.py: error: ")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_tf1_itself_refuses_is_no_pass(check):
    done = check("--reference=compat", "--recipe=batch_norm", "--dtype=float64", "--steps=2")
    assert done.returncode == 2
    assert "float32 only" in done.stderr
    assert "Traceback" not in done.stderr


def test_only_a_textbook_port_proves_nothing(check):
    done = check("--recipe=he_init", "--ports=textbook")
    assert done.returncode == 1
    assert "nothing is proven" in done.stdout


def test_ctrl_c_ends_with_one_line(tmp_path, start_script):
    for name in ("out.json", "report.html"):
        (tmp_path / name).write_text("older")
    command = ("check_migration", "--json_out=out.json", "--html=report.html")
    running = start_script(*command, cwd=tmp_path, **LIKE_TF1)
    new_python.wait_for_cpu(running, 1.5)  # in the midst of it: it takes 20 s or more
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=limits.EVENT)
    assert running.returncode == 130
    assert errors == "check_migration.py: interrupted.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "report.html"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"older"}


@pytest.mark.parametrize("arguments", [["--help"], ["--recipe=he_init", "--json_out=out.json"]])
def test_a_reader_that_goes_away_is_no_traceback(tmp_path, arguments):
    command = [sys.executable, SCRIPT, *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with new_python.Popen(command, cwd=tmp_path, text=True, **pipes, **LIKE_TF1) as running:
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 128 + signal.SIGPIPE
    if "--help" not in arguments:
        assert json.loads((tmp_path / "out.json").read_text())["passed"] is True


def test_help_begins_with_an_example_that_works(check):
    done = check("--help")
    assert "python scripts/check_migration.py --json_out=check.json" in done.stdout
    assert "--learning_rate" in done.stdout


def test_a_check_that_cannot_run_leaves_older_files_as_they_were(check, tmp_path):
    for name in ("out.json", "report.html"):
        (tmp_path / name).write_text("older")
    files = ("--json_out=out.json", "--html=report.html", "--plot_dir=plots")
    done = check("--recipe=no_such", *files)
    assert done.returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "report.html"]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"older"}


def test_a_recipe_is_found_by_its_own_name_too(check, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    shutil.copy(QUICK, tmp_path / "a" / "other.NPZ")
    (tmp_path / "b" / "dropout_float64.npz").write_bytes(b"torn")
    done = check("--trace_dir=.", "--recipe=dropout_float64", "--ports=exact")
    assert done.returncode == 2
    assert "1 of 1 exact ports match" in done.stdout
    assert "b/dropout_float64.npz: a trace must be a readable .npz file." in done.stderr


def test_with_the_standard_output_closed_the_verdict_is_still_written(tmp_path):
    (tmp_path / "real.json").write_text("older")
    (tmp_path / "out.json").symlink_to("real.json")
    flags = ("--recipe=dropout_float64", "--ports=exact", "--json_out=out.json")
    command = [sys.executable, "-c", CLOSED, SCRIPT, *flags]
    done = new_python.run(
        command, cwd=tmp_path, check=False, stderr=subprocess.PIPE, text=True, **LIKE_TF1
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text())["passed"] is True


def test_the_report_is_one_file_that_says_what_the_console_says(check, tmp_path, opened):
    done = check("--recipe=momentum_decay,he_init", "--html=report.html", "--json_out=out.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "report.html"]
    first = (tmp_path / "report.html").read_bytes()
    with opened(tmp_path / "report.html") as page:
        assert page.title() == "Passed: every exact port does what TensorFlow 1 did"
        verdict = page.locator(".verdict").inner_text()
        assert done.stdout.splitlines()[-1] in verdict  # the summary
        section = page.get_by_role("region", name="momentum_decay", exact=True)
        assert section.get_by_role("img").count() == 2
        assert "old gradients keep their old rate" in section.inner_text()
        command = section.locator("pre").inner_text()
        assert command == "python scripts/check_migration.py --recipe=momentum_decay"
    again = check(*command.split()[2:], "--recipe=momentum_decay,he_init", "--html=report.html")
    assert again.returncode == 0
    assert (tmp_path / "report.html").read_bytes() == first


def traces_of_others(folder):
    """Traces whose names, paths and provenance are HTML; two bear one name, one is torn."""
    folder.mkdir()
    with np.load(QUICK, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "digest"}
    spec = json.loads(arrays["spec"].item())
    evil = "</script><img src=x onerror=alert(1)>"
    for file, name in (("<img src=x onerror=alert(1)>", "x"), ('"><b>', "x"), ("a", "\u00fc.+-")):
        changed = {"spec": {**spec, "name": name}, "provenance": {evil: evil, "rtl": "\u202e"}}
        texts = {key: np.array(json.dumps(value)) for key, value in changed.items()}
        np.savez(folder / f"{file}.npz", **{**arrays, **texts})
    (folder / "<script>alert(1)<script>.npz").write_bytes(b"torn")
    (folder / os.fsdecode(b"bad\xff.npz")).write_bytes(b"torn")


def test_a_report_of_somebody_elses_traces_runs_nothing_of_theirs(check, tmp_path, opened):
    traces_of_others(tmp_path / "<i>traces")
    done = check("--trace_dir=<i>traces", "--html=report.html", "--ports=exact")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 2
    with opened(tmp_path / "report.html", width=360) as page:
        assert page.title() == "Could not be judged: 2 of 5 traces"
        assert page.evaluate("document.scripts.length") == 1
        assert page.locator("img, b > *, i").count() == 0
        names = page.locator("table.sortable tbody th").all_inner_texts()
        assert sorted(names) == [
            "<script>alert(1)<script>.npz",
            r"bad\udcff.npz",
            'x (<i>traces/"><b>.npz)',
            "x (<i>traces/<img src=x onerror=alert(1)>.npz)",
            "ü.+-",
        ]
        section = page.get_by_role("region", name="<script>alert(1)<script>.npz", exact=True)
        assert "a trace must be a readable .npz file." in section.inner_text()


@pytest.mark.parametrize(
    ("target", "says"),
    [("/dev/full", "No space left on device: '/dev/full'"), ("/proc/report.html", "/proc")],
)
def test_a_report_that_cannot_be_written_is_one_line(check, target, says):
    done = check("--recipe=dropout_float64", "--ports=exact", f"--html={target}")
    assert done.returncode == 2
    assert done.stderr.startswith("check_migration.py: error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_what_was_found_is_printed_and_the_rest_written_though_one_file_cannot_be(check, tmp_path):
    folder = tmp_path / "traces"
    folder.mkdir()
    (folder / "torn.npz").write_bytes(b"torn")
    shutil.copy(QUICK, folder / "whole.npz")
    files = ("--json_out=/dev/full", "--html=report.html", "--plot_dir=plots")
    done = check("--trace_dir=traces", "--ports=exact", *files)
    assert done.returncode == 2
    torn, full = done.stderr.splitlines()
    assert torn.startswith("error: traces/torn.npz: a trace must be a readable .npz file.")
    assert full == "check_migration.py: error: [Errno 28] No space left on device: '/dev/full'"
    assert "1 of 1 exact ports match" in done.stdout
    assert (tmp_path / "report.html").is_file()
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["dropout_float64.png"]


def test_a_link_into_a_directory_that_is_not_there_is_found_at_once(check, tmp_path):
    (tmp_path / "report.html").symlink_to("none/report.html")
    done = check("--recipe=dropout_float64", "--html=report.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "none' is no directory that can be written to." in done.stderr


def test_the_longest_names_and_losses_are_no_obstacle(check, tmp_path):
    with np.load(QUICK, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "digest"}
    (tmp_path / "traces").mkdir()
    spec = json.dumps({**json.loads(arrays["spec"].item()), "name": 300 * "a"})
    losses = np.full_like(arrays["losses"], np.finfo(np.float64).max)
    losses[1::2] *= -1
    np.savez(tmp_path / "traces" / "x.npz", **{**arrays, "spec": spec, "losses": losses})
    for bad, text in (("nan", '{"x": NaN}'), ("far", '{"x": 1e999}')):
        np.savez(tmp_path / "traces" / f"{bad}.npz", **{**arrays, "provenance": text})
    html = f"{245 * 'r'}.html"
    files = ("--json_out=out.json", f"--html={html}", "--plot_dir=plots")
    done = check("--trace_dir=traces", "--ports=exact", *files)
    assert (done.returncode, done.stderr.count("\n")) == (2, 2)
    reason = "provenance: must be JSON. Received: {} is no finite number."
    assert f"nan.npz: {reason.format('NaN')}" in done.stderr
    assert f"far.npz: {reason.format('1e999')}" in done.stderr
    document = json.loads((tmp_path / "out.json").read_text())
    assert len(document["results"]) == 3
    assert document["exit_status"] == done.returncode
    assert "Exit status <b>2</b>" in (tmp_path / html).read_text()
    assert (tmp_path / html).read_text().count("<figure>") == 2
    assert len(list((tmp_path / "plots").iterdir())) == 1


def test_a_printed_command_gives_the_same_rows_from_another_directory(check, tmp_path):
    folder = tmp_path / "t\u3000$x"
    folder.mkdir()
    (folder / "c,d.npz").write_bytes(b"torn")
    for name in ("a,'b", "other"):
        shutil.copy(QUICK, folder / f"{name}.npz")
    assert check(f"--trace_dir={folder.name}", "--ports=exact", "--json_out=1.json").returncode == 2
    document = json.loads((tmp_path / "1.json").read_text())
    by_source = {Path(trace["source"]).stem: trace["command"] for trace in document["traces"]}
    (torn,) = [row["command"] for row in document["results"] if "error" in row]
    for stem, command in {**by_source, "c,d": torn}.items():
        printed = command.replace("python scripts/check_migration.py", "printf '%s\\0'")
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        read = subprocess.run(["bash", "-c", printed], check=True, env=env, capture_output=True)
        words = os.fsdecode(read.stdout).split("\0")[:-1]
        done = check(*words, f"--json_out={tmp_path}/2.json", cwd="/")
        assert done.returncode == (2 if stem == "c,d" else 0), done.stderr
        again = json.loads((tmp_path / "2.json").read_text())
        (row,) = again["results"]
        named = again["traces"][0]["source"] if again["traces"] else row["name"]
        assert named == str(folder / f"{stem}.npz")
        (before,) = [r for r in document["results"] if f"{stem}.npz" in r["name"]]
        for key in ("port", "passed", "worst_ratio", "curve", "losses"):
            assert row[key] == before[key]


def test_live_in_this_tensorflow_nothing_is_called_tf_1_15(check, tmp_path, opened):
    live = ("--reference=compat", "--recipe=gradient_descent", "--hidden=7", "--steps=5")
    done = check(*live, "--html=report.html", "--json_out=out.json")
    assert (done.returncode, done.stderr) == (0, "")
    version = json.loads((tmp_path / "out.json").read_text())["versions"]["tensorflow"]
    with opened(tmp_path / "report.html") as page:
        name = f"TF1's graph in TensorFlow {version}"
        assert page.title() == f"Passed: every exact port does what {name} did"
        assert "TF 1.15" not in page.locator("main").inner_text()


def test_a_file_that_harms_is_one_line_and_the_others_are_judged(check, tmp_path):
    """A spec 600 levels deep, an array's name with control characters, a file's, too."""
    folder = tmp_path / "traces"
    folder.mkdir()
    shutil.copy(QUICK, folder / "whole.npz")
    with np.load(QUICK, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != "digest"}
    spec = json.loads(arrays["spec"].item())
    deep = json.dumps({**spec, "schedule": 0}).replace("0}", f"{600 * '['}{600 * ']'}}}")
    np.savez(folder / "deep.npz", **{**arrays, "spec": deep})
    np.savez(folder / "named\x1b[31m.npz", **{**arrays, f"\x1b[31m{9999 * 'a'}": np.zeros(1)})
    np.savez(folder / "pickled.npz", **{**arrays, "logits": np.array([{}])})
    loose = {name: 0.00099 for name in arrays if name.startswith("sensitivity/")}
    np.savez(folder / "loose.npz", **{**arrays, **loose})
    done = check("--trace_dir=traces", "--ports=exact")
    assert done.returncode == 2
    assert "\x1b" not in done.stdout + done.stderr
    assert "1 of 1 exact ports match" in done.stdout
    deep, loose, named, pickled = done.stderr.splitlines()
    assert "deep.npz: spec: must be JSON." in deep
    assert "loose.npz: a sensitivity must be at most 4 times the drift of TF1's own" in loose
    assert r"named\x1b[31m.npz: \x1b[31maaaa" in named
    assert "pickled.npz: logits: " in pickled
    assert max(map(len, done.stderr.splitlines())) < 1000
