"""Measures how many lines a second the scanner reads, without its cache."""

import importlib.util
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from tf_recipes._support import files, terminal, versions
from tf_recipes.scan import scanner

CLONE = Path(__file__).parents[3]
PROGRAMS = (
    "tests/goldens/verify/programs",
    "tests/goldens/convert/programs",
    "tests/goldens/convert/training_programs",
    "tf_recipes/originals",
)
DENSE = "TF1 programs of this repository"
PACKAGES = {"tf_slim": "tf_slim, on compat.v1", "keras": "Keras"}
CONTRIB = "contrib of TensorFlow 1.15"
HEAD = (
    "| code | lines | findings | lines in a second of each core | lines a second |\n"
    "|---|---|---|---|---|"
)


def run(workers, copies, repeats, tf1_python, json_out):
    """Measures, prints the table, and writes the results if `json_out` names a file.

    Args:
        workers: processes.
        copies: how often the programs of this repository are scanned, each as a file of its own.
        repeats: rounds of each corpus; the fastest counts.
        tf1_python: the interpreter whose contrib is scanned, too; None for none.
        json_out: the file to write, or None.
    """
    out = terminal.Terminal()
    results = {"workers": workers, "repeats": repeats, "corpora": []}
    with tempfile.TemporaryDirectory() as folder:
        for name, path in corpora(Path(folder), copies, tf1_python).items():
            results["corpora"].append({"name": name, **measured(path, workers, repeats)})
    results["versions"] = versions.installed()
    results["table"] = table(results)
    out.print(results["table"], markup=False, highlight=False, soft_wrap=True)
    if json_out:
        with files.replacing(Path(json_out)) as partial:
            partial.write_text(json.dumps(results, indent=1) + "\n")


def corpora(folder, copies, tf1_python=None):
    """Returns `{name: folder}` of the code to scan; the programs are copied into `folder`."""
    for number in range(copies):
        for program in PROGRAMS:
            for path in (CLONE / program).rglob("*.py"):
                place = folder / str(number) / path.relative_to(CLONE)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
    found = {DENSE: folder}
    if tf1_python is not None:
        (contrib,) = Path(tf1_python).parents[1].glob("lib/*/site-packages/tensorflow_core/contrib")
        found[CONTRIB] = contrib
    for package, name in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is not None:
            found[name] = Path(spec.submodule_search_locations[0])
    return found


def measured(path, workers, repeats):
    """Scans a folder some times; returns the numbers of lines and findings, and the seconds."""
    seconds, processor = [], []
    for _ in range(repeats):
        start, before = time.perf_counter(), sum(os.times()[:4])
        report = scanner.scan([str(path)], workers=workers)
        seconds.append(time.perf_counter() - start)
        processor.append(sum(os.times()[:4]) - before)
    if report.problems:
        raise RuntimeError(f"{report.problems[0].path}: {report.problems[0].reason}")
    return {
        "files": report.files,
        "lines": report.lines,
        "findings": len(report.findings),
        "seconds": seconds,
        "processor_seconds": processor,
    }


def table(results):
    """Returns the results of `run` as a table in Markdown."""
    rows = [
        f"| {each['name']} | {each['lines']:,} | {each['findings']:,} | "
        f"{round(each['lines'] / min(each['processor_seconds']), -2):,.0f} | "
        f"{round(each['lines'] / min(each['seconds']), -2):,.0f} |"
        for each in results["corpora"]
    ]
    return "\n".join([HEAD, *rows])
