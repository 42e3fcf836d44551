"""Bad files, names and graphs are refused in one line, and nothing is written."""

import os

import numpy as np
import pytest

from tf_recipes.convert import conversion, output_folder

KERNEL = "dnn/hidden1/kernel"
META, INDEX, SHARD = (f"model.ckpt{e}" for e in (".meta", ".index", ".data-00000-of-00001"))


def cut(name, size):
    def damage(folder):
        (folder / name).write_bytes((folder / name).read_bytes()[:-size])

    return damage


def written(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def unlinked(name):
    return lambda folder: (folder / name).unlink()


@pytest.fixture
def refused(tmp_path, fails):
    """`refused(checkpoint, *parts, **settings)`: the conversion fails and writes nothing."""

    def convert(checkpoint, *parts, **settings):
        before = sorted(tmp_path.iterdir())
        with fails(*parts):
            conversion.convert(checkpoint, tmp_path / "out", **settings)
        assert sorted(tmp_path.iterdir()) == before

    return convert


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (unlinked(META), "must have its graph beside it, PREFIX.meta."),
        (written(META, b""), "A TF1 graph must have nodes."),
        (written(META, bytes(range(1, 256)) * 9), "A TF1 graph must be readable."),
        (cut(META, 700), "A TF1 graph must be readable."),
        (unlinked(SHARD), "Every shard of a checkpoint must be there."),
        (cut(SHARD, 40), "The shards of a checkpoint must hold its variables."),
        (written(SHARD, b"\xff" * 500), "A checkpoint must be readable."),
        (unlinked(INDEX), "A checkpoint must have an index."),
        (cut(INDEX, 40), "A checkpoint must be readable."),
        (written(INDEX, bytes(range(256)) * 3), "A checkpoint must be readable."),
    ],
)
def test_a_damaged_checkpoint(damage, says, own, refused):
    damage(own)
    refused(own / "model.ckpt", says)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda v: v.pop(KERNEL), ("must hold every variable", f"without {KERNEL!r}")),
        (
            lambda v: v.update({KERNEL: v[KERNEL].T}),
            ("(8, 4) in the checkpoint and (4, 8)", "The transpose would fit."),
        ),
        (lambda v: v.update({KERNEL: v[KERNEL][:2]}), ("(2, 8) in the checkpoint", ".meta file")),
        (lambda v: v.update({KERNEL: v[KERNEL].astype("f8")}), ("float64", "bits would be lost")),
        (lambda v: v.update({KERNEL: v[KERNEL].astype("i4")}), ("int32", "bits would be lost")),
        (lambda v: v.update({KERNEL: v[KERNEL] * np.nan}), ("must be finite numbers", KERNEL)),
        (lambda v: v.update({KERNEL: v[KERNEL] * np.inf}), ("must be finite numbers", KERNEL)),
    ],
)
def test_variables_of_another_graph(change, parts, own, checkpoints, refused):
    checkpoints.rewrite(own, change)
    refused(own, *parts)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"inputs": ["nope"]}, ("A tensor must be in the graph.", "'nope'")),
        ({"inputs": ["x", "x:0"]}, ("A tensor must be named once.", "inputs=['x', 'x:0']")),
        ({"inputs": [f"{KERNEL}/read"], "outputs": ["x"]}, ("must have an influence",)),
        ({"outputs": ["nope:0"]}, ("A tensor must be in the graph.", "'nope:0'")),
        ({"outputs": ["logits:3"]}, ("A tensor must be an output of its node.", "1 outputs")),
        ({"outputs": ["init"]}, ("A tensor must be an output of its node.", "0 outputs")),
        ({"outputs": [""]}, ("A tensor must be in the graph.",)),
        ({"outputs": [KERNEL]}, ("A model must have an input.", f"before '{KERNEL}:0'")),
        ({"labels": ["nope"]}, ("A tensor must be in the graph.", "'nope'")),
        ({"feed": {"nope": 1}}, ("A tensor must be in the graph.", "'nope'")),
        ({"eval_feed": {"nope": 1}}, ("A tensor must be in the graph.", "'nope'")),
        ({"train_op": "nope"}, ("A tensor must be in the graph.", "'nope'")),
        ({"train_op": ["nope"]}, ("A tensor must be in the graph.", "'nope'")),
        ({"loss": "nope"}, ("A tensor must be in the graph.", "'nope'")),
        ({"feeds": {}}, ("an array for each input", "none for 'x:0'")),
        ({"feeds": "/nope.npz"}, ("must be an .npz file", "no such file")),
        ({"feeds": {"x": np.zeros((3, 5), "f4")}}, ("shape of its placeholder", "(3, 5)")),
        ({"feeds": {"x": np.zeros((0, 4), "f4")}}, ("must have rows", "(0, 4)")),
        ({"feeds": {"x": np.zeros(4, "f4")}}, ("shape of its placeholder", "(4,)")),
        ({"feeds": {"x": np.full((3, 4), np.nan)}}, ("must be finite numbers", "'x:0'")),
        ({"feeds": {"x": np.full((3, 4), "a")}}, ("must hold numbers", "<U1")),
        ({"feeds": {"x": np.zeros((3, 4)), "y": np.zeros(3)}}, ("tensors of the graph", "'y:0'")),
        ({"steps": -1}, ("`steps` must be a whole number of at least 0.", "steps=-1")),
    ],
)
def test_settings_that_do_not_fit(settings, parts, nets, refused):
    refused(nets["net"], *parts, **settings)


def test_an_unknown_setting(nets):
    with pytest.raises(TypeError, match="nonsense"):
        conversion.convert(nets["net"], nonsense=1)


def beta(v1):
    import tensorflow as tf

    value = v1.placeholder("float32", [None, 4], name="x")
    for _ in range(2):
        a = v1.abs(value) + 1.0
        value = tf.raw_ops.Betainc(a=a, b=a, x=v1.sigmoid(value), name="deep/beta")
    v1.matmul(value, v1.get_variable("w", [4, 2]), name="y")


def py_func(v1):
    x = v1.placeholder("float32", [None, 4], name="x")
    value = v1.py_func(lambda array: array + 1, [x], "float32")
    value.set_shape([None, 4])
    v1.matmul(value, v1.get_variable("w", [4, 2]), name="y")


def texts(v1):
    x = v1.placeholder("string", [None], name="x")
    v1.matmul(v1.strings.to_number(x)[:, None], v1.get_variable("w", [1, 2]), name="y")


def no_input(v1):
    v1.matmul(v1.ones([3, 4]), v1.get_variable("w", [4, 2]), name="y")


@pytest.mark.parametrize(
    ("build", "parts", "settings"),
    [
        (beta, ("Betainc (2 times, such as 'deep/beta', after 'add', 'add' and before",), {}),
        (beta, ("before 'Abs_1') is in no pattern", "keep_unknown=True"), {}),
        (py_func, ("PyFunc ('PyFunc', after 'x' and before 'y')",), {}),
        (py_func, ("is in no pattern. The function itself is not in the file. Name the",), {}),
        (py_func, ("a tensor after or before them.",), {"keep_unknown": True}),
        (texts, ("must be numbers.", "'x', a placeholder of texts"), {}),
        (no_input, ("The outputs of the model must be known.", "0 tensors"), {}),
        (no_input, ("A model must have an input.", "before 'y:0'"), {"outputs": "y"}),
    ],
)
def test_a_graph_without_a_counterpart(build, parts, settings, checkpoints, refused):
    refused(checkpoints.save("graph", build), *parts, **settings)


def node(meta, name):
    return next(each for each in meta.graph_def.node if each.name == name)


def cycle(meta):
    node(meta, "dnn/hidden1/MatMul").input[0] = "dnn/out/BiasAdd"


def dangling(meta):
    node(meta, "dnn/hidden1/MatMul").input[0] = "nowhere"


def twice(meta):
    meta.graph_def.node.add().CopyFrom(node(meta, "x"))


def huge(meta):
    node(meta, KERNEL).attr["shape"].shape.dim[0].size = 2**50


def renamed(name):
    def change(meta):
        for each in meta.graph_def.node:
            each.name = each.name.replace("dnn/hidden1", name)
            for k, value in enumerate(each.input):
                each.input[k] = value.replace("dnn/hidden1", name)

    return change


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (cycle, "nodes in a cycle"),
        (dangling, "'nowhere'"),
        (twice, "Node 'x' is not unique"),
        (huge, "1125899906842624"),
        (renamed('a"); import os; os.system("true") #'), "invalid characters"),
        (renamed("it's\n'''"), "TensorFlow must accept the graph."),
        (renamed("größe"), "invalid characters"),
        (renamed("</script>"), "invalid characters"),
    ],
)
def test_a_graph_that_tensorflow_refuses(change, part, own, refused):
    import tensorflow as tf

    meta = tf.compat.v1.MetaGraphDef.FromString((own / META).read_bytes())
    change(meta)
    (own / META).write_bytes(meta.SerializeToString())
    refused(own, part, outputs=["logits"])


def test_names_of_any_length_and_words_of_python_become_code(checkpoints, layer, tmp_path):
    def build(v1):
        x = v1.placeholder("float32", [None, 4], name="class")
        value = layer(v1, x, 4, "import")
        value = layer(v1, value, 4, "class_")
        value = layer(v1, value, 4, "None/" + "a_" * 3000 + "b")
        value = layer(v1, value, 4, "9")
        v1.identity(layer(v1, value, 4, "keras"), name="model")

    done = conversion.convert(checkpoints.save("words", build))
    assert done.passed
    compile(done.source, "model.py", "exec")
    assert max(map(len, done.source.splitlines())) <= 130


def test_inputs_of_any_form(checkpoints, layer):
    def fixed(v1):
        v1.identity(layer(v1, v1.placeholder("float32", [7, 4], name="x"), 3, "d"), name="y")

    def number(v1):
        x = v1.placeholder("float32", [], name="x")
        v1.multiply(v1.get_variable("w", [4]), x, name="y")

    def alike(v1):
        a, b = (v1.placeholder("float32", [None, 4], name=name) for name in ("x/a", "x_a"))
        v1.identity(layer(v1, a + b, 4, "x_a"), name="y")

    shapes = {}
    for build in (fixed, number, alike):
        saved = checkpoints.save(build.__name__, build)
        done = conversion.convert(saved, inputs=["x"] if build is number else None)
        assert done.passed
        shapes[build.__name__] = [tuple(each.shape) for each in done.model.inputs]
    assert shapes == {"fixed": [(7, 4)], "number": [()], "alike": [(None, 4), (None, 4)]}


@pytest.mark.parametrize(
    "what", ["file", "link", "not empty", "foreign", "below a file", "of the system"]
)
def test_a_folder_that_cannot_be_made(what, nets, tmp_path, fails):
    folder = tmp_path / "out"
    if what == "file":
        folder.write_text("")
    elif what == "link":
        (tmp_path / "real").mkdir()
        folder.symlink_to(tmp_path / "real")
    elif what == "not empty":
        folder.mkdir()
        (folder / "model.py").write_text("")
    elif what == "foreign":
        folder.mkdir()
        (folder / "notes.txt").write_text("")
    elif what == "of the system":
        if not os.path.isdir("/proc/self"):
            pytest.skip("this system has no /proc, which takes no file of anybody")
        folder = "/proc/out"
    else:
        (tmp_path / "file").write_text("")
        folder = tmp_path / "file" / "out"
    before = sorted(tmp_path.rglob("*"))
    stages = []
    with fails("output_dir="):
        conversion.convert(
            nets["net"], folder, overwrite=what == "foreign", on_progress=stages.append
        )
    assert stages == []  # before the work
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(nets, tmp_path, fails):
    tmp_path.chmod(0o500)
    with fails("must be writable", "output_dir="):
        conversion.convert(nets["net"], tmp_path / "out")
    tmp_path.chmod(0o700)


def test_a_full_disk_leaves_what_was_there(nets, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    done = conversion.convert(nets["net"], folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(self, text, **options):
        self.write_bytes(text[:3].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(folder), "write_text", full)
    with pytest.raises(OSError, match=r"output_dir='.*/out' \(No space left on device\)\. Fr"):
        output_folder.write(folder, done.model, done.source, done.document, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert sorted(tmp_path.iterdir()) == [folder]


def test_ctrl_c_in_each_stage_leaves_nothing(nets, tmp_path):
    stages = []
    conversion.convert(nets["net"], tmp_path / "whole", on_progress=stages.append)
    assert len(stages) > 4
    for stage in stages:

        def press(now, stage=stage):
            if now == stage:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            conversion.convert(nets["net"], tmp_path / "out", on_progress=press)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole"]


@pytest.mark.parametrize("moved", [1, 2])
def test_ctrl_c_while_a_folder_is_replaced_keeps_the_old_one(nets, tmp_path, monkeypatch, moved):
    folder = tmp_path / "out"
    done = conversion.convert(nets["net"], folder)
    count, replace = [], os.replace

    def press(old, new):
        count.append(old)
        if len(count) == moved:
            raise KeyboardInterrupt
        replace(old, new)

    monkeypatch.setattr(os, "replace", press)
    with pytest.raises(KeyboardInterrupt):
        output_folder.write(folder, done.model, done.source, {"new": 1}, overwrite=True)
    assert "new" not in (folder / "conversion.json").read_text()
    assert sorted(tmp_path.iterdir()) == [folder]


def test_what_a_killed_run_left_is_in_no_ones_way(nets, tmp_path):
    (tmp_path / ".out-abc").mkdir()
    (tmp_path / ".out-abc" / "model.py").write_text("half")
    assert conversion.convert(nets["net"], tmp_path / "out").passed
    assert conversion.convert(nets["net"], tmp_path / "out", overwrite=True).passed
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out-abc", "out"]
