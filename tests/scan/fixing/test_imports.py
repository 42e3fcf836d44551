"""Tests the imports that new code gets, and those that go."""

import pytest

from tf_recipes.scan.fixing import fixer
from tf_recipes.scan.terms.tf1_calls import CannotFix

NET = "\n\ndef net(x):\n    return tf.layers.dense(x, 3)\n"
NEW = "\n\ndef net(x):\n    return keras.layers.Dense(3)(x)\n"
TF, KERAS, OS = "import tensorflow as tf\n", "import keras\n", "import os\n"
GUARDED = "try:\n    import tensorflow as tf\nexcept ImportError:\n    raise\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TF, KERAS + TF),
        (f"{OS}\n# why\n{TF}", f"{OS}\n# why\n{TF}{KERAS}"),  # the comment is that of TensorFlow
        (f"{OS}\n{TF}", f"{OS}\n{KERAS}{TF}"),
        (KERAS + TF, KERAS + TF),
        (f"{TF}from tensorflow import keras\n", f"{TF}from tensorflow import keras\n"),
        (f'"""A net."""\n{GUARDED}', f'"""A net."""\n{KERAS}{GUARDED}'),
        (f'"A" " net."\n{GUARDED}', f'"A" " net."\n{KERAS}{GUARDED}'),
        (f"{OS}from . import x\n{GUARDED}", f"{OS}from . import x\n{KERAS}{GUARDED}"),
        (GUARDED, KERAS + GUARDED),
    ],
)
def test_the_place_of_a_new_import(before, after):
    assert fixer.fixed_text(before + NET) == after + NEW


def test_tensorflow_is_imported_where_only_its_functions_were():
    code = "from tensorflow import log, to_float\n\ny = log(to_float(3))\n"
    assert fixer.fixed_text(code) == f"{TF}\ny = tf.math.log(tf.cast(3, tf.float32))\n"
    licensed = f"# the license\n\n{code}"
    assert fixer.fixed_text(licensed).startswith(f"# the license\n\n{TF}")


def test_what_is_exported_or_still_read_is_still_imported():
    line = "from tensorflow.contrib.layers import flatten, embed_sequence as embed"
    code = f"{line}\n\n\ndef net(x):\n    return flatten(x)\n"
    after = "\n\n\ndef net(x):\n    return keras.layers.Flatten()(x)\n"
    read = "\n\ndef other(x):\n    return embed(x)\n"
    assert fixer.fixed_text(code + read) == (
        "import keras\n" + line.replace("flatten, ", "") + after + read
    )
    exported = "\n__all__ = ['flatten', 'embed']\n"
    assert fixer.fixed_text(code + read + exported) == (
        "import keras\n" + line + after + read + exported
    )


def test_other_imports_stay():
    others = "from math import *\nfrom .layers import flatten\nfrom . import nets\nimport a.b, c\n"
    code = f"{others}import tensorflow.contrib.slim as slim\n"
    code += "\n\ndef net(x):\n    return slim.flatten(x)\n"
    assert fixer.fixed_text(code) == (
        f"{others}import keras\n\n\ndef net(x):\n    return keras.layers.Flatten()(x)\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "import nets as keras\n",
        "from nets import keras\n",
        "from . import keras\n",
        "def keras():\n    pass\n",
        "class keras:\n    pass\n",
        "for keras in ():\n    pass\n",
        "f = lambda keras: 1\n",
    ],
)
def test_a_name_that_is_taken_stops_the_rewrite(line):
    with pytest.raises(CannotFix, match="the name keras means something else"):
        fixer.fixed_text(f"import tensorflow as tf\n{line}{NET}")
