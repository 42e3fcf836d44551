"""Verifies a Keras port of a TF1 program: the first place where it leaves TF1, and why.

    tf-recipes verify --checkpoint=model.ckpt --model=port.py:build --feeds=batches.npz

The graph beside the checkpoint, `PREFIX.meta`, runs in the installed TensorFlow; no TF1 is needed.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from absl import flags

from tf_recipes.cli import output_files
from tf_recipes.cli.application import UsageError
from tf_recipes.cli.flag_values import named_value, read_map
from tf_recipes.verify.statuses import STATUSES

MOST_STEPS, MOST_STARTS = 100_000, 1000

__doc__ += "\nThe exit status:\n" + "".join(f"    {k}: {text}\n" for k, text in STATUSES.items())


def define_flags() -> None:
    """Defines what is verified, how, and where the results go."""
    flags.disclaim_key_flags()
    flags.DEFINE_string(
        "checkpoint",
        None,
        "The prefix that tf.train.Saver wrote, its folder, or a recording, TRACE.npz.",
    )
    flags.DEFINE_string(
        "model", None, "FILE.py:FUNCTION, which returns a compiled model, or a .keras file."
    )
    flags.DEFINE_string("feeds", None, "An .npz file with an array for each placeholder.")
    flags.DEFINE_multi_string(
        "feed", [], "NAME=VALUE of a placeholder in training, such as keep_prob=0.5."
    )
    flags.DEFINE_multi_string("eval_feed", [], "NAME=VALUE of a placeholder in evaluation.")
    flags.DEFINE_list("train_op", None, "The operations of a training step; default: found.")
    flags.DEFINE_string("loss", None, "The loss tensor; default: found.")
    flags.DEFINE_list("inputs", None, "The model's inputs among the placeholders, in order.")
    flags.DEFINE_list("labels", None, "The labels among the placeholders, in order.")
    flags.DEFINE_list("outputs", None, "TF1's tensors of the model's outputs, in order.")
    flags.DEFINE_string("sample_weight", None, "The placeholder of the sample weights.")
    flags.DEFINE_string("map", None, "A JSON file: TF1's variables to paths of Keras variables.")
    flags.DEFINE_string("write_map", None, "Write the map that was found to this file.")
    flags.DEFINE_integer("steps", 20, "Training steps.", 1, MOST_STEPS)
    flags.DEFINE_integer("batch_size", 50, "Rows of a batch.", 1)
    flags.DEFINE_integer("seed", 0, "Seed of the order of the rows.", 0)
    flags.DEFINE_integer(
        "starts", 8, "Starts one ulp away that TF1 is trained from.", 8, MOST_STARTS
    )
    flags.DEFINE_enum(
        "reference",
        "installed",
        ["installed", "tf1"],
        "Where TF1's graph runs: in the installed TensorFlow, or on real TF 1.15 (--tf1_python).",
    )
    flags.DEFINE_string("tf1_python", None, "A Python with TensorFlow 1.15, for --reference=tf1.")
    flags.DEFINE_bool("explain", True, "Look for what removes a difference.")
    flags.DEFINE_bool(
        "cache", True, "Keep what TF1 did in the user's cache, for the run after a mend."
    )
    flags.DEFINE_bool(
        "unsafe", False, "Load a .keras file that holds Python code, such as a Lambda layer."
    )
    flags.DEFINE_string("json_out", None, "Write the results to this file.")
    flags.DEFINE_string("html", None, "Write a report to open in a browser to this file.")


def main() -> int:
    """Verifies what the flags name; returns the exit status."""
    given = flags.FLAGS
    recorded = (given.checkpoint or "").endswith(".npz")
    for name in ("checkpoint", "model", "feeds"):
        if not getattr(given, name) and not (recorded and name == "feeds"):
            raise UsageError(
                f"--{name} is missing. Received: no --{name}. Pass --checkpoint=PREFIX "
                "--model=port.py:build --feeds=batches.npz."
            )
    _check_inputs(given)
    settings = _settings(given)
    outputs = {n: getattr(given, n) for n in ("json_out", "html", "write_map") if getattr(given, n)}
    _check_outputs(outputs)
    return _run(given, settings, outputs)


def _check_inputs(given: Any) -> None:
    """Checks that the named files are there, before the seconds that TensorFlow takes."""
    port = given.model.rpartition(":")[0] if ":" in given.model else given.model
    found = {
        "model": (port.endswith((".py", ".keras")), Path(port)),
        "feeds": (True, Path(given.feeds or given.checkpoint)),
        "checkpoint": (True, Path(given.checkpoint)),
    }
    remedies = {
        "model": "Pass --model=port.py:build, where build() returns a compiled model.",
        "feeds": "Write it with numpy.savez('batches.npz', **{placeholder: array}).",
        "checkpoint": "Pass the prefix of PREFIX.meta, its folder, or a recording.",
    }
    for name, (fits, path) in found.items():
        there = path.exists() or (name == "checkpoint" and Path(f"{path}.meta").exists())
        if not fits or not there:
            raise UsageError(
                f"--{name} must name a file that is there. Received: "
                f"--{name}={getattr(given, name)}. {remedies[name]}"
            )


def _settings(given: Any) -> dict[str, Any]:
    """Returns the settings of a verification that the flags give."""
    names = ("train_op", "loss", "inputs", "labels", "outputs", "sample_weight")
    numbers = ("steps", "batch_size", "seed", "starts", "explain", "cache", "unsafe")
    where = ("reference", "tf1_python")
    return {
        **{name: getattr(given, name) for name in (*names, *numbers, *where)},
        "feed": dict(named_value("feed", each) for each in given.feed),
        "eval_feed": dict(named_value("eval_feed", each) for each in given.eval_feed),
        "variable_map": read_map(given.map) if given.map else None,
    }


def _check_outputs(outputs: dict[str, str]) -> None:
    from tf_recipes._support import extras

    if "html" in outputs:
        extras.require("html")
    for name, path in outputs.items():
        output_files.check_output_file(name, path)
    real = [os.path.realpath(path) for path in outputs.values()]
    if len(set(real)) < len(real):
        listed = " ".join(f"--{name}={path}" for name, path in outputs.items())
        raise UsageError(
            f"Each file must have a name of its own. Received: {listed}. Pass other files."
        )


def _run(given: Any, settings: dict[str, Any], outputs: dict[str, str]) -> int:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from tf_recipes._support.quiet_tensorflow import import_tensorflow, quiet
    from tf_recipes._support.terminal import Terminal

    import_tensorflow(as_tf1_adds=True)
    from tf_recipes.verify import ambiguous_map, migration
    from tf_recipes.verify.reports import terminal_report

    console = Terminal()
    total = given.steps * (given.starts + 1)
    columns = (TextColumn("TF1"), BarColumn(), TextColumn("{task.completed:.0f} steps"))
    shown = contextlib.nullcontext() if console.is_terminal else quiet()
    with (
        shown,
        Progress(
            *columns,
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        ) as progress,
    ):
        task = progress.add_task("TF1", total=total)
        try:
            report = migration.verify(
                given.model,
                given.checkpoint,
                given.feeds,
                on_step=lambda: progress.advance(task),
                **settings,
            )
        except ambiguous_map.AmbiguousMap as error:  # the map is what is needed to go on
            if given.write_map:
                with output_files.together() as files:
                    _write_map(files, given.write_map, error.pairs)
            raise
    try:
        _write(outputs, report)
    finally:  # a full disk does not hide what was found
        terminal_report.print_report(report.document, console)
    return report.exit_status


def _write(outputs: dict[str, str], report: Any) -> None:
    """Writes the files that the flags name, all or none."""
    document = report.document
    with output_files.together() as files:
        if "json_out" in outputs:
            text = json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
            files.write(outputs["json_out"], lambda path: path.write_text(text))
        if "write_map" in outputs:
            _write_map(files, outputs["write_map"], document["map"])
        if "html" in outputs:
            from tf_recipes.verify.reports import html_page

            files.write(outputs["html"], lambda path: html_page.write(path, document))


def _write_map(files: Any, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the pairs of a map to a file, for `--map`."""
    found = {each["tf1"]: _path(each) for each in rows if _path(each)}
    mapped = json.dumps(found, indent=1) + "\n"
    files.write(path, lambda file: file.write_text(mapped))


def _path(row: Mapping[str, Any]) -> str:
    """Returns what a map file has for a pair; nothing for a recurrent cell and for no pair."""
    if not row["keras"] or row["how"] == "cell":
        return ""
    return f"transpose:{row['keras']}" if row["transposed"] else str(row["keras"])
