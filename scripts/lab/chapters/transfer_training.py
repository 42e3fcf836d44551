"""Trains nets on the digits 0 to 4, and in several ways on few images of 5 to 9."""

import functools

import keras
import numpy as np

from lab.chapters import nets
from tf_recipes.blocks import transfer
from tf_recipes.blocks.batch_norm import BatchNormalization
from tf_recipes.blocks.initializers import he_init
from tf_recipes.blocks.optimizers import Momentum
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.recipe import N_INPUTS

KINDS = ("dense", "conv")
CLASSES, LAYERS, BATCH = 5, 3, 50  # of each task; hidden ones; images
EVERY = 10  # steps from one measurement to the next
LOWER = 10  # what the rate is divided by once all layers train
MARGIN = 0.01  # of accuracy: what is not so far below counts as good as reached
VERY_GOOD = 0.9  # of accuracy: what all images must reach, for as good to be very good
SCRATCH, UNTRAINED = "from scratch", "untrained, frozen"
REUSES = FROZEN, THEN, INITIAL = (
    "reused, frozen",
    "reused, frozen, then all train",
    "reused, all train",
)


class Trainer:
    """Trains one kind of net in each of the ways; the compiled models serve all seeds."""

    def __init__(self, kind, settings, target):
        self.kind, self._settings = kind, settings
        self._labelled, *self._held_out = target
        self._source, self._whole, self._frozen = (
            nets.Restarts(functools.partial(_build, kind, settings, frozen))
            for frozen in (False, False, True)
        )

    def learn(self, source, seed):
        """Trains on the first task; returns the accuracy on its test images."""
        self._learned = self._source(seed)
        epochs = self._settings["source_epochs"]
        nets.fit(self._learned, *source[0], epochs, seed, batch_size=BATCH)
        return _accuracy(self._learned, *source[2])

    def scratch(self, seed, size, rate):
        return self._run(SCRATCH, seed, size, [(self._whole(_other(seed)), rate)])

    def untrained(self, seed, size):
        model, rate = self._frozen(_other(seed)), self._settings["learning_rate"]
        return self._run(UNTRAINED, seed, size, [(model, rate)])

    def reuse(self, way, seed, size):
        """With the first layers of what was learned last."""
        rate = self._settings["learning_rate"]
        model = (self._whole if way == INITIAL else self._frozen)(_other(seed))
        transfer.reuse_layers(self._learned, model, last=_last(self._settings))
        stages = [(model, rate)]
        if way == THEN:
            # What `unfreeze_layers` makes of a model, compiled once for all seeds.
            stages.append((self._whole(_other(seed)), rate / LOWER))
        return self._run(way, seed, size, stages)

    def _run(self, way, seed, size, stages):
        """Trains for as many steps in each of the stages, pairs of a model and a rate."""
        points, before = [], None
        for part, (model, rate) in zip(
            np.split(self._order(seed, size), len(stages)), stages, strict=True
        ):
            if before is not None:
                transfer.reuse_layers(before, model, last="outputs")
            model.optimizer.learning_rate = rate
            points += self._train(model, part, always=size == self._settings["per_class"])
            before = model
        validated, tested = zip(*points, strict=True)
        run = {"net": self.kind, "way": way, "per_class": size, "seed": seed, "counts": True}
        run |= {"learning_rate": stages[0][1], "test_accuracy": tested[-1]}
        return {**run, "val_accuracies": validated, "test_accuracies": tested}

    def _order(self, seed, size):
        """Rows of the labelled images (points, images): each of them once before any again."""
        rng, labels = np.random.default_rng(seed), self._labelled[1]
        # Of each digit the first in an order that is the same for all sizes.
        orders = [rng.permutation(np.flatnonzero(labels == k)) for k in range(CLASSES)]
        taken = None if size == self._settings["everything"] else size
        rows = np.concatenate([digit[:taken] for digit in orders])
        needed = self._settings["steps"] * BATCH
        passes = [rng.permutation(rows) for _ in range(-(-needed // len(rows)))]
        return np.concatenate(passes)[:needed].reshape(-1, EVERY * BATCH)

    def _train(self, model, order, always):
        """(validation accuracy, test accuracy) after each row of `order`, or after the last."""
        points = []
        for k, rows in enumerate(order, start=1):
            images, labels = (part[rows] for part in self._labelled)
            model.fit(images, labels, batch_size=BATCH, shuffle=False, verbose=0)
            if always or k == len(order):
                points.append([_accuracy(model, *part) for part in self._held_out])
        return points


def _other(seed):
    """The new layers do not start where the source's did."""
    return 1000 + seed


def _accuracy(model, images, labels):
    """As `nets.accuracy`, which takes longer to begin than this to end."""
    return float(np.mean(np.argmax(model(images, training=False), axis=-1) == labels))


def _build(kind, settings, frozen, seed):
    """A compiled net; with `frozen`, its first layers do not train."""
    norm, conv = settings["batch_norm"], kind == "conv"
    inputs = outputs = keras.Input((N_INPUTS,))
    if conv:
        outputs = keras.layers.Reshape((28, 28, 1))(outputs)
    for k in range(LAYERS):
        named = {"name": f"hidden{k + 1}", "kernel_initializer": he_init(seed=10 * seed + k)}
        named["use_bias"] = not norm
        if conv and k < 2:
            layer = keras.layers.Conv2D((8, 16)[k], 5, strides=2, padding="same", **named)
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
    # On a processor XLA's convolutions are slow.
    model.compile(Momentum(settings["learning_rate"], momentum=0.9), loss, jit_compile=False)
    if frozen:
        transfer.freeze_layers(model, transfer.first_layers(model, last=_last(settings)))
    return model


def _last(settings):
    return f"hidden{settings['reused']}" + ("_BatchNorm" if settings["batch_norm"] else "")


def digits(part, low):
    """The images of five digits from `low`, and labels 0 to 4."""
    images, labels = part
    chosen = (labels >= low) & (labels < low + CLASSES)
    return images[chosen], labels[chosen] - low


def trained(trainer, source, settings, say):
    """The runs of one kind of net, and which rate from scratch and which way count."""
    few, rate, runs = settings["per_class"], settings["learning_rate"], []
    for seed in range(settings["seeds"]):
        learned = trainer.learn(source, seed)
        done = [trainer.scratch(seed, few, rate * factor) for factor in (1 / 3, 3, 1)]
        done.append(trainer.untrained(seed, few))
        done += [trainer.reuse(way, seed, n) for n in settings["sizes"] for way in REUSES]
        found = {r["way"]: r["test_accuracy"] for r in done if r["per_class"] == few}
        shown = ", ".join(f"{way} {accuracy:.2%}" for way, accuracy in found.items())
        shown += f" (from scratch at {rate:g})"
        say(f"{trainer.kind} net, seed {seed}: digits 0 to 4 {learned:.2%}; 5 to 9: {shown}")
        runs += done
    best = _best(of(runs, SCRATCH, few), "learning_rate")
    for run in runs:
        run["counts"] = run["way"] != SCRATCH or run["learning_rate"] == best
    for size in (*settings["sizes"], settings["everything"]):
        if size != few:
            runs += [trainer.scratch(seed, size, best) for seed in range(settings["seeds"])]
    reuses = [run for way in REUSES for run in of(runs, way, few)]
    _count_steps(of(runs, SCRATCH, few) + reuses)
    return runs, {"learning_rate_from_scratch": best, "way": _best(reuses, "way")}


def _best(runs, key):
    """The value of `key` with the best validation accuracy in the end, over all seeds."""

    def mean(value):
        return np.mean([run["val_accuracies"][-1] for run in runs if run[key] == value])

    return max(dict.fromkeys(run[key] for run in runs), key=mean)


def _count_steps(runs):
    """Adds the steps until a run is within `MARGIN` of what all of its seed reach in the end."""
    for run in runs:
        peers = [other for other in runs if other["seed"] == run["seed"]]
        run["target_accuracy"] = min(max(each["val_accuracies"]) for each in peers) - MARGIN
        above = [value >= run["target_accuracy"] for value in run["val_accuracies"]]
        run["steps_to_target"] = EVERY * (1 + above.index(True))


def of(runs, way, size):
    """The runs that count, of a way and so many labelled images, in the order of the seeds."""
    wanted = (way, size, True)
    return [run for run in runs if (run["way"], run["per_class"], run["counts"]) == wanted]
