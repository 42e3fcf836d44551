"""TF1 programs that `test_tf1_recording.py` records, and what they do without a recording.

Runs on Python 3.7 with TensorFlow 1.15. `FOLDER` is where the files go, and holds
`tf1_recording.py`. Each program runs three times from the same seeds: without any fetch but the
training operation; with the tensors fetched by hand; recorded.
"""

import json
import sys

import numpy as np
import tensorflow as tf

FOLDER = globals().get("FOLDER", ".")
sys.path.insert(0, FOLDER)
import tf1_recording  # noqa: E402
from tf1_recording import RecordingHook, recording  # noqa: E402

Dataset = tf.data.Dataset
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=2)
SAID = {"replayed": {}}  # what is printed at the end


def path(name):
    return f"{FOLDER}/{name}.npz"


class Program:
    """What a program runs, and which tensors its training steps draw."""

    def __init__(self, train_op, loss, drawn, feeds, setup=None, beside=(), after=()):
        self.train_op, self.loss, self.drawn, self.feeds = train_op, loss, drawn, feeds
        self.setup, self.beside, self.after = setup, list(beside), list(after)


def fed_net():
    """Placeholders for the batch and for the kept share; a net by hand; momentum."""
    x = tf.placeholder(tf.float32, (None, 3), "X")
    y = tf.placeholder(tf.int32, (None,), "y")
    keep = tf.placeholder_with_default(1.0, (), "keep_prob")
    w = tf.Variable(tf.truncated_normal((3, 4), seed=3), name="hidden/weights")
    b = tf.Variable(tf.zeros(4), name="hidden/biases")
    hidden = tf.nn.dropout(tf.nn.relu(tf.matmul(x, w) + b), keep_prob=keep)
    v = tf.Variable(tf.truncated_normal((4, 2), seed=4), name="out/weights")
    logits = tf.matmul(hidden, v)
    xent = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(xent, name="loss")
    step = tf.train.get_or_create_global_step()
    train_op = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=step)
    rng = np.random.RandomState(0)
    feeds = [{x: rng.rand(5, 3), y: rng.randint(0, 2, 5), keep: 0.5} for _ in range(5)]
    return Program(train_op, loss, ["dropout/random_uniform/RandomUniform:0"], feeds)


def iterated_net():
    """An initializable iterator; `tf.layers` with dropout; Adam; noise on the gradients."""
    rng = np.random.RandomState(1)
    arrays = rng.rand(12, 3).astype(np.float32), rng.rand(12, 1).astype(np.float32)
    data = Dataset.from_tensor_slices(arrays).shuffle(12, seed=5).batch(5)
    iterator = data.make_initializable_iterator()
    x, y = iterator.get_next(name="batch")
    hidden = tf.layers.dropout(tf.layers.dense(x, 4, tf.nn.elu, name="h"), 0.4, training=True)
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(hidden, 1, name="z"))
    optimizer = tf.train.AdamOptimizer(0.01)
    noisy = [
        (g + tf.random_normal(tf.shape(g), stddev=0.1, name=f"noise_{k}"), v)
        for k, (g, v) in enumerate(optimizer.compute_gradients(loss))
    ]
    drawn = ["batch:0", "batch:1", "dropout/dropout/random_uniform/RandomUniform:0"]
    drawn += [f"noise_{k}/RandomStandardNormal:0" for k in range(4)]
    feeds = 3 * [None]
    return Program(
        optimizer.apply_gradients(noisy),
        loss,
        drawn,
        feeds,
        setup=lambda sess: sess.run(iterator.initializer),
    )


def queued_net():
    """A queue runner's FIFO queue, and a shuffling queue that was filled before."""
    rng = np.random.RandomState(2)
    (row,) = tf.train.slice_input_producer([rng.rand(9, 3)], shuffle=False)
    x = tf.train.batch([row], 4, num_threads=1, name="rows")
    shuffled = tf.RandomShuffleQueue(30, 0, [tf.float64], [[1]], seed=7, name="labels")
    fill = shuffled.enqueue_many([rng.rand(24, 1)])
    y = shuffled.dequeue_many(4, name="labels/taken")
    loss = tf.losses.mean_squared_error(y, tf.layers.dense(x, 1, name="z"))
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)

    def setup(sess):
        sess.run(fill)
        tf.train.start_queue_runners(sess, tf.train.Coordinator())

    return Program(train_op, loss, ["rows:0", "labels/taken:0"], 4 * [None], setup)


def resource_net():
    """Resource variables; batch norm, whose updates are fetched beside; max-norm between steps."""
    with tf.variable_scope("net", use_resource=True):
        x = tf.placeholder(tf.float32, (None, 3), "X")
        z = tf.layers.dense(x, 4, use_bias=False, name="h")
        z = tf.layers.batch_normalization(z, momentum=0.9, training=True)
        z = tf.layers.dense(tf.nn.relu(z), 1, name="z")
        loss = tf.reduce_mean(tf.square(z - 1))
    train_op = tf.train.RMSPropOptimizer(0.01).minimize(loss)
    (weights,) = [v for v in tf.trainable_variables() if v.op.name == "net/h/kernel"]
    clip = tf.assign(weights, tf.clip_by_norm(weights, 0.9, axes=0), name="clip")
    rng = np.random.RandomState(3)
    feeds = [{x: rng.rand(6, 3)} for _ in range(3)]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    return Program(train_op, loss, [], feeds, beside=updates, after=[clip])


def branched_net():
    """Dropout inside `tf.cond(is_training, ...)`, and more inside a branch of that branch."""
    x = tf.placeholder(tf.float32, (4, 3), "X")
    is_training, often = (tf.placeholder(tf.bool, (), n) for n in ("is_training", "often"))
    hidden = tf.layers.dropout(x, 0.5, training=is_training)
    hidden = tf.layers.dense(hidden, 4, tf.nn.relu, name="h")

    def noisy():
        more = tf.cond(often, lambda: tf.random_normal((4,)), lambda: tf.zeros((4,)))
        return hidden + more * tf.random_uniform((4,))

    hidden = tf.cond(is_training, noisy, lambda: hidden)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(hidden, 1, name="z") - 1.0), name="loss")
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    rng = np.random.RandomState(4)
    answers = [(True, True), (True, False), (False, True)]
    feeds = [{x: rng.rand(4, 3), is_training: a, often: b} for a, b in answers]
    draws = [
        "dropout/cond/dropout/random_uniform/RandomUniform:0",
        "cond/random_uniform/RandomUniform:0",
        "cond/cond/random_normal/RandomStandardNormal:0",
    ]
    return Program(train_op, loss, [draws, draws[:2], []], feeds)


def variables_of(sess):
    values = sess.run({v.op.name: v for v in tf.global_variables()})
    return {name: np.array(value) for name, value in values.items()}


def variables_in(step_context):
    return variables_of(step_context.session)


def run(name, build):
    """Runs a program in three sessions; keeps what it did by hand, and asks for what differs."""
    ends = []
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(11)
        program = build()
        start = [tf.global_variables_initializer(), tf.local_variables_initializer()]
        graph.finalize()  # a recording adds nothing to it
        for how in ("plain", "by hand", "recorded"):
            sess = tf.Session(config=CONFIG)
            sess.run(start)
            if program.setup:
                program.setup(sess)
            if how == "plain":
                train(sess, program)
            elif how == "by hand":
                np.savez(path(name + ".by_hand"), **by_hand(sess, program))
            else:
                given = {"train_op": program.train_op, "steps": (1, 2), "loss": program.loss}
                with recording(sess, path(name), **given) as recorded:
                    assert recorded is sess
                    results = train(sess, program)
                assert all(each[0] is None for each in results)
                assert "run" not in vars(sess)
            ends.append(variables_of(sess))
    SAID[name] = all(same(each, ends[0]) for each in ends)
    replay(name)


def replay(name):
    """Trains from a recording alone; asks if the recorded variables and losses come out."""
    file = np.load(path(name))
    described = json.loads(file["recording"].item().decode())
    meta_graph = tf.MetaGraphDef()
    meta_graph.ParseFromString(file["graph"].tobytes())
    with tf.Graph().as_default(), tf.Session(config=CONFIG) as sess:
        tf.train.import_meta_graph(meta_graph)
        for variable in tf.global_variables():
            variable.load(file["initial/" + variable.op.name], sess)
        found, losses = {}, []
        for k, (fed, drawn) in enumerate(zip(described["fed"], described["drawn"]), start=1):
            feed = {each: file[f"values/{k}/{each}"] for each in fed + drawn}
            fetches = [described["loss"], described["train_op"], described["updates"][k - 1]]
            losses.append(sess.run(fetches, feed)[0])
            if k in described["kept"]:
                for key, value in variables_of(sess).items():
                    found[f"variables/{k}/{key}"] = value
            for each in described["between"]:
                if each["after"] == k:
                    sess.run(each["operations"])
    found["losses"] = np.array(losses)
    # Rounding differs where a fed graph is optimised otherwise.
    SAID["replayed"][name] = max(
        float(np.max(np.abs(found[key] - file[key])) / np.max(np.abs(file[key]))) for key in found
    )


def same(one, other):
    return all(key in other and np.array_equal(one[key], other[key]) for key in one)


def train(sess, program):
    results = []
    for feed in program.feeds:
        results.append(sess.run([program.train_op, program.beside], feed_dict=feed))
        sess.run(program.after)
    return results


def by_hand(sess, program):
    """The arrays that a recording must have."""
    found = {"initial/" + name: value for name, value in variables_of(sess).items()}
    losses = []
    in_steps = bool(program.drawn) and isinstance(program.drawn[0], list)  # others in each step
    if in_steps:  # a session fetches nothing inside a branch, though the runtime can
        vars(sess.graph)["is_fetchable"] = lambda tensor: True
    for step, feed in enumerate(program.feeds, start=1):
        names = program.drawn[step - 1] if in_steps else program.drawn
        fetches = [program.loss, names, program.train_op, program.beside]
        loss, drawn = sess.run(fetches, feed)[:2]
        losses.append(loss)
        for name, value in zip(names, drawn):
            found[f"values/{step}/{name}"] = value
        for tensor, value in (feed or {}).items():
            dtype = tensor.dtype.as_numpy_dtype
            found[f"values/{step}/{tensor.name}"] = np.asarray(value, dtype)
        if step in (1, 2) or (step == len(program.feeds) and not program.after):
            for name, value in variables_of(sess).items():
                found[f"variables/{step}/{name}"] = value
        sess.run(program.after)
    found["losses"] = np.array(losses)
    if in_steps:
        del vars(sess.graph)["is_fetchable"]
    return found


class ByHand(tf.train.SessionRunHook):
    """Fetches tensors by name in each step, as a person would."""

    def __init__(self, loss, names, initial=True):
        self.loss, self.names = loss, names
        self.found, self.losses = {}, []

    def before_run(self, run_context):
        sess = run_context.session
        if not self.losses:
            with sess.graph.as_default():
                for name, value in variables_of(sess).items():
                    self.found["initial/" + name] = value
        return tf.train.SessionRunArgs([self.loss, self.names])

    def after_run(self, run_context, run_values):
        loss, values = run_values.results
        self.losses.append(loss)
        for name, value in zip(self.names, values):
            self.found[f"values/{len(self.losses)}/{name}"] = value
        sess = run_context.session
        with sess.graph.as_default():
            for name, value in variables_of(sess).items():
                self.found[f"variables/{len(self.losses)}/{name}"] = value

    def save(self, name):
        np.savez(path(name + ".by_hand"), losses=np.array(self.losses), **self.found)


def monitored():
    """A MonitoredSession; another hook feeds the batches."""
    names = ["X:0", "y:0", "keep_prob:0", "dropout/random_uniform/RandomUniform:0"]
    ends = []
    with tf.Graph().as_default():
        tf.set_random_seed(11)
        program = fed_net()
        for how in ("plain", "by hand", "recorded"):
            batches = iter(program.feeds)
            hooks = [tf.train.FeedFnHook(batches.__next__)]
            hand = ByHand("loss:0", names)
            if how != "plain":
                record = RecordingHook(path("monitored"), program.train_op, loss="loss:0")
                hooks.append(hand if how == "by hand" else record)
            with tf.train.MonitoredSession(hooks=hooks) as sess:
                for _ in range(4):
                    sess.run(program.train_op)
                ends.append(sess.run_step_fn(variables_in))
            if how == "by hand":
                hand.save("monitored")
    SAID["monitored"] = all(same(each, ends[0]) for each in ends)
    replay("monitored")


def conditional():
    """A net with dropout in `tf.cond(is_training, ...)`, as `tf.layers.dropout` makes it."""
    x = tf.placeholder(tf.float32, (None, 5), "X")
    y = tf.placeholder(tf.int32, (None,), "y")
    is_training = tf.placeholder(tf.bool, (), "is_training")
    hidden = tf.layers.dense(x, 8, tf.nn.relu, name="hidden")
    hidden = tf.layers.dropout(hidden, 0.4, training=is_training)
    logits = tf.layers.dense(hidden, 3, name="logits")
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    train_op = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    rng = np.random.RandomState(6)
    with tf.Session(config=CONFIG) as sess:
        sess.run(tf.global_variables_initializer())
        with recording(sess, path("conditional"), train_op, loss=loss):
            for _ in range(4):
                feed = {x: rng.rand(6, 5), y: rng.randint(0, 3, 6), is_training: True}
                sess.run(train_op, feed)
            sess.run(loss, {**feed, is_training: False})


def branched_hook():
    """The same draws in a MonitoredSession, which is fed the condition, or whose hook feeds it."""
    for name, by_hook in (("branched_hook", False), ("branch_unknown", True)):
        with tf.Graph().as_default() as graph:
            tf.set_random_seed(11)
            program = branched_net()
            feeds = program.feeds[:2]
            hooks = [RecordingHook(path(name), program.train_op, loss="loss:0")]
            if by_hook:
                hooks.append(tf.train.FeedFnHook(iter(feeds).__next__))
            with tf.train.MonitoredSession(hooks=hooks) as sess:
                for feed in feeds:
                    sess.run(program.train_op, None if by_hook else feed)
            assert "is_fetchable" not in vars(graph)
    replay("branched_hook")


def model_fn(features, labels, mode):
    hidden = tf.layers.dropout(tf.layers.dense(features["x"], 4, name="h"), 0.5, training=True)
    loss = tf.losses.mean_squared_error(labels, tf.layers.dense(hidden, 1, name="z"))
    optimizer = tf.train.AdagradOptimizer(0.1)
    train_op = optimizer.minimize(loss, tf.train.get_global_step())
    return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)


def input_fn():
    rng = np.random.RandomState(5)
    arrays = {"x": rng.rand(8, 3).astype(np.float32)}, rng.rand(8, 1).astype(np.float32)
    return Dataset.from_tensor_slices(arrays).shuffle(8, seed=1).batch(3)


def estimated():
    """An Estimator, which makes its own graph and session."""
    names = ["IteratorGetNext:0", "IteratorGetNext:1"]
    names.append("dropout/dropout/random_uniform/RandomUniform:0")
    ends = []
    for how in ("by hand", "recorded"):
        hand = ByHand("mean_squared_error/value:0", names)
        hooks = {"by hand": [hand], "recorded": [RecordingHook(path("estimated"))]}
        config = tf.estimator.RunConfig(
            tf_random_seed=2, session_config=CONFIG, save_checkpoints_steps=100
        )
        estimator = tf.estimator.Estimator(model_fn, f"{FOLDER}/{how}", config)
        estimator.train(input_fn, hooks=hooks.get(how))
        ends.append({v: estimator.get_variable_value(v) for v in estimator.get_variable_names()})
        if how == "by hand":
            hand.save("estimated")
    SAID["estimated"] = all(same(each, ends[0]) for each in ends)
    replay("estimated")


def odd_feeds():
    """Sparse, text and named feeds; a callable; a named training operation; a text with zeros."""
    sparse = tf.sparse_placeholder(tf.float32, (2, 3), "sparse")
    text = tf.placeholder(tf.string, (None,), "text")
    extra = tf.placeholder(tf.float32, (), "extra")
    w = tf.get_variable("w", (3, 1))
    numbers = tf.cast(tf.decode_raw(text, tf.uint8), tf.float32)
    z = tf.sparse_tensor_dense_matmul(sparse, w) + numbers
    loss = tf.reduce_mean(tf.square(z)) * extra
    tf.train.GradientDescentOptimizer(0.1).minimize(loss, name="train")
    given = tf.SparseTensorValue([[0, 1], [1, 2]], [1.0, 2.0], (2, 3))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with recording(sess, path("odd_feeds"), "train"):
            feed = {sparse: given, text: [b"a", b"\0"], "extra:0": 2}
            sess.run({"train": "train", "z": z}, feed_dict=feed)
            step = sess.make_callable(["train", loss], [sparse.indices, sparse.values, text, extra])
            sess.run(z, {sparse: given, text: [b"a", b"b"]})
            step(*_parts(given), [b"b", b"\0"], 3.0)
            w.load([[1.0], [2.0], [3.0]], sess)
            w.load([[1.0], [2.0], [3.0]], sess)
        step(*_parts(given), [b"b", b"\0"], 3.0)  # after the block: not recorded


def _parts(given):
    return [np.array(given.indices), np.array(given.values)]


def closed():
    """A tensor that trains, as slim makes it; a session that is closed before the block ends."""
    w = tf.Variable(tf.ones(3), name="w")
    noise = tf.random_uniform((3,), name="noise")
    loss = tf.reduce_mean(tf.square(w - noise))
    update = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.control_dependencies([update]):
        train_op = tf.identity(loss, name="train_op")
    with tf.Graph().as_default():  # another graph than the session's
        sess = tf.Session(graph=w.graph)
        sess.run(w.initializer)
        with recording(sess, path("closed"), train_op, loss=train_op):
            sess.run(train_op)
            sess.run(train_op, {noise: [1, 2, 3]})  # then nothing is drawn
            sess.run(train_op)
            sess.close()


def hidden_draws():
    """Draws in a branch, in a loop and in a function; values from Python; an own generator."""
    x = tf.placeholder_with_default(np.ones((2, 3, 4), np.float32), (2, 3, 4), "x")
    cell = tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.BasicRNNCell(4), 0.5, seed=9)
    h, _ = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
    h = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.nn.dropout(h, 0.5, name="branch"), lambda: h)

    @tf.function
    def noisy(value):
        return value + tf.random_uniform((2,), seed=1)

    z = tf.layers.dense(h[:, -1], 1)[:, 0]
    target = tf.py_func(lambda: np.array([0.5, 1.0], np.float32), [], tf.float32, name="python")
    target.set_shape(2)
    unused = tf.random_uniform((2,), name="unused")
    loss = tf.reduce_mean(tf.square(z - tf.stop_gradient(noisy(target))), name="loss")
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    tf.get_variable("forgotten", ())
    return train_op, loss, unused


def hidden():
    with tf.Graph().as_default(), tf.Session() as sess:
        train_op, loss, unused = hidden_draws()
        trained = [v.initializer for v in tf.global_variables() if v.op.name != "forgotten"]
        sess.run(trained)
        with recording(sess, path("hidden"), train_op, loss=loss):
            sess.run([train_op, unused])
        meta_graph = tf.train.export_meta_graph()
    # An imported graph does not say which tensors cannot be fetched.
    with tf.Graph().as_default() as graph, tf.Session() as sess:
        tf.train.import_meta_graph(meta_graph)
        inside = [op.name for op in graph.get_operations() if op.type == "RandomUniform"]
        SAID["fetchable"] = any(graph.is_fetchable(name) for name in inside if "cond" in name)
        sess.run([v.initializer for v in tf.global_variables()])
        with recording(sess, path("imported"), None, loss="loss:0"):
            sess.run(tf.get_collection("train_op"))


def refusals():
    """What is refused, and that nothing is written then."""
    x = tf.placeholder(tf.float32, (), "x")
    w, u = tf.Variable(1.0, name="w"), tf.Variable(1.0, name="u")
    loss = tf.square(w - x, name="loss")
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss, var_list=[w])
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    other = optimizer.minimize(tf.square(u), var_list=[u], name="other")
    noisy = tf.square(w - tf.random_uniform(()), name="noisy")
    vector = tf.placeholder_with_default([1.0, 2.0], None, "vector")
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    said = SAID["refusals"] = {}

    def refused(name, train_op=train_op, then=lambda: sess.run(train_op, {x: 1}), **arguments):
        where = arguments.pop("path", path("refused"))
        try:
            with recording(sess, where, train_op, **arguments):
                then()
        except Exception as error:
            said[name] = [type(error).__name__, str(error)]
        assert "run" not in vars(sess)

    def interrupt():
        sess.run(train_op, {x: 1})
        raise KeyError("of the program")

    refused("program", then=interrupt)
    refused("tensorflow", then=lambda: sess.run(train_op))
    refused("no step", then=lambda: sess.run(w))
    refused("no such operation", train_op="nothing")
    refused("path", path=FOLDER)
    refused("steps", steps=(1, 60))
    refused("max_steps", max_steps=0)
    refused("loss draws", loss=noisy)
    refused("loss shape", loss=vector)
    refused("loss operation", loss=train_op)
    branch = tf.cond(x > 0, lambda: tf.identity(loss, "branch"), lambda: loss).op.name
    refused("loss in a branch", loss=branch.rpartition("/")[0] + "/branch:0")
    refused("several", train_op=None, then=lambda: sess.run([train_op, other], {x: 1}))
    refused("partial", then=lambda: sess.partial_run_setup([train_op], [x]))
    refused("key", then=lambda: sess.run(train_op, {"nothing:0": 1, x: 1}))
    step_and_more = [lambda: sess.run(train_op, {x: 1}), lambda: sess.run(w.initializer)]
    refused("few steps", steps=(7,), then=lambda: [each() for each in step_and_more])
    tf1_recording.LARGEST, largest = tf1_recording.NAMES + 10, tf1_recording.LARGEST
    refused("size")
    tf1_recording.LARGEST = largest
    with tf.train.MonitoredSession() as monitored:
        try:
            with recording(monitored, path("refused"), train_op):
                pass
        except ValueError as error:
            said["monitored"] = [type(error).__name__, str(error)]
    hook = RecordingHook(path("refused"), other)
    with tf.train.MonitoredSession(hooks=[hook]) as monitored:
        monitored.run(train_op, {x: 1})  # the hook says on the standard error that it saw no step


def bounded():
    """Stops at `max_steps`, and before a file that no reader takes; goes on training."""
    w = tf.Variable(tf.ones(100), name="w")
    loss = tf.reduce_sum(w, name="loss")
    train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with recording(sess, path("three"), train_op, max_steps=3):
            for _ in range(7):
                sess.run(train_op)
        sess.run(w.initializer)
        with recording(sess, path("compressible"), train_op, max_steps=1):
            before = tf1_recording.SMALL, tf1_recording.UNPACKED
            tf1_recording.SMALL, tf1_recording.UNPACKED = 10, 1
            sess.run(train_op)
        tf1_recording.MEMBERS, members = 9, tf1_recording.MEMBERS
        with recording(sess, path("members"), train_op, steps=(1, 2, 3, 4, 5)):
            for _ in range(5):
                sess.run(train_op)
        tf1_recording.MEMBERS = members
        tf1_recording.SMALL, tf1_recording.UNPACKED = before
        SAID["bounded"] = float(sess.run(w)[0])


PROGRAMS = (fed_net, iterated_net, queued_net, resource_net, branched_net)
OTHERS = (monitored, estimated, branched_hook, conditional)
OTHERS += (odd_feeds, closed, hidden, refusals, bounded)
for function in PROGRAMS + OTHERS:
    if globals().get("ONLY") and function.__name__ not in ONLY:  # noqa: F821
        continue
    if function in PROGRAMS:
        run(function.__name__, function)
    else:
        with tf.Graph().as_default():
            function()
print(json.dumps(SAID))
