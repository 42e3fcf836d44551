import re
from pathlib import Path

import pytest

from lab.documentation import tables
from lab.documentation.defaults import optimizers, table, unpaired
from lab.documentation.defaults.pairs import Hidden, Pair

PAGE = Path(__file__).parents[5] / "docs" / "defaults.md"
SIGNATURES = table.recorded()["signatures"]
PUBLIC = table.recorded()["public"]


def row(tf1, argument):
    """Returns the cells after the argument of the only row."""
    found = [each for each in table.rows() if f"`{tf1}`" in each.tf1]
    (only,) = [each for each in found if each.argument.split(" *(")[0] == argument]
    return only[2:]


@pytest.mark.parametrize(
    ("tf1", "argument", "expected"),
    [
        (
            "tf.train.AdamOptimizer",
            "`epsilon`",
            ("`1e-08`", "`keras.optimizers.Adam`", "`epsilon`", "`1e-07`"),
        ),
        (
            "tf.contrib.layers.fully_connected",
            "`activation_fn`",
            ("`tf.nn.relu`", "`keras.layers.Dense`", "`activation`", "`None`"),
        ),
        (
            "tf.contrib.layers.convolution2d",
            "`padding`",
            ("`'SAME'`", "`keras.layers.Conv2D`", "`padding`", "`'valid'`"),
        ),
        (
            "tf.contrib.layers.batch_norm",
            "`decay`",
            ("`0.999`", "`keras.layers.BatchNormalization`", "`momentum`", "`0.99`"),
        ),
        (
            "tf.layers.batch_normalization",
            "`training`",
            (
                "`False`",
                "`keras.layers.BatchNormalization`",
                "`training` of the call",
                "`None`",
            ),
        ),
        (
            "tf.nn.leaky_relu",
            "`alpha`",
            ("`0.2`", "`keras.layers.LeakyReLU`", "`negative_slope`", "`0.3`"),
        ),
        (
            "tf.truncated_normal_initializer",
            "`stddev`",
            ("`1.0`", "`keras.initializers.TruncatedNormal`", "`stddev`", "`0.05`"),
        ),
        (
            "tf.train.RMSPropOptimizer",
            "start of the mean square",
            ("`1`", "`keras.optimizers.RMSprop`", "the same", "`0`"),
        ),
        (
            "tf.losses.softmax_cross_entropy",
            "`logits`",
            (
                "logits",
                "`keras.losses.CategoricalCrossentropy`",
                "`from_logits`",
                "`False`: probabilities",
            ),
        ),
    ],
)
def test_a_row(tf1, argument, expected):
    assert row(tf1, argument)[:4] == expected


def test_a_row_links_to_its_page_and_says_what_stands_in_the_code():
    (found,) = [each for each in table.rows() if "factor of the squares" in each.argument][:1]
    assert found == (
        "`tf.contrib.layers.l2_regularizer`",
        "factor of the squares *(in the code)*",
        "`1/2`",
        "`keras.regularizers.L2`",
        "the same",
        "`1`",
        "[regularization](recipes/regularization.md)",
    )


@pytest.mark.parametrize(
    "tf1",
    [
        "tf.train.GradientDescentOptimizer",  # has no default rate
        "tf.train.MomentumOptimizer",
        "tf.train.FtrlOptimizer",
        "tf.train.exponential_decay",
        "tf.train.polynomial_decay",
        "tf.contrib.layers.xavier_initializer",
        "tf.layers.dense",  # None is glorot_uniform
        "tf.layers.conv2d",
        "tf.layers.max_pooling2d",
        "tf.nn.softmax",
        "tf.nn.conv2d",
    ],
)
def test_what_is_equal_has_no_row(tf1):
    assert tf1 in SIGNATURES
    assert not [each for each in table.rows() if f"`{tf1}`" in each.tf1]


def test_the_table_has_a_line_for_each_row():
    lines = table.table().splitlines()
    assert lines[0] == (
        "| TF1 | argument | TF1 default | Keras 3 | argument | Keras 3 default | page |"
    )
    assert lines[1] == "|---|---|---|---|---|---|---|"
    assert len(lines) == 2 + len(table.rows())
    assert {line.count(" | ") for line in lines} - {0} == {6}
    assert len(set(lines)) == len(lines)


# --- complete


@pytest.mark.parametrize("pair", table.PAIRS, ids=lambda pair: f"{pair.tf1}-{pair.keras}")
def test_every_argument_of_both_sides_is_compared_or_explained(pair):
    assert [line for name in pair.names for line in table.unexplained(pair, SIGNATURES[name])] == []


@pytest.mark.parametrize("pair", table.PAIRS, ids=lambda pair: f"{pair.tf1}-{pair.keras}")
def test_what_a_pair_says_is_about_arguments_that_there_are(pair):
    tf1 = {argument for name in pair.names for argument in SIGNATURES[name]}
    there = table.keras_arguments(pair.keras).keys()
    assert {to for argument, to in pair.renamed.items() if argument in tf1} <= there
    assert set(pair.unrelated) <= there


@pytest.mark.parametrize("pair", [pair for pair in table.PAIRS if pair.also], ids=lambda p: p.tf1)
def test_other_names_of_a_callable_have_its_defaults(pair):
    first = SIGNATURES[pair.tf1]
    for name in pair.also:
        shared = first.keys() & SIGNATURES[name].keys() - {"name"}
        other = {
            argument: (first[argument], SIGNATURES[name][argument])
            for argument in shared
            if first[argument] != SIGNATURES[name][argument]
        }
        # what was renamed late in TF1's life may be None in one name of two
        assert all(set(each) & {None, "None"} for each in other.values()), other


def test_every_public_name_of_the_modules_is_paired_or_listed_as_unpaired():
    public = [f"{space}.{name}" for space, each in PUBLIC.items() for name in each]
    groups = [unpaired.MISSING, *unpaired.OTHERS.values()]
    alone = [name for group in groups for name in unpaired.names(group)]
    assert len(alone) == len(set(alone))
    paired = set(table.names())
    assert not paired & set(alone)
    assert set(public) == set(alone) | paired & set(public)
    assert all(re.fullmatch(r"tf\.\w+_initializer", name) for name in paired - set(public))


def test_the_modules():
    assert PUBLIC.keys() == {
        "tf.train",
        "tf.contrib.layers",
        "tf.contrib.opt",
        "tf.layers",
        "tf.nn",
        "tf.nn.rnn_cell",
        "tf.losses",
        "tf.initializers",
    }
    assert "AdamOptimizer" in PUBLIC["tf.train"]
    assert len(PUBLIC["tf.train"]) > 100


ADAM = {"learning_rate": "0.001", "beta1": "0.9", "turbo": "True", "use_locking": "False"}


def test_an_argument_that_nobody_explains_is_named():
    pair = Pair("tf.train.AdamOptimizer", "keras.optimizers.Adam", {"beta1": "beta_1"})
    assert list(table.unexplained(pair, ADAM)) == [
        "tf.train.AdamOptimizer: turbo=True has no counterpart in keras.optimizers.Adam",
        "tf.train.AdamOptimizer: keras.optimizers.Adam has beta_2=0.999, which nothing explains",
        "tf.train.AdamOptimizer: keras.optimizers.Adam has epsilon=1e-07, which nothing explains",
    ]


def test_what_explains_an_argument():
    pair = Pair(
        "tf.train.AdamOptimizer",
        "keras.optimizers.Adam",
        {"beta1": "beta_1"},
        absent=("turbo",),
        hidden=(Hidden("beta2", "`0.9`", "beta_2", "`0.999`", "beta"),),
        unrelated=("epsilon",),
    )
    assert list(table.unexplained(pair, ADAM)) == []


@pytest.mark.parametrize(
    ("tf1", "keras", "expected"),
    [
        ("0.9", "0.9", True),
        ("0", "0.0", True),
        ("1e-08", "1e-07", False),
        ("'SAME'", "'same'", True),
        ("'SAME'", "'valid'", False),
        ("(1, 1)", "1", True),
        ("[1, 1, 1, 1]", "1", True),
        ("(1, 2)", "1", False),
        ("False", "0", False),
        ("None", "None", True),
        ("None", "False", False),
        ("'NHWC'", "None", True),
        ("'NCHW'", "None", False),
        ("tf.initializers.zeros()", "'zeros'", True),
        ("tf.initializers.zeros()", "'ones'", False),
        ("tf.contrib.layers.xavier_initializer()", "'glorot_uniform'", True),
        ("tf.nn.relu", "None", False),
    ],
)
def test_two_ways_to_write_a_default(tf1, keras, expected):
    assert table.same(tf1, keras) is expected


def test_keras_arguments_are_those_of_the_installed_keras():
    found = table.keras_arguments("keras.layers.Dropout")
    assert found == {
        "rate": None,
        "noise_shape": "None",
        "seed": "None",
        "call.inputs": None,
        "call.training": "False",
    }


def test_the_table_of_contribs_optimizers_has_every_argument():
    lines = table.contrib_optimizers().splitlines()
    assert len(lines) == 2 + len(optimizers.CONTRIB_OPT)
    (found,) = [line for line in lines if "`tf.contrib.opt.AdamWOptimizer`" in line]
    assert found == (
        "| `tf.contrib.opt.AdamWOptimizer` | `weight_decay`, `learning_rate=0.001`, `beta1=0.9`, "
        "`beta2=0.999`, `epsilon=1e-08` | `tf_recipes.AdamW`, whose `weight_decay` has to be "
        "named |"
    )
    every = {f"tf.contrib.opt.{name}" for name in optimizers.CONTRIB_OPT}
    assert every <= set(SIGNATURES)
    assert {name for name in table.names() if "contrib.opt" in name} <= every


# --- the page


def test_the_page_has_the_table():
    text = PAGE.read_text()
    assert table.table() in text
    assert tables.fill(text) == text, "run python scripts/update_docs.py"


def test_the_page_names_what_keras_does_not_have():
    text = PAGE.read_text()
    for space, names in unpaired.MISSING.items():
        line = f"| `{space}` | {', '.join(f'`{name}`' for name in names.split())} |"
        assert line in text.splitlines()
