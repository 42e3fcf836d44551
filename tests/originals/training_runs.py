"""Runs more experiments, as `experiments.py` does: training steps, and whole recipes."""

import json
import os
import tempfile

import numpy as np

EXPERIMENTS = {}
RECIPES = {
    "plain": {"hidden": (4, 3)},
    "batch_norm": {"hidden": (4,), "batch_norm": {"scale": True}},
    "batch_norm_bare": {"hidden": (4,), "batch_norm": {"center": False}},
    "float64": {"hidden": (4,), "dtype": "float64"},
    "max_norm": {
        "hidden": (4, 3),
        "max_norm": {"threshold": 0.5, "axes": 0},
        "regularizer": {"l2": 0.1},
    },
    "dropout": {"hidden": (4, 3), "keep_prob": 0.5},
}
IMAGES = np.random.RandomState(5).randint(0, 256, (40, 784)).astype(np.uint8)
LABELS = np.arange(40) % 10
BATCHES = np.random.RandomState(6).randint(0, 40, (3, 8))


def experiment(function):
    EXPERIMENTS[function.__name__] = function
    return function


def recipe(name, **changes):
    from tf_recipes.recipe import Recipe

    return Recipe(name, batch_size=8, steps=3, **dict(RECIPES[name], **changes))


@experiment
def gradient_clipping(tf, original):
    with tf.Graph().as_default(), tf.Session() as sess:
        a, b, c = (tf.Variable(0.0, name=name) for name in "abc")
        global_step = tf.Variable(0, trainable=False, name="global_step")
        loss = 3.0 * a - 0.05 * b - 7.0 * c
        optimizer = tf.train.GradientDescentOptimizer(1.0)
        step = original("gradient_clipping").clipped_training_op(optimizer, loss, 0.1, global_step)
        sess.run(tf.global_variables_initializer())
        sess.run(step)
        return sess.run({v.op.name: v for v in tf.global_variables()})


@experiment
def schedules(tf, original):
    module = original("schedules")
    arrays = {}
    for staircase in (False, True):
        with tf.Graph().as_default(), tf.Session() as sess:
            rate, step = module.decayed(0.1, 20, 0.5, staircase)
            sess.run(tf.global_variables_initializer())
            rates = arrays["staircase" if staircase else "smooth"] = []
            for k in (0, 10, 20, 39, 60):
                sess.run(tf.assign(step, k))
                rates.append(sess.run(rate))
            arrays["trainable"] = len(tf.trainable_variables())
    for start in (0, 10000):
        with tf.Graph().as_default(), tf.Session() as sess:
            weight = tf.Variable(0.0, name="weight")
            step = module.training_op(weight)
            sess.run(tf.global_variables_initializer())
            global_step = next(v for v in tf.global_variables() if v.op.name == "global_step")
            sess.run(tf.assign(global_step, start))
            history = []
            for _ in range(2):
                sess.run(step)
                history.append(sess.run([weight, global_step]))
            arrays[f"from_{start}"] = np.array(history)
    return arrays


@experiment
def optimizers(tf, original):
    """Returns the weight after each of two steps on the loss 2w from w = 1, learning rate 0.1."""
    arrays = {}
    for name, given in {
        "gradient_descent": {},
        "momentum": {"momentum": 0.9},
        "nesterov": {"momentum": 0.9},
        "adagrad": {"initial_accumulator_value": 0.5},
        "rmsprop": {"decay": 0.8},
        "adam": {"epsilon": 0.5},
    }.items():
        with tf.Graph().as_default(), tf.Session() as sess:
            weight = tf.Variable(1.0)
            step = original("optimizers").optimizer(name, 0.1, **given).minimize(2.0 * weight)
            sess.run(tf.global_variables_initializer())
            arrays[name] = []
            for _ in range(2):
                sess.run(step)
                arrays[name].append(sess.run(weight))
    return arrays


def needed_for(op):
    """Returns the ops that must run before `op` runs."""
    needed, left = set(), [op]
    while left:
        op = left.pop()
        new = {tensor.op for tensor in op.inputs}.union(op.control_inputs) - needed
        needed |= new
        left.extend(new)
    return needed


@experiment
def models(tf, original):
    module, arrays = original("runners.models"), {}
    for name in RECIPES:
        model = module.build(recipe(name))
        with tf.Session(graph=model.graph) as sess:
            original("runners.record").start(sess, model, None)
            names = list(model.variables)
            feed = {model.X: IMAGES[:8] / 255.0, model.y: LABELS[:8]}
            logits, loss = sess.run([model.logits, model.loss], feed)
            for variable, value in sess.run(model.variables).items():
                arrays["/".join((name, "variables", variable))] = value
            with model.graph.as_default():
                trainable = len(tf.trainable_variables())
            applies = [op for op in model.graph.get_operations() if "Apply" in op.type]
            loss_first = [model.loss.op in needed_for(op) for op in applies]
        arrays.update(
            {
                name + "/names": sorted(names),
                name + "/trainable": trainable,
                name + "/loss_first": loss_first,
                name + "/masks": sorted(model.masks),
                name + "/clips": len(model.clip_all_weights),
                name + "/logits": logits,
                name + "/loss": loss,
            }
        )
    try:
        module.build(recipe("batch_norm", dtype="float64"))
    except ValueError as error:
        arrays["refusal"] = str(error)
    return dict(arrays, images=IMAGES[:8], labels=LABELS[:8])


@experiment
def activation_functions(tf, original):
    arrays = {}
    for name in ("relu", "elu", "leaky_relu", "sigmoid", "tanh"):
        with tf.Graph().as_default(), tf.Session() as sess:
            function = original("runners.models").activation(name)
            arrays[name] = sess.run(function(tf.constant([-1.0, 0.0, 2.0])))
    return arrays


@experiment
def record(tf, original):
    """Returns a trace that the program wrote, a second run, and a run from given weights."""
    module, given = original("runners.record"), recipe("dropout")
    pool = IMAGES, LABELS, BATCHES
    with tempfile.TemporaryDirectory() as folder:
        job, path = (os.path.join(folder, name) for name in ("job.npz", "trace.npz"))
        spec = json.dumps(given.to_spec())
        np.savez(job, spec=spec, images=IMAGES, labels=LABELS, batches=BATCHES, steps=[3, 1])
        module.main(job, path)
        with np.load(path, allow_pickle=False) as file:
            arrays = {"trace/" + key: file[key] for key in file.files}
    for key, value in module.run(given, *pool, steps={1, 3}).items():
        arrays["again/" + key] = value
    initial = {key[14:]: v + 1 for key, v in arrays.items() if key.startswith("trace/initial/")}
    for key, value in module.run(given, *pool, steps=(), initial=initial).items():
        arrays["moved/" + key] = value
    return arrays


@experiment
def clipped(tf, original):
    """Returns a run whose weights are clipped after each step; the loss is computed before it."""
    run = original("runners.record").run(
        recipe("max_norm"), IMAGES, LABELS, BATCHES, steps={1, 2, 3}
    )
    return dict(run, pool_images=IMAGES, pool_labels=LABELS, pool_batches=BATCHES)


@experiment
def distributions(tf, original):
    module = original("runners.draws")
    whole, module.SHAPE = module.SHAPE, (784, 20)
    try:
        return module.record()
    finally:
        module.SHAPE = whole
