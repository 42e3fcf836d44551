"""What the scripts of this chapter share: flags, data, and what is printed and written."""

import importlib
import itertools
import shlex
import sys

from absl import flags
from rich import box, table

from tf_recipes import mnist
from tf_recipes._support import files, quiet_tensorflow
from tf_recipes._support.terminal import Terminal


def define_flags(name, seeds=5):
    """Defines where the data comes from, where the results go and, unless None, how many seeds."""
    flags.disclaim_key_flags()  # the script's --help shows them
    flags.DEFINE_enum("data", "sample", ["sample", "tfds"], "Which MNIST.")
    flags.DEFINE_string("data_dir", None, "Where TensorFlow Datasets keeps its data.")
    flags.DEFINE_string("output_dir", f"out/{name}", "Where the figures and the JSON are written.")
    if seeds is not None:
        flags.DEFINE_integer("seeds", seeds, "Starts; their spread is the error bar.", 2)


def run(name, **settings):
    """Measures, writes `NAME.json` and the figures, prints the table and the claims.

    A claim that is not borne out is a result, not an error: the exit status is 0.

    Args:
        name: of a module in this package.
        **settings: for its `measure`.

    Raises:
        ValueError: for settings that cannot be.
        OSError: for data that is missing, or a directory that cannot be written to; before
            anything is trained.
    """
    quiet_tensorflow.import_tensorflow()
    from tf_recipes.training.directory import writable

    chosen = flags.FLAGS
    folder = writable(chosen.output_dir)
    data = mnist.load(chosen.data, chosen.data_dir)
    experiment = importlib.import_module(f"lab.chapters.{name}")
    terminal = Terminal()
    if "seeds" in chosen:
        settings = {"seeds": chosen.seeds, **settings}
    findings = experiment.measure(data, _say(terminal), **settings)
    command = shlex.join(["python", f"scripts/{name}.py", *sys.argv[1:]])
    findings.settings.update({"data": chosen.data, "command": command})
    written = write(name, findings, experiment.draw(findings), folder)
    show(findings, terminal)
    _say(terminal)(f"written to {folder}: {', '.join(written)}")


def write(name, findings, drawn, folder):
    """Writes the figures and, last, the JSON: all or none. Returns the files' names.

    Args:
        name: the JSON's, without its ending.
        findings: `Findings`.
        drawn: `{file name without its ending: Figure}`.
        folder: a `Path`.

    Raises:
        OSError: if they cannot be written; then those before are as they were.
    """
    from lab.chapters import drawing

    contents = {f"{stem}.png": drawing.png(view) for stem, view in drawn.items()}
    contents[f"{name}.json"] = findings.to_json().encode()
    files.write_together(folder, contents)
    return list(contents)


def show(findings, terminal):
    """Prints the summary, a table for each run of rows with the same keys, and the claims."""
    from lab.chapters.findings import cell

    for keys, rows in itertools.groupby(findings.summary, key=tuple):
        shown = table.Table(*(key.replace("_", " ") for key in keys), box=box.MARKDOWN)
        for row in rows:
            shown.add_row(*(cell(value) for value in row.values()))
        terminal.print(shown)
    for claim in findings.claims:
        _say(terminal)(claim.line())


def _say(terminal):
    return lambda text: terminal.print(text, highlight=False, markup=False, soft_wrap=True)
