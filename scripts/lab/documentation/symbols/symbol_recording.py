"""Compares the public names of TensorFlow 1.15 with those of TensorFlow 2, and writes the tables.

TF1 is asked in a process of its own, TensorFlow 2 in this one. The tables are data of the package,
in `tf_recipes/knowledge`: `vanished.tsv`, `arguments.tsv`, the names that live, `living.tsv`, and
those that live under another name, `renamed.tsv`. `private.tsv` has the private modules that
TensorFlow 2 lacks, which a path shows: they are not imported.
"""

import collections
import functools
import inspect
import re
import types
import warnings
from pathlib import Path

from lab.documentation.symbols import tf1_program, tf1_symbols
from tf_recipes._support import files
from tf_recipes.knowledge import names

PROGRAM = Path(__file__).with_name("tf1_symbols.py")
VANISHED = ("symbol", "in compat.v1", "same as")
ARGUMENTS = ("symbol", "TensorFlow 1", "TensorFlow 2")
LIVING = ("module", "names")
PRIVATE = ("module",)
RENAMED = ("symbol", "in its place", "arguments", "arguments now")
# Values for the arguments that layers of Keras require.
REQUIRED = {
    **dict.fromkeys(("units", "filters", "kernel_size", "input_dim", "output_dim", "n"), 2),
    **dict.fromkeys(("rate", "stddev"), 0.5),
    **dict.fromkeys(("target_shape", "dims"), (1,)),
    "axes": 1,
}
# TensorFlow 2 has these under names of TF 1.15, and means something else, or another version.
OTHER_MEANING = ("tf.keras.", "tf.initializers.", "tf.losses.", "tf.metrics.", "tf.optimizers.")
# A row of the index that names one function, maybe with arguments, and no condition.
_EXACT = re.compile(
    r"`((?:keras\.ops|tf)\.[\w.]+)`"
    r"((?: with `\w+=[^`]+`(?:(?:, | and )`\w+=[^`]+`)*)?)"
    r"(?:, (?:or )?`keras\.layers\.\w+`)?"
)
# TensorFlow 0.x had these; 1.15 lacks them, and programs still have them.
OLDEST = {
    "tf.audio_summary": "tf.summary.audio",
    "tf.batch_cholesky": "tf.cholesky",
    "tf.batch_matmul": "tf.matmul",
    "tf.batch_svd": "tf.svd",
    "tf.complex_abs": "tf.abs",
    "tf.concat_v2": "tf.concat",
    "tf.histogram_summary": "tf.summary.histogram",
    "tf.image_summary": "tf.summary.image",
    "tf.inv": "tf.reciprocal",
    "tf.listdiff": "tf.setdiff1d",
    "tf.merge_all_summaries": "tf.summary.merge_all",
    "tf.merge_summary": "tf.summary.merge",
    "tf.mul": "tf.multiply",
    "tf.neg": "tf.negative",
    "tf.nn.deconv2d": "tf.nn.conv2d_transpose",
    "tf.nn.rnn": "tf.nn.static_rnn",
    "tf.pack": "tf.stack",
    "tf.scalar_summary": "tf.summary.scalar",
    "tf.select": "tf.where",
    "tf.sub": "tf.subtract",
    "tf.train.SummaryWriter": "tf.summary.FileWriter",
    "tf.unpack": "tf.unstack",
}


def record(python):
    """Runs `tf1_symbols.record` under TF 1.15, and returns its result.

    Args:
        python: an interpreter with TF 1.15.

    Raises:
        interpreter.TF1Error: if the run fails; the text ends with TF1's own last line.
    """
    return tf1_program.run(python, PROGRAM)


def find(tf, name):
    """Returns the object of a dotted name, or None if TensorFlow lacks it.

    A module that is loaded late may not be there, such as `tf.compat.v1.layers` beside Keras 3.
    """
    try:
        value = functools.reduce(getattr, name.split(".")[1:], tf)
        dir(value)  # loads it
        return value
    except (AttributeError, ImportError):
        return None


def vanished(recorded, tf):
    """Returns the rows of `vanished.tsv`: what TensorFlow 2's public API lacks.

    Args:
        recorded: the result of `record`.
        tf: the module of TensorFlow 2.
    """
    same = {**_same(recorded["names"]), **OLDEST}
    known = [*recorded["names"], *OLDEST]
    lost = [name for name in known if name.startswith("tf.contrib") or find(tf, name) is None]
    for name, members in recorded["members"].items():
        now = find(tf, name)
        lost += [f"{name}.{each}" for each in members if now and not hasattr(now, each)]
    return [
        (name, "yes" if _in_compat(tf, name) else "no", same.get(name, "")) for name in sorted(lost)
    ]


def living(recorded, tf):
    """Returns the rows of `living.tsv`: the modules that both have, and all names in them now.

    Args:
        recorded: the result of `record`.
        tf: the module of TensorFlow 2.
    """
    modules = [name for name, (kind, _) in recorded["names"].items() if kind == "module"]
    modules = [each for each in modules if not each.startswith(("tf.contrib", "tf.keras"))]
    rows = [("tf", tf), ("tf.compat.v1", tf.compat.v1)]
    rows += [(name, find(tf, name)) for name in modules]
    rows += [(f"tf.compat.v1.{name[3:]}", find(tf.compat.v1, name)) for name in modules]
    return sorted(
        (name, " ".join(each for each in tf1_symbols.public(value) if _loads(value, each)))
        for name, value in rows
        if value is not None
    )


def _loads(module, name):
    """Returns whether a module has a name; `tf.compat.v1.layers` is in `dir`, and raises."""
    value = getattr(module, name, None)
    return not isinstance(value, types.ModuleType) or find(module, f".{name}") is not None


def _in_compat(tf, name):
    return find(tf.compat.v1, name) is not None


def _same(found):
    """Returns `{name: the name of the same object that the index has}`, else the shortest name."""
    groups = collections.defaultdict(list)
    for name, (kind, number) in found.items():
        if kind != "value":
            groups[number].append(name)
    index = names.rows()
    same = {}
    for group in groups.values():
        best = min(group, key=lambda name: (name not in index, "contrib" in name, len(name), name))
        same.update((name, best) for name in group if name != best)
    return same


def arguments(recorded, tf):
    """Returns the rows of `arguments.tsv`: the functions that live and take other arguments.

    Args:
        recorded: the result of `record`.
        tf: the module of TensorFlow 2.
    """
    rows = []
    for name, in_tf1 in sorted(recorded["arguments"].items()):
        value, before = find(tf, name), in_tf1
        now = None if value is None else tf1_symbols.signature(value)
        if now and name.startswith("tf.keras."):
            before, now = _of_keras(tf, value, in_tf1, now)
        is_bare = not now and name.startswith("tf.keras.")
        if now is None or is_bare or "**" in "".join([*before, *now]):  # which takes any argument
            continue
        if moved(before, now):
            rows.append((name, " ".join(before), " ".join(now)))
    return rows


def _of_keras(tf, value, before, now):
    """Returns the arguments of a layer or optimizer with those that it takes by `**`."""
    for base, hidden in (
        (tf.keras.layers.Layer, ("batch_input_shape", "weights")),
        (tf.keras.optimizers.Optimizer, ("decay", "lr")),
    ):
        if isinstance(value, type) and issubclass(value, base) and value is not base:
            before = [each for each in before if each[:2] != "**"]
            before += [f"*{each}" for each in hidden if each not in before]
            named = [each for each in now if each[:2] != "**"]
            if len(named) < len(now):
                known = {each.lstrip("*") for each in named}
                others = [each.lstrip("*") for each in before]
                named += [f"*{each}" for each in others if each not in known and takes(value, each)]
            return before, named
    return before, now


def takes(made, argument):
    """Returns whether a class of Keras 3 takes an argument by `**`, and does what it says.

    A class whose required arguments are not known takes what `keras.layers.Layer` takes.

    >>> import keras
    >>> takes(keras.layers.Dense, "input_shape"), takes(keras.layers.Dense, "batch_input_shape")
    (True, False)
    >>> takes(keras.optimizers.SGD, "lr"), takes(keras.optimizers.SGD, "decay")
    (False, False)
    """
    import keras

    parameters = inspect.signature(made).parameters.values()
    required = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    if not REQUIRED.keys() >= set(required):
        made, required = keras.layers.Layer, []
    value = (None, 1) if argument.endswith("shape") else 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made(**{name: REQUIRED[name] for name in required}, **{argument: value})
        except (TypeError, ValueError) as error:
            return argument not in str(error)
    said = " ".join(str(each.message) for each in caught)
    return argument not in said or not re.search("ignored|remove", said)


def moved(before, now):
    """Returns whether an argument of TF1 is refused now, or means another one.

    >>> moved(["x", "axis"], ["x", "axis", "name"])
    False
    >>> moved(["x", "keep_dims"], ["x", "keepdims"]), moved(["x", "name"], ["x", "y", "name"])
    (True, True)
    """
    lost = {each.lstrip("*") for each in before} - {each.lstrip("*") for each in now}
    return bool(lost) or any(a != b for a, b in zip(before, now, strict=False))


def private(recorded):
    """Returns the rows of `private.tsv`: the modules below `tensorflow.python` that are gone.

    A module in a package that is gone has no row.

    Args:
        recorded: the result of `record`.
    """
    now = set(tf1_symbols.private())
    gone = {name for name in recorded["private"] if name not in now}
    return sorted((name,) for name in gone if name.rpartition(".")[0] not in gone)


def renamed(recorded, tf, keras):
    """Returns the rows of `renamed.tsv`: what computes the same under another name.

    A name that vanished has another name in TF 1.15, which TensorFlow 2 has with the same
    arguments. For the names of the index that were run, the row is the index's.

    Args:
        recorded: the result of `record`.
        tf: the module of TensorFlow 2.
        keras: the module of Keras 3.
    """
    rows = {}
    for name, row in names.rows().items():
        replacement = row.replacement.partition("; on GPUs ")[0]  # a hint on precision
        match = _EXACT.fullmatch(replacement) if row.compared == "run" else None
        before = recorded["arguments"].get(name)
        if match and before and match[1] != name and "**" not in "".join(before):
            root = {"tf": tf, "keras": keras}[match[1].partition(".")[0]]
            now = tf1_symbols.signature(find(root, match[1]))
            given = "".join(f" {each}" for each in re.findall(r"`(\w+=[^`]+)`", match[2]))
            if now and "**" not in "".join(now):
                rows[name, match[1] + given] = (" ".join(before), " ".join(now))
    for name, place in _living_names(recorded, tf).items():
        rows[name, place] = ("", "")  # the same arguments
    return sorted((name, place, *both) for (name, place), both in rows.items())


def _living_names(recorded, tf):
    """Returns `{vanished name: another name of the same object, which lives}`."""
    groups = collections.defaultdict(list)
    for name, (kind, number) in recorded["names"].items():
        if kind in ("function", "class"):
            groups[number].append(name)
    made = {}
    for group in groups.values():
        alive = [name for name in group if _lives(recorded, tf, name)]
        lost = [name for name in group if name.startswith("tf.contrib") or not find(tf, name)]
        for name in lost if alive else ():
            made[name] = min(alive, key=lambda each: (each.count("."), len(each), each))
    return made


def _lives(recorded, tf, name):
    """Returns whether TensorFlow 2 has a name of TF 1.15, with the same arguments."""
    if name.startswith((*OTHER_MEANING, "tf.contrib.", "tf.compat.")) or "experimental" in name:
        return False
    value, before = find(tf, name), recorded["arguments"].get(name)
    now = None if value is None else tf1_symbols.signature(value)
    return bool(before and now) and not moved(before, now)


def write(python, folder):
    """Records both sides and writes the tables.

    Args:
        python: an interpreter with TF 1.15.
        folder: the folder of the tables.

    Raises:
        interpreter.TF1Error: if the run fails.
        OSError: if a file cannot be written.
    """
    for name, text in tables(record(python)).items():
        with files.replacing(Path(folder) / name) as partial:
            partial.write_text(text)


def tables(recorded):
    """Returns `{file name: text}` of the tables, made with the TensorFlow that is installed.

    Args:
        recorded: the result of `record`.
    """
    import keras
    import tensorflow

    made = {
        "vanished.tsv": (VANISHED, vanished(recorded, tensorflow)),
        "arguments.tsv": (ARGUMENTS, arguments(recorded, tensorflow)),
        "living.tsv": (LIVING, living(recorded, tensorflow)),
        "renamed.tsv": (RENAMED, renamed(recorded, tensorflow, keras)),
        "private.tsv": (PRIVATE, private(recorded)),
    }
    return {
        name: "".join("\t".join(row) + "\n" for row in [head, *rows])
        for name, (head, rows) in made.items()
    }
