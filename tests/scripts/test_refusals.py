"""Tests that every script refuses a bad flag in one line, and before it imports TensorFlow."""

from pathlib import Path

import pytest

import stubbed_scripts

SCRIPTS = Path(__file__).parents[2] / "scripts"

# script -> [(flags, part of the error text)]
REFUSALS = {
    "augment": [
        (["--images=0"], "`images` must be a whole number of at least 1."),
        (["--images=6001"], "`images` must be a finite number in [1, 6000]."),
        (["--steps=1000000000"], "`steps` must be few enough to end within 4 hours."),
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
        (["--repeats=1000000000"], "`repeats` must be few enough to end within 4 hours."),
        (["--contestants=nobody"], "`contestants` must be one of"),
        (["--nets=a"], "--nets takes whole numbers"),
        (["--batch_sizes=0"], "`batch_sizes` must be a whole number of at least 1."),
        (["--repeats=4"], "flag --repeats=4"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--json_out=/dev/null/x"], "--json_out: '/dev/null' is no directory"),
        (["--plot_out="], "--plot_out is empty."),
        (["--nets=,"], "--nets is empty. Received: --nets=,. Give it a value"),
        (["--nets=2000000000"], "`nets` must fit into the memory of this machine"),
        (["--batch_sizes=9000000000"], "`batch_sizes` must fit into the memory"),
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
        (["--recipe="], "--recipe is empty."),
        (["--json_out="], "--json_out is empty."),
        (
            ["--reference=compat", "--recipe=adam", "--steps=100000000"],
            "`steps` must ",
        ),
        (["--tf1_python=python"], "--tf1_python goes with --reference=tf1."),
    ],
    "compare_optimizers": [
        (["--rates=0.1,x"], "--rates takes numbers separated by commas. Received: '0.1,x'."),
        (["--rates="], "--rates is empty. Received: --rates=. Give it a value"),
        (["--rates=1,1"], "`rates` must be one or more different learning rates."),
        (["--max_steps=1000000000"], "`max_steps` must be few enough to end within 4 hours."),
        (["--rates=nan"], "`rates` must be a finite number in (0, inf)."),
        (["--target_loss=3"], "`target_loss` must be a finite number in (0, 2.0]."),
        (["--max_steps=0"], "flag --max_steps=0"),
        (["--tuning_seeds=0"], "flag --tuning_seeds=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "convert_checkpoint": [
        ([], "--checkpoint is missing."),
        (["--checkpoint=none"], "--output_dir is missing."),
        (["--checkpoint=none", "--output_dir=out"], "Pass the prefix of PREFIX.meta"),
        (["--checkpoint=.", "--output_dir=out", "--feeds=none"], "--feeds must name a file"),
        (["--checkpoint=.", "--output_dir=out", "--map=m"], "--map goes with --model."),
        (["--checkpoint=.", "--output_dir=/dev/null/x"], "--output_dir='/dev/null/x'"),
        (["--steps=-1"], "flag --steps=-1"),
    ],
    "create_tf1_environment": [
        (["--directory=d", "--python37=/dev/null"], "TensorFlow 1.15 needs Python 3.7."),
        (["--directory=/dev/null/x"], "/dev/null/x: cannot be made"),
    ],
    "depth_vs_width": [
        (["--depths=1"], "`depths` must be at least two different numbers"),
        (["--depths=1,x"], "--depths takes whole numbers separated by commas."),
        (["--depths=1,1000000000000"], "`depths` must fit into the memory"),
        (["--budget=1000000000000000"], "`budget` must fit into the memory"),
        (["--budget=100"], "`budget` must allow one unit in each layer"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "diagnose": [
        (["--depths=0"], "`depths` must be a whole number of at least 1."),
        (["--depths="], "--depths is empty."),
        (["--depths=1000000000000"], "`depths` must fit into the memory"),
        (["--shock_rate=-1"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--shock_rate=nan"], "`shock_rate` must be a finite number in (0, inf)."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "features": [
        (["--hidden=100"], "`hidden` must be two hidden layers or more"),
        (["--hidden=100,x"], "--hidden takes whole numbers separated by commas."),
        (["--hidden=100,0"], "hidden=0"),
        (["--hidden=2000000000,2"], "`hidden` must fit into the memory"),
        (["--C=0"], "`C` must be a finite number in (0, inf)."),
        (["--C=much"], "flag --C=much"),
        (["--epochs=0"], "flag --epochs=0"),
        (["--seeds=1"], "flag --seeds=1"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["more"], "takes flags only."),
    ],
    "keep_chapter": [
        (["--chapters="], "--chapters is empty."),
        (["--chapters=augment", "--docs="], "--docs is empty."),
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
        (["--output="], "--output is empty."),
        (["--output=/dev/null/x"], "--output: '/dev/null' is no directory"),
    ],
    "measure_scan": [
        (["--workers=0"], "flag --workers=0"),
        (["--copies=0"], "flag --copies=0"),
        (["--repeats=0"], "flag --repeats=0"),
        (
            ["--repeats=1000", "--copies=1000"],
            "`repeats` must be few enough to end within 4 hours.",
        ),
        (["--json_out="], "--json_out is empty."),
        (["--json_out=/dev/null/x"], "--json_out: '/dev/null' is no directory"),
    ],
    "measure_scaling": [
        (["--repeats=1000000000"], "`repeats` must be few enough to end within 4 hours."),
        (
            ["--workers=3"],
            "Received: --batches=64, --workers=3. Pass a multiple, such as --batches=63.",
        ),
        (["--workers=two"], "--workers takes whole numbers"),
        (["--workers=0"], "`workers` must be a whole number of at least 1."),
        (["--workers="], "--workers is empty."),
        (["--workers=1000000", "--batches=1000000"], "`workers` must fit into the memory"),
        (["--nets=300-x"], "--nets takes whole numbers"),
        (["--nets=0"], "`nets` must be a whole number of at least 1."),
        (["--repeats=0"], "flag --repeats=0"),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
        (["--plot_out=/dev"], "--plot_out must name a file."),
    ],
    "monte_carlo_dropout": [
        (["--keep_prob=1"], "`keep_prob` must be a finite number in (0, 1)."),
        (["--samples=1000000000000"], "`samples` must fit into the memory"),
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
        (["--output_dir="], "--output_dir is empty."),
        (["--output_dir=/dev/null/x"], "--output_dir needs the folder '/dev/null/x'"),
        (["--distributions_out=/dev/null/x"], "--distributions_out: '/dev/null' is no directory"),
        (["--output_dir=t", "--steps=100000000"], "`steps` must "),
        (["--output_dir=t", "--tf1_python=/bin/true"], "must have TensorFlow 1.15."),
    ],
    "record_signatures": [
        ([], "Name a file for the signatures: --json_out=FILE."),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
        (["--json_out=x.json", "--tf1_python=/dev/null"], "does not run TensorFlow"),
    ],
    "record_symbols": [
        ([], "Name a folder for the tables: --output_dir=FOLDER."),
        (["--output_dir="], "--output_dir is empty."),
        (["--output_dir=/dev/null/x"], "--output_dir needs the folder '/dev/null/x'"),
    ],
    "scan": [
        ([], "Name the files and folders to scan. Received: none."),
        (["--format=pdf", "."], "flag --format=pdf"),
        (["--select=X1", "."], "`select` takes codes of rules"),
        (["--workers=0", "."], "flag --workers=0"),
        (["--output=/dev/null/x", "."], "--output: '/dev/null' is no directory"),
        (["--baseline=none", "."], "A baseline is a file that a scan wrote."),
        (["--write_baseline=", "."], "--write_baseline is empty."),
    ],
    "measure_sparse_updates": [
        (["--rows=0"], "flag --rows=0"),
        (["--rows=100000000", "--columns=100000"], "`rows` must fit into the memory"),
        (
            ["--steps=10000", "--repeats=1000"],
            "`repeats` must be few enough to end within 4 hours.",
        ),
        (["--json_out="], "--json_out is empty."),
        (["--json_out=/dev/null/x"], "--json_out: '/dev/null' is no directory"),
    ],
    "soak": [
        (["--epochs=1000000000"], "`epochs` must be few enough to end within 744 hours."),
        (["--kills=1000000000"], "`kills` must be few enough to end within 744 hours."),
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--recipe="], "--recipe is empty."),
        (["--kills=0"], "flag --kills=0"),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "train_all": [
        (["--epochs=1000000000"], "`epochs` must be few enough to end within 744 hours."),
        (["--recipes=momentum,nothing"], "`recipe` must be one of"),
        (["--recipes="], "--recipes is empty."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--port=other"], "flag --port=other"),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
        (["--json_out=/dev/null/x"], "--json_out needs the folder '/dev/null'"),
    ],
    "train": [
        (["--epochs=1000000000"], "`epochs` must be few enough to end within 744 hours."),
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--batch_size=0"], "`batch_size` must be a whole number of at least 1."),
        (["--epochs=0"], "flag --epochs=0"),
        (["--steps=3"], "Training is counted in epochs"),
        (["--recipe="], "--recipe is empty."),
        (["--output_dir="], "--output_dir is empty. Received: --output_dir=. Give it"),
        (["--hidden="], "--hidden is empty."),
        (["--hidden=2000000000"], "`hidden` must fit into the memory"),
        (
            ["--batch_size=1000000000"],
            "Received: --batch_size=1000000000, which needs at least 4.7 TB",
        ),
        (["--strategy=mirrored", "--replicas=1000000"], "`replicas` must fit into the memory"),
        (["--job_key=x"], "`job_key` is for the workers of several machines."),
        (["--replicas=2"], "`replicas` needs a strategy. Received: --replicas=2."),
        (["--strategy=multiworker", "--replicas=2"], "`replicas` divides the processor"),
        (["--strategy=mirrored", "--replicas=3"], "Received: --batch_size=50, --replicas=3."),
        (["--data=sample", "--data_dir=x"], "The sample ships with the package."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
    "transfer": [
        (["--kinds=wide"], "`kinds` must be one of conv, dense."),
        (["--kinds="], "--kinds is empty."),
        (["--kinds=conv,conv"], "`kinds` must be at least one kind, each once."),
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
        (["--folder="], "--folder is empty."),
        (["--folder=/dev/null"], "The documentation is made from the check's results."),
    ],
    "verify_migration": [
        ([], "--checkpoint is missing."),
        (["--checkpoint=none", "--model=port.py:build", "--feeds=none.npz"], "--model must name"),
        (
            ["--checkpoint=none", f"--model={__file__}:build", "--feeds=none.npz"],
            "--feeds must name",
        ),
        (["--checkpoint=none", f"--model={__file__}:build", f"--feeds={__file__}"], "PREFIX.meta"),
        (["--steps=0"], "flag --steps=0"),
        (["--starts=1000000000"], "flag --starts=1000000000"),
        (["--json_out="], "--json_out is empty."),
    ],
    "watch_gradients": [
        (["--rounds=1000000000"], "`rounds` must be few enough to end within 4 hours."),
        (["--recipe=nothing"], "`recipe` must be one of"),
        (["--interval=0"], "flag --interval=0"),
        (["--rounds=1"], "One round has no spread."),
        (["--steps=3"], "Training is counted in epochs"),
        (["--keep_prob=0"], "`keep_prob` must be a finite number in (0, 1]."),
        (["--output_dir=/dev/null/x"], "The output directory must be writable."),
    ],
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Returns the `Scripts` in which an import of TensorFlow or Keras fails."""
    running = stubbed_scripts.Scripts(tmp_path_factory.mktemp("stubs"))
    yield running
    running.close()


@pytest.mark.parametrize(
    ("script", "arguments", "says"),
    [(script, *row) for script, rows in REFUSALS.items() for row in rows],
)
def test_a_bad_flag_is_refused_in_one_line(script, arguments, says, scripts, tmp_path):
    status, printed, errors = scripts.run([SCRIPTS / f"{script}.py", *arguments], tmp_path)
    assert (status, printed) == (2, ""), errors
    assert errors.startswith(f"{script}.py: error: ")
    assert errors.count("\n") == 1
    assert says in errors
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not written


@pytest.mark.parametrize("script", REFUSALS)
def test_help_is_no_failure_and_begins_with_an_example(script, scripts, tmp_path):
    status, printed, errors = scripts.run([SCRIPTS / f"{script}.py", "--help"], tmp_path)
    assert (status, errors) == (0, "")
    summary, empty, example = printed.splitlines()[:3]
    assert summary.endswith(".") and not empty
    assert example.startswith(f"    python scripts/{script}.py")
    assert f"\n{SCRIPTS / script}.py:\n  --" in printed  # the script's own flags
    for other in ("-h", "--helpfull"):
        status, printed, errors = scripts.run([SCRIPTS / f"{script}.py", other], tmp_path)
        assert (status, errors) == (0, "") and summary in printed


def test_every_script_is_tested():
    names = {path.stem for path in SCRIPTS.glob("*.py")}
    assert names == REFUSALS.keys()


def test_what_is_in_the_place_of_a_file_is_found_before_the_work(scripts, tmp_path):
    places = {
        "augment": ("augment.json", "--output_dir=."),
        "keep_chapter": ("measured/chapters/features.json", "--docs=.", "--chapters=features"),
        "record_reference": ("adam.npz", "--output_dir=.", "--recipe=adam"),
        "train": ("model.keras", "--output_dir=."),
        "watch_gradients": ("watch_gradients.png", "--output_dir=."),
    }
    for script, (name, *arguments) in places.items():
        (tmp_path / name).mkdir(parents=True)
        status, _, errors = scripts.run([SCRIPTS / f"{script}.py", *arguments], tmp_path)
        assert status == 2 and f"{name}', which is a directory. Move" in errors, errors


def test_a_model_that_training_did_not_write_is_refused_at_once(scripts, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK")
    status, _, errors = scripts.run([SCRIPTS / "train.py", "--output_dir=."], tmp_path)
    assert status == 2 and "--output_dir='.' with model.keras, not as results.sha256" in errors


def test_the_check_does_import_tensorflow_later(scripts, tmp_path):
    """With good flags the script imports the stub, and fails with a traceback: the stubs work."""
    status, _, errors = scripts.run([SCRIPTS / "augment.py"], tmp_path)
    assert status == 1
    assert "RuntimeError: tensorflow was imported" in errors
