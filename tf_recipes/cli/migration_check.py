"""Runs the migration check as its flags say: judges, prints, writes, and gives the exit status."""

import dataclasses
import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tf_recipes import catalog
from tf_recipes._support import extras, validation
from tf_recipes._support.quiet_tensorflow import import_tensorflow, quiet
from tf_recipes._support.terminal import Terminal
from tf_recipes._support.visible import shortened, visible
from tf_recipes.cli import output_files
from tf_recipes.cli.application import UsageError
from tf_recipes.parity import judge, own_drift, references, trace
from tf_recipes.parity.reports import commands, terminal_table
from tf_recipes.parity.reports.check_summary import summary
from tf_recipes.parity.tf1 import interpreter
from tf_recipes.recipe import PORT_NAMES, Recipe

LIVE_POOL = 2000  # images of the sample that a live reference trains on


@dataclasses.dataclass(frozen=True)
class Options:
    """Holds the flags; `make_recipe` turns a name and the recipe flags into a `Recipe`."""

    reference: str
    tf1_python: str | None
    trace_dir: str | None
    recipe: list[str] | None
    ports: list[str]
    json_out: str | None
    plot_dir: str | None
    html: str | None
    changed: dict[str, Any]
    make_recipe: Callable[[str], Recipe]
    program: str = commands.SCRIPT
    float32_products: bool = True


def run(options: Options) -> int:
    """Judges, prints and writes; returns the exit status.

    Older files stay until all new ones are whole.

    Raises:
        UsageError: for flags that do not go together.
        OSError: for a file that cannot be written, before anything is judged where possible.
    """
    _check(options)
    sources = _sources(options)
    if options.plot_dir:  # the last check, because it makes the directory
        output_files.check_output_directory("plot_dir", options.plot_dir)
    whole_check = not (options.trace_dir or options.recipe or options.changed)
    console = Terminal()
    if own_drift.has_graph():  # else Keras has another backend
        import_tensorflow(as_tf1_adds=True)  # after the checks, because it takes seconds
    from tf_recipes.parity import random_draws

    with quiet():
        results = _judge(sources, options, console)
        drawn = list(random_draws.check_all(options.ports)) if whole_check else []
    try:
        _write(options, results, drawn)
    finally:  # a full disk does not hide what was found
        _print(console, options.ports, results, drawn)
    return judge.exit_status(results, drawn)


def _print(console, ports, results, drawn):
    console.print(terminal_table.table(results, ports, console.width))
    if drawn:
        console.print(terminal_table.distribution_table(drawn))
    console.file.flush()
    for result in results:
        if result.error:
            _print_error(result)
        for line in filter(None, (terminal_table.failure(result), result.note)):
            console.print(visible(line), highlight=False, markup=False)
    console.print(summary(results, drawn), highlight=False)
    if "exact" not in ports:
        console.print("No exact port was judged, so nothing is proven: exit status 1.")


def _print_error(result):
    """Prints one line on a trace that could not be judged, with its name."""
    text = result.error if result.name in result.error else f"{result.name}: {result.error}"
    print(f"error: {visible(' '.join(text.splitlines()))}", file=sys.stderr)


def _check(options):
    """Refuses flags that cannot work, before any work is done."""
    if options.tf1_python and options.reference != "tf1":
        raise UsageError(
            "--tf1_python goes with --reference=tf1. Received: "
            f"--tf1_python={options.tf1_python} --reference={options.reference}. Add "
            "--reference=tf1, or leave --tf1_python out."
        )
    for port in options.ports:
        validation.choice("ports", port, PORT_NAMES)
    if len(set(options.ports)) < len(options.ports):
        raise UsageError(
            f"--ports must name each port once. Received: --ports={','.join(options.ports)}, with "
            "one twice. Leave the second one out."
        )
    if options.trace_dir and options.reference != "recorded":
        raise UsageError(
            "--trace_dir replays recorded traces. Received: "
            f"--trace_dir={options.trace_dir} --reference={options.reference}. Leave one of the "
            "two out."
        )
    if options.changed and options.reference == "recorded":
        named = ", ".join(f"--{name}" for name in sorted(options.changed))
        raise UsageError(
            f"A recorded trace cannot be changed. Received: {named}. "
            "Add --reference=compat or --reference=tf1 to train the TF1 graph live."
        )
    for extra, wanted in (("html", options.html), ("plots", options.plot_dir)):
        if wanted:
            extras.require(extra)
    for name in ("json_out", "html"):
        if path := getattr(options, name):
            output_files.check_output_file(name, path)
    if options.html and options.json_out and _same(options.html, options.json_out):
        raise UsageError(
            "--html and --json_out must name two files. Received: "
            f"--html={options.html} --json_out={options.json_out}, which is one. Pass another file "
            "for one of them."
        )


def _same(one, other):
    return os.path.realpath(one) == os.path.realpath(other)


def _sources(options):
    if options.reference == "recorded":
        return _recorded(options)
    images, labels = _pool()
    python = interpreter.check(options.tf1_python) if options.reference == "tf1" else None
    sources = []
    for name in options.recipe or catalog.CATALOG:
        recipe = options.make_recipe(name)

        def get(recipe=recipe, neighbours=1):
            arrays = references.record(recipe, images, labels, python, neighbours=neighbours)
            return trace.from_arrays(arrays, source=f"{recipe.name} ({options.reference})")

        sources.append(
            judge.Source(name, get, functools.partial(get, neighbours=references.STARTS))
        )
    return sources


def _recorded(options):
    files = references.trace_files(options.trace_dir or references.RECORDED)
    if not options.recipe:
        return judge.from_files(files)
    names = {path: references.names(path) for path in files}
    for name in options.recipe:
        validation.choice("recipe", name, set().union(*names.values()))
    return judge.from_files([path for path in files if names[path] & set(options.recipe)])


def _pool():
    from tf_recipes import mnist

    sample = mnist.load("sample")
    return sample.train_images[:LIVE_POOL], sample.train_labels[:LIVE_POOL]


def _judge(sources, options, console):
    """Returns all results, and draws a progress bar where there is a terminal."""
    with Progress(
        TextColumn("{task.description:28}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} traces"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("starting", total=len(sources))
        share = 0.0

        def on_start(reference, steps):
            nonlocal share
            share = 1 / steps
            progress.update(task, description=reference.recipe.name)

        results = []
        judged = judge.judge(
            sources,
            options.ports,
            on_start,
            lambda: progress.advance(task, share),
            options.float32_products,
        )
        for result in judged:
            results.append(result)
            progress.update(task, completed=len(results))
        return judge.named_apart(results)


def _write(options, results, drawn):
    """Writes each file that the flags name, whatever became of the others."""
    from tf_recipes.parity.reports import document  # imports TensorFlow

    command = functools.partial(commands.check, options)
    found = document.build(results, drawn, command, options.ports)
    errors = []
    with output_files.together() as outputs:
        for write in (_write_json, _write_html, _write_plots):
            try:
                write(options, outputs, found)
            except OSError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def _write_json(options, outputs, found):
    from tf_recipes.parity.reports import document

    if options.json_out:
        outputs.write(options.json_out, lambda path: document.write(path, found))


def _write_html(options, outputs, found):
    if options.html:
        from tf_recipes.parity.reports import html  # imports Matplotlib

        outputs.write(options.html, lambda path: html.write(path, found))


def _write_plots(options, outputs, found):
    """Draws a figure for each trace; a failure leaves the other figures alone."""
    if not options.plot_dir:
        return
    from tf_recipes.parity.reports import document, plots  # imports Matplotlib

    undrawn = []

    def draw(folder):
        for drawn, rows in document.traces(found):
            try:
                plots.save(drawn, rows, folder)
            except OSError:
                raise
            except Exception as error:  # somebody else's numbers
                undrawn.append(f"{drawn['name']}: {type(error).__name__}: {error}")

    outputs.write_into(options.plot_dir, draw)
    if undrawn:
        text = shortened(" ".join(undrawn[0].split()))
        raise OSError(f"{options.plot_dir}: {len(undrawn)} without a figure; the first is {text}")
