"""Few training images, as they are and augmented: test accuracy, and how far it falls behind."""

import keras
import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from tf_recipes._support import validation
from tf_recipes.blocks.augmentation import KINDS, ImageAugmentation
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.mnist import pixels
from tf_recipes.recipe import N_INPUTS, Recipe

ADAM = {"name": "adam", "learning_rate": 0.001}
RECIPE = Recipe("augmented", hidden=(300, 100), optimizer=ADAM)
BATCH_SIZE = 50
PERIOD = 200  # steps from one evaluation to the next
ROWS = PERIOD * BATCH_SIZE  # of one period: as many copies of each image as there is room for
NAMES = ("none", *KINDS, "all")
SHOWN = 8  # images of the grid
SIDE = 28  # pixels
AMOUNTS = {"shift": 0.1, "rotation": 15.0, "zoom": 0.1, "brightness": 0.2}


def measure(data, say, images=1000, steps=1800, amounts=None, seeds=5):
    """Trains on the first `images`: as they are, with each kind of augmentation, and with all.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        images: int, how many to train on.
        steps: int, of each training, a multiple of `PERIOD`.
        amounts: `{kind: amount}`, see `ImageAugmentation`; `AMOUNTS` for those that are left out.
        seeds: int, starts of each net.

    Returns:
        `Findings`.

    Raises:
        ValueError: for settings that cannot be.
    """
    validation.keys("amounts", amounts or {}, KINDS)
    chosen = _chosen({**AMOUNTS, **(amounts or {})})
    _check(data, images, steps, chosen)
    train = pixels(data.train_images[:images], "float32"), data.train_labels[:images]
    test = pixels(data.test_images, "float32"), data.test_labels
    copies = [np.resize(part, (ROWS, *part.shape[1:])) for part in train]
    restarts = {name: _restarts(chosen[name]) for name in NAMES}
    runs = []
    for seed in range(seeds):
        for name in NAMES:
            model = restarts[name](seed)
            history = nets.fit(model, *copies, steps // PERIOD, seed, test, batch_size=BATCH_SIZE)
            runs.append({"augmentation": name, "seed": seed, **_scores(model, train, history)})
        accuracies = (f"{r['augmentation']} {r['test_accuracy']:.2%}" for r in runs[-len(NAMES) :])
        say(f"seed {seed}: {', '.join(accuracies)}")
    settings = {"images": images, "steps": steps, "amounts": chosen["all"], "seeds": seeds}
    grid = {"labels": train[1][:SHOWN], "percent": _examples(train[0][:SHOWN], chosen)}
    return Findings(settings, runs, _summary(runs), _claims(runs), {"grid": grid})


def draw(findings):
    """`{"augment_grid": Figure, "augment": Figure}`: what it makes of images, and what it gains."""
    return {"augment_grid": _draw_grid(findings.also["grid"]), "augment": _draw_gain(findings)}


def _chosen(amounts):
    """`{name: arguments of ImageAugmentation}`, empty for none."""
    each = {kind: {kind: amount} for kind, amount in amounts.items()}
    return {"none": {}, **each, "all": amounts}


def _check(data, images, steps, chosen):
    validation.whole("images", images, 1)
    validation.number("images", images, 1, min(ROWS, len(data.train_labels)))
    validation.whole("steps", steps, 2 * PERIOD)
    if steps % PERIOD:
        validation.fail(
            f"`steps` must be a multiple of {PERIOD}.",
            f"steps={steps!r}",
            f"Take {9 * PERIOD}, say.",
        )
    for kind in KINDS:
        ImageAugmentation(**chosen[kind])  # raises for an amount that cannot be, or is 0


def _restarts(amounts):
    def build(seed):
        net = nets.build(RECIPE, seed)
        if not amounts:
            return net
        inputs = keras.Input((N_INPUTS,))
        images = keras.layers.Reshape((SIDE, SIDE, 1))(inputs)
        augmented = ImageAugmentation(**amounts, seed=seed)(images)
        model = FastFitModel(inputs, net(keras.layers.Flatten()(augmented)))
        model.compile(optimizer=net.optimizer, loss=net.loss, metrics=["accuracy"])
        return model

    return nets.Restarts(build)


def _scores(model, train, history):
    accuracies, train_accuracy = history["val_accuracy"], nets.accuracy(model, *train)
    return {
        "test_accuracy": accuracies[-1],
        "train_accuracy": train_accuracy,
        "gap": train_accuracy - accuracies[-1],
        "test_loss": history["val_loss"][-1],
        "test_accuracies": accuracies,
        "seconds": sum(history["seconds"]),
    }


def _examples(rows, chosen):
    """`{name: [the pixels of an image in percent of ink, as text]}`."""
    images, made = rows.reshape(-1, SIDE, SIDE, 1), {}
    for name, amounts in chosen.items():
        layer = ImageAugmentation(**amounts, seed=0) if amounts else keras.layers.Identity()
        percent = np.round(100 * np.array(layer(images, training=True))).astype(int)
        made[name] = [" ".join(map(str, image.ravel())) for image in percent]
    return made


def _of(runs, name, key):
    return [run[key] for run in runs if run["augmentation"] == name]


def _summary(runs):
    def text(name, key, pattern="{:.2%}"):
        return estimate(_of(runs, name, key)).text(pattern)

    return [
        {
            "augmentation": name,
            "test_accuracy": text(name, "test_accuracy"),
            "training_minus_test": text(name, "gap"),
            "test_loss_(nats)": text(name, "test_loss", "{:.3f}"),
            "seconds": text(name, "seconds", "{:.1f}"),
        }
        for name in NAMES
    ]


def _claims(runs):
    def gain(name, key):  # where all must hold, each interval keeps its own level
        return difference(_of(runs, name, key), _of(runs, "none", key))

    accuracy, gap = gain("all", "test_accuracy"), gain("all", "gap")
    left = {name: estimate(_of(runs, name, "gap")).text("{:.2%}") for name in ("none", "all")}
    each = {kind: gain(kind, "test_accuracy") for kind in KINDS}
    firsts, lasts = np.array(_of(runs, "none", "test_accuracies"))[:, [0, -1]].T
    ahead = difference(_of(runs, "all", "test_accuracy"), 2 * lasts - firsts)
    return [
        Claim(
            "augmentation effectively prevents overfitting.",
            accuracy.above_zero and gap.below_zero,
            f"with all four kinds, test accuracy {accuracy.text('{:+.2%}')}, and training accuracy "
            f"less test accuracy {gap.text('{:+.2%}')}: {left['all']} in place of {left['none']}.",
        ),
        Claim(
            "for that, images can be shifted, rotated, zoomed or lit differently.",
            all(found.above_zero for found in each.values()),
            "test accuracy by each alone: "
            + "; ".join(f"{kind} {found.text('{:+.2%}')}" for kind, found in each.items())
            + ".",
        ),
        Claim(
            "simply copying the images does not do.",
            ahead.above_zero,
            f"test accuracy {difference(lasts, firsts).text('{:+.2%}')} by "
            f"{len(runs[0]['test_accuracies'])} times as many copies; augmentation gains "
            f"{ahead.text('{:+.2%}')} more than that.",
        ),
    ]


def _draw_grid(grid):
    images = {
        name: np.hstack([np.array(text.split(), float).reshape(SIDE, SIDE) for text in texts])
        for name, texts in grid["percent"].items()
    }
    mosaic = np.vstack(list(images.values()))
    title = f"Training images; {mosaic.min():.0f} % ink is white, {mosaic.max():.0f} % black"
    view, (axes,) = drawing.new(title=title, size=(8, 6))
    axes.imshow(mosaic, cmap="gray_r")
    drawing.label(axes, f"label of the image ({SIDE} x {SIDE} pixels each)", "augmentation")
    axes.grid(False)
    axes.set_xticks(SIDE * np.arange(len(grid["labels"])) + SIDE / 2, grid["labels"])
    axes.set_yticks(SIDE * np.arange(len(images)) + SIDE / 2, list(images))
    return view


def _draw_gain(findings):
    runs, settings = findings.runs, findings.settings
    title = (
        f"{settings['images']:,} training images, {settings['steps']:,} steps of {BATCH_SIZE}; "
        f"mean and 95 % interval of {settings['seeds']} seeds"
    )
    view, (accuracy, gap, course) = drawing.new(3, title=title)
    for axes, key in ((accuracy, "test_accuracy"), (gap, "gap")):
        _bars(axes, NAMES, [_of(runs, name, key) for name in NAMES], 0, fmt="o")
        axes.tick_params(axis="x", rotation=20)
    for place, name in enumerate(NAMES):
        values = list(zip(*_of(runs, name, "test_accuracies"), strict=True))
        steps = PERIOD * np.arange(1, len(values) + 1)
        _bars(course, steps, values, place, label=name, marker=drawing.MARKERS[place])
    drawing.label(accuracy, "augmentation", "test accuracy (%)")
    drawing.label(gap, "augmentation", "training less test accuracy (% points)")
    gap.set_ylim(bottom=0)
    drawing.label(course, "training steps", "test accuracy (%)")
    course.legend(fontsize=8, ncols=3, loc="lower right")
    return view


def _bars(axes, x, values, place, **style):
    found = [estimate(each) for each in values]
    means, halves = [100 * each.mean for each in found], [100 * each.half for each in found]
    axes.errorbar(x, means, yerr=halves, color=drawing.COLOURS[place], capsize=3, **style)
