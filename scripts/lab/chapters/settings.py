"""Checks the settings of each chapter.

This module imports neither TensorFlow nor Keras, so that a bad flag is refused before either is
imported, which takes seconds. `measure` of each chapter calls the same checks.
"""

import numpy as np

from tf_recipes._support import validation
from tf_recipes.cli import size_limits
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe
from tf_recipes.tools.layer_sizes import width_for
from tf_recipes.training.splits import held_out_count

AUGMENT_BATCH_SIZE = 50
AUGMENT_PERIOD = 200  # steps from one evaluation to the next
AUGMENT_ROWS = AUGMENT_PERIOD * AUGMENT_BATCH_SIZE  # rows of one period: the images, repeated
AUGMENT_AMOUNTS = {"shift": 0.1, "rotation": 15.0, "zoom": 0.1, "brightness": 0.2}
# The limits that `ImageAugmentation` sets, repeated here because its module imports Keras.
AMOUNT_LIMITS = {"shift": 1, "rotation": 180, "zoom": 1, "brightness": 1}

HIGHEST_TARGET = 2.0  # nats; a net that guesses among ten digits has a loss of ln 10 = 2.3

TRANSFER_KINDS = ("dense", "conv")
TRANSFER_CLASSES = 5  # digits of each of the two tasks
TRANSFER_LAYERS = 3  # hidden layers of each net
TRANSFER_EVERY = 10  # steps from one measurement to the next

LAYER_BYTES = 10**4  # Python's objects of one layer, at least
EPOCH_STEPS = 100  # steps of an epoch of the sample, about


def check(chapter, data=None, **settings):
    """Checks the settings of one chapter.

    Args:
        chapter: name of the chapter's module, a key of `CHECKS`.
        data: a `mnist.Mnist`, or None if the data is not loaded yet. Without data the limits that
            depend on the number of images are not checked.
        **settings: the arguments of the chapter's `measure`.

    Raises:
        ValueError: for a setting that breaks its rule, or a size that this machine cannot hold.
    """
    _check_limits(**settings)
    CHECKS[chapter](data=data, **settings)


def _check_limits(seeds=1, **settings):
    """Checks that the settings of any chapter fit into the memory, and end within some hours."""
    for depth in settings.get("depths", ()):
        size_limits.check_memory("depths", depth, LAYER_BYTES * depth, "the layers of one net")
    size_limits.check_net(settings.get("hidden", ()), 1)
    budget = settings.get("budget", 0)
    size_limits.check_memory("budget", budget, 8 * budget, "weights and gradients")
    samples = settings.get("samples", 0)
    size_limits.check_memory("samples", samples, 40 * samples, "the samples of one image")
    rounds = settings.get("rounds", 0)
    size_limits.check_steps("rounds", rounds, EPOCH_STEPS * rounds)
    for field, steps in (("steps", 1), ("max_steps", 1), ("epochs", EPOCH_STEPS)):
        value = settings.get(field, 0)
        size_limits.check_steps(field, value, steps * value)
        size_limits.check_steps("seeds", seeds, steps * value, runs=seeds)


def check_augment(images, steps, amounts=None, data=None, **unchecked):
    """Checks the settings of `augment.measure`."""
    validation.keys("amounts", amounts or {}, AUGMENT_AMOUNTS)
    validation.whole("images", images, 1)
    highest = AUGMENT_ROWS if data is None else min(AUGMENT_ROWS, len(data.train_labels))
    validation.number("images", images, 1, highest)
    validation.whole("steps", steps, 2 * AUGMENT_PERIOD)
    if steps % AUGMENT_PERIOD:
        validation.fail(
            f"`steps` must be a multiple of {AUGMENT_PERIOD}.",
            f"steps={steps!r}",
            f"Pass a multiple, such as {9 * AUGMENT_PERIOD}.",
        )
    for kind, amount in {**AUGMENT_AMOUNTS, **(amounts or {})}.items():
        validation.number(kind, amount, 0, AMOUNT_LIMITS[kind], open_high=kind == "zoom")
        if amount == 0:
            validation.fail(
                "Every amount must be above 0, because each kind is also measured alone.",
                f"{kind}={amount!r}",
                f"Pass an amount above 0, such as {AUGMENT_AMOUNTS[kind]}.",
            )


def check_compare_optimizers(rates, target_loss, max_steps, tuning_seeds, **unchecked):
    """Checks the settings of `compare_optimizers.measure`."""
    for rate in rates:
        validation.number("rates", rate, 0, open_low=True)
    if not rates or len(set(rates)) < len(rates):
        validation.fail(
            "`rates` must be one or more different learning rates.",
            f"rates={list(rates)!r}",
            "Pass different rates, such as 0.01,0.1.",
        )
    validation.number("target_loss", target_loss, 0, HIGHEST_TARGET, open_low=True)
    validation.whole("max_steps", max_steps, 1)
    validation.whole("tuning_seeds", tuning_seeds, 1)


def check_depth_vs_width(depths, budget, **unchecked):
    """Checks the settings of `depth_vs_width.measure`."""
    for depth in depths:
        validation.whole("depths", depth, 1)
    if len(set(depths)) < 2 or len(set(depths)) < len(depths):
        validation.fail(
            "`depths` must be at least two different numbers of hidden layers.",
            f"depths={list(depths)!r}",
            "Pass different numbers, such as 1,5.",
        )
    for depth in depths:
        width_for(budget, depth, N_INPUTS, N_OUTPUTS)  # raises if the budget is too small


def check_diagnose(depths, shock_rate, **unchecked):
    """Checks the settings of `diagnose.measure`."""
    if not depths:
        validation.fail(
            "`depths` must name at least one number of hidden layers.",
            f"depths={list(depths)!r}",
            "Pass one or more numbers, such as 2,8.",
        )
    for depth in depths:
        validation.whole("depths", depth, 1)
    validation.number("shock_rate", shock_rate, 0, open_low=True)


def check_features(hidden, costs, **unchecked):
    """Checks the settings of `features.measure`."""
    for cost in costs:
        validation.number("C", cost, 0, open_low=True)
    if len(hidden) < 2:
        validation.fail(
            "`hidden` must be two hidden layers or more, to compare the first with the last.",
            f"hidden={list(hidden)!r}",
            "Pass the units of two layers or more, such as 300,100.",
        )
    Recipe("features", hidden=tuple(hidden))  # raises for units that cannot be


def check_learning_rate(epochs, target_accuracy, **unchecked):
    """Checks the settings of `learning_rate.measure`."""
    validation.whole("epochs", epochs, 1)
    validation.number("target_accuracy", target_accuracy, 0, 1, open_low=True, open_high=True)


def check_monte_carlo_dropout(keep_prob, samples, **unchecked):
    """Checks the settings of `monte_carlo_dropout.measure`."""
    validation.number("keep_prob", keep_prob, 0, 1, open_low=True, open_high=True)
    validation.whole("samples", samples, 2)


def check_transfer(
    kinds, reused, per_class, sizes, steps, learning_rate, source_epochs, data=None, **unchecked
):
    """Checks the settings of `transfer.measure`."""
    for kind in kinds:
        validation.choice("kinds", kind, TRANSFER_KINDS)
    if not kinds or len(set(kinds)) < len(kinds):
        validation.fail(
            "`kinds` must be at least one kind, each once.",
            f"kinds={list(kinds)!r}",
            f"Pass one or more of {', '.join(TRANSFER_KINDS)}.",
        )
    counts = {"reused": reused, "per_class": per_class, "steps": steps}
    for field, value in {**counts, "source_epochs": source_epochs}.items():
        validation.whole(field, value, 1)
    validation.number("learning_rate", learning_rate, 0, open_low=True)
    if reused > TRANSFER_LAYERS:
        validation.fail(
            f"`reused` must be at most the {TRANSFER_LAYERS} hidden layers.",
            f"reused={reused!r}",
            f"Pass a number from 1 to {TRANSFER_LAYERS}.",
        )
    if steps % (2 * TRANSFER_EVERY):
        validation.fail(
            f"`steps` must be a multiple of {2 * TRANSFER_EVERY}.",
            f"steps={steps!r}",
            f"Pass a multiple, such as {16 * TRANSFER_EVERY}.",
        )
    _check_sizes(sorted({*sizes, per_class}), data)


def _check_sizes(sizes, data):
    """Checks that every digit of the second task has as many training images as the sizes need."""
    if data is None:
        rule, available = "at least 1", max(sizes)
    else:
        labels = data.train_labels[: -held_out_count(data)]
        counts = np.bincount(labels, minlength=2 * TRANSFER_CLASSES)[TRANSFER_CLASSES:]
        available = int(counts.min())
        rule = f"from 1 to {available}"
    if not all(1 <= size <= available for size in sizes):
        validation.fail(
            f"`sizes` must be {rule}.",
            f"sizes={sizes!r}",
            "Pass numbers of images in this range; `per_class` is one of the sizes.",
        )


def check_watch_gradients(rounds, **unchecked):
    """Checks the settings of `watch_gradients.measure`."""
    if rounds == 1:
        validation.fail(
            "One round has no spread.", "rounds=1", "Pass 0 for no timing, or 2 or more."
        )


CHECKS = {
    "augment": check_augment,
    "compare_optimizers": check_compare_optimizers,
    "depth_vs_width": check_depth_vs_width,
    "diagnose": check_diagnose,
    "features": check_features,
    "learning_rate": check_learning_rate,
    "monte_carlo_dropout": check_monte_carlo_dropout,
    "transfer": check_transfer,
    "watch_gradients": check_watch_gradients,
}
