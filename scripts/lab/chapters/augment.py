"""Measures test accuracy and overfitting with few training images, plain and augmented."""

import keras
import numpy as np

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.settings import AUGMENT_AMOUNTS as AMOUNTS
from lab.chapters.settings import AUGMENT_BATCH_SIZE as BATCH_SIZE
from lab.chapters.settings import AUGMENT_PERIOD as PERIOD
from lab.chapters.settings import AUGMENT_ROWS as ROWS
from lab.chapters.settings import check_augment
from tf_recipes.blocks.augmentation import KINDS, ImageAugmentation
from tf_recipes.fast_fit.model import FastFitModel
from tf_recipes.mnist import pixels
from tf_recipes.recipe import N_INPUTS, Recipe

ADAM = {"name": "adam", "learning_rate": 0.001}
HIDDEN = (300, 100)
NAMES = ("none", *KINDS, "all")
SHOWN = 8  # images in each row of the grid
SIDE = 28  # pixels of an image's side


def measure(data, say, images=1000, steps=1800, amounts=None, seeds=5):
    """Trains on the first `images`: plain, with each kind of augmentation, and with all kinds.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        images: int, number of training images.
        steps: int, steps of each training, a multiple of `PERIOD`.
        amounts: `{kind: amount}`, see `ImageAugmentation`; a missing kind has its amount of
            `AMOUNTS`.
        seeds: int, number of seeds; each net is trained once from each seed.

    Returns:
        `Findings`.

    Raises:
        ValueError: for a setting that breaks its rule.
    """
    check_augment(images, steps, amounts, data)
    arguments = _arguments({**AMOUNTS, **(amounts or {})})
    train = pixels(data.train_images[:images], "float32"), data.train_labels[:images]
    test = pixels(data.test_images, "float32"), data.test_labels
    copies = [np.resize(part, (ROWS, *part.shape[1:])) for part in train]
    restarts = {name: _restarts(arguments[name]) for name in NAMES}
    runs = []
    for seed in range(seeds):
        for name in NAMES:
            model = restarts[name](seed)
            history = nets.fit(model, *copies, steps // PERIOD, seed, test, batch_size=BATCH_SIZE)
            runs.append({"augmentation": name, "seed": seed, **_scores(model, train, history)})
        accuracies = (f"{r['augmentation']} {r['test_accuracy']:.2%}" for r in runs[-len(NAMES) :])
        say(f"seed {seed}: {', '.join(accuracies)}")
    settings = {"images": images, "steps": steps, "amounts": arguments["all"], "seeds": seeds}
    grid = {"labels": train[1][:SHOWN], "percent": _examples(train[0][:SHOWN], arguments)}
    return Findings(settings, runs, _summary(runs), _claims(runs), {"grid": grid})


def draw(findings):
    """Draws `{"augment_grid": Figure, "augment": Figure}`: augmented images, and the gain."""
    return {"augment_grid": _draw_grid(findings.also["grid"]), "augment": _draw_gain(findings)}


def _arguments(amounts):
    """Returns `{name: arguments of ImageAugmentation}` for every name of `NAMES`."""
    single = {kind: {kind: amount} for kind, amount in amounts.items()}
    return {"none": {}, **single, "all": amounts}


def _restarts(amounts):
    """Returns the `nets.Restarts` of the net with these amounts; `{}` means no augmentation."""

    recipe = Recipe("augmented", hidden=tuple(HIDDEN), optimizer=ADAM)

    def build(seed):
        net = nets.build(recipe, seed)
        if not amounts:
            return net
        inputs = keras.Input((N_INPUTS,))
        images = keras.layers.Reshape((SIDE, SIDE, 1))(inputs)
        augmented = ImageAugmentation(**amounts, seed=seed)(images)
        model = FastFitModel(inputs, net(keras.layers.Flatten()(augmented)))
        options = {"metrics": ["accuracy"], "jit_compile": nets.JIT_COMPILE}
        model.compile(optimizer=net.optimizer, loss=net.loss, **options)
        return model

    return nets.Restarts(build)


def _scores(model, train, history):
    """Returns the figures of one training; `gap` is training accuracy less test accuracy."""
    accuracies, train_accuracy = history["val_accuracy"], nets.accuracy(model, *train)
    return {
        "test_accuracy": accuracies[-1],
        "train_accuracy": train_accuracy,
        "gap": train_accuracy - accuracies[-1],
        "test_loss": history["val_loss"][-1],
        "test_accuracies": accuracies,
        "seconds": sum(history["seconds"]),
    }


def _examples(rows, arguments):
    """Returns `{name: [the pixels of one image in percent of black, as text]}`."""
    images, examples = rows.reshape(-1, SIDE, SIDE, 1), {}
    for name, amounts in arguments.items():
        layer = ImageAugmentation(**amounts, seed=0) if amounts else keras.layers.Identity()
        percent = np.round(100 * np.array(layer(images, training=True))).astype(int)
        examples[name] = [" ".join(map(str, image.ravel())) for image in percent]
    return examples


def _values(runs, name, key):
    """Returns the figure `key` of one net's runs, in the order of the seeds."""
    return [run[key] for run in runs if run["augmentation"] == name]


def _summary(runs):
    """Returns a row of means with intervals for each kind of augmentation."""

    def text(name, key, pattern="{:.2%}"):
        return estimate(_values(runs, name, key)).text(pattern)

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
    """Judges the chapter's claims about augmentation."""

    # Where a claim needs every gain, the intervals are not widened for several comparisons.
    def gain(name, key):
        return difference(_values(runs, name, key), _values(runs, "none", key))

    accuracy, gap = gain("all", "test_accuracy"), gain("all", "gap")
    gaps = {name: estimate(_values(runs, name, "gap")).text("{:.2%}") for name in ("none", "all")}
    gains = {kind: gain(kind, "test_accuracy") for kind in KINDS}
    firsts, lasts = np.array(_values(runs, "none", "test_accuracies"))[:, [0, -1]].T
    # The gain of augmentation, (all - lasts), less the gain of more copies, (lasts - firsts).
    ahead = difference(_values(runs, "all", "test_accuracy"), 2 * lasts - firsts)
    return [
        Claim(
            "augmentation effectively prevents overfitting.",
            accuracy.above_zero and gap.below_zero,
            f"with all four kinds, test accuracy {accuracy.text('{:+.2%}')}, and training accuracy "
            f"less test accuracy {gap.text('{:+.2%}')}: {gaps['all']} in place of {gaps['none']}.",
        ),
        Claim(
            "for that, images can be shifted, rotated, zoomed or lit differently.",
            all(each.above_zero for each in gains.values()),
            "test accuracy by each alone: "
            + "; ".join(f"{kind} {each.text('{:+.2%}')}" for kind, each in gains.items())
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
    """Draws the example images: a row for each kind of augmentation."""
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
    """Draws test accuracy and overfitting by kind, and test accuracy over the steps."""
    runs, settings = findings.runs, findings.settings
    title = (
        f"{settings['images']:,} training images, {settings['steps']:,} steps of {BATCH_SIZE}; "
        f"mean and 95 % interval of {settings['seeds']} seeds"
    )
    view, (accuracy, gap, course) = drawing.new(3, title=title)
    for axes, key in ((accuracy, "test_accuracy"), (gap, "gap")):
        _bars(axes, NAMES, [_values(runs, name, key) for name in NAMES], 0, fmt="o")
        axes.tick_params(axis="x", rotation=20)
    for place, name in enumerate(NAMES):
        values = list(zip(*_values(runs, name, "test_accuracies"), strict=True))
        steps = PERIOD * np.arange(1, len(values) + 1)
        _bars(course, steps, values, place, label=name, marker=drawing.MARKERS[place])
    drawing.label(accuracy, "augmentation", "test accuracy (%)")
    drawing.label(gap, "augmentation", "training less test accuracy (% points)")
    gap.set_ylim(bottom=0)
    drawing.label(course, "training steps", "test accuracy (%)")
    course.legend(fontsize=8, ncols=3, loc="lower right")
    return view


def _bars(axes, x, values, place, **style):
    """Draws means and intervals in percent; `values` has the list of all seeds for each x."""
    estimates = [estimate(each) for each in values]
    means = [100 * each.mean for each in estimates]
    halves = [100 * each.half for each in estimates]
    axes.errorbar(x, means, yerr=halves, color=drawing.COLOURS[place], capsize=3, **style)
