"""Runs the TF1 side of `names_cases.txt`: `{expression: result}` as JSON on stdout.

`names.json` was written by this on TensorFlow 1.15.5, Python 3.7, CPU:

    PYTHON_WITH_TF1 tests/goldens/record_names.py > tests/goldens/names.json
"""

import json
import pathlib
import re
import sys

import numpy as np
import tensorflow as tf

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import names_inputs


def run(value):
    """Returns what a session makes of tensors, in lists and tuples too."""
    if isinstance(value, (list, tuple)):
        return [run(each) for each in value]
    if not isinstance(value, (tf.Tensor, tf.Variable, tf.SparseTensor)):
        return np.asarray(value)
    session = tf.get_default_session()
    new = [each for each in tf.global_variables() if each not in run.ready]
    session.run(tf.variables_initializer(new))
    run.ready.extend(new)
    return session.run(value)


def metric(make, *args, **kwargs):
    value, update = make(*args, **kwargs)
    session = tf.get_default_session()
    session.run(tf.local_variables_initializer())
    for _ in range(2):
        session.run(update)
    return session.run(value)


def steps(optimizer):
    session = tf.get_default_session()
    weights = tf.Variable(np.float32([1.0, -2.0, 3.0]))
    gradient = tf.placeholder("float32", (3,))
    train = optimizer.apply_gradients([(gradient, weights)])
    session.run(tf.global_variables_initializer())
    for each in names_inputs.GRADIENTS:
        session.run(train, {gradient: each})
    return session.run(weights)


def rates(schedule):
    return [run(schedule(tf.constant(each))) for each in names_inputs.STEPS]


def norm(layer, x, **kwargs):
    """Returns the outputs of the second step in training, then the moving averages."""
    training = "is_training" if "contrib" in layer.__module__ else "training"
    outputs = layer(tf.constant(x), **dict({training: True}, **kwargs))
    averages = [each for each in tf.global_variables() if "moving" in each.name]
    trained = len(tf.trainable_variables())
    session = tf.get_default_session()
    session.run(tf.global_variables_initializer())
    for _ in range(2):
        found = session.run([outputs, *tf.get_collection(tf.GraphKeys.UPDATE_OPS)])[0]
    return [found, *session.run(averages), trained]


def cell(made):
    """Returns the outputs of two steps, with all kernels 0.1 and the other weights as they are."""
    x = names_inputs.inputs()["x"]
    outputs, _ = tf.nn.dynamic_rnn(made, np.stack([x, 2 * x], 1), dtype="float32")
    session = tf.get_default_session()
    session.run(tf.global_variables_initializer())
    for each in tf.trainable_variables():
        if "kernel" in each.name:
            each.load(np.full(each.shape.as_list(), 0.1), session)
    return session.run(outputs)


def net(function, *inputs):
    """Returns what a function of tensors gives, with weights of 0.1 and biases as they are."""
    outputs = function(*map(tf.constant, inputs))
    session = tf.get_default_session()
    session.run(tf.global_variables_initializer())
    for each in tf.trainable_variables():
        if not names_inputs.BIAS.search(each.name.split("/")[-1]):
            each.load(np.full(each.shape.as_list(), 0.1), session)
    return session.run(outputs)


def unrolled(made, x):
    return tf.nn.dynamic_rnn(made, x, dtype="float32")[0]


def decoded(helper):
    """Returns the outputs of a decoder of two units that a helper feeds."""
    seq2seq, cell = tf.contrib.seq2seq, tf.nn.rnn_cell.BasicRNNCell(2)
    return seq2seq.dynamic_decode(seq2seq.BasicDecoder(cell, helper, tf.zeros((2, 2))))[
        0
    ].rnn_output


def refused(make):
    """Returns whether a session refuses to compute what `make` makes."""
    try:
        tf.get_default_session().run(make())
    except tf.errors.InvalidArgumentError:
        return True
    return False


def slope(function, x):
    """Returns a function's value, and its gradient by its input."""
    with tf.variable_scope("slope", use_resource=True):
        x = tf.constant(x)
        found = function(x)
    return tf.get_default_session().run([found, tf.gradients(found, x)[0]])


def averaged(average):
    """Returns the averages of the weights and the weights, after the steps of gradient descent."""
    session = tf.get_default_session()
    weights = tf.Variable(np.float32([1.0, -2.0, 3.0]))
    gradient = tf.placeholder("float32", (3,))
    if isinstance(average, tf.train.Optimizer):
        update = average.apply_gradients([(gradient, weights)])
        [averages] = [each for each in tf.global_variables() if "MovingAverage" in each.name]
    else:
        train = tf.train.GradientDescentOptimizer(0.1).apply_gradients([(gradient, weights)])
        with tf.control_dependencies([train]):
            update = average.apply([weights])
        averages = average.average(weights)
    session.run(tf.global_variables_initializer())
    for each in names_inputs.GRADIENTS:
        session.run(update, {gradient: each})
    return session.run([averages, weights])


def codes(quantized):
    """Returns the whole numbers that quantized numbers are, and their range."""
    first, *ends = quantized
    return run([tf.cast(tf.bitcast(first, first.dtype.name[1:]), "int32"), *ends])


def parsed(spec):
    return run([*tf.parse_single_example(names_inputs.RECORD, spec).values()])


def dense(sparse, default=0):
    return tf.sparse_tensor_to_dense(sparse, default)


def column(made, **features):
    """Returns the numbers that a column of features makes of arrays; of ids, how often each is."""
    kind, contrib = str(type(made).__mro__), "contrib" in type(made).__module__
    if contrib and "SparseColumn" in kind:
        made = tf.contrib.layers.one_hot_column(made)
    elif re.search("Crossed|Weighted|Hashed|Vocabulary|SequenceCategorical", kind):
        made = (
            tf.contrib.layers.one_hot_column if contrib else tf.feature_column.indicator_column
        )(made)
    given = {}
    for key, values in features.items():
        each = np.asarray(values)
        if contrib and (each.dtype.kind != "f" or key == "w"):  # the weights
            places = np.argwhere(np.ones_like(each, bool))
            given[key] = tf.SparseTensor(places, each.ravel(), each.shape)
        else:
            given[key] = tf.constant(each)
    layer = (
        tf.contrib.layers.input_from_feature_columns if contrib else tf.feature_column.input_layer
    )
    if "SequenceCategorical" in kind:
        found, _ = vars(tf)["keras"].experimental.SequenceFeatures([made])(given)
    else:
        found = layer(given, [made])
    tf.get_default_session().run(tf.tables_initializer())
    return run(found)


def rows(change):
    """Returns the rows of a dataset of 0, 1, ... 6 after a change."""
    made = tf.data.Dataset
    dataset = made.range(7).apply(change)
    following = tf.data.make_one_shot_iterator(dataset).get_next()
    found = []
    while True:
        try:
            found.append(tf.get_default_session().run(following))
        except tf.errors.OutOfRangeError:
            return found


def value(initializer, shape=(3, 3)):
    return run(initializer(shape))


def plain(found):
    """Returns a result as `[kind, numbers]`, in lists where it has several parts."""
    if isinstance(found, (list, tuple)):
        return [plain(each) for each in found]
    if isinstance(found, dict):
        return [plain(found[key]) for key in sorted(found)]
    array = np.asarray(found)
    if array.dtype.kind in "OSU":
        return {"s": names_inputs.texts(array)}
    if array.dtype.kind == "c":
        return {"c": plain([array.real, array.imag])}
    kind = "f" if array.dtype.kind == "V" else array.dtype.kind.replace("u", "i")
    array = array.astype("float64") if kind == "f" else array
    numbers = array.tolist()
    return {kind: _short(numbers) if kind == "f" else numbers}


def _short(number):
    return [_short(each) for each in number] if isinstance(number, list) else float(f"{number:.6g}")


def result(expression):
    tf.set_random_seed(1)
    space = dict(
        names_inputs.inputs(),
        tf=tf,
        **names_inputs.sparse(tf, expression),
        t=tf.constant,
        init=tf.constant_initializer,
        value=value,
        metric=metric,
        steps=steps,
        rates=rates,
        norm=norm,
        cell=cell,
        net=net,
        unrolled=unrolled,
        decoded=decoded,
        refused=refused,
        slope=slope,
        averaged=averaged,
        codes=codes,
        parsed=parsed,
        dense=dense,
        column=column,
        rows=rows,
    )
    try:
        return plain(run(eval(expression, space)))
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"


def main():
    tf.logging.set_verbosity(40)  # errors
    names_inputs.run = run
    results = {}
    config = tf.ConfigProto(inter_op_parallelism_threads=1, intra_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True  # a third of the time
    for _, expression, _ in names_inputs.cases():
        run.ready = []
        with tf.Graph().as_default(), tf.Session(config=config):
            results[expression] = results.get(expression) or result(expression)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in results.items())
    sys.stdout.write(f'{{"tensorflow": "{tf.__version__}", "results": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
