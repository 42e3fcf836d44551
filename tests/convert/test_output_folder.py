"""The folder of a conversion: its code and its model are the same, here and on other backends."""

import importlib.util
import json
import os
import runpy
import sys
import zipfile

import keras
import numpy as np
import pytest

import limits
import new_python
import tf_recipes
import xla_flags
from tf_recipes.convert import conversion, output_folder

FOLDER = """
import json, os, runpy, sys
import keras
import numpy as np
found = {}
for folder in sys.argv[1:]:
    os.chdir(folder)
    model = runpy.run_path("model.py", run_name="__main__")["model"]
    rows = list(np.load("rows.npz").values())
    found[folder] = keras.ops.convert_to_numpy(model(rows if len(rows) > 1 else rows[0])).tolist()
print(json.dumps(found))
"""
WITHOUT_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = None  # importing it fails
""" + FOLDER.replace("print(json", "print(keras.backend.backend()); print(json")


@pytest.fixture
def converted(nets, tmp_path, rows):
    """The folder of a converted net that trains, and its results."""
    done = conversion.convert(nets["trained"], tmp_path / "out", steps=2)
    np.savez(tmp_path / "out" / "rows.npz", x=rows)
    return tmp_path / "out", done


def test_the_folder_holds_the_files_and_the_model_its_training(converted):
    folder, done = converted
    assert done.passed
    names = {path.name for path in folder.iterdir()} - {"rows.npz"}
    assert names == set(output_folder.FILES)
    assert (folder / "model.py").read_text() == done.source
    document = json.loads((folder / "conversion.json").read_text())
    assert document == done.document
    assert (folder / "conversion.html").read_text() == done.page()
    with zipfile.ZipFile(folder / "model.keras") as archive:
        names = archive.namelist()
    assert sorted(names) == ["config.json", "metadata.json", "model.weights.h5"]
    loaded = keras.saving.load_model(folder / "model.keras")
    assert isinstance(loaded.optimizer, tf_recipes.Momentum)
    for one, other in zip(loaded.variables, done.model.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_layer_is_at_its_line(converted):
    folder, done = converted
    lines = (folder / "model.py").read_text().splitlines()
    for layer in done.document["layers"]:
        assert f'name="{layer["name"]}"' in lines[layer["line"] - 1]
        assert layer["code"] in " ".join(lines)


def test_the_code_loads_the_state_of_the_optimizer_too(converted, monkeypatch):
    """Without it the momentum and the step, and so the rate, would begin anew."""
    folder = converted[0]
    monkeypatch.chdir(folder)
    loaded = keras.saving.load_model("model.keras")
    for variable in loaded.optimizer.variables:
        variable.assign(keras.ops.full_like(variable, 7))
    loaded.save("model.keras")
    model = runpy.run_path("model.py", run_name="__main__")["model"]
    assert len(model.optimizer.variables) == len(loaded.optimizer.variables) > 2
    for variable in model.optimizer.variables:
        np.testing.assert_array_equal(variable, keras.ops.full_like(variable, 7))


def test_the_code_runs_in_any_folder_and_gives_the_same_bits(converted, run_python, rows):
    folder = converted[0]
    printed = run_python(FOLDER, folder).splitlines()[-1]
    loaded = keras.saving.load_model(folder / "model.keras")
    (found,) = json.loads(printed).values()
    np.testing.assert_array_equal(np.float32(found), np.asarray(loaded(rows)))


def test_without_the_packages_of_the_page_it_is_left_out(nets, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "jinja2" else find(name)
    )
    done = conversion.convert(nets["net"], tmp_path / "out")
    assert not (tmp_path / "out" / "conversion.html").exists()
    with pytest.raises(ImportError, match=r"jinja2 .*tf_recipes\[html\]"):
        done.page()


def test_a_folder_is_replaced_whole(nets, tmp_path, fails):
    folder = tmp_path / "out"
    folder.mkdir()
    conversion.convert(nets["net"], folder)
    with fails("must be new or empty", "'conversion.html'", "overwrite=True"):
        conversion.convert(nets["net"], folder)
    (folder / "model.py").write_text("old")
    done = conversion.convert(nets["net"], folder, overwrite=True)
    assert (folder / "model.py").read_text() == done.source
    assert folder.stat().st_mode & 0o777 == 0o777 & ~output_folder.umask()
    (folder / "__pycache__").mkdir()  # Python makes it where the code is imported
    conversion.convert(nets["net"], folder, overwrite=True)
    assert not (folder / "__pycache__").exists()
    (folder / "notes.txt").write_text("mine")
    with fails("must be new or empty", "'notes.txt'", "Pass a new folder."):
        conversion.convert(nets["net"], folder, overwrite=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out"]


def test_a_kept_operation_is_saved_and_loaded(checkpoints, tmp_path, rows):
    def build(v1):
        import tensorflow as tf

        x = v1.placeholder("float32", [None, 4], name="x")
        value = tf.raw_ops.Betainc(a=v1.abs(x) + 1.0, b=v1.abs(x) + 1.0, x=v1.sigmoid(x))
        v1.matmul(value, v1.get_variable("w", [4, 2]), name="y")

    saved = checkpoints.save("kept", build)
    done = conversion.convert(saved, tmp_path / "out", keep_unknown=True)
    assert done.passed and "tf_recipes.TF1Operation" in done.source
    loaded = keras.saving.load_model(tmp_path / "out" / "model.keras")
    np.testing.assert_array_equal(loaded(rows), done.model(rows))


def test_a_deep_net_raises_pythons_limit_itself(checkpoints, tmp_path):
    def build(v1):
        value = v1.placeholder("float32", [None, 4], name="x")
        for _ in range(650):
            value = v1.sin(value + 0.5)
        v1.matmul(value, v1.get_variable("w", [4, 2]), name="y")

    limit = sys.getrecursionlimit()
    try:
        done = conversion.convert(checkpoints.save("deep", build))
    finally:
        sys.setrecursionlimit(limit)
    assert done.passed
    assert "\nsys.setrecursionlimit(3000)\n" in done.source
    assert "sys.setrecursionlimit(3000) first" in done.document["notes"][-1]


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_models_run_on_other_backends(converted, tmp_path, checkpoints, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed; Keras can do without it")
    random = np.random.RandomState(0)

    def image(v1):
        x = v1.placeholder("float32", [None, 6, 6, 2], name="x")
        kernel = v1.get_variable("kernel", [3, 3, 2, 4])
        hidden = v1.nn.relu(v1.nn.conv2d(x, kernel, [1, 1, 1, 1], "SAME"))
        pooled = v1.nn.max_pool(hidden, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
        v1.matmul(v1.reshape(pooled, [-1, 36]), v1.get_variable("w", [36, 3]), name="y")

    def words(v1):
        x = v1.placeholder("int32", [None, 5], name="x")
        taken = v1.nn.embedding_lookup(v1.get_variable("table", [9, 4]), x)
        v1.reduce_mean(v1.nn.softmax(taken), axis=1, name="y")

    given = {
        image: random.standard_normal((3, 6, 6, 2)).astype("f4"),
        words: random.randint(9, size=(3, 5)).astype("i4"),
    }
    folders = {str(converted[0]): converted[1].model(np.load(converted[0] / "rows.npz")["x"])}
    for build, rows in given.items():
        folder = tmp_path / f"{build.__name__}_out"
        done = conversion.convert(checkpoints.save(build.__name__, build), folder)
        np.savez(folder / "rows.npz", x=rows)
        folders[str(folder)] = done.model(rows)
    printed = new_python.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW, *folders],
        env={**os.environ, **xla_flags.on(backend)},
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
        check=False,
    )
    assert printed.returncode == 0, printed.stderr
    *_, used, last = printed.stdout.splitlines()
    assert used == backend
    for folder, found in json.loads(last).items():
        np.testing.assert_allclose(found, folders[folder], rtol=0, atol=1e-6)
