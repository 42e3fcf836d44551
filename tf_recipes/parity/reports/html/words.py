"""The sentences of the report, for readers of the page and for those who have it read to them."""

from tf_recipes.parity.reports import terminal_table
from tf_recipes.parity.trace import reference

STATUSES = {
    0: "every exact port matches",
    1: "an exact port or a distribution does not match, or no exact port was judged",
    2: "something could not be judged",
}


def exit_status(document):
    """The status that the check ended with, as `check.exit_status` has it."""
    if document["passed"]:
        return 0
    return 2 if not document["results"] or any(map(unjudged, document["results"])) else 1


def unjudged(row):
    """Whether the row stands for a trace that could not be judged.

    Such a row is the exact port's, or has a command. A textbook port that Keras refuses is none:
    TF1 has no such refusal, so it is a finding.
    """
    return "error" in row and (row["port"] == "exact" or "command" in row)


def headline(document):
    """The verdict in one sentence."""
    status, rows, who = exit_status(document), document["results"], _who(document)
    if status == 0:
        return f"Passed: every exact port does what {who} did"
    if status == 2:
        count = sum(map(unjudged, rows))
        return f"Could not be judged: {count} of {_traces(rows)}" if rows else "Nothing was judged"
    exact = [row for row in rows if row["port"] == "exact"]
    if not exact:
        return "Nothing is proven: no exact port was judged"
    wrong = sum(not row["passed"] for row in exact)
    if not wrong:
        return "Failed: what is drawn at random is not TensorFlow 1's"
    return f"Failed: {wrong} of {_count(len(exact), 'exact port')} left the band of {who}"


def _who(document):
    """Whom the ports were held against: "TensorFlow 1" only where every trace says so."""
    named = {reference(trace["provenance"]) for trace in document["traces"]}
    if named <= {"TF 1.15"}:
        return "TensorFlow 1"
    return named.pop() if len(named) == 1 else "TF1's graph in different TensorFlows"


def _traces(rows):
    return _count(len({(row["name"], unjudged(row)) for row in rows}), "trace")


def _count(number, word):
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def number(value):
    """Three digits, or that it is no number."""
    return "not finite" if value is None else terminal_table.number(value)


def percent(value):
    """A drift in percent, or that it is no number."""
    return "not finite" if value is None else terminal_table.percent(value)


def verdict(row):
    """One word."""
    if "error" in row:
        return "refused"
    return "match" if row["passed"] else "differs"


def place(at):
    """`step, variable`, as the console has it."""
    return "" if at is None else f"{at['step']}, {at['variable']}"


def story(row):
    """Where the port first leaves TF1, and how far it gets."""
    if "error" in row:
        return f"Keras refuses what TF1 took: {row['error']}"
    first, worst = row["first_failure"], row["worst_at"]
    if first:
        begins = (
            f"First leaves TF1's band by step {first['step']}, in {first['variable']}: "
            f"drift {percent(first['drift'])}, {_times(first['ratio'])}."
        )
    else:
        begins = "Never leaves TF1's band."
    ends = (
        f"Its worst ratio is {number(row['worst_ratio'])}, at step {worst['step']} in "
        f"{worst['variable']}; its largest drift is {percent(row['drift'])}."
    )
    return " ".join(filter(None, (begins, _no_loss(row), ends)))


def _times(ratio):
    return "a ratio that is not finite" if ratio is None else f"{number(ratio)} times TF1's own"


def _no_loss(row):
    """Where the loss is no number for the first time."""
    if None not in row["losses"]:
        return ""
    return f"Its loss is NaN or infinite by step {row['losses'].index(None) + 1}."


def losses(trace, rows):
    """What the figure of the losses shows."""
    curves = [(reference(trace["provenance"]), trace["losses"])]
    curves += [(f"Keras 3, {port}", row["losses"]) for port, row in rows.items()]
    said = [f"{name}: {number(c[0])} at first, {number(c[-1])} at the end." for name, c in curves]
    return " ".join([f"Training loss over {_count(len(trace['losses']), 'step')}.", *said])


def drifts(trace, rows, limit):
    """What the figure of the drifts shows."""
    curve = next(iter(rows.values()))["curve"]
    own = ", ".join(
        f"{number(point['sensitivity'])} at step {point['step']}" for point in ends(curve)
    )
    name = reference(trace["provenance"])
    said = [
        "Largest relative drift of a variable over the steps, on a logarithmic axis.",
        f"{name} started one ulp away: {own}. The band reaches up to {limit:g} times that.",
    ]
    for port, row in rows.items():
        own = ", ".join(
            f"{number(point['drift'])} at step {point['step']}" for point in ends(row["curve"])
        )
        first = row["first_failure"]
        where = f"leaves the band by step {first['step']}" if first else "never leaves the band"
        said.append(f"Keras 3, {port}: {own}; {where}.")
    return " ".join(said)


def ends(curve):
    """The first point and the last, which may be one."""
    return curve if len(curve) == 1 else [curve[0], curve[-1]]


def deviations(errors):
    """How far each statistic of what is drawn is from TF1's."""
    return "; ".join(
        f"{name} not TF1's" if value is None else f"{name} {number(value)}"
        for name, value in errors.items()
    )
