"""Tests that the index's replacements compute what TensorFlow 1.15.5 computes, row by row."""

import ast
import importlib.util
import json
import re
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import limits
import tf_recipes
from tf_recipes.knowledge import names
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.scan.fixing import fixer

GOLDENS = Path(__file__).parents[1] / "goldens"
PAGE = Path(__file__).parents[2] / "docs" / "names.md"
RECORDED = json.loads((GOLDENS / "names.json").read_text())["results"]
SPAN = re.compile(r"`([^`]*)`")
ARGUMENT = re.compile(r"^(\w+)=(.+)$")
OF_ANY_CALL = {"training", "shape", "x", "y"}  # what `fit` and layers pass, and kernels name


def _module(name):
    spec = importlib.util.spec_from_file_location(name, GOLDENS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


names_inputs = _module("names_inputs")
CASES = names_inputs.cases()
ROWS = names.rows()


def written(name, expression):
    """Returns the Keras expression that the row itself gives: its first name and its arguments.

    >>> written("tf.gather", "tf.gather(x, [1])")
    'keras.ops.take(x, [1], axis=0)'
    """
    first, *rest = SPAN.findall(
        re.split(r"[;,] (?!which|whose|and )|\bor\b|: (?!`)", ROWS[name].replacement)[0]
    )
    given = [span for span in rest if ARGUMENT.match(span)]
    tree = ast.parse(expression, mode="eval")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
            node.func = ast.parse(first, mode="eval").body
            for span in given:
                key, text = ARGUMENT.match(span).groups()
                node.keywords.append(ast.keyword(key, ast.parse(text, mode="eval").body))
    return ast.unparse(tree).replace(name, first)


def metric(made, *args, **kwargs):
    for _ in range(2):
        made.update_state(*args, **kwargs)
    return made.result()


def steps(optimizer):
    weights = keras.Variable(np.float32([1.0, -2.0, 3.0]))
    optimizer.build([weights])
    for each in names_inputs.GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(each)])
    return weights.value


def rates(schedule):
    return [schedule(keras.ops.convert_to_tensor(each)) for each in names_inputs.STEPS]


def norm(layer, x):
    for _ in range(2):
        found = layer(x, training=True)
    averages = [layer.moving_mean.value, layer.moving_variance.value]
    return [found, *averages, len(layer.trainable_variables)]


def cell(made):
    x = names_inputs.inputs()["x"]
    layer = keras.layers.RNN(made, return_sequences=True)
    x = keras.ops.convert_to_tensor(np.stack([x, 2 * x], 1))
    layer.build(x.shape)
    for each in layer.trainable_variables:
        if "kernel" in each.path:
            each.assign(np.full(each.shape, 0.1))
    return layer(x)


def net(function, *inputs):
    """Returns what a function of layers gives, with weights of 0.1 and biases as they are."""
    given = [keras.Input(batch_shape=x.shape, dtype=x.dtype.name) for x in inputs]
    model = keras.Model(given, function(*given))
    for each in model.trainable_variables:
        if "bias" not in each.path.split("/")[-1]:
            each.assign(np.full(each.shape, 0.1))
    return model([keras.ops.convert_to_tensor(x) for x in inputs])


def refused(make):
    """Returns whether TensorFlow refuses to compute what `make` makes."""
    try:
        make()
    except tf.errors.InvalidArgumentError:
        return True
    finally:
        tf.debugging.disable_check_numerics()
    return False


def slope(function, x):
    """Returns a function's value, and its gradient by its input."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = function(x)
    return [found, tape.gradient(found, x)]


def averaged(wrap):
    """Returns the averages of the weights and the weights, after the steps of gradient descent."""
    weights = keras.Variable(np.float32([1.0, -2.0, 3.0]))
    optimizer = wrap(tf_recipes.GradientDescent(0.1))
    optimizer.build([weights])
    for each in names_inputs.GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(each)])
    return [optimizer.average(weights), weights]


def codes(quantized):
    """Returns the whole numbers that quantized numbers are, and their range."""
    first, *ends = quantized
    return [tf.cast(tf.bitcast(first, first.dtype.name[1:]), "int32"), *ends]


def parsed(spec):
    return [*tf.io.parse_single_example(names_inputs.RECORD, spec).values()]


def dense(sparse, default=0):
    return tf.sparse.to_dense(sparse, default)


def fixed(augmentation, images, **amounts):
    """Returns images by the layer of an `ImageAugmentation`, by one amount instead of a range."""
    _, layer = augmentation.layers
    ends = {name: [amount, amount] for name, amount in amounts.items()}
    return type(layer).from_config({**layer.get_config(), **ends})(images, training=True)


def weighted(losses, reduction, w):
    """Returns the reduction of `keras.losses.Loss` over losses that are already computed."""
    loss = type("Given", (keras.losses.Loss,), {"call": lambda self, y_true, y_pred: y_pred})
    losses = keras.ops.convert_to_tensor(losses)
    return loss(reduction=reduction)(losses, losses, w + np.zeros(losses.shape, "float32"))


def by_nonzero(loss, y_true, y_pred, w):
    """Returns the sum of the losses of all entries over the number of weights that are not 0."""
    w = w + np.zeros(y_true.shape, "float32")
    return loss(y_true[..., None], y_pred[..., None], w) / np.count_nonzero(w)


def plain(found):
    """Returns a result as the recorder writes it: `{kind: numbers}`, in lists of several parts."""
    if isinstance(found, (list, tuple)):
        return [plain(each) for each in found]
    if isinstance(found, dict):
        return [plain(found[key]) for key in sorted(found)]
    if isinstance(found, tf.SparseTensor):
        return plain([found.indices, found.values, found.dense_shape])
    if isinstance(found, keras.Variable):
        found = found.value
    array = np.asarray(found)
    if array.dtype.kind in "OSU":
        return {"s": names_inputs.texts(array)}
    if array.dtype.kind == "c":
        return {"c": plain([array.real, array.imag])}
    kind = "f" if array.dtype.kind == "V" else array.dtype.kind.replace("u", "i")
    return {kind: array.astype("float64") if kind == "f" else array}


def differences(found, expected, drawn):
    """Yields what differs, in words."""
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{len(expected)} parts in TF1: {found}"
            return
        for each, other in zip(found, expected, strict=True):
            yield from differences(each, other, drawn)
        return
    if not isinstance(found, dict) or [*found] != [*expected]:
        yield f"{expected} in TF1, here {found}"
        return
    [(kind, numbers)] = expected.items()
    if kind == "c":
        yield from differences(found[kind], numbers, drawn)
        return
    array, other = np.asarray(found[kind]), np.asarray(numbers)
    spread = 2e-6
    if drawn and array.shape == (10,):  # quantiles of 27,000 numbers and their deviation
        array, other = np.delete(array, [0, 8]), np.delete(other, [0, 8])
        spread = 0.05 * other[-1]
    elif drawn:
        spread = 0.015
    if array.shape != other.shape:
        yield f"shape {other.shape} in TF1, here {array.shape}"
    elif (kind == "f" and not np.allclose(array, other, 2e-5, spread, equal_nan=True)) or (
        kind != "f" and not np.array_equal(array, other)
    ):
        yield f"{other.tolist()} in TF1, here {array.tolist()}"


def evaluated(expression):
    keras.utils.set_random_seed(1)
    space = dict(
        names_inputs.inputs(),
        tf=tf,
        **names_inputs.sparse(tf, expression),
        keras=keras,
        tf_recipes=tf_recipes,
        t=keras.ops.convert_to_tensor,
        init=keras.initializers.Constant,
        value=lambda made, shape=(3, 3): made(shape),
        metric=metric,
        steps=steps,
        rates=rates,
        norm=norm,
        cell=cell,
        net=net,
        refused=refused,
        slope=slope,
        averaged=averaged,
        codes=codes,
        parsed=parsed,
        dense=dense,
        rows=list,
        fixed=fixed,
        weighted=weighted,
        by_nonzero=by_nonzero,
    )
    return plain(eval(expression, space))


def keywords(expression):
    """Returns the names of all `name=` in the expression's calls."""
    calls = (each for each in ast.walk(ast.parse(expression)) if isinstance(each, ast.Call))
    return {keyword.arg for call in calls for keyword in call.keywords}


def by_name():
    found = {}
    for name, tf1, ported in CASES:
        found.setdefault(name, []).append((tf1, ported or written(name, tf1)))
    return found


BY_NAME = by_name()


@pytest.mark.parametrize("name", BY_NAME)
def test_a_replacement_computes_what_tf1_computed(name):
    wrong = [
        f"{tf1}: {ported}: {text}"
        for tf1, ported in BY_NAME[name]
        for text in differences(evaluated(ported), RECORDED[tf1], tf1.startswith(("dist", "share")))
    ]
    assert wrong == []


def test_differences_are_found():
    one = {"f": [1.0]}
    assert [*differences({"f": np.array([1.0])}, one, False)] == []
    for found in ({"f": np.array([1.001])}, {"f": np.array([[1.0]])}, {"i": np.array([1])}, [one]):
        assert len([*differences(found, one, False)]) == 1
    assert len([*differences({"i": np.array(2)}, {"i": 1}, False)]) == 1
    assert len([*differences([one], [one, one], False)]) == 1
    wide, narrow = ({"f": [-2.0, -1, 0, 1, 2, 3, 4, 5, 6, deviation]} for deviation in (1.0, 0.9))
    assert len([*differences(narrow, wide, True)]) == 1


def test_a_row_says_each_argument_that_tf1_does_not_need():
    """A port that needs `epsilon=1e-6` where TF1's call has no `epsilon` must say so."""
    lacking = [
        f"{name}: {ported}: {argument}"
        for name, cases in BY_NAME.items()
        for tf1, ported in cases
        for argument in keywords(ported) - keywords(tf1) - OF_ANY_CALL
        if not argument.endswith("_initializer")  # of the same weights on both sides
        and not re.search(rf"`{argument}\b", ROWS[name].replacement)
    ]
    assert lacking == []


def test_a_row_that_was_run_runs_its_first_replacement():
    lacking = []
    for name, cases in BY_NAME.items():
        codes = [
            code
            for code in SPAN.findall(ROWS[name].replacement)
            if re.match(r"(keras|tf\w*)\.", code)
        ]
        ported = " ".join(text for _, text in cases)
        if codes and not any(code in ported for code in codes[:1]):
            lacking.append(f"{name}: {codes[0]}")
    assert lacking == []


def test_the_last_column_says_which_rows_were_run():
    marked = {name for name, row in ROWS.items() if row.compared == "run"}
    assert marked == set(BY_NAME)
    assert len(marked) > 650
    assert "not run" not in {row.compared for row in ROWS.values()}
    text = PAGE.read_text()
    explained = re.findall(r"^\| ([\w, ]+) \| .+ \|$", text, re.MULTILINE)
    assert {row.compared for row in ROWS.values()} <= set(explained)


def test_the_results_are_those_of_tf1(tf1_python):
    """Records again: all but random numbers must be the same."""
    done = subprocess.run(
        [tf1_python, "-W", "ignore", GOLDENS / "record_names.py"],
        env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="3"),
        capture_output=True,
        check=True,
        text=True,
        timeout=limits.PROCESS,
    )
    found = json.loads(done.stdout)["results"]
    assert list(found) == list(RECORDED)
    wrong = [
        f"{expression}: {text}"
        for expression, expected in RECORDED.items()
        for text in differences(
            found[expression], expected, expression.startswith(("dist", "share"))
        )
    ]
    assert wrong == []
    assert not [text for text in RECORDED.values() if isinstance(text, str)]


def rewritten():
    """Returns `{TF1's expression: expression that a scan's fix makes of it}` where they differ.

    The first case of every sixth row, in a function that becomes Keras because of its layer.
    """
    cases = [tf1 for (tf1, _), *_ in BY_NAME.values() if "lambda" not in tf1][::6]
    trigger = "    tf.layers.flatten(x)\n"
    functions = [f"def f{n}():\n{trigger}    return {each}\n" for n, each in enumerate(cases)]
    made = ast.parse(fixer.fixed_text("\n".join(["import tensorflow as tf", *functions])))
    found = [node.body[-1].value for node in made.body if isinstance(node, ast.FunctionDef)]
    pairs = zip(cases, map(ast.unparse, found), strict=True)
    return {tf1: new for tf1, new in pairs if new != ast.unparse(ast.parse(tf1, mode="eval"))}


def test_what_a_fix_makes_of_a_call_computes_what_tf1_computed():
    made = rewritten()
    assert len(made) > 40
    # a name besides that no fix replaces
    left = {tf1 for tf1, new in made.items() if re.search(r"tf\.(losses|metrics|train)\.", new)}
    wrong = [
        f"{tf1}: {new}: {text}"
        for tf1, new in made.items()
        if tf1 not in left
        for text in differences(evaluated(new), RECORDED[tf1], tf1.startswith(("dist", "share")))
    ]
    assert wrong == [] and len(left) < 20
