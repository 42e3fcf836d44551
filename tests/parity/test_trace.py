import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from tf_recipes.parity import references, trace
from tf_recipes.recipe import Recipe

SHIPPED = references.RECORDED / "dropout_float64.npz"
NORMED = references.RECORDED / "batch_norm.npz"


@pytest.fixture
def arrays():
    """The arrays of a shipped trace, without their digest."""
    with np.load(SHIPPED, allow_pickle=False) as file:
        return {name: file[name] for name in file.files if name != "digest"}


def test_a_shipped_trace_is_read_whole():
    read = trace.load(NORMED)
    assert read.recipe.name == "batch_norm"
    assert read.recipe.hidden == (10, 8)
    assert read.provenance["tensorflow"] == "1.15.5"
    assert read.steps == (1, 5, 20, 50, 100)
    assert read.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert read.logits.shape == (256, 10)
    assert set(read.variables[100]) == {
        f"{scope}/{name}"
        for scope in ("hidden1", "hidden2", "outputs")
        for name in (
            "weights",
            "BatchNorm/beta",
            "BatchNorm/gamma",
            "BatchNorm/moving_mean",
            "BatchNorm/moving_variance",
        )
    }


def test_pixels_are_divided_in_the_recipes_dtype(arrays):
    read = trace.load(SHIPPED)
    assert read.pixels().dtype == np.float64
    assert read.pixels().max() == 1.0
    pixel = np.argwhere(arrays["images"][0] == 18)[0]
    assert read.pixels()[0][pixel] == 18 / 255  # not float32's quotient, nor 18 * (1 / 255)


def test_variables_follow_from_the_recipe():
    assert trace.variable_shapes(Recipe("a", hidden=(3,))) == {
        "hidden1/weights": (784, 3),
        "hidden1/biases": (3,),
        "outputs/weights": (3, 10),
        "outputs/biases": (10,),
    }
    assert trace.variable_shapes(Recipe("a", hidden=(), batch_norm={"center": False})) == {
        "outputs/weights": (784, 10),
        "outputs/BatchNorm/moving_mean": (10,),
        "outputs/BatchNorm/moving_variance": (10,),
    }
    assert trace.mask_shapes(Recipe("a", hidden=(3,), keep_prob=0.5)) == {"X": 784, "hidden1": 3}
    assert trace.mask_shapes(Recipe("a", hidden=(3,))) == {}


def test_a_saved_trace_is_the_same_and_leaves_nothing_beside_it(tmp_path, arrays):
    trace.save(tmp_path / "copy.npz", arrays)
    assert [path.name for path in tmp_path.iterdir()] == ["copy.npz"]
    copy = trace.load(tmp_path / "copy.npz")
    assert np.array_equal(
        copy.variables[20]["hidden1/weights"], arrays["variables/20/hidden1/weights"]
    )


def test_spec_as_bytes_is_read_too(arrays):
    arrays["spec"] = np.array(str(arrays["spec"]).encode())
    assert trace.from_arrays(arrays, "x").recipe.name == "dropout_float64"


def drop(name):
    return lambda arrays: arrays.pop(name)


def put(name, value):
    def change(arrays):
        arrays[name] = value(arrays[name]) if callable(value) else value

    return change


def respec(**changes):
    def change(arrays):
        spec = {**json.loads(str(arrays["spec"])), **changes}
        arrays["spec"] = np.array(json.dumps(spec))

    return change


def with_entry(value):
    def change(array):
        array = array.copy()
        array.flat[0] = value
        return array

    return change


def nested(levels):
    """Returns lists in one another."""
    value = []
    for _ in range(levels):
        value = [value]
    return value


# the damage to a good trace, the field that the error names, and a part of the error's text
DAMAGE = [
    (drop("spec"), "spec", "missing"),
    (drop("provenance"), "provenance", "missing"),
    (drop("images"), "images", "missing"),
    (drop("labels"), "labels", "missing"),
    (drop("batches"), "batches", "missing"),
    (drop("initial/hidden1/weights"), "initial/hidden1/weights", "missing"),
    (drop("losses"), "losses", "missing"),
    (drop("steps"), "steps", "missing"),
    (drop("variables/20/outputs/biases"), "variables/20/outputs/biases", "missing"),
    (drop("masks/X"), "masks/X", "missing"),
    (drop("logits"), "logits", "missing"),
    (drop("sensitivity/5/hidden1/weights"), "sensitivity/5/hidden1/weights", "missing"),
    (drop("sensitivity/logits"), "sensitivity/logits", "missing"),
    (put("spec", np.array("{")), "spec", "JSON"),
    (put("spec", np.array("[1]")), "spec", "object"),
    (put("spec", np.array(3)), "spec", "JSON text"),
    (respec(surprise=1), "spec", "surprise"),
    (respec(name="two words"), "spec", "name"),
    (respec(optimizer={"name": "adam", "beta3": 1}), "spec", "beta3"),
    (respec(hidden=[10]), "initial/outputs/weights", "shape"),
    (respec(hidden=[10, 9]), "initial/hidden2/weights", "shape"),
    (respec(steps=21), "steps", "the recipe's last step, 21, must be among them"),
    (respec(batch_size=49), "batches", "shape"),
    (respec(dtype="float32"), "initial/hidden1/weights", "float32"),
    (respec(keep_prob=1.0), "masks/X", "one too many"),
    (put("images", lambda a: a.astype(np.float32)), "images", "uint8"),
    (put("images", lambda a: a[:, :-1]), "images", "shape"),
    (put("images", lambda a: a[:0]), "images", "shape"),
    (put("labels", with_entry(10)), "labels", "0 to 9"),
    (put("labels", lambda a: a[:-1]), "labels", "shape"),
    (put("batches", with_entry(256)), "batches", "0 to 255"),
    (put("batches", with_entry(-1)), "batches", "0 to 255"),
    (put("initial/outputs/biases", with_entry(np.nan)), "initial/outputs/biases", "NaN"),
    (put("variables/1/outputs/biases", with_entry(np.inf)), "variables/1/outputs/biases", "NaN"),
    (put("losses", with_entry(np.nan)), "losses", "NaN"),
    (put("logits", with_entry(np.nan)), "logits", "NaN"),
    (put("logits", lambda a: a[:9]), "logits", "shape"),
    (put("sensitivity/logits", np.float64("inf")), "sensitivity/logits", "infinity"),
    (put("sensitivity/logits", np.float64(-1)), "sensitivity/logits", "from 0 to 1"),
    (put("sensitivity/logits", np.float64(1e300)), "sensitivity/logits", "from 0 to 1"),
    (put("hidden1/weights", np.zeros(3)), "hidden1/weights", "one too many"),
    (put("surprise", np.zeros(3)), "surprise", "one too many"),
    (put("\x1b[31m" + 9999 * "a", np.zeros(3)), r"\x1b[31maaaaa", "one too many"),
    (respec(name=300 * [["a"]], x=1), "spec", "x"),
    (respec(batch_size=10**4000), "batches", "shape"),
    (respec(keep_prob=[9999 * "a"]), "keep_prob", "characters left out"),
    (respec(schedule=nested(600)), "spec", "one another"),
    (put("provenance", np.array(json.dumps({"a": nested(600)}))), "provenance", "one another"),
    (put("spec", np.array(99999 * " ")), "spec", "characters"),
    (put("losses", lambda a: a.astype(np.float16)), "losses", "float16"),
    (put("digest", np.array(3)), "digest", "one text"),
    (put("spec", np.array("[" * 100000)), "spec", "JSON"),
    (respec(optimizer=None), "spec", "optimizer"),
    (respec(optimizer={"name": None}), "spec", "optimizer.name"),
    (respec(keep_prob=10**400), "spec", "keep_prob"),
    (put("steps", np.array([], np.int64)), "steps", "shape"),
    (put("steps", np.array([0, 20])), "steps", "from 1 to 20"),
    (put("steps", np.array([20, 21])), "steps", "from 1 to 20"),
    (put("steps", np.array([20, 20])), "steps", "different"),
    (put("masks/X", lambda a: a.astype(np.uint8)), "masks/X", "bool"),
    (put("variables/20/stranger", np.zeros(1)), "variables/20/stranger", "one too many"),
    (put("variables/7/hidden1/biases", np.zeros(10)), "variables/7/hidden1/biases", "too many"),
    (put("initial/stranger", np.zeros(1)), "initial/stranger", "one too many"),
]


@pytest.mark.parametrize(("damage", "field", "says"), DAMAGE)
def test_a_damaged_trace_is_refused_by_file_and_field(tmp_path, arrays, damage, field, says):
    for key in ("variables/7/hidden1/biases", "variables/20/stranger", "initial/stranger"):
        arrays.setdefault(key, None)
    damage(arrays)
    np.savez(tmp_path / "bad.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(trace.TraceError) as caught:
        trace.load(tmp_path / "bad.npz")
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "bad.npz"))
    assert field in text
    assert says in text
    assert " Received: " in text and text.endswith(trace.REMEDY)
    assert text.isprintable()
    assert len(text) < 1500


@pytest.mark.parametrize("kept", [0, 1, 100, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(tmp_path, kept):
    whole = SHIPPED.read_bytes()
    size = kept if isinstance(kept, int) else int(kept * len(whole))
    (tmp_path / "cut.npz").write_bytes(whole[:size])
    with pytest.raises(trace.TraceError, match=r"cut\.npz: a trace must be a readable \.npz file"):
        trace.load(tmp_path / "cut.npz")


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path):
    """Zip's checksums detect damage inside an array, and damaged headers cannot be parsed."""
    whole = SHIPPED.read_bytes()
    intact = trace.load(SHIPPED)
    refused = 0
    for position in np.random.RandomState(0).randint(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        (tmp_path / "flipped.npz").write_bytes(bytes(damaged))
        try:
            read = trace.load(tmp_path / "flipped.npz")
        except trace.TraceError:
            refused += 1
        else:
            assert np.array_equal(read.logits, intact.logits)
            assert np.array_equal(read.images, intact.images)
    assert refused >= 55  # of 60; the other bytes are timestamps and similar fields


@pytest.mark.parametrize("content", [b"", b"not a zip", b"\x93NUMPY", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_npz_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(trace.TraceError, match=r"x\.npz: a trace must be a readable \.npz file"):
        trace.load(tmp_path / "x.npz")


def test_a_plain_npy_or_a_pickle_is_refused(tmp_path):
    with open(tmp_path / "array.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with open(tmp_path / "pickle.npz", "wb") as file:
        np.savez(file, spec=np.array([{"a": 1}], dtype=object))
    for name in ("array.npz", "pickle.npz"):
        with pytest.raises(trace.TraceError, match=name):
            trace.load(tmp_path / name)


def test_missing_files_and_directories_are_refused(tmp_path):
    with pytest.raises(trace.TraceError, match="no such file"):
        trace.load(tmp_path / "none.npz")
    with pytest.raises(trace.TraceError, match="not a regular file"):
        trace.load(tmp_path)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.uint64, ">i4"])
def test_rows_and_labels_of_any_integer_type_are_read_as_int64(arrays, dtype):
    arrays["batches"] = arrays["batches"].astype(dtype)
    arrays["labels"] = arrays["labels"].astype(dtype)
    read = trace.from_arrays(arrays, "x")
    assert read.batches.dtype == read.labels.dtype == np.int64
    assert read.labels[:4].tolist() == [5, 0, 4, 1]


def test_a_member_that_is_no_array_is_refused(tmp_path):
    shutil.copy(SHIPPED, tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as file:
        file.writestr("variables/1/hidden1/stranger", b"no array")
    with pytest.raises(trace.TraceError, match="stranger"):
        trace.load(tmp_path / "x.npz")


def test_a_damaged_lzma_member_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("spec.npy", b"\x93NUMPY" * 1000)
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(bytes(data))
    with pytest.raises(trace.TraceError, match=r"x\.npz: spec: .* a kind of compression"):
        trace.load(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.npz")
    with pytest.raises(trace.TraceError, match="not a regular file"):
        trace.load(tmp_path / "x.npz")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["provenance", "spec"])
def test_json_with_what_is_no_finite_number_is_refused(arrays, field, number):
    arrays[field] = np.array(f'{{"name": "a", "list": [{{"x": {number}}}]}}')
    with pytest.raises(trace.TraceError, match=rf"x\.npz: {field}: .*{number} is no finite number"):
        trace.from_arrays(arrays, "x.npz")


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("1.15.5", "TF 1.15"),
        ("2.21.0", "TF1's graph in TensorFlow 2.21.0"),
        ("2.22.0-dev20260101", "TF1's graph in TensorFlow 2.22.0-dev20260101"),
        ("2.$x$", "TF1's graph in an unknown TensorFlow"),
        ("2" * 99, "TF1's graph in an unknown TensorFlow"),
        ("", "TF1's graph in an unknown TensorFlow"),
        (None, "TF1's graph in an unknown TensorFlow"),
    ],
)
def test_a_reference_is_called_what_its_provenance_says(version, name):
    assert trace.reference({"tensorflow": version}) == name
    assert trace.reference({"numpy": "1.15.5"}) == "TF1's graph in an unknown TensorFlow"


def test_the_digest_tells_of_any_change(tmp_path, arrays):
    """One bit of any array, even of one that is not judged, makes the trace another one."""
    trace.save(tmp_path / "x.npz", arrays)
    with np.load(tmp_path / "x.npz", allow_pickle=False) as file:
        whole = dict(file)
    assert str(whole["digest"]) == trace.digest(arrays)
    assert trace.from_arrays(whole, "x").recipe.name == "dropout_float64"
    for name, array in arrays.items():
        if array.dtype.kind == "U":
            changed = np.array(f"{array} ")
        else:
            content = bytearray(array.tobytes())
            content[0] ^= 1
            changed = np.frombuffer(content, array.dtype).reshape(array.shape)
        assert trace.digest({**arrays, name: changed}) != str(whole["digest"]), name
    whole["images"] = np.where(whole["images"] == 255, 254, whole["images"]).astype(np.uint8)
    with pytest.raises(trace.TraceError, match=r"x: digest: the arrays must be those"):
        trace.from_arrays(whole, "x")
    trace.save(tmp_path / "x.npz", whole)  # a new digest
    assert trace.load(tmp_path / "x.npz").images.max() == 254


def test_every_shipped_trace_has_a_digest_and_sensitivities_over_eight_starts():
    for path in references.trace_files():
        with np.load(path, allow_pickle=False) as file:
            assert len(str(file["digest"])) == 64
            assert json.loads(str(file["provenance"]))["neighbours"] == 8


def test_the_recipe_is_read_without_the_other_arrays(tmp_path, arrays):
    np.savez(tmp_path / "x.npz", spec=arrays["spec"])
    assert trace.load_recipe(tmp_path / "x.npz").name == "dropout_float64"


def test_a_trace_that_takes_too_much_memory_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(trace, "LARGEST", 2 * 10**6)
    monkeypatch.setattr(trace._Reader, "take", lambda self, field, array: self.keep(field))

    def keep(self, field):
        assert field == "steps", f"{field} was read"
        self.taken[field] = self.arrays.read(field)

    monkeypatch.setattr(trace._Reader, "keep", keep, raising=False)
    rule = r"all arrays: may take at most 2000000 bytes\. Received: \d{7} bytes\."
    with pytest.raises(trace.TraceError, match=rule):
        trace.load(SHIPPED)
