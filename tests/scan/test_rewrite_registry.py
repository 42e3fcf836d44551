"""Tests every rewrite on its own pair of programs, and that it is done once and for all."""

import ast

import pytest

from tf_recipes.scan import rewrite_registry
from tf_recipes.scan.fixing import fixer
from tf_recipes.scan.terms.rewrite import EITHER, KERAS

REWRITES = rewrite_registry.all_rewrites()


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_makes_what_its_pair_says_and_twice_gives_nothing_more(name):
    rewrite = REWRITES[name]
    assert fixer.fixed_text(rewrite.before) == rewrite.after
    assert fixer.fixed_text(rewrite.after) == rewrite.after
    ast.parse(rewrite.after)


def test_every_rewrite_has_an_idiom_and_says_what_it_does():
    assert len(REWRITES) >= 15
    for rewrite in REWRITES.values():
        assert rewrite.idiom in (EITHER, KERAS)
        assert rewrite.summary.endswith(".")
        assert rewrite.calls or rewrite.names
