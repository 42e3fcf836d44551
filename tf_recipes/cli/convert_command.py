"""Converts a TF1 checkpoint to a Keras model, its source code, and a proof that they are equal.

    tf-recipes convert --checkpoint=model.ckpt --output_dir=converted

The graph beside the checkpoint, `PREFIX.meta`, says everything: no TF1 and no program is needed.
The exit status:
    0: the model was written, and it does what the graph does, as far as that was compared
    1: the model was written, and a comparison with the graph found a difference
    2: nothing was written: a file, a name or an operation of the graph is in the way
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path
from typing import Any

from absl import flags

from tf_recipes.cli import application
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import named_value, read_map

_MMAP_THRESHOLD = -3  # of mallopt: blocks of this size are apart, so that they can be given back


def define_flags() -> None:
    """Defines what is converted, and where the result goes."""
    flags.disclaim_key_flags()
    flags.DEFINE_string(
        "checkpoint", None, "The prefix that tf.train.Saver wrote, its folder, or a SavedModel."
    )
    flags.DEFINE_string("output_dir", None, "The folder of the model, its code and the report.")
    flags.DEFINE_list("inputs", None, "The tensors that the model takes; default: placeholders.")
    flags.DEFINE_list("outputs", None, "The tensors that the model gives; default: found.")
    flags.DEFINE_list("labels", None, "The tensors that only the loss takes; default: found.")
    flags.DEFINE_multi_string(
        "feed", [], "NAME=VALUE of a placeholder in training, such as keep_prob=0.5."
    )
    flags.DEFINE_multi_string("eval_feed", [], "NAME=VALUE of a placeholder in evaluation.")
    flags.DEFINE_string(
        "feeds", None, "An .npz file of arrays to compare model and graph on; default: made."
    )
    flags.DEFINE_list("train_op", None, "The operations of a training step; default: found.")
    flags.DEFINE_string("loss", None, "The loss tensor; default: found.")
    flags.DEFINE_bool(
        "inference",
        None,
        "Convert for predictions alone; --noinference: only a model that trains; default: one that "
        "trains, or a note why it does not.",
    )
    flags.DEFINE_bool(
        "use_ema", False, "Take the moving averages of the weights, for predictions alone."
    )
    flags.DEFINE_bool(
        "keep_unknown",
        False,
        "Keep an operation without a counterpart in a layer that runs it, on TensorFlow alone.",
    )
    flags.DEFINE_integer(
        "steps",
        None,
        "Training steps that are compared, 0 for none; default: 20, or as many as fit into memory.",
        0,
        100_000,
    )
    flags.DEFINE_string(
        "model", None, "FILE.py:FUNCTION or a .keras file of your own model, to fill instead."
    )
    flags.DEFINE_string("map", None, "For --model: a JSON file as tf-recipes verify writes it.")
    flags.DEFINE_bool("unsafe", False, "For --model: load a .keras file that holds Python code.")
    flags.DEFINE_bool("overwrite", False, "Replace the files of an earlier conversion.")
    flags.DEFINE_bool("list", False, "Show what can be converted, and stop.")
    flags.DEFINE_bool("dry_run", False, "Show the code of the model, and write nothing.")


def main() -> int:
    """Converts what the flags name; returns the exit status."""
    given = flags.FLAGS
    if given.list:
        return _list()
    for name in ("checkpoint", "output_dir"):
        if not getattr(given, name) and not (name == "output_dir" and given.dry_run):
            raise UsageError(
                f"--{name} is missing. Received: no --{name}. Pass --checkpoint=PREFIX "
                "--output_dir=FOLDER."
            )
    path = Path(given.checkpoint)
    if not path.exists() and not Path(f"{path}.meta").exists():
        raise UsageError(
            "--checkpoint must name a file that is there. Received: "
            f"--checkpoint={given.checkpoint}. Pass the prefix of PREFIX.meta, or its folder."
        )
    if given.feeds and not Path(given.feeds).is_file():
        raise UsageError(
            f"--feeds must name a file that is there. Received: --feeds={given.feeds}. Write it "
            "with numpy.savez('batches.npz', **{placeholder: array})."
        )
    if given.map and not given.model:
        raise UsageError(
            f"--map goes with --model. Received: --map={given.map} alone. Pass "
            "--model=port.py:build, or leave --map out."
        )
    port = (given.model or "").rpartition(":")[0] if ":" in (given.model or "") else given.model
    if port and not Path(port).is_file():
        raise UsageError(
            f"--model must name a file that is there. Received: --model={given.model}. Pass "
            "--model=port.py:build, where build() returns a model."
        )
    names = ("inputs", "outputs", "labels", "feeds", "train_op", "loss", "model")
    switches = ("inference", "use_ema", "keep_unknown", "steps", "overwrite", "unsafe")
    settings = {name: getattr(given, name) for name in (*names, *switches)}
    settings["feed"] = dict(named_value("feed", each) for each in given.feed)
    settings["eval_feed"] = dict(named_value("eval_feed", each) for each in given.eval_feed)
    settings["variable_map"] = read_map(given.map) if given.map else None
    return _run(given, settings)


def _list() -> int:
    from rich.table import Table

    from tf_recipes._support.quiet_tensorflow import import_tensorflow
    from tf_recipes._support.terminal import Terminal

    import_tensorflow()
    from tf_recipes.convert.lifting import pattern

    table = Table("pattern", "operations at its end", "Keras")
    for each in pattern.all_patterns():
        table.add_row(each.name, ", ".join(each.ops), each.keras)
    Terminal().print(table)
    return 0


def _run(given: Any, settings: dict[str, Any]) -> int:
    from tf_recipes._support.quiet_tensorflow import import_tensorflow, quiet
    from tf_recipes._support.terminal import Terminal
    from tf_recipes.convert import output_folder

    console = Terminal()
    if not given.dry_run:
        output_folder.check(given.output_dir, given.overwrite)
    _free_at_once()
    import_tensorflow(as_tf1_adds=True, alone=True)
    from tf_recipes.convert import conversion
    from tf_recipes.convert.reports import terminal_summary

    on_terminal = console.is_terminal
    shown = contextlib.nullcontext() if on_terminal else quiet()
    status = console.status("reading the graph") if on_terminal else contextlib.nullcontext()
    with shown, status as line:
        done = conversion.convert(
            given.checkpoint,
            None if given.dry_run else given.output_dir,
            on_progress=lambda stage: line.update(stage) if line is not None else None,
            **settings,
        )
    if given.dry_run and done.source is not None:
        print(done.source, end="")
    files = None if given.dry_run else output_folder.listed(given.output_dir)
    notes = [application.with_flags(each) for each in done.document["notes"]]
    terminal_summary.print_summary({**done.document, "notes": notes}, console, files)
    return 0 if done.passed else 1


def _free_at_once() -> None:
    """Lets the C library of Linux give back freed arrays at once; elsewhere this does nothing.

    A conversion frees one array for each variable, and glibc would keep most of their memory.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 2**20)
