"""Trains nets on the digits 0 to 4, and in several ways on few images of 5 to 9."""

import functools

import keras
import numpy as np

from lab.chapters import nets
from lab.chapters.settings import TRANSFER_CLASSES as CLASSES
from lab.chapters.settings import TRANSFER_EVERY as EVERY
from lab.chapters.settings import TRANSFER_LAYERS as LAYERS
from tf_recipes.blocks import transfer
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.initializers import he_init
from tf_recipes.blocks.optimizers import Momentum
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import N_INPUTS

BATCH = 50  # images of a step
FILTERS = (8, 16)  # of the convolutions
LOWER = 10  # divisor of the rate after unfreezing
MARGIN = 0.01  # an accuracy counts as reached if it is missed by at most this much
VERY_GOOD = 0.9  # a result counts as very good only if training on all images is above this
SCRATCH, UNTRAINED = "from scratch", "untrained, frozen"
REUSES = FROZEN, THEN, INITIAL = (
    "reused, frozen",
    "reused, frozen, then all train",
    "reused, all train",
)


class Trainer:
    """Trains one kind of net in each of the ways; each model is compiled once for all seeds.

    Args:
        kind: `"dense"` or `"conv"`.
        settings: dict, the settings of `transfer.measure` and `everything`, the number of labelled
            images of each digit in the whole training set.
        target: the second task: (images, labels) of training, validation and test.
    """

    def __init__(self, kind, settings, target):
        self.kind, self._settings = kind, settings
        self._labelled, *self._held_out = target
        self._source, self._whole, self._frozen = (
            nets.Restarts(functools.partial(_build, kind, settings, frozen))
            for frozen in (False, False, True)
        )

    def learn(self, source, seed):
        """Trains on the first task, and returns the accuracy on its test images."""
        self._learned = self._source(seed)
        epochs = self._settings["source_epochs"]
        nets.fit(self._learned, *source[0], epochs, seed, batch_size=BATCH)
        return _accuracy(self._learned, *source[2])

    def scratch(self, seed, size, rate):
        """Trains all layers from scratch on `size` images of each digit, and returns the run."""
        return self._run(SCRATCH, seed, size, [(self._whole(_target_seed(seed)), rate)])

    def untrained(self, seed, size):
        """Trains the upper layers on frozen untrained layers, and returns the run."""
        model, rate = self._frozen(_target_seed(seed)), self._settings["learning_rate"]
        return self._run(UNTRAINED, seed, size, [(model, rate)])

    def reuse(self, way, seed, size):
        """Trains in a way of `REUSES` on layers of the last `learn`, and returns the run."""
        rate = self._settings["learning_rate"]
        model = (self._whole if way == INITIAL else self._frozen)(_target_seed(seed))
        transfer.reuse_layers(self._learned, model, last=_last(self._settings))
        stages = [(model, rate)]
        if way == THEN:
            # Equals the model after `unfreeze_layers`, but is compiled once for all seeds.
            stages.append((self._whole(_target_seed(seed)), rate / LOWER))
        return self._run(way, seed, size, stages)

    def _run(self, way, seed, size, stages):
        """Trains in stages of equally many steps; a stage is a pair (model, rate)."""
        points, previous = [], None
        for part, (model, rate) in zip(
            np.split(self._order(seed, size), len(stages)), stages, strict=True
        ):
            if previous is not None:
                transfer.reuse_layers(previous, model, last="outputs")
            model.optimizer.learning_rate = rate
            points += self._train(model, part, always=size == self._settings["per_class"])
            previous = model
        validated, tested = zip(*points, strict=True)
        run = {"net": self.kind, "way": way, "per_class": size, "seed": seed, "counts": True}
        run |= {"learning_rate": stages[0][1], "test_accuracy": tested[-1]}
        return {**run, "val_accuracies": validated, "test_accuracies": tested}

    def _order(self, seed, size):
        """Draws the rows of the batches, (measurements, images), in shuffled passes."""
        rng, labels = np.random.default_rng(seed), self._labelled[1]
        # A smaller size takes the first images of the order, so that sizes are nested.
        orders = [rng.permutation(np.flatnonzero(labels == k)) for k in range(CLASSES)]
        taken = None if size == self._settings["everything"] else size
        rows = np.concatenate([digit[:taken] for digit in orders])
        needed = self._settings["steps"] * BATCH
        passes = [rng.permutation(rows) for _ in range(-(-needed // len(rows)))]
        return np.concatenate(passes)[:needed].reshape(-1, EVERY * BATCH)

    def _train(self, model, order, always):
        """Trains on the rows of `order`; returns pairs (validation accuracy, test accuracy).

        Args:
            model: a compiled model.
            order: rows of the images, (measurements, images).
            always: whether to measure after each row of `order`, or only after the last row.
        """
        points = []
        for k, rows in enumerate(order, start=1):
            images, labels = (part[rows] for part in self._labelled)
            model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
            if always or k == len(order):
                points.append([_accuracy(model, *part) for part in self._held_out])
        return points


def _target_seed(seed):
    """Returns the seed of the second task's start, which differs from the first task's."""
    return 1000 + seed


def _accuracy(model, images, labels):
    """Returns the accuracy in one forward pass, faster than `nets.accuracy` on few images."""
    return float(np.mean(np.argmax(model(images, training=False), axis=-1) == labels))


def _build(kind, settings, frozen, seed):
    """Builds a compiled net; with `frozen`, its first layers do not train."""
    norm, conv = settings["batch_norm"], kind == "conv"
    inputs = outputs = keras.Input((N_INPUTS,))
    if conv:
        outputs = keras.layers.Reshape((28, 28, 1))(outputs)
    for k in range(LAYERS):
        named = {"name": f"hidden{k + 1}", "kernel_initializer": he_init(seed=10 * seed + k)}
        named["use_bias"] = not norm
        if conv and k < 2:
            layer = keras.layers.Conv2D(FILTERS[k], 5, strides=2, padding="same", **named)
        else:
            layer = keras.layers.Dense((300, 100, 50)[k], **named)
            outputs = keras.layers.Flatten()(outputs)
        outputs = layer(outputs)
        if norm:
            layer = BatchNormalization(momentum=0.9, scale=True, name=f"{layer.name}_BatchNorm")
            outputs = layer(outputs)
        outputs = keras.layers.Activation("elu")(outputs)
    start = he_init(seed=10 * seed + LAYERS)
    outputs = keras.layers.Dense(CLASSES, kernel_initializer=start, name="outputs")(outputs)
    model = FastFitModel(inputs, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA's convolutions are slow on a CPU.
    model.compile(Momentum(settings["learning_rate"], momentum=0.9), loss, jit_compile=False)
    if frozen:
        transfer.freeze_layers(model, transfer.first_layers(model, last=_last(settings)))
    return model


def _last(settings):
    """Returns the name of the last reused layer."""
    return f"hidden{settings['reused']}" + ("_BatchNorm" if settings["batch_norm"] else "")


def digits(part, low):
    """Returns the images of five digits from `low` on, with labels 0 to 4."""
    images, labels = part
    chosen = (labels >= low) & (labels < low + CLASSES)
    return images[chosen], labels[chosen] - low


def train_all_ways(trainer, source, settings, say):
    """Trains one kind of net in all ways, from all seeds.

    Returns:
        The runs, and a dict of the choices: `learning_rate_from_scratch` and `way`.
    """
    few, rate, runs = settings["per_class"], settings["learning_rate"], []
    for seed in range(settings["seeds"]):
        learned = trainer.learn(source, seed)
        seed_runs = [trainer.scratch(seed, few, rate * factor) for factor in (1 / 3, 3, 1)]
        seed_runs.append(trainer.untrained(seed, few))
        seed_runs += [trainer.reuse(way, seed, n) for n in settings["sizes"] for way in REUSES]
        accuracies = {r["way"]: r["test_accuracy"] for r in seed_runs if r["per_class"] == few}
        shown = ", ".join(f"{way} {accuracy:.2%}" for way, accuracy in accuracies.items())
        shown += f" (from scratch at {rate:g})"
        say(f"{trainer.kind} net, seed {seed}: digits 0 to 4 {learned:.2%}; 5 to 9: {shown}")
        runs += seed_runs
    best = _best(counted_runs(runs, SCRATCH, few), "learning_rate")
    for run in runs:
        run["counts"] = run["way"] != SCRATCH or run["learning_rate"] == best
    for size in (*settings["sizes"], settings["everything"]):
        if size != few:
            runs += [trainer.scratch(seed, size, best) for seed in range(settings["seeds"])]
    reuses = [run for way in REUSES for run in counted_runs(runs, way, few)]
    _count_steps(counted_runs(runs, SCRATCH, few) + reuses)
    return runs, {"learning_rate_from_scratch": best, "way": _best(reuses, "way")}


def _best(runs, key):
    """Returns the value of `key` with the best mean validation accuracy at the end."""

    def mean(value):
        return np.mean([run["val_accuracies"][-1] for run in runs if run[key] == value])

    return max(dict.fromkeys(run[key] for run in runs), key=mean)


def _count_steps(runs):
    """Adds to each run its target accuracy, and its steps to the target.

    The target is `MARGIN` below the accuracy that every run of the same seed reaches.
    """
    for run in runs:
        peers = [other for other in runs if other["seed"] == run["seed"]]
        run["target_accuracy"] = min(max(each["val_accuracies"]) for each in peers) - MARGIN
        above = [value >= run["target_accuracy"] for value in run["val_accuracies"]]
        run["steps_to_target"] = EVERY * (1 + above.index(True))


def counted_runs(runs, way, size):
    """Returns the runs that count of a way with `size` images, in the order of the seeds."""
    wanted = (way, size, True)
    return [run for run in runs if (run["way"], run["per_class"], run["counts"]) == wanted]
