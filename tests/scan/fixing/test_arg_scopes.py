"""Tests which `arg_scope` blocks are spelled out, and how."""

import textwrap

import pytest

from tf_recipes.scan.fixing import fixer

HEAD = "import tensorflow as tf\nfrom tensorflow.contrib import slim\n\n\ndef net(x, given):\n"
CONV = (
    'keras.layers.Conv2D(8, 3, padding="valid", activation="relu", '
    "kernel_initializer=tf_recipes.xavier_init())(x)"
)
SCOPE = "with slim.arg_scope([slim.conv2d], padding='VALID')"


def fixed(body):
    """Returns the rewritten body of a function."""
    made = fixer.fixed_text(HEAD + textwrap.indent(textwrap.dedent(body), "    "))
    return textwrap.dedent(made.partition("def net(x, given):\n")[2])


def test_a_block_in_one_line_keeps_its_statements_and_its_comments():
    made = fixed(f"# before\n{SCOPE}: x = slim.conv2d(x, 8, 3); given = 1  # behind\nreturn x\n")
    assert made == f"# before\nx = {CONV}; given = 1  # behind\nreturn x\n"


@pytest.mark.parametrize(
    ("gap", "end"), [("\n        ", ",\n    "), (" ", ",")], ids=["lines", "one line"]
)
def test_a_call_keeps_its_last_comma(gap, end):
    made = fixed(f"{SCOPE}:\n    x = slim.conv2d(x,{gap}8,{gap}3{end})\nreturn x\n")
    assert made.count("\n") == (2 if gap == " " else 7)
    assert 'padding="valid",' in made and "kernel_initializer=tf_recipes.xavier_init()," in made
    assert "with" not in made


def test_methods_of_lists_and_builtins_call_no_layer():
    made = fixed(
        f"""
        sizes = []
        {SCOPE}:
            x = slim.conv2d(x, 8, 3)
            sizes.append(len(x.get_shape().as_list()))
        return x, sizes
        """
    )
    assert f"\nx = {CONV}\nsizes.append(len(list(x.shape)))\n" in made


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            "slim.repeat(x, 2, slim.conv2d, 8, 3)",
            "slim.repeat(x, 2, slim.conv2d, 8, 3, padding='VALID')",
        ),
        (
            "slim.repeat(x, 2, slim.conv2d, 8, 3, padding='SAME')",
            "slim.repeat(x, 2, slim.conv2d, 8, 3, padding='SAME')",
        ),
        ("slim.repeat(x, 2, slim.max_pool2d, 2)", "slim.repeat(x, 2, slim.max_pool2d, 2)"),
        (
            "slim.stack(x, slim.conv2d, [8, 9], kernel_size=3)",
            "slim.stack(x, slim.conv2d, [8, 9], kernel_size=3, padding='VALID')",
        ),
    ],
)
def test_what_calls_a_layer_several_times_gets_its_arguments(call, expected):
    assert fixed(f"{SCOPE}:\n    return {call}\n") == f"return {expected}\n"


@pytest.mark.parametrize(
    "call",
    [
        "slim.stack(x, slim.conv2d, [(8, 3), (9, 3, 2)])",
        "slim.stack(x, slim.conv2d, given)",
        "slim.repeat(x, 2, given, 8, 3)",
        "slim.repeat(x, 2, slim.conv2d, *given)",
    ],
)
def test_a_block_stays_where_the_calls_of_its_layers_are_not_written_out(call):
    body = f"{SCOPE}:\n    return {call}\n"
    assert fixed(body) == body


def test_what_partial_gives_counts_more_than_the_block():
    made = fixed(
        f"""
        conv = functools.partial(slim.conv2d, padding="SAME")
        {SCOPE[:-1]}, stride=2):
            return conv(x, 8, 3)
        """
    )
    assert made.endswith("return conv(x, 8, 3, stride=2)\n")


def test_a_dict_and_names_may_be_written_again():
    made = fixed(
        """
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            normalizer_params=dict(is_training=given)):
            x = slim.conv2d(x, 8, 3)
            return slim.conv2d(x, 8, 3)
        """
    )
    assert "arg_scope" not in made and made.count(", training=given)") == 2


@pytest.mark.parametrize(
    "body",
    [
        "with slim.arg_scope([slim.conv2d], padding='VALID') as scope:\n    slim.conv2d(x, 8, 3)",
        "with tf.name_scope('a'), slim.arg_scope([slim.conv2d]):\n    slim.conv2d(x, 8, 3)",
        "with slim.arg_scope([given], padding='VALID'):\n    slim.conv2d(x, 8, 3)",
        "with slim.arg_scope(given, padding='VALID'):\n    slim.conv2d(x, 8, 3)",
        "with slim.arg_scope([slim.conv2d], **given):\n    slim.conv2d(x, 8, 3)",
        "with slim.arg_scope([slim.conv2d], padding=next(given)):\n    slim.conv2d(x, 8, 3)",
        "with slim.arg_scope([slim.conv2d], padding=(p := 'SAME')):\n    slim.conv2d(x, 8, 3)",
        f"{SCOPE}:\n    slim.conv2d(*given)",
        f"{SCOPE}:\n    slim.conv2d(x, 8, 3, **given)",
        f"{SCOPE}:\n    layer = slim.conv2d\nlayer(x, 8, 3)",
        f"{SCOPE}:\n    given.build(x)",
    ],
)
def test_a_block_that_cannot_be_spelled_out_stays(body):
    assert fixed(f"{body}\n") == f"{body}\n"


def test_a_value_that_changes_when_it_is_computed_again_stays():
    """The dict is made once for both layers, also what is computed in it."""
    made = fixed(
        """
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            normalizer_params=dict(is_training=next(given))):
            x = slim.conv2d(x, 8, 3)
            return slim.conv2d(x, 8, 3)
        """
    )
    assert made.count("next(given)") == 1 and "with slim.arg_scope" in made
