"""Tests the limits that `settings` repeats, because their modules import Keras."""

import contextlib

import pytest

from lab.chapters import settings
from tf_recipes.blocks.augmentation import KINDS, ImageAugmentation


def test_every_chapter_has_a_check(monkeypatch):
    called = []
    monkeypatch.setitem(settings.CHECKS, "augment", lambda **given: called.append(given))
    settings.check("augment", images=1)
    assert called == [{"data": None, "images": 1}]


def test_the_kinds_of_augmentation_are_those_of_the_layer():
    assert tuple(settings.AUGMENT_AMOUNTS) == tuple(settings.AMOUNT_LIMITS) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_limits_of_augmentation_are_those_of_the_layer(kind, fails):
    limit = settings.AMOUNT_LIMITS[kind]
    checks = (
        lambda amounts: ImageAugmentation(**amounts),
        lambda amounts: settings.check_augment(1000, 1800, amounts),
    )
    for amount, refused in ((limit / 2, False), (limit, kind == "zoom"), (1.01 * limit, True)):
        for check in checks:
            with fails(f"`{kind}`") if refused else contextlib.nullcontext():
                check({kind: amount})


@pytest.mark.parametrize(
    ("sizes", "rule"),
    [((0,), "`sizes` must be at least 1."), ((10, -1), "`sizes` must be at least 1.")],
)
def test_without_data_sizes_have_no_upper_limit(sizes, rule, fails):
    arguments = (("dense",), 2, 100)
    settings.check_transfer(*arguments, (10**9,), 160, 0.03, 5)
    with fails(rule):
        settings.check_transfer(*arguments, sizes, 160, 0.03, 5)


def test_without_data_images_are_limited_by_the_period(fails):
    settings.check_augment(settings.AUGMENT_ROWS, 1800)
    with fails("`images`"):
        settings.check_augment(settings.AUGMENT_ROWS + 1, 1800)
