"""Tests that every script refuses a bad flag in one line, and before it imports TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import limits

SCRIPTS = Path(__file__).parents[2] / "scripts"

# script -> [(flags, part of the error text)]
REFUSALS = {
    "augment": [
        (["--images=0"], "`images` must be a whole number of at least 1."),
        (["--images=6001"], "`images` must be a finite number in [1, 6000]."),
        (["--steps=250"], "`steps` must be a whole number of at least 400."),
        (["--steps=500"], "`steps` must be a multiple of 200."),
        (["--zoom=0"], "Every amount must be above 0"),
        (["--shift=2"], "`shift` must be a finite number in [0, 1]."),
        (["--rotation=x"], "flag --rotation=x"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "benchmark": [
        (["--contestants=nobody"], "`contestants` must be one of"),
        (["--nets=a"], "--nets takes whole numbers"),
        (["--batch_sizes=0"], "`batch_sizes` must be a whole number of at least 1."),
        (["--repeats=4"], "flag --repeats=4"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--json_out=/dev/null/x"], "--json_out: '/dev/null' is no directory"),
        (["--plot_out="], "--plot_out must name a file."),
    ],
    "check_migration": [
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--reference=compat", "--hidden=0"], "`hidden` must be a whole number of at least 1."),
        (["--hidden=5"], "A recorded trace cannot be changed. Received: --hidden."),
        (["--ports=third"], "`ports` must be one of exact, textbook."),
        (["--ports=exact,exact"], "--ports must name each port once."),
        (["--trace_dir=none"], "`trace_dir` must be a directory of traces."),
        (["--html=/dev/null/x"], "--html: '/dev/null' is no directory"),
        (["--plot_dir=/dev/null/x"], "--plot_dir needs the folder '/dev/null/x'"),
        (["--tf1_python=python"], "--tf1_python goes with --reference=tf1."),
    ],
    "compare_optimizers": [
        (["--rates=0.1,x"], "--rates takes numbers separated by commas. Received: '0.1,x'."),
        (["--rates="], "`rates` must be one or more different learning rates."),
        (["--rates=nan"], "`rates` must be a finite number in (0, inf)."),
        (["--target_loss=3"], "`target_loss` must be a finite number in (0, 2.0]."),
        (["--max_steps=0"], "flag --max_steps=0"),
        (["--tuning_seeds=0"], "flag --tuning_seeds=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "create_tf1_environment": [
        (["--directory=d", "--python37=/dev/null"], "TensorFlow 1.15 needs Python 3.7."),
        (["--directory=/dev/null/x"], "/dev/null/x: cannot be made"),
    ],
    "depth_vs_width": [
        (["--depths=1"], "`depths` must be at least two different numbers"),
        (["--depths=1,x"], "--depths takes whole numbers separated by commas."),
        (["--budget=100"], "`budget` must allow one unit in each layer"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "diagnose": [
        (["--depths=0"], "`depths` must be a whole number of at least 1."),
        (["--depths="], "`depths` must name at least one number of hidden layers."),
        (["--shock_rate=-1"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--shock_rate=nan"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "features": [
        (["--hidden=100"], "`hidden` must be two hidden layers or more"),
        (["--hidden=100,x"], "--hidden takes whole numbers separated by commas."),
        (["--hidden=100,0"], "hidden=0"),
        (["--C=0"], "`C` must be a finite number in (0, inf)."),
        (["--C=much"], "flag --C=much"),
        (["--epochs=0"], "flag --epochs=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "keep_chapter": [
        (["--chapters="], "`chapters` must be one of augment, compare_optimizers, "),
        (["--chapters=book"], "`chapters` must be one of augment, compare_optimizers, "),
        (["--chapters=augment", "--docs=/dev/null/x"], "/dev/null"),
    ],
    "learning_rate": [
        (["--epochs=0"], "flag --epochs=0"),
        (["--target_accuracy=1"], "`target_accuracy` must be a finite number in (0, 1)."),
        (["--target_accuracy=most"], "flag --target_accuracy=most"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "make_mnist_sample": [
        (["--output="], "--output must name a file."),
        (["--output=/dev/null/x"], "--output: '/dev/null' is no directory"),
    ],
    "measure_scaling": [
        (
            ["--workers=3"],
            "Received: --batches=64, --workers=3. Pass a multiple, such as --batches=63.",
        ),
        (["--workers=two"], "--workers takes whole numbers"),
        (["--workers=0"], "`workers` must be a whole number of at least 1."),
        (["--workers="], "--workers is empty."),
        (["--nets=300-x"], "--nets takes whole numbers"),
        (["--nets=0"], "`nets` must be a whole number of at least 1."),
        (["--repeats=0"], "flag --repeats=0"),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
        (["--plot_out=/dev"], "--plot_out must name a file."),
    ],
    "monte_carlo_dropout": [
        (["--keep_prob=1"], "`keep_prob` must be a finite number in (0, 1)."),
        (["--samples=1"], "`samples` must be a whole number of at least 2."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "record_reference": [
        ([], "Name a directory for the traces: --output_dir=DIR."),
        (["--output_dir=t", "--recipe=nothing"], "`recipe` must be one of"),
        (["--output_dir=t", "--hidden=0"], "`hidden` must be a whole number of at least 1."),
        (["--output_dir=t", "--recorded_steps=x"], "--recorded_steps takes whole numbers"),
        (["--output_dir=t", "--pool=0"], "flag --pool=0"),
        (["--output_dir=t", "--tf1_python=/bin/true"], "must have TensorFlow 1.15."),
    ],
    "record_signatures": [
        ([], "Name a file for the signatures: --json_out=FILE."),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
        (["--json_out=x.json", "--tf1_python=/dev/null"], "does not run TensorFlow"),
    ],
    "soak": [
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--kills=0"], "flag --kills=0"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "train_all": [
        (["--recipes=momentum,nothing"], "`recipe` must be one of"),
        (["--recipes="], "--recipes is empty."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--port=other"], "flag --port=other"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
    ],
    "train": [
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--batch_size=0"], "`batch_size` must be a whole number of at least 1."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--steps=3"], "Training is counted in epochs"),
        (["--replicas=2"], "`replicas` needs a strategy. Received: --replicas=2."),
        (["--strategy=multiworker", "--replicas=2"], "`replicas` divides the processor"),
        (["--strategy=mirrored", "--replicas=3"], "Received: --batch_size=50, --replicas=3."),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "transfer": [
        (["--kinds=wide"], "`kinds` must be one of conv, dense."),
        (["--kinds="], "`kinds` must be at least one kind, each once."),
        (["--reused=4"], "flag --reused=4"),
        (["--per_class=5000"], "`sizes` must be from 1 to"),
        (["--sizes=a"], "--sizes takes whole numbers separated by commas."),
        (["--sizes=0"], "`sizes` must be from 1 to"),
        (["--steps=30"], "`steps` must be a multiple of 20."),
        (["--learning_rate=-1"], "`learning_rate` must be a finite number in (0, inf)."),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "update_docs": [
        (["--folder=/dev/null"], "The documentation is made from the check's results."),
    ],
    "watch_gradients": [
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--interval=0"], "flag --interval=0"),
        (["--rounds=1"], "One round has no spread."),
        (["--steps=3"], "Training is counted in epochs"),
        (["--keep_prob=0"], "`keep_prob` must be a finite number in (0, 1]."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
}


@pytest.fixture(scope="module")
def without_tensorflow(tmp_path_factory):
    """Returns environment variables under which an import of TensorFlow or Keras fails."""
    folder = tmp_path_factory.mktemp("stubs")
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name} was imported')\n")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [(script, *row) for script, rows in REFUSALS.items() for row in rows],
)
def test_a_bad_flag_is_refused_in_one_line(script, arguments, says, without_tensorflow, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPTS / f"{script}.py", *arguments],
        cwd=tmp_path,
        env=without_tensorflow,
        check=False,
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith(f"{script}.py: error: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not written


def test_every_script_is_tested():
    names = {path.stem for path in SCRIPTS.glob("*.py")}
    assert names == REFUSALS.keys()


def test_the_check_does_import_tensorflow_later(without_tensorflow, tmp_path):
    """With good flags the script imports the stub, and fails with a traceback: the stubs work."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / "augment.py"],
        cwd=tmp_path,
        env=without_tensorflow,
        check=False,
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
    )
    assert done.returncode == 1
    assert "RuntimeError: tensorflow was imported" in done.stderr
