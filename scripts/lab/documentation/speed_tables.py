"""Makes the tables of speed, scaling and training in docs/ from what was measured.

Each of the files in docs/measured that it reads is written by one command, which the page names.
"""

import functools
import json
import statistics
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"
PROCESSOR, GPU, TORCH, SCALING, TRAINING = (
    f"measured/{name}.json"
    for name in ("benchmark", "benchmark_h200", "torch", "scaling", "training")
)
_NOT_YET = "not measured"
_GROWN = {"layers": "hidden layers of 100", "batch": "images of a batch", "samples": "images"}


@functools.cache
def _read(name):
    """Returns the content of a file of docs/, or None if nobody has measured it yet."""
    path = DOCS / name
    return json.loads(path.read_text()) if path.is_file() else None


def _rows(*rows):
    """Returns a table in Markdown: a heading, and rows."""
    heading, *others = ([str(cell) for cell in row] for row in rows)
    lines = [heading, ["---"] * len(heading), *others]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _code(name):
    """Returns the name of a contestant in the form of code; the page says what runs."""
    return f"`{name}`"


def _missing(name):
    """Returns the text in place of a word whose file is missing."""
    return f"{_NOT_YET}: docs/{name} is missing"


def _no_table(name):
    """Returns a table with a heading alone, in place of one whose file is missing."""
    return _rows((_missing(name),))


def speed(name):
    """Returns the steps per second of each contestant, by net and batch size."""
    results = _read(name)
    if results is None:
        return _no_table(name)
    found = {(r["net"], r["batch"], r["contestant"]): r for r in results["speed"]}
    settings = list(dict.fromkeys((net, batch) for net, batch, _ in found))
    names = list(dict.fromkeys(contestant for *_, contestant in found))
    several = len({net for net, _ in settings}) > 1
    heads = [f"{net}, batch {batch}" if several else f"batch {batch}" for net, batch in settings]
    rows = [
        (_code(each), *(_rate(found.get((*setting, each))) for setting in settings))
        for each in names
    ]
    return _rows(("steps per second", *heads), *rows)


def _rate(row):
    """Returns the cell of a contestant: the median, the slowest and the fastest pass."""
    if row is None or row["failed"]:
        return "-"
    spread = row["steps_per_second"]
    return f"{spread['median']:,.0f} ({spread['min']:,.0f} to {spread['max']:,.0f})"


def ratios(name, ours, others):
    """Returns our speed over that of others: the ratio of the medians, and those of the rounds."""
    results = _read(name)
    if results is None:
        return _no_table(name)
    found = {(r["batch"], r["contestant"]): r for r in results["speed"] if not r["failed"]}
    batches = list(dict.fromkeys(row["batch"] for row in results["speed"]))
    rows = []
    for other in others:
        pairs = [(found.get((batch, ours)), found.get((batch, other))) for batch in batches]
        rows.append((_code(other), *(_ratio(*pair) for pair in pairs)))
    return _rows((f"speed of {ours} over", *(f"batch {batch}" for batch in batches)), *rows)


def _ratio(ours, theirs):
    """Returns the cell of a ratio of two contestants."""
    if ours is None or theirs is None:
        return "-"
    reached = ours["steps_per_second"]["median"] / theirs["steps_per_second"]["median"]
    rounds = [b / a for a, b in zip(ours["seconds"], theirs["seconds"], strict=True)]
    return f"{reached:.2f} ({min(rounds):.2f} to {max(rounds):.2f})"


def goals(name):
    """Returns each goal, what was reached, and whether it was met."""
    results = _read(name)
    if results is None:
        return _no_table(name)
    rows = []
    for goal in results["goals"]:
        if goal["reached"] is None:
            rows.append((goal["goal"], goal["where"], goal["wanted"], _NOT_YET, "-"))
            continue
        reached = f"{goal['reached']:.2f} ({goal['low']:.2f} to {goal['high']:.2f})"
        verdict = "met" if goal["met"] else "**missed**"
        rows.append((goal["goal"], goal["where"], goal["wanted"], reached, verdict))
    return _rows(("goal", "where", "wanted", "reached (rounds)", ""), *rows)


def growth(name):
    """Returns how the time grows with layers, batch and images."""
    results = _read(name)
    if results is None or not results["growth"]:
        return (
            _no_table(name) if results is None else _rows((f"{_NOT_YET}: run without --nogrowth",))
        )
    rows = []
    for each in results["growth"]:
        medians = [1e3 * statistics.median(seconds) for seconds in each["seconds"]]
        sizes = ", ".join(
            f"{size:,}: {median:.3g}" for size, median in zip(each["sizes"], medians, strict=True)
        )
        exponent = f"{each['fitted']['exponent']:.2f}" if each["fitted"] else "-"
        label = _code(each["contestant"])
        rows.append((_GROWN[each["over"]], label, f"{each['unit']}: {sizes}", exponent))
    return _rows(("grows", "", "size: milliseconds of a", "exponent"), *rows)


def memory(name):
    """Returns the peak memory of each contestant, and the part above the import."""
    results = _read(name)
    if results is None:
        return _no_table(name)
    first = results["speed"][0]
    rows = [
        (_code(r["contestant"]), *_mebibytes(r["memory_bytes"]))
        for r in results["speed"]
        if (r["net"], r["batch"]) == (first["net"], first["batch"]) and not r["failed"]
    ]
    head = f"{first['net']}, batch {first['batch']}"
    return _rows((head, "peak memory, MiB", "above import, MiB"), *rows)


def _mebibytes(memory):
    """Returns the cells of the peak memory, and of its part above the import."""
    if memory.get("peak") is None:
        return "-", "-"
    return f"{memory['peak'] / 2**20:,.0f}", f"{(memory['peak'] - memory['imported']) / 2**20:,.0f}"


def machine(name):
    """Returns the command and the machine of a measurement of the benchmark, in one line."""
    results = _read(name)
    if results is None:
        return _missing(name)
    where, settings = results["machine"], results["settings"]
    flags = [
        f"--{key}={','.join(value) if isinstance(value, list) else value}"
        for key, value in settings.items()
        if isinstance(value, list | int | str) and not isinstance(value, bool)
    ]
    flags += [f"--{'' if settings[key] else 'no'}{key}" for key in ("growth", "startup")]
    load = where.get("load_before")
    busy = "" if load is None else f"; busy threads in the minute before: {load:.1f}"
    return (
        f"`python scripts/benchmark.py {' '.join(flags)}`: medians of {settings['repeats']}, "
        f"{where['cpu']}, {where['cpus_usable']} cores{busy}"
    )


def startup(name):
    """Returns the seconds from the command to the end of the first step."""
    results = _read(name)
    if results is None or not results["startup"]:
        return (
            _no_table(name) if results is None else _rows((f"{_NOT_YET}: run without --nostartup",))
        )
    rows = [
        (_code(r["contestant"]), *(f"{r[key]:.2f}" for key in ("median", "min", "max")))
        for r in results["startup"]
    ]
    return _rows(("seconds to the end of the first step", "median", "min", "max"), *rows)


def scaling_times():
    """Returns the time of a step for each net, batch size and number of workers."""
    results = _read(SCALING)
    if results is None:
        return _no_table(SCALING)
    found = {(m["parameters"], m["rows"], m["workers"]): m for m in results["measured"]}
    workers = sorted({each for *_, each in found})
    several = [count for count in workers if count > 1]
    rows = []
    for parameters, batch in dict.fromkeys((p, b) for p, b, _ in sorted(found)):
        measured = [found.get((parameters, batch, count)) for count in workers]
        times = [f"{1e3 * m['seconds']:.2f}" if m else "-" for m in measured]
        sent = [
            "-" if m is None or m["sent"] is None else f"{m['sent'] / 1e6:.2f}"
            for m in (found.get((parameters, batch, count)) for count in several)
        ]
        rows.append((f"{parameters:,}", batch, *times, *sent))
    heads = [f"{count} worker{'s' * (count > 1)}, ms" for count in workers]
    heads += [f"MB sent, {count} workers" for count in several]
    return _rows(("parameters", "rows", *heads), *rows)


def scaling_cost():
    """Returns the fitted coefficients of the model of a step."""
    results = _read(SCALING)
    if results is None:
        return _no_table(SCALING)
    cost = results["cost"]
    errors = [m["relative_error_of_the_model"] for m in results["measured"]]
    known = [error for error in errors if error is not None]
    mean = (sum(error**2 for error in known) / len(known)) ** 0.5
    return _rows(
        ("coefficient", "fitted", "meaning"),
        ("fixed", f"{1e3 * cost['fixed']:.2f} ms", "the function calls of a step"),
        ("update", f"{1e9 * cost['update']:.2f} ns", "the momentum update of one parameter"),
        (
            "compute",
            f"{1e9 * cost['compute']:.4f} ns",
            "one parameter's part in a row's gradients",
        ),
        ("message", f"{1e3 * cost['message']:.2f} ms", "added by each worker beyond the first"),
        ("byte", f"{1e9 * cost['byte']:.2f} ns", "one byte through loopback"),
        (
            "errors",
            f"{mean:.0%}, {min(known):+.0%} to {max(known):+.0%}",
            f"root mean square, and range, of {len(known)} relative errors of the model",
        ),
    )


def scaling_pays():
    """Returns the rows of a global batch above which several workers are faster than one."""
    results = _read(SCALING)
    if results is None:
        return _no_table(SCALING)
    counts = list(results["pays_above"][0]["rows"])
    rows = [
        (f"{each['parameters']:,}", each["network"], *map(_above, each["rows"].values()))
        for each in results["pays_above"]
    ]
    heads = [f"{count} workers are faster above, rows" for count in counts]
    return _rows(("parameters", "network", *heads), *rows)


def _above(rows):
    return "never" if rows is None else f"{rows:,.0f}"


def scaling_load():
    """Returns how many threads were busy before the measurement of the scaling."""
    results = _read(SCALING)
    load = results and results.get("load_before")
    return "unknown" if load is None else f"{load:.1f}"


def training():
    """Returns the accuracy that each recipe reaches, and the seconds that it takes."""
    results = _read(TRAINING)
    if results is None:
        return _no_table(TRAINING)
    rows = []
    for each in results["recipes"]:
        reached = each["test_accuracy"]
        cells = ("-", "-") if reached is None else (f"{reached:.2%}", f"{each['seconds']:.1f}")
        rows.append((each["recipe"], each["epochs"], *cells))
    return _rows(("recipe", "epochs", "test accuracy", "seconds"), *rows)


def training_command():
    """Returns the command that measured what training reaches, and the load of the machine."""
    results = _read(TRAINING)
    if results is None:
        return _missing(TRAINING)
    flags = " ".join(f"{word}" for word in results["command"])
    return (
        f"`python scripts/train_all.py {flags} --json_out=docs/{TRAINING}`; "
        f"busy threads in the minute before: {results['load_before']:.1f}"
    )


_BENCHMARK = {
    "speed": speed,
    "goals": goals,
    "growth": growth,
    "memory": memory,
    "machine": machine,
    "startup": startup,
}
_PLACES = {"processor": PROCESSOR, "gpu": GPU, "torch": TORCH}
TABLES = {
    **{
        f"benchmark {place} {what}": functools.partial(make, name)
        for place, name in _PLACES.items()
        for what, make in _BENCHMARK.items()
    },
    "benchmark gpu ratios": functools.partial(
        ratios, GPU, "tf_recipes_jax", ("keras_jax", "jax_scan")
    ),
    "benchmark torch ratios": functools.partial(
        ratios, TORCH, "keras_torch_resident", ("keras_torch", "pytorch")
    ),
    "benchmark processor xla": functools.partial(
        ratios, PROCESSOR, "tf_recipes", ("tf_recipes_kernels",)
    ),
    "benchmark processor ratios": functools.partial(
        ratios, PROCESSOR, "tf_recipes_jax", ("keras_jax", "jax_scan", "matmul")
    ),
    "scaling times": scaling_times,
    "scaling cost": scaling_cost,
    "scaling pays": scaling_pays,
    "scaling load": scaling_load,
    "training reached": training,
    "training command": training_command,
}
