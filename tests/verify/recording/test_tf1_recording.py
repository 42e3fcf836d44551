"""Tests the file that records a TF1 program; what it must record was fetched by hand on TF 1.15."""

import ast
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow

from tf_recipes.parity import trace_file
from tf_recipes.verify.recording import recording_file, tf1_recording

tf = tensorflow.compat.v1
SOURCE = Path(tf1_recording.__file__)
PROGRAMS = Path(__file__).parents[2] / "goldens" / "recorded_programs.py"
NAMES = ["fed_net", "iterated_net", "queued_net", "resource_net", "branched_net"]
NAMES += ["monitored", "estimated"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    shutil.copy(SOURCE, folder)
    return folder


@pytest.fixture(scope="module")
def said(run_on_tf1, folder):
    """What all programs said, on TF 1.15; their files lie in `folder`."""
    code = f"FOLDER = {str(folder)!r}\n{PROGRAMS.read_text()}"
    printed = run_on_tf1({"programs": code})["programs"]
    assert printed.startswith("{"), printed
    return json.loads(printed)


@pytest.fixture
def read(said, folder):
    return lambda name: recording_file.read(folder / f"{name}.npz")


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_holds_what_was_fetched_by_hand(name, read, folder):
    recording = read(name)
    by_hand = np.load(folder / f"{name}.by_hand.npz")
    recorded = np.load(folder / f"{name}.npz")
    steps = len(by_hand["losses"])
    assert recording.steps == steps >= 3
    last = set() if name == "resource_net" else {steps}  # there, variables change after the step
    kept = {1, 2} if name.endswith("_net") else {1}
    assert set(recording.variables) == kept | last
    left = set(range(1, steps + 1)) - set(recording.variables)
    others = tuple(f"variables/{step}/" for step in left)
    wanted = {key for key in by_hand if not key.startswith(others)}
    assert wanted == set(recorded) - {"format", "recording", "kinds", "graph"}
    for key in wanted:
        assert recorded[key].dtype == by_hand[key].dtype, key
        np.testing.assert_array_equal(recorded[key], by_hand[key], key)
    assert not recording.unrecorded
    assert recording.provenance["tensorflow"].startswith("1.15")


@pytest.mark.parametrize("name", NAMES)
def test_recording_does_not_change_the_training(name, said):
    """The last variables of three runs are the same bits: fetching nothing, by hand, recorded."""
    assert said[name] is True


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_is_enough_to_train_again(name, said):
    """The file's graph, fed the file's values, gives its variables and losses but for rounding."""
    assert said["replayed"][name] < 1e-6


def test_a_tensor_that_trains_and_a_closed_session(read):
    recording = read("closed")
    assert recording.steps == 3 and (recording.train_op, recording.loss) == (
        "train_op",
        "train_op:0",
    )
    assert recording.kinds == {"noise/RandomUniform:0": "random", "noise:0": "feed"}
    assert [list(recording.values[step]) for step in (1, 2, 3)] == [
        ["noise/RandomUniform:0"],
        ["noise:0"],
        ["noise/RandomUniform:0"],
    ]
    assert recording.fed == ((), ("noise:0",), ())
    assert set(recording.variables) == {1}, "no session had the variables after the last step"


def test_where_each_value_comes_from(read):
    draws = {"dropout/random_uniform/RandomUniform:0": "random"}
    fed = {"X:0": "feed", "y:0": "feed", "keep_prob:0": "feed"}
    assert read("fed_net").kinds == read("monitored").kinds == {**draws, **fed}
    assert read("fed_net").fed == 5 * (tuple(sorted(fed)),)
    assert read("queued_net").kinds == {"rows:0": "queue", "labels/taken:0": "queue"}
    kinds = read("iterated_net").kinds
    assert [name for name, kind in kinds.items() if kind == "iterator"] == ["batch:0", "batch:1"]
    assert sum(kind == "random" for kind in kinds.values()) == 5
    assert read("estimated").loss == "mean_squared_error/value:0", "found beside the operation"
    assert read("estimated").train_op == "Adagrad"


def test_the_graph_is_the_program(read):
    meta_graph = tf.MetaGraphDef.FromString(read("fed_net").graph)
    names = {node.name for node in meta_graph.graph_def.node}
    assert {"X", "Momentum", "loss", "hidden/weights"} <= names
    assert list(meta_graph.collection_def["train_op"].node_list.value) == ["Momentum"]


def test_what_changes_variables_beside_the_training_operation_is_named(read):
    recording = read("resource_net")
    assert all(len(names) == 2 and "batch_norm" in names[0] for names in recording.updates)
    assert [run.after for run in recording.between] == [1, 2, 3]
    assert {run.fed for run in recording.between} == {()}
    assert read("fed_net").updates == 5 * ((),) and read("fed_net").between == ()


def test_feeds_of_every_form(read):
    """The second step ran by `make_callable`; the runs that did not train left no value."""
    recording = read("odd_feeds")
    assert recording.steps == 2 and recording.train_op == "train" and recording.losses is None
    first, second = recording.values[1], recording.values[2]
    assert first["text:0"].tolist() == [b"a", b"\0"] and second["text:0"].tolist() == [b"b", b"\0"]
    assert first["sparse/indices:0"].tolist() == [[0, 1], [1, 2]]
    assert first["sparse/shape:0"].tolist() == [2, 3] and "sparse/shape:0" not in second
    assert first["extra:0"] == 2 and second["extra:0"] == 3
    (run,) = recording.between
    assert (run.after, run.operations, run.times) == (2, ("w/Assign",), 2)
    assert run.fed == ("w/Initializer/random_uniform:0",)


@pytest.mark.parametrize("name", ["hidden", "imported"])
def test_what_cannot_be_fetched_is_listed(name, read, said):
    recording = read(name)
    drawn = "cond/branch/random_uniform/RandomUniform:0"  # in a branch, and can be fetched
    assert recording.kinds == {"python:0": "outside", drawn: "random"}
    assert recording.values[1][drawn].shape == (2, 3, 4)
    assert recording.values[1]["python:0"].tolist() == [0.5, 1.0]
    found = {each.name: each for each in recording.unrecorded}
    in_loop = found["rnn/while/dropout/random_uniform/RandomUniform:0"]
    assert in_loop.kind == "random" and "tf.while_loop" in in_loop.reason
    assert in_loop.seeds[0] == 87654321  # TensorFlow's own where only the operation has a seed
    assert drawn not in found
    (function,) = [each for each in recording.unrecorded if "function" in each.reason]
    assert function.name.startswith("StatefulPartitionedCall/") and function.seeds[1] == 1
    if name == "hidden":
        assert found["forgotten"].kind == "variable"
        assert "forgotten" not in recording.initial
    assert said["fetchable"], "an imported graph does not know what cannot be fetched"
    assert not any("unused" in each for each in [*found, *recording.kinds])


def test_what_is_drawn_in_a_branch_that_is_taken_is_recorded(read, said):
    """Which branch that is, is asked before each step; with a hook too."""
    steps = [
        sum(kind == "random" for kind in each) for each in _kinds_of_steps(read("branched_net"))
    ]
    assert steps == [3, 2, 0]
    assert [len(each) for each in _kinds_of_steps(read("branched_hook"))] == [6, 5]
    assert said["replayed"]["branched_hook"] < 1e-5
    unknown = read("branch_unknown")
    assert set(unknown.kinds.values()) == {"feed"} and len(unknown.unrecorded) == 3
    assert all("condition is not known" in each.reason for each in unknown.unrecorded)


def _kinds_of_steps(recording):
    return [[recording.kinds[n] for n in recording.values[k + 1]] for k in range(recording.steps)]


def test_seeded_draws_come_again_in_the_installed_tensorflow(read):
    """So a draw that could not be fetched is no loss, where its operation has seeds."""
    recording = read("fed_net")
    nodes = tf.MetaGraphDef.FromString(recording.graph).graph_def.node
    (node,) = [node for node in nodes if node.op == "RandomUniform"]
    seeds = {name: node.attr[name].i for name in ("seed", "seed2")}
    assert seeds["seed"] == 11 and seeds["seed2"] > 0
    with tf.Graph().as_default(), tf.Session() as sess:
        draw = tf.raw_ops.RandomUniform(shape=[5, 4], dtype=tf.float32, **seeds)
        for step in range(1, recording.steps + 1):
            recorded = recording.values[step][f"{node.name}:0"]
            np.testing.assert_array_equal(sess.run(draw), recorded)


REFUSALS = {
    "program": "KeyError 'of the program'",
    "tensorflow": "InvalidArgumentError You must feed a value for placeholder tensor 'x'",
    "no step": "ValueError a recording must have a training step. Received: no run that fetched",
    "no such operation": "ValueError train_op must be in the graph. Received: train_op='nothing'",
    "path": "ValueError path must name a file in a directory that exists. Received: path=",
    "steps": "ValueError steps must be whole numbers from 1 to max_steps. Received: steps=(1, 60)",
    "max_steps": "ValueError max_steps must be 1 or more. Received: max_steps=0. Give 50.",
    "loss draws": "ValueError loss must need nothing drawn, read or assigned that the step",
    "loss shape": "ValueError loss must be one number. Received: loss='vector:0' of shape (2,)",
    "loss operation": "ValueError loss must be one floating-point number. Received: loss=",
    "loss in a branch": "ValueError loss must be a tensor that a run can fetch. Received: loss=",
    "several": "ValueError train_op must be given where a run fetches several training operations.",
    "partial": "ValueError a training step must be one run. Received: train_op in",
    "key": "ValueError the recording must know the tensors that a training step is fed. Received:",
    "few steps": "ValueError a recording must have the variables after one step at least.",
    "size": "ValueError graph and variables must take at most",
    "monitored": "ValueError sess must be a tf.Session. Received: sess=",
}


def test_refusals_leave_no_file(said, folder):
    assert said["refusals"].keys() == REFUSALS.keys()
    for name, start in REFUSALS.items():
        kind, text = said["refusals"][name]
        assert f"{kind} {text}".startswith(start), name
        assert kind != "ValueError" or ("\n" not in text and text.endswith(".")), name
    files = {path.name for path in folder.iterdir()}
    assert "refused.npz" not in files and not [name for name in files if "partial" in name]


def test_a_recording_ends_before_the_program_does(said, read):
    assert said["bounded"] == pytest.approx(1 - 0.1 * 6)  # six steps since the last start
    assert read("three").steps == 3 and set(read("three").variables) == {1, 3}
    assert read("members").steps == 2 and set(read("members").variables) == {1, 2}


def test_what_would_unpack_to_too_much_is_not_compressed(read, folder):
    assert read("compressible").steps == 1
    small = (folder / "three.npz").stat().st_size
    assert (folder / "compressible.npz").stat().st_size > 2 * small


def test_the_file_is_code_for_python_3_5_without_dependencies():
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 5))
    later = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, later)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (node.args.vararg or node.args.kwarg):
            last = ast.get_source_segment(SOURCE.read_text(), node).partition("->")[0]
            assert not last.rstrip().removesuffix(")").rstrip().endswith(","), "Python 3.6 only"
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    imported = {alias.name for node in plain for alias in node.names}
    (typing,) = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported - {"numpy", "tensorflow"} <= {
        *("contextlib", "json", "os", "platform", "re", "sys", "threading")
    }
    assert typing.module == "typing"


def test_both_sides_know_the_same_format():
    for name in ("FORMAT", "VERSION", "END"):
        assert getattr(tf1_recording, name) == getattr(recording_file, name)
    for name in ("LARGEST", "SMALL", "UNPACKED", "MEMBERS"):
        assert getattr(tf1_recording, name) == getattr(trace_file, name)
    assert tf1_recording.NAMES + 10**5 < trace_file.DIRECTORY
    assert {"feed", *(kind for kind, _ in tf1_recording._KINDS)} == set(recording_file.KINDS)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("RandomUniform", "random"),
        ("RandomUniformInt", "random"),
        ("RandomStandardNormal", "random"),
        ("TruncatedNormal", "random"),
        ("ParameterizedTruncatedNormal", "random"),
        ("Multinomial", "random"),
        ("RandomShuffle", "random"),
        ("RandomGamma", "random"),
        ("RandomPoissonV2", "random"),
        ("RandomCrop", "random"),
        ("LogUniformCandidateSampler", "random"),
        ("StatefulStandardNormalV2", "random"),
        ("RandomGammaGrad", None),
        ("RandomShuffleQueueV2", None),
        ("RandomDatasetV2", None),
        ("StatelessRandomUniform", None),
        ("IteratorGetNext", "iterator"),
        ("IteratorGetNextSync", "iterator"),
        ("OneShotIterator", None),
        ("QueueDequeueV2", "queue"),
        ("QueueDequeueManyV2", "queue"),
        ("QueueDequeueUpToV2", "queue"),
        ("QueueEnqueueV2", None),
        ("FIFOQueueV2", None),
        ("OrderedMapUnstageNoKey", "queue"),
        ("PyFunc", "outside"),
        ("EagerPyFunc", "outside"),
        ("LookupTableFindV2", "outside"),
        ("MatMul", None),
    ],
)
def test_kinds_of_operations(operation, kind):
    assert tf1_recording._kind_of_type(operation) == kind


IN_THIS_TENSORFLOW = ("fed_net", "monitored", "odd_feeds", "closed", "refusals", "bounded")


def test_in_the_installed_tensorflow(tmp_path, monkeypatch, capsys):
    """The same file records programs that moved to `tensorflow.compat.v1`."""
    monkeypatch.setitem(sys.modules, "tf1_recording", tf1_recording)
    monkeypatch.syspath_prepend(tmp_path)
    code = PROGRAMS.read_text().replace("import tensorflow as tf", "")
    exec(
        compile(code, "programs", "exec"),
        {"tf": tf, "FOLDER": str(tmp_path), "ONLY": IN_THIS_TENSORFLOW},
    )
    printed = capsys.readouterr()
    said = json.loads(printed.out)
    assert said["fed_net"] and said["monitored"]
    assert said["replayed"]["fed_net"] < 1e-6 and said["replayed"]["monitored"] < 1e-6
    assert said["refusals"].keys() == REFUSALS.keys()
    assert "recorded 3 steps, as max_steps says; training goes on." in printed.err
    assert recording_file.read(tmp_path / "odd_feeds.npz").steps == 2
    assert recording_file.read(tmp_path / "fed_net.npz").kinds.keys() > {"X:0", "y:0"}


@pytest.fixture
def net():
    """A graph with one weight, one placeholder and a branch, in the installed TensorFlow."""
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, (2,), "x")
        w = tf.get_variable("w", (), initializer=tf.zeros_initializer())
        noise = tf.cond(x[0] > 0, lambda: tf.random_uniform(()), lambda: 0.0)
        loss = tf.reduce_mean(tf.square(w - x + noise), name="loss")
        tf.train.GradientDescentOptimizer(0.5).minimize(loss, name="train")
        yield x


def test_branches_that_are_functions(net, tmp_path):
    """Today's `tf.cond` makes functions of its branches, in which nothing can be fetched."""
    path = tmp_path / "trace.npz"
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with tf1_recording.recording(sess, path, "train", loss="loss:0"):
            for _ in range(2):
                sess.run("train", {net: [0, 2]})
    recording = recording_file.read(path)
    assert recording.losses.tolist() == [2.0, 1.0]  # w: 0, then 1
    assert recording.variables[1]["w"] == recording.variables[2]["w"] == 1
    (draw,) = recording.unrecorded
    assert draw.kind == "random" and "function" in draw.reason and draw.seeds == (0, 0)


def test_a_hook_begins_again_with_a_new_session(net, tmp_path, capsys):
    hook = tf1_recording.RecordingHook(tmp_path / "trace.npz", loss="loss:0")
    hook.begin()
    with tf.Session() as sess:
        for _ in range(2):
            sess.run(tf.global_variables_initializer())
            hook.after_create_session(sess, None)
            given = tf.train.SessionRunArgs("train", {net: [0, 2]})
            context = tf.train.SessionRunContext(given, sess)
            asked = hook.before_run(context)
            results = sess.run(["train", asked.fetches], {net: [0, 2]})[1]
            hook.after_run(context, tf.train.SessionRunValues(results, None, None))
        hook.end(sess)
    assert recording_file.read(tmp_path / "trace.npz").steps == 1
    assert "begins again" in capsys.readouterr().err
