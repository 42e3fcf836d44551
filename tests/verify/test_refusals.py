"""What cannot be judged is refused in one line with rule, received and remedy; never a pass."""

import io
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

PORT = """
import keras
import tf_recipes


def build(optimizer=None):
    model = keras.Sequential([
        keras.Input((15,), name="X"),
        keras.layers.Dense(24, name="hidden1"),
        keras.layers.LeakyReLU(negative_slope=0.01),
        keras.layers.Dense(12, name="hidden2"),
        keras.layers.LeakyReLU(negative_slope=0.01),
        keras.layers.Dense(6, name="outputs"),
    ])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(tf_recipes.Momentum(0.02, 0.9, clipvalue=1.0), loss)
    return model
"""
NAME = "clip_value"


@pytest.fixture
def copied(verifying, tmp_path):
    """The prefix of a copy of the checkpoint."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for path in verifying.checkpoint(NAME).parent.glob("model.ckpt*"):
        shutil.copy(path, folder)
    return folder / "model.ckpt"


@pytest.fixture
def port(tmp_path):
    """`port(code)`: `FILE.py:build` of a file with the code."""

    def write(code=PORT, function="build", name="port.py"):
        (tmp_path / name).write_text(code)
        return f"{tmp_path / name}:{function}"

    return write


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "model.ckpt.meta").unlink(), "must have its graph beside it, PREFIX.meta."),
        (lambda f: (f / "model.ckpt.meta").write_bytes(b""), "A TF1 graph must have nodes."),
        (
            lambda f: (f / "model.ckpt.meta").write_bytes(bytes(range(1, 256)) * 9),
            "A TF1 graph must be readable.",
        ),
        (
            lambda f: (f / "model.ckpt.data-00000-of-00001").unlink(),
            "Every shard of a checkpoint must be there.",
        ),
    ],
)
def test_a_damaged_checkpoint(damage, says, verifying, copied, fails):
    damage(copied.parent)
    with fails(says):
        verifying(NAME, checkpoint=copied)


def test_a_folder_stands_for_its_only_checkpoint(verifying, copied, tmp_path, fails):
    assert verifying(NAME, checkpoint=copied.parent).passed
    assert verifying(NAME, checkpoint=f"{copied}.index").passed
    with fails("A folder must hold a checkpoint.", "with 0 .meta files"):
        (tmp_path / "empty").mkdir()
        verifying(NAME, checkpoint=tmp_path / "empty")
    with fails("must have its graph beside it"):
        verifying(NAME, checkpoint=tmp_path / "nothing")


def test_weights_that_are_nan(verifying, copied, fails):
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(copied))
    names = sorted(reader.get_variable_to_shape_map())
    values = [reader.get_tensor(name) for name in names]
    values[names.index("dnn/hidden2/weights")][0, 0] = np.nan
    tf.raw_ops.SaveV2(
        prefix=str(copied), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )
    with fails("TF1's own numbers must be finite.", "NaN or infinity in 'dnn/hidden2/weights'"):
        verifying(NAME, checkpoint=copied)


def without(feeds, name):
    return {key: value for key, value in feeds.items() if key != name}


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda f: without(f, "y"), ("must get a value.", "none for 'y'", "feed={'y': VALUE}")),
        (lambda f: {**f, "z": f["y"]}, ("must be a placeholder", "'z'", "'X', 'y'")),
        (lambda f: {**f, "X": f["X"][:, :7]}, ("shape and the dtype", "(48, 7)", "(None, 15)")),
        (lambda f: {**f, "X": f["X"][:, None]}, ("shape and the dtype", "(48, 1, 15)")),
        (lambda f: {**f, "X": f["X"][:9]}, ("same number of rows.", "X:0 9, y:0 48")),
        (lambda f: {**f, "y": f["y"] + 0.5}, ("shape and the dtype", "y:0: float64", "int64")),
        (lambda f: {**f, "X": f["X"] * np.nan}, ("must be finite", "NaN or infinity in 'X:0'")),
        (lambda f: {**f, "X": f["X"].astype("f8") * 1e300}, ("shape and the dtype", "float64")),
        (lambda f: {**f, "X": f["X"].astype(object)}, ("must be numbers.", "array of object")),
        (lambda f: {**f, "X": f["X"].astype("U")}, ("must be numbers.", "array of <U")),
        (lambda f: {k: v[:0] for k, v in f.items()}, ("must hold a batch.", "0 rows")),
        (lambda f: {}, ("",)),
    ],
)
def test_feeds_that_do_not_fit(change, parts, verifying, fails):
    with fails(*parts):
        verifying(NAME, feeds=change(verifying.feeds(NAME)))


def test_integers_that_their_placeholder_cannot_hold(verifying, fails):
    feeds = verifying.feeds("decoupled_decay")
    with fails("shape and the dtype of its placeholder.", "y:0: int64", "int32"):
        verifying("decoupled_decay", feeds={**feeds, "y": feeds["y"].astype("i8") + 2**32})


def test_what_an_iterator_gives_must_be_fed(verifying, fails):
    feeds = verifying.feeds("tf_data_net")
    with fails("must get a value.", "none for 'IteratorGetNext:1'"):
        verifying("tf_data_net", feeds=without(feeds, "IteratorGetNext:1"))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"feed": {}}, ("must get a value.", "none for 'keep_prob'")),
        ({"eval_feed": {}}, ("value in evaluation.", "'keep_prob'", "eval_feed={'keep_prob'")),
        ({"feed": {"keep_prob": "half"}}, ("must be a number or true or false", "half")),
        ({"feed": {"keep_prob": 0.5, "rate": 1}}, ("must be a placeholder", "'rate'")),
        ({"loss": "nothing:0"}, ("`loss` must name", "loss='nothing:0'")),
        ({"train_op": "nothing"}, ("`train_op` must name", "train_op='nothing'")),
        ({"labels": ["nothing"]}, ("`labels` must name fed arrays.", "labels='nothing'", "'y_'")),
        ({"inputs": ["nothing"]}, ("`inputs` must name fed arrays.", "inputs='nothing'")),
        ({"outputs": ["nothing"]}, ("A node must be in the graph.", "'nothing'")),
        ({"sample_weight": "nothing"}, ("`sample_weight` must name fed arrays.",)),
        ({"variable_map": {"W9": "wide/kernel"}}, ("A map must join", "'W9'", "'W1'")),
        ({"variable_map": {"W1": "wide/nothing"}}, ("A map must join", "'wide/nothing'")),
        ({"variable_map": {"W1": "narrow/kernel"}}, ("must have one shape.", "W1 (16, 32)")),
        ({"steps": 0}, ("`steps`",)),
        ({"starts": 7}, ("`starts`",)),
        ({"batch_size": True}, ("`batch_size`",)),
        ({"seed": -1}, ("`seed`",)),
    ],
)
def test_settings_that_do_not_fit(changes, parts, verifying, fails):
    with fails(*parts):
        verifying("handwritten_mlp", **changes)


def test_an_unknown_setting_is_a_type_error(verifying):
    with pytest.raises(TypeError, match="stepz"):
        verifying(NAME, stepz=3)


def bomb(path):
    """Writes 20 kB that unpack to 40 MB and more."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": (2**28, 15)}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("X.npy", "w") as x:
        x.write(head.getvalue())
        for _ in range(20):
            x.write(bytes(2**20))


@pytest.mark.parametrize(
    ("write", "parts"),
    [
        (lambda p: None, ("no such file",)),
        (lambda p: p.write_bytes(b""), ("must be an .npz file",)),
        (lambda p: p.write_bytes(b"PK\x05\x06" + bytes(18)), ("must hold an array.",)),
        (lambda p: p.write_bytes(np.random.bytes(999)), ("must be an .npz file",)),
        (lambda p: p.write_bytes(pickle.dumps({"X": 1})), ("must be an .npz file",)),
        (lambda p: np.savez(p, X=np.array([{}], object)), ("must be an .npz file", "'X'")),
        (lambda p: np.savez(p, X=np.array(["text"])), ("must be an .npz file", "'X'")),
        (bomb, ("must be an .npz file",)),
        (lambda p: p.mkdir(), ("not a regular file",)),
    ],
)
def test_files_of_feeds_that_are_no_arrays(write, parts, verifying, tmp_path, fails):
    path = tmp_path / "batches.npz"
    write(path)
    with fails(*parts, "batches.npz"):
        verifying(NAME, feeds=str(path))


COMPILED = "must return a compiled Keras model."


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("def build(): return None", (COMPILED, "returned NoneType", "`return model`")),
        ("def build():\n    x = 1\n    return x / 0", (COMPILED, "line 3: ZeroDivisionError")),
        ("import nothing_of_this_name", ("file must run.", "ModuleNotFoundError")),
        ("def build(:", ("file must run.", "SyntaxError")),
        ("def make(): pass", ("must name a function", "'build'", "The file has make.")),
        ("build = 3", ("must name a function", "The file has none.")),
        ("import sys; sys.exit(0)", ("file must run.", "SystemExit")),
        ("import sys\ndef build(): sys.exit(0)", (COMPILED, "SystemExit")),
        (
            "import keras\ndef build(): return keras.Sequential([keras.Input((15,)), "
            "keras.layers.Dense(6)])",
            ("must be compiled with an optimizer", "call model.compile".capitalize()),
        ),
        (PORT.replace("(15,)", "(16,)"), ("must take the rows of its placeholder.", "(None, 16)")),
        (
            PORT + "\n\nold = build\n\ndef build():\n    model = old()\n"
            "    model.loss = lambda y, p: None\n    model.compile(model.optimizer, "
            "'no_such_loss')\n    return model",
            ("no_such_loss",),
        ),
        (
            PORT + "\n\nold = build\n\ndef build():\n    model = old()\n"
            "    def step(data): raise RuntimeError('not today')\n"
            "    model.train_step = step\n    return model",
            ("The model must train on the batches.", "RuntimeError: not today"),
        ),
        (
            "import keras\nclass Net(keras.Model):\n    def call(self, x):\n"
            "        raise OSError('no net')\n"
            "def build():\n    net = Net()\n    net.compile('sgd', 'mse')\n    return net",
            ("The model must predict the rows.", "OSError: no net"),
        ),
    ],
)
def test_a_port_that_gives_no_model(code, parts, verifying, port, fails):
    with fails(*parts):
        verifying(NAME, port(code))


def test_names_of_models(verifying, tmp_path, fails):
    for wrong in ("port.py", "port.txt:build", "port.py:1st", "", ":build"):
        with fails("`model` must be FILE.py:FUNCTION or a .keras file.", "model="):
            verifying(NAME, wrong)
    with fails("`model` must name a file.", "no file 'nothing.py'"):
        verifying(NAME, "nothing.py:build")


def test_ctrl_c_passes(verifying, port):
    for code in ("raise KeyboardInterrupt", "def build(): raise KeyboardInterrupt"):
        with pytest.raises(KeyboardInterrupt):
            verifying(NAME, port(code))


def test_a_port_may_import_its_neighbours(verifying, port, tmp_path):
    import sys

    before = list(sys.path)
    (tmp_path / "neighbour_of_the_port.py").write_text(PORT)
    assert verifying(NAME, port("from neighbour_of_the_port import build")).passed
    assert sys.path == before


def test_a_saved_model_with_python_code_is_loaded_only_when_trusted(verifying, tmp_path, fails):
    import keras

    x = keras.Input((15,), name="X")
    leaky = keras.layers.Lambda(lambda z: 0.505 * z + 0.495 * abs(z))
    z = keras.layers.Dense(12, name="hidden2")(leaky(keras.layers.Dense(24, name="hidden1")(x)))
    model = keras.Model(x, keras.layers.Dense(6, name="outputs")(leaky(z)))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    path = str(tmp_path / "port.keras")
    model.save(path)
    with fails("A .keras file must hold no Python code", "a Lambda layer", "unsafe=True"):
        verifying(NAME, path)
    report = verifying(NAME, path, unsafe=True, explain=False)
    assert report.document["forward"]["passed"]


def test_a_saved_model_that_is_missing_or_not_compiled(verifying, tmp_path):
    import keras

    with pytest.raises((OSError, ValueError), match=r"nothing\.keras"):
        verifying(NAME, str(tmp_path / "nothing.keras"))
    (tmp_path / "damaged.keras").write_bytes(b"PK")
    with pytest.raises((OSError, ValueError), match=r"is damaged or is not a \.keras file"):
        verifying(NAME, str(tmp_path / "damaged.keras"))
    keras.Sequential([keras.Input((15,)), keras.layers.Dense(6)]).save(tmp_path / "bare.keras")
    with pytest.raises(ValueError, match="must be compiled with an optimizer"):
        verifying(NAME, str(tmp_path / "bare.keras"))


def test_a_model_with_a_variable_too_many_or_too_few_is_a_difference(verifying, port):
    code = PORT.replace(
        '        keras.layers.Dense(12, name="hidden2"),\n        keras.layers.LeakyReLU('
        "negative_slope=0.01),\n",
        "",
    )
    report = verifying(NAME, port(code), explain=False)
    assert not report.passed and report.exit_status == 1
    left = {each["name"] for each in report.document["unmatched"]["tf1"]}
    assert "dnn/hidden2/weights" in left


def test_a_recording_takes_no_feeds_and_a_checkpoint_needs_some(verifying, fails):
    from tf_recipes.verify import verify

    with fails("A checkpoint has no batches", "feeds=None"):
        verify(verifying.port(NAME), verifying.checkpoint(NAME))
    recording = Path(__file__).parents[1] / "goldens/verify/recordings/fed_net.npz"
    with fails("A recording has its own batches."):
        verify(verifying.port(NAME), recording, {"X": np.zeros((2, 3))})


COMMAND = """
import json, os, sys
from tf_recipes.cli import main
from tf_recipes.verify import migration  # once, and not for each command; it starts no device

# each line of arguments as a command of its own, in one process
cases, folder = json.loads(sys.argv[1]), sys.argv[2]
results = []
os.chdir(folder)
for words in cases:
    before = sorted(os.listdir("."))
    child, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(child)
        os.dup2(report, 1), os.dup2(report, 2)
        sys.argv = ["tf-recipes", *words]
        try:
            main.main()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(status)
    os.close(report)
    with open(child, "rb") as file:
        text = file.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    results.append([status, text, sorted(set(os.listdir(".")) - set(before))])
print(json.dumps(results))
"""


@pytest.fixture
def commands(run_python, tmp_path):
    """`commands(case, ...)` -> [(status, what it wrote, new files)]; each case is its arguments."""

    def run(*cases):
        got = run_python(COMMAND, json.dumps(cases), tmp_path, TF_ENABLE_ONEDNN_OPTS="0")
        return [tuple(each) for each in json.loads(got.splitlines()[-1])]

    return run


def test_the_command_refuses_in_one_line_and_writes_nothing(commands, verifying, tmp_path):
    prefix = str(verifying.checkpoint(NAME))
    feeds = f"--feeds={verifying.checkpoint(NAME).parent / 'batches.npz'}"
    (tmp_path / "port.py").write_text(PORT)
    (tmp_path / "ends.py").write_text("import sys; sys.exit(0)")
    (tmp_path / "folder").mkdir()
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "text.json").write_text("{")
    whole = ["verify", f"--checkpoint={prefix}", "--model=port.py:build", feeds, "--nocache"]
    refused = {
        "--checkpoint is missing.": ["verify"],
        "--feeds is missing.": whole[:3],
        "--json_out must name a file.": [*whole, "--json_out=folder"],
        "is no directory that can be written to": [*whole, "--json_out=nowhere/out.json"],
        "Each file must have a name of its own.": [*whole, "--json_out=a", "--write_map=./a"],
        "--map must name a JSON file": [*whole, "--map=list.json"],
        "--map=text.json": [*whole, "--map=text.json"],
        "--map=none.json": [*whole, "--map=none.json"],
        "--feed takes NAME=VALUE": [*whole, "--feed=keep_prob"],
        "--feed=keep_prob=half": [*whole, "--feed=keep_prob=half"],
        "A fed name must be a placeholder": [*whole, "--feed=a=1"],
        "--steps": [*whole, "--steps=0"],
        "takes flags only": [*whole, "more"],
        "must name a file that is there": [*whole, "--checkpoint=nothing", "--json_out=o.json"],
        "--model must name a file that is there": [
            *whole,
            "--model=nothing.py:build",
            "--json_out=o.json",
        ],
        "SystemExit": [*whole, "--model=ends.py:build", "--json_out=o.json"],
    }
    for (says, words), (status, text, new) in zip(
        refused.items(), commands(*refused.values()), strict=True
    ):
        lines = [line for line in text.splitlines() if line.strip()]
        assert status == 2, (says, text)
        assert len(lines) == 1 and lines[0].startswith("tf-recipes verify: error: "), (words, text)
        assert says in text and "Traceback" not in text
        assert [name for name in new if name != "__pycache__"] == []


def test_the_command_writes_results_map_and_page(commands, verifying, tmp_path):
    from tf_recipes.verify.reports import document_schema

    prefix = str(verifying.checkpoint(NAME))
    feeds = f"--feeds={verifying.checkpoint(NAME).parent / 'batches.npz'}"
    (tmp_path / "port.py").write_text(PORT)
    (tmp_path / "wrong.py").write_text(PORT.replace(", clipvalue=1.0", ""))
    small = ["--steps=3", "--batch_size=16", "--nocache"]
    whole = ["verify", f"--checkpoint={prefix}", feeds, *small]
    ((status, text, new), (wrong, said, _)) = commands(
        [
            *whole,
            "--model=port.py:build",
            "--json_out=o.json",
            "--write_map=m.json",
            "--html=o.html",
        ],
        [*whole, "--model=wrong.py:build", "--json_out=w.json"],
    )
    assert (status, {"o.json", "m.json", "o.html"} - set(new)) == (0, set()), text
    document = json.loads((tmp_path / "o.json").read_text())
    document_schema.check(document)
    assert document["passed"] and "matches TF1" in text
    found = json.loads((tmp_path / "m.json").read_text())
    assert found["dnn/hidden1/weights"].endswith("hidden1/kernel") and len(found) == 6
    assert wrong == 1 and "clipvalue=1.0" in said
    reasons = json.loads((tmp_path / "w.json").read_text())["reasons"]
    assert reasons[0]["name"] == "clipping" and reasons[0]["file"] == "wrong.py"
