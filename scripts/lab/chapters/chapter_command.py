"""Runs the measurement of one chapter: flags, checks, data, and what is printed and written."""

import importlib
import itertools
import shlex
import sys

from absl import flags
from rich import box, table

from lab.chapters.settings import check
from tf_recipes import mnist
from tf_recipes._support import extras, files, quiet_tensorflow
from tf_recipes._support.terminal import Terminal
from tf_recipes.training.directory import writable


def define_flags(name, seeds=5):
    """Defines the flags that every chapter's script has: data, output directory, seeds.

    Args:
        name: of the script, which names its default output directory.
        seeds: default of `--seeds`; None for a script without that flag.
    """
    flags.disclaim_key_flags()  # absl then lists these flags in the script's own --help
    flags.DEFINE_enum(
        "data", mnist.SOURCES[0], mnist.SOURCES, "MNIST: the packaged sample, or the whole set."
    )
    flags.DEFINE_string("data_dir", None, "Directory where TensorFlow Datasets keeps its data.")
    flags.DEFINE_string("output_dir", f"out/{name}", "Directory for the figures and the JSON.")
    if seeds is not None:
        flags.DEFINE_integer(
            "seeds", seeds, "Number of seeds; the error bars are over the seeds.", 2
        )


def run(name, **settings):
    """Measures a chapter, writes `NAME.json` and the figures, prints the table and the claims.

    A claim that is not borne out is a result, not an error: the exit status is 0. The settings, the
    output directory and the sample are checked before TensorFlow is imported.

    Args:
        name: of a module in this package.
        **settings: arguments of the module's `measure`.

    Raises:
        ValueError: for a setting that breaks its rule.
        OSError: for missing data or a directory that cannot be written to, before any training.
        ImportError: if a package of the extra `chapters` is missing.
    """
    extras.require("chapters")
    chosen = flags.FLAGS
    if "seeds" in chosen:
        settings = {"seeds": chosen.seeds, **settings}
    # The sample can be loaded without TensorFlow; the whole set cannot.
    data = mnist.load(chosen.data, chosen.data_dir) if chosen.data == "sample" else None
    check(name, data, **settings)
    folder = writable(chosen.output_dir)
    drawn = (path.name for path in folder.glob(f"{name}*.png"))
    files.check_targets(folder, [f"{name}.json", *drawn])
    quiet_tensorflow.import_tensorflow()
    if data is None:
        data = mnist.load(chosen.data, chosen.data_dir)
    chapter = importlib.import_module(f"lab.chapters.{name}")
    terminal = Terminal()
    findings = chapter.measure(data, _say(terminal), **settings)
    command = shlex.join(["python", f"scripts/{name}.py", *sys.argv[1:]])
    findings.settings.update({"data": chosen.data, "command": command})
    written = write(name, findings, chapter.draw(findings), folder)
    show(findings, terminal)
    _say(terminal)(f"written to {folder}: {', '.join(written)}")


def write(name, findings, drawn, folder):
    """Writes the figures and, last, the JSON: all files or none. Returns the files' names.

    Args:
        name: name of the JSON file, without its ending.
        findings: `Findings`.
        drawn: `{file name without its ending: Figure}`.
        folder: a `Path`.

    Raises:
        OSError: if a file cannot be written; then earlier files of these names are unchanged.
    """
    from lab.chapters import drawing

    contents = {f"{stem}.png": drawing.png(view) for stem, view in drawn.items()}
    contents[f"{name}.json"] = findings.to_json().encode()
    files.write_together(folder, contents)
    return list(contents)


def show(findings, terminal):
    """Prints the summary and the claims. Successive rows with the same keys make one table."""
    from lab.chapters.findings import cell

    for keys, rows in itertools.groupby(findings.summary, key=tuple):
        shown = table.Table(*(key.replace("_", " ") for key in keys), box=box.MARKDOWN)
        for row in rows:
            shown.add_row(*(cell(value) for value in row.values()))
        terminal.print(shown)
    for claim in findings.claims:
        _say(terminal)(claim.line())


def _say(terminal):
    """Returns a function that prints one line of text, unstyled."""
    return lambda text: terminal.print(text, highlight=False, markup=False, soft_wrap=True)
