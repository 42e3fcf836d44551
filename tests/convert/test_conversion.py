"""Converts whole programs of TF 1.15.5, trained ones, and compares what both compute."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import convert_folder
import whole_programs
from tf_recipes.convert import stages
from tf_recipes.convert.conversion import convert
from tf_recipes.convert.program.expressions import layer_name
from tf_recipes.parity.comparison import LIMIT, relative_drift
from whole_programs import EXPECTED, INFERENCE, REFUSED, VERIFY, WHOLE

PROGRAMS = whole_programs.programs()
CONVERTED = [name for name in PROGRAMS if name not in REFUSED]
# Programs whose saved models another process loads, and their labels: a cell, batch norm, a loss
# that the code writes, tied weights, and a schedule.
SAVED = {
    "static_lstm": "Y",
    "resnet_block": "labels",
    "siamese": "label",
    "tied_autoencoder": "X",
    "training_flag": "y",
}


def fed(program, document):
    """Returns the names of the arrays that the inputs of a model are fed."""
    names = {layer_name(key.removesuffix(":0"), "input"): key for key in program.batches}
    return [names[each["name"]] for each in document["inputs"]]


def predicted(model, program, document):
    """Returns `{output: array}` of a model on all rows."""
    rows = [program.batches[name] for name in fed(program, document)]
    found = model(rows if len(rows) > 1 else rows[0], training=False)
    return dict(zip(document["outputs"], keras.tree.flatten(found), strict=True))


def test_each_program_is_recorded_and_small():
    names = {path.stem for path in (WHOLE / "programs").glob("*.py")}
    assert names == {path.parent.name for path in WHOLE.glob("*/tf1.npz")}
    assert len(names) >= 16 and not names & {path.name for path in VERIFY.iterdir()}
    for name in names:
        size = sum(path.stat().st_size for path in (WHOLE / name).iterdir())
        assert size < 150e3, name
    assert sorted(path.stem for path in EXPECTED.glob("*.py")) == sorted(CONVERTED)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_program_converts_to_the_expected_code_and_to_the_numbers_of_tf1(name):
    program = PROGRAMS[name]
    done, tf1 = whole_programs.converted(program)
    assert done.source == (EXPECTED / f"{name}.py").read_text(encoding="utf-8")
    assert done.passed, str(done)
    assert (done.document["training"] is None) == (name in INFERENCE)
    compared = 0
    for output, value in predicted(done.model, program, done.document).items():
        expected = tf1.get(f"predictions/{output}")
        if expected is not None:
            compared += 1
            epsilon = np.finfo(expected.dtype).eps if expected.dtype.kind == "f" else 0.5
            drift = relative_drift(np.asarray(value), expected)
            assert drift <= LIMIT * max(float(tf1["sensitivity/predictions"]), epsilon), output
    assert compared


@pytest.mark.parametrize("name", REFUSED)
def test_a_program_is_refused_by_the_operation_at_fault(name):
    with pytest.raises(ValueError, match="must have a counterpart in Keras") as caught:
        whole_programs.converted(PROGRAMS[name])
    assert REFUSED[name] in str(caught.value)
    assert "\n" not in str(caught.value)


# what a refusal of training names
AT_FAULT = {
    "partitioned_net": "parts for 'input_layer/embedding', 'dnn/hidden/weights'",
    "clip_before_l2": "'price/kernel'",
    "vae": "'random_normal/RandomStandardNormal'",
}


@pytest.mark.parametrize("name", AT_FAULT)
def test_a_training_that_keras_lacks_is_refused(name):
    program = PROGRAMS[name]
    outputs = json.loads(str(program.tf1["names"]))["outputs"]
    with pytest.raises(ValueError, match="inference=True") as caught:
        whole_programs.converted(program, inference=False, outputs=outputs)
    assert AT_FAULT[name] in str(caught.value)


def test_a_share_that_dropout_keeps_is_needed_for_training_alone():
    program = PROGRAMS["text_cnn"]
    done, _ = whole_programs.converted(program, feed={})
    assert done.passed and done.document["training"] is None and not done.model.compiled
    assert "the model is compiled with it" not in str(done.document["dropped"])
    first, second = done.document["notes"]
    assert first.startswith("The model is not compiled: it makes predictions alone.")
    assert first.endswith("such as feed={'keep_prob': 0.5}.")
    assert second.endswith(
        "0.5 was taken. Pass the value in training, such as feed={'keep_prob': 0.5}."
    )
    with pytest.raises(ValueError, match="or convert for predictions alone with inference=True"):
        whole_programs.converted(
            program, feed={}, loss=json.loads(str(program.tf1["names"]))["loss"]
        )


def test_the_moving_averages_of_the_weights_are_taken_if_asked_for(tmp_path):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder("float32", (None, 1), name="x")
        w = v1.get_variable("w", (1, 1))
        tf.matmul(x, w, name="out")
        with v1.variable_scope("w"):
            average = v1.get_variable("ExponentialMovingAverage", (1, 1))
        w.load([[2.0]], session)
        average.load([[3.0]], session)
        v1.train.Saver().save(session, str(tmp_path / "model.ckpt"))
    done = [
        convert(tmp_path / "model.ckpt", outputs=["out"], use_ema=each) for each in (False, True)
    ]
    assert [float(each.model(np.float32([[5.0]]))[0, 0]) for each in done] == [10.0, 15.0]
    assert all(each.passed for each in done)
    with pytest.raises(ValueError, match="use_ema=True takes a checkpoint with moving averages"):
        convert(VERIFY / "clip_value" / "model.ckpt", use_ema=True)


def test_training_is_compared_as_far_as_memory_allows(monkeypatch):
    checkpoint = VERIFY / "clip_value" / "model.ckpt"
    done = convert(checkpoint, steps=0)
    assert (done.document["training"], done.passed) == (None, True)
    assert done.document["notes"] == ["Training was not compared, as steps=0 asks."]
    assert done.document["training_not_compared"] == done.document["notes"][0]
    assert done.model.optimizer is not None
    monkeypatch.setattr(stages, "MOST_KEPT", 2 * 4 * 2000)  # 762 weights, and slots
    done = convert(checkpoint)
    assert done.document["training"]["settings"]["steps"] == 2
    assert done.document["training_not_compared"] is None
    assert done.document["notes"] == [
        "2 training steps were compared, since the variables of 20 steps take much memory. Pass "
        "steps=20 to compare all the same."
    ]


LOADS = """
import importlib.util, json, sys
import keras
import numpy as np
import tf_recipes

for told in map(json.loads, sys.argv[1:]):
    if told["has_functions"]:  # the loss, which model.py registers
        spec = importlib.util.spec_from_file_location("model", told["code"])
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    model = keras.saving.load_model(told["model"])
    arrays = dict(np.load(told["batches"]))
    tf1 = dict(np.load(told["tf1"]))
    x, y = ([arrays[name] for name in told[kind]] for kind in ("inputs", "labels"))
    inputs = x if len(x) > 1 else x[0]
    np.save(told["predicted"], model.predict(inputs, verbose=0))
    order = np.concatenate(tf1["rows"])
    x, y = [each[order] for each in x], [each[order] for each in y]
    batch = len(tf1["rows"][0])
    x, y = (each if len(each) > 1 else each[0] for each in (x, y))
    model.fit(x, y, batch_size=batch, epochs=1, shuffle=False, verbose=0)
    np.save(told["after"], model.predict(inputs, verbose=0))
"""


def test_a_saved_model_goes_on_in_another_process(tmp_path, run_python):
    told = []
    for name in SAVED:
        program, folder = PROGRAMS[name], tmp_path / name
        done, tf1 = whole_programs.converted(program, folder, steps=1)
        outputs = predicted(done.model, program, done.document)
        (output,) = outputs
        names = {"inputs": fed(program, done.document), "labels": [SAVED[name]]}
        names["has_functions"] = "register_keras_serializable" in done.source
        files = {"batches": program.folder / "batches.npz", "tf1": program.folder / "tf1.npz"}
        files |= {"model": folder / "model.keras", "code": folder / "model.py"}
        files |= {key: tmp_path / f"{name}.{key}.npy" for key in ("predicted", "after")}
        told.append((output, outputs[output], tf1, {k: str(v) for k, v in files.items()} | names))
    run_python(LOADS, *(json.dumps(each[-1]) for each in told))
    for output, here, tf1, files in told:
        np.testing.assert_allclose(np.load(files["predicted"]), here, rtol=1e-6, atol=1e-6)
        drift = relative_drift(np.load(files["after"]), tf1[f"after/{output}"])
        assert drift <= LIMIT * float(tf1["sensitivity/after"]), files["model"]


def test_a_folder_of_checkpoints_is_converted_and_compared(tmp_path, capsys):
    program = PROGRAMS["static_lstm"]
    folder = tmp_path / program.name
    folder.mkdir()
    program.unpack(folder)
    manifest = {"inputs": [{"name": "X:0", "role": "input"}], "outputs": ["Softmax:0"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    arrays = {"in/X:0": program.batches["X"], "out/Softmax:0": program.tf1["predictions/Softmax:0"]}
    np.savez(folder / "eval.npz", **arrays)
    assert convert_folder.main(tmp_path) == 0
    arrays["out/Softmax:0"] = arrays["out/Softmax:0"] + np.float32(1e-4)
    np.savez(folder / "eval.npz", **arrays)
    assert convert_folder.main(tmp_path) == 1
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("static_lstm ") and rows[2].endswith("e-04 differs")
    assert rows[1].startswith("1 of 1 ") and rows[3].startswith("0 of 1 ")
