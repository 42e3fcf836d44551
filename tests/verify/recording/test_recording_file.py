"""Tests that a recording from elsewhere is read whole or refused by one clear line."""

import json
import tracemalloc

import numpy as np
import pytest

from tf_recipes.parity import trace_file
from tf_recipes.verify.recording import recording_file
from tf_recipes.verify.recording.recording_file import RecordingError, Run, Unrecorded

DESCRIBED = {
    "version": 2,
    "train_op": "train",
    "loss": "loss:0",
    "steps": 2,
    "kept": [2, 1],
    "fed": [["x:0"], ["x:0", "text:0"]],
    "drawn": [["drop/u:0"], ["drop/u:0"]],
    "updates": [[], ["batch_norm/AssignMovingAvg"]],
    "between": [{"after": 1, "operations": ["clip"], "fed": ["t:0"], "times": 3}],
    "unrecorded": [
        {"name": "loop/u:0", "kind": "random", "reason": "lies inside a loop", "seeds": [1, 2]},
        {"name": "lost", "kind": "variable", "reason": "has no value"},
    ],
    "provenance": {"tensorflow": "1.15.5", "python": "3.7.16", "numpy": "1.18.5"},
}
KINDS = {"x:0": "feed", "text:0": "feed", "drop/u:0": "random"}


def text(value):
    return np.array(json.dumps(value).encode())


@pytest.fixture
def arrays():
    """The arrays of a whole recording of two steps."""
    return {
        "format": np.array(b"tf_recipes recording 2"),
        "recording": text(DESCRIBED),
        "kinds": text(KINDS),
        "graph": np.arange(9, dtype=np.uint8),
        "losses": np.array([2.0, 1.0], np.float32),
        "initial/w": np.zeros((2, 3), np.float32),
        "initial/global_step": np.array(0),
        "variables/1/w": np.ones((2, 3), np.float32),
        "variables/1/global_step": np.array(1),
        "variables/2/w": np.full((2, 3), 2, np.float32),
        "variables/2/global_step": np.array(2),
        "values/1/x:0": np.ones((4, 2)),
        "values/2/x:0": np.ones((3, 2)),
        "values/2/text:0": np.array([[b"a\0\0.", b"."], [b"long.text.", b"\xff."]]),
        "values/1/drop/u:0": np.ones((4, 2), np.float32),
        "values/2/drop/u:0": np.ones((3, 2), np.float32),
    }


@pytest.fixture
def save(tmp_path):
    def save(arrays, **changed):
        path = tmp_path / "recording.npz"
        np.savez_compressed(path, **{**arrays, **changed})
        return path

    return save


@pytest.fixture
def refused(arrays, save):
    """`refused(field, part, array=...)`: the error names the file, the field and the part."""

    def refused(field, *parts, without=(), path=None, **changed):
        for name in without:
            del arrays[name]
        path = path or save(arrays, **changed)
        with pytest.raises(RecordingError) as caught:
            recording_file.read(path)
        found = str(caught.value)
        start = f"{path}: {field}: " if field else f"{path}: "
        assert found.startswith(start), found
        assert " Received: " in found and found.endswith(".") and found.isprintable(), found
        assert len(found) < 1500
        for part in parts:
            assert part in found, found
        return found

    return refused


def described(**changed):
    return {"recording": text({**DESCRIBED, **changed})}


def test_a_whole_recording(arrays, save):
    found = recording_file.read(save(arrays))
    assert (found.train_op, found.loss, found.steps) == ("train", "loss:0", 2)
    assert found.graph == bytes(range(9))
    assert found.fed == (("x:0",), ("x:0", "text:0"))
    assert found.kinds == KINDS
    assert {step: sorted(values) for step, values in found.values.items()} == {
        1: ["drop/u:0", "x:0"],
        2: ["drop/u:0", "text:0", "x:0"],
    }
    assert found.values[2]["text:0"].tolist() == [[b"a\0\0", b""], [b"long.text", b"\xff"]]
    assert found.values[2]["x:0"].shape == (3, 2)
    assert list(found.variables) == [1, 2]
    assert found.variables[2]["w"].dtype == np.float32 and found.variables[2]["w"][0, 0] == 2
    assert found.initial.keys() == {"w", "global_step"}
    assert found.losses.tolist() == [2, 1]
    assert found.updates == ((), ("batch_norm/AssignMovingAvg",))
    assert found.between == (Run(1, ("clip",), ("t:0",), 3),)
    assert found.unrecorded == (
        Unrecorded("loop/u:0", "random", "lies inside a loop", (1, 2)),
        Unrecorded("lost", "variable", "has no value", None),
    )
    assert found.provenance["tensorflow"] == "1.15.5"


def test_without_a_loss_and_without_values(arrays, save):
    for name in [name for name in arrays if name.startswith("values/")] + ["losses"]:
        del arrays[name]
    nothing = {"loss": None, "fed": [[], []], "drawn": [[], []]}
    found = recording_file.read(save(arrays, kinds=text({}), **described(**nothing)))
    assert found.losses is None and found.values == {1: {}, 2: {}}


def test_every_array_is_needed(arrays, save):
    for name in arrays:
        rest = {key: array for key, array in arrays.items() if key != name}
        with pytest.raises(RecordingError, match=r"missing|too many") as caught:
            recording_file.read(save(rest))
        start = name if not name.startswith("initial/") else "variables/1/"
        assert f": {start}" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["more", "values/3/x:0", "values/1/text:0", "variables/1/v", "initial/v", "spec"]
)
def test_every_unknown_array_is_refused_by_name(name, refused, arrays):
    arrays[name] = np.zeros(3)
    error = refused("")
    assert f"{name}: this array is one too many" in error or "variables/1/v: this array" in error


@pytest.mark.parametrize("name", ["initial/w", "variables/2/w", "values/1/x:0", "losses"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(name, value, refused, arrays):
    arrays[name] = arrays[name].copy()
    arrays[name].flat[0] = value
    what = "NaN" if np.isnan(value) else "infinity"
    refused(
        name,
        f"every number must be finite. Received: {what} in 1 of {arrays[name].size}. Record the",
        "with max_steps below the step in which numbers overflow.",
    )


@pytest.mark.parametrize(
    ("name", "array", "says"),
    [
        ("format", np.array(b"tf_recipes recording 3"), "must be 'tf_recipes recording 2'."),
        ("format", np.array(["a", "b"]), "must be one text of at most"),
        ("kinds", np.array(b"{"), "must be JSON."),
        ("kinds", text([]), "must be a JSON object."),
        ("kinds", np.array(b"[" * 1000 + b"]" * 1000), "must be JSON."),
        ("kinds", text({**KINDS, "x:0": "magic"}), "the kind of x:0 must be one of feed, iterator"),
        (
            "kinds",
            text({**KINDS, "x:0": ["feed"]}),
            "the kind of x:0 must be one of feed, iterator",
        ),
        ("kinds", text({**KINDS, "y:0": "feed"}), "'y:0' with a kind"),
        ("kinds", text({"x:0": "feed", "text:0": "feed"}), "'drop/u:0' without a kind"),
        ("recording", np.array(b'{"steps": NaN}'), "must be JSON. Received: NaN is no finite"),
        ("recording", text({"version": 2}), "the keys must be between, drawn, fed"),
        ("graph", np.zeros((2, 2), np.uint8), "must be the bytes of a MetaGraphDef: uint8 (n,)."),
        ("graph", np.zeros(0, np.uint8), "must be the bytes of a MetaGraphDef: uint8 (n,)."),
        ("graph", np.zeros(9, np.int8), "must be the bytes of a MetaGraphDef: uint8 (n,)."),
        ("losses", np.zeros(3), "one floating-point number for each of 2 steps. Received: float64"),
        ("losses", np.zeros(2, int), "one floating-point number for each of 2 steps."),
        (
            "variables/2/w",
            np.zeros((3, 2), np.float32),
            "must have the shape and the dtype of init",
        ),
        ("variables/1/w", np.zeros((2, 3)), "must have the shape and the dtype of initial/w."),
        (
            "values/2/x:0",
            np.zeros((3, 2), np.float32),
            "must have the dtype of the first step, flo",
        ),
        ("values/2/x:0", np.array([["a"]]), "the dtype must be one of numbers, truth values or by"),
        ("values/2/x:0", np.zeros(3, ">f8"), "the dtype must be one of numbers, truth values or b"),
        ("values/2/x:0", np.zeros(3, "M8[s]"), "the dtype must be one of numbers, truth values or"),
        ("values/2/text:0", np.array([b"a"]), "every text must end with the byte b'.'."),
    ],
)
def test_wrong_arrays_are_refused(name, array, says, refused):
    refused(name, says, **{name: array})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"version": 3}, "version must be 2. Received: 3."),
        ({"version": True}, "version must be 2. Received: True."),
        ({"train_op": "a:0"}, "train_op must be the name of an operation. Received: 'a:0'."),
        ({"train_op": None}, "train_op must be the name of an operation. Received: None."),
        ({"loss": "loss"}, "loss must be the name of a tensor. Received: 'loss'."),
        ({"loss": "a\x1b[31m:0"}, r"loss must be the name of a tensor. Received: 'a\x1b[31m:0'."),
        ({"steps": 0}, "steps must be a whole number from 1 to 20000. Received: 0."),
        ({"steps": 2.0}, "steps must be a whole number from 1 to 20000. Received: 2.0."),
        ({"steps": True}, "steps must be a whole number from 1 to 20000. Received: True."),
        ({"steps": 10**9}, "steps must be a whole number from 1 to 20000."),
        ({"steps": 3}, "must have a list for each of 3 steps. Received: 2 lists."),
        ({"kept": []}, "kept must be a list of different steps from 1 to 2. Received: []."),
        ({"kept": [1, 1]}, "kept must be a list of different steps from 1 to 2."),
        ({"kept": [3]}, "kept must be a list of different steps from 1 to 2."),
        ({"kept": {"1": 1}}, "kept must be a list of different steps from 1 to 2."),
        ({"fed": [["x:0"]]}, "fed must have a list for each of 2 steps. Received: 1 lists."),
        ({"fed": [["x:0"], "x:0"]}, "fed must be a list of names. Received: 'x:0'."),
        ({"fed": [["x:0", "x:0"], []]}, "fed must have each name once."),
        ({"fed": [["x:0"], ["x"]]}, "fed must be the name of a tensor. Received: 'x'."),
        ({"drawn": [["x:0"], []]}, "a tensor of step 1 must be either fed or drawn."),
        ({"updates": [[], [1]]}, "updates must be the name of an operation. Received: 1."),
        ({"between": {}}, "between must be a list of objects with after, fed, operations, times."),
        ({"between": [{"after": 1}]}, "between must be a list of objects with after, fed, operat"),
        ({"unrecorded": [1]}, "unrecorded must be a list of objects with kind, name, reason."),
        ({"provenance": {"numpy": 1}}, "provenance must be an object of texts."),
        ({"more": 1}, "Received: one too many or too few: more."),
    ],
)
def test_a_wrong_description_is_refused(changed, says, refused):
    refused("recording", says, **described(**changed))


@pytest.mark.parametrize(
    ("key", "changed", "says"),
    [
        ("between", {"after": 0}, "between: after must be a step. Received: 0."),
        ("between", {"times": 0}, "between: times must be 1 or more. Received: 0."),
        ("between", {"fed": ["t"]}, "between: fed must be the name of a tensor. Received: 't'."),
        ("unrecorded", {"name": 1}, "unrecorded: name, kind and reason must be texts."),
        ("unrecorded", {"seeds": [1]}, "unrecorded: seeds must be two whole numbers."),
        ("unrecorded", {"seeds": [1, 2.5]}, "unrecorded: seeds must be two whole numbers."),
    ],
)
def test_wrong_parts_of_the_description_are_refused(key, changed, says, refused):
    refused("recording", says, **described(**{key: [{**DESCRIBED[key][0], **changed}]}))


@pytest.mark.parametrize(
    "other", [None, True, 0, -1, 1.5, "", "a", [], [[]], {}, {"a": [1]}, 2**70]
)
def test_no_value_of_the_description_ends_in_another_error(other, arrays, save):
    """Any value in the place of another is read, or refused by the recording's own error."""
    for key in DESCRIBED:
        _read_or_refuse(save(arrays, **described(**{key: other})))
        if isinstance(DESCRIBED[key], list):
            _read_or_refuse(save(arrays, **described(**{key: [other, *DESCRIBED[key][1:]]})))


def _read_or_refuse(path):
    try:
        recording_file.read(path)
    except RecordingError as error:
        assert str(error).startswith(f"{path}: ") and "must be a readable" not in str(error)


def test_names_of_variables_are_checked(arrays, refused):
    for name in ("initial/", "variables/1/", "variables/2/"):
        arrays[f"{name}a\x1b[31m"] = arrays.pop(f"{name}w")
    refused(r"initial/a\x1b[31m", "must have the name of a variable.")


def test_a_recording_without_variables(refused):
    names = ["w", "global_step"]
    refused("initial", "no array 'initial/VARIABLE'", without=[f"initial/{name}" for name in names])


def test_a_trace_of_version_1_is_sent_to_the_check(refused):
    refused(
        "format", "Judge traces of recipes by `tf-recipes check", without=["format"], spec=text({})
    )


def test_what_is_no_npz_file(tmp_path, refused):
    refused("", "there is no such file", path=tmp_path / "none.npz")
    refused("", "not a regular file", path=tmp_path)
    (tmp_path / "text.npz").write_text("text")
    refused("", "a recording must be a readable .npz file.", path=tmp_path / "text.npz")


def test_a_pickle_is_never_loaded(refused):
    refused("values/1/x:0", "must be a whole array", **{"values/1/x:0": np.array([{}], object)})


def test_damage_is_named(arrays, save, refused):
    path = save(arrays)
    content = bytearray(path.read_bytes())
    at = content.index(b"initial/w.npy") + 60
    content[at : at + 8] = bytes(8)
    path.write_bytes(content)
    refused("initial/w", "must be a whole array of an .npz file.", path=path)


@pytest.mark.parametrize("name", ["values/1/x:0", "values/2/text:0", "unknown", "kinds"])
def test_what_unpacks_to_much_is_refused_unread(name, arrays, save):
    """A few kilobytes that unpack to 32 MB, in each place of a recording."""
    size = 2**25
    big = np.zeros((size // 16, 2)) if name == "values/1/x:0" else np.zeros((), f"S{size}")
    path = save(arrays, **{name: big})
    assert path.stat().st_size < 10**5
    tracemalloc.start()
    try:
        with pytest.raises(RecordingError) as caught:
            recording_file.read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * 10**6
    assert "at most" in str(caught.value) or "one too many" in str(caught.value)


def test_many_short_texts_count_as_objects(arrays, save, monkeypatch):
    """A byte in the file becomes an object of some 60 bytes in memory."""
    monkeypatch.setattr(recording_file, "LARGEST", 10**6)
    path = save(arrays, **{"values/2/text:0": np.full(20_000, b".")})
    with pytest.raises(RecordingError, match="all arrays: may take at most 1000000 bytes"):
        recording_file.read(path)


def test_the_bounds_are_those_of_traces():
    assert recording_file.LARGEST is trace_file.LARGEST
    assert recording_file.UNPACKED is trace_file.UNPACKED
