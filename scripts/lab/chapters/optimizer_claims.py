"""Judges the chapter's claims about optimizers by the measured runs."""

from lab.chapters.findings import Claim
from lab.chapters.optimizer_tuning import FACTOR, decades
from lab.chapters.ratios import ratio

SAME, TENFOLD, BEST, DEFAULT = "same rate", "ten times the rate", "best rate", "default rate"
TEN = 10  # the chapter's factor between the speeds of momentum and gradient descent
EQUAL = 1.25  # two numbers of steps count as equal up to this ratio
INEFFICIENT = 2  # an optimizer is inefficient from this ratio to the steps of the fastest one
STEP = 0.4  # decades, the largest distance of neighbouring rates in the grid
FIXED_STEP = ("gradient_descent", "momentum", "nesterov")  # optimizers that do not adapt the rate


def select(runs, group, optimizer, rate=None):
    """Returns the runs of one optimizer in one group, in the order of the seeds."""
    return [
        run
        for run in runs
        if (run["group"], run["optimizer"]) == (group, optimizer)
        and rate in (None, run["base_rate"])
    ]


def counted(runs):
    """Returns each run's steps to the target; a run that missed the target has its limit."""
    return [run["limit"] if (s := run["steps_to_target"]) is None else s for run in runs]


def reached(runs):
    """Returns how many of the runs reached the target, such as `4 of 5`."""
    return f"{sum(run['end'] == 'reached' for run in runs)} of {len(runs)}"


def judge(runs, tunings, settings):
    """Returns the chapter's claims with their verdicts, as a list of `Claim`."""
    rates = sorted(settings["rates"])
    return [
        _ten_times_at_the_same_rate(runs, rates),
        _ten_times_at_the_best_rate(runs),
        _tenfold_steps(runs, rates[0]),
        _inefficient(runs),
        _adagrad_stops_short(runs, settings),
        _rmsprop_improves(runs),
        _adam_is_first(runs),
        _default_works(runs),
        _less_tuning(tunings),
    ]


def _ten_times_at_the_same_rate(runs, rates):
    """Judges whether momentum is ten times as fast at every equal rate."""
    comparisons = {
        rate: _compare(
            select(runs, SAME, "gradient_descent", rate),
            select(runs, SAME, "momentum", rate),
        )
        for rate in rates
    }
    return Claim(
        "MomentumOptimizer is at least 10 times faster than GradientDescentOptimizer, at the same "
        "learning rate.",
        all(times.low >= TEN for times, _ in comparisons.values()),
        "gradient descent takes so many times the steps: "
        + "; ".join(f"at {rate:g} {text}" for rate, (_, text) in comparisons.items())
        + ".",
    )


def _ten_times_at_the_best_rate(runs):
    """Judges whether momentum is ten times as fast, each optimizer at its best rate."""
    times, text = _at_best(runs, "gradient_descent", "momentum")
    return Claim(
        "MomentumOptimizer is at least 10 times faster than GradientDescentOptimizer, each at its "
        "own best learning rate.",
        times.low >= TEN,
        f"the steps of gradient descent over those of momentum: {text}.",
    )


def _tenfold_steps(runs, rate):
    """Judges whether momentum takes as many steps as gradient descent at ten times the rate."""
    tenfold = select(runs, TENFOLD, "gradient_descent", rate)
    momentum = select(runs, SAME, "momentum", rate)
    times, text = _compare(tenfold, momentum)
    return Claim(
        "momentum's step amounts to ten times the gradient, eta grad / (1 - beta).",
        _all_reached(tenfold + momentum) and times.low >= 1 / EQUAL and times.high <= EQUAL,
        f"the steps of gradient descent at {10 * rate:g} over those of momentum at {rate:g}: "
        f"{text}.",
    )


def _inefficient(runs):
    """Judges whether gradient descent takes many more steps than the fastest optimizer."""
    others = [name for name in _names(runs) if name != "gradient_descent"]
    ratios = {name: _at_best(runs, "gradient_descent", name, len(others)) for name in others}
    fastest = max(ratios, key=lambda name: ratios[name][0].mean)
    times, text = ratios[fastest]
    return Claim(
        "gradient descent is extremely inefficient.",
        times.low >= INEFFICIENT,
        f"at the best rates its steps over those of {fastest}, the fastest: {text}.",
    )


def _adagrad_stops_short(runs, settings):
    """Judges whether Adagrad misses the target that gradient descent reaches."""
    adagrad, plain = (select(runs, BEST, name) for name in ("adagrad", "gradient_descent"))
    return Claim(
        "AdagradOptimizer may not reach the optimum.",
        not _all_reached(adagrad) and _all_reached(plain),
        f"at its best rate it reaches a loss of {settings['target_loss']:g} nats in "
        f"{reached(adagrad)} runs, gradient descent in {reached(plain)}. That rate was chosen "
        "because it gets there, and a loss is not the optimum: runs cannot prove a guarantee.",
    )


def _rmsprop_improves(runs):
    """Judges whether RMSProp takes fewer steps than Adagrad."""
    times, text = _at_best(runs, "adagrad", "rmsprop")
    return Claim(
        "RMSPropOptimizer improves on AdagradOptimizer.",
        times.low > 1,
        f"at the best rates the steps of Adagrad over those of RMSProp: {text}.",
    )


def _adam_is_first(runs):
    """Judges whether Adam takes fewer steps than every other optimizer."""
    others = [name for name in _names(runs) if name != "adam"]
    # The claim needs every ratio, so that the intervals are not widened for several comparisons.
    ratios = {name: _at_best(runs, name, "adam") for name in others}
    return Claim(
        "AdamOptimizer is the best practice and the first choice.",
        all(times.low > 1 for times, _ in ratios.values()),
        "at the best rates the steps of the others over those of Adam: "
        + "; ".join(f"{name} {text}" for name, (_, text) in ratios.items())
        + ".",
    )


def _default_works(runs):
    """Judges whether Adam's default rate is nearly as good as its best rate."""
    default = select(runs, DEFAULT, "adam")
    best = select(runs, BEST, "adam")
    times, text = _compare(default, best)
    return Claim(
        "AdamOptimizer's default learning rate, 0.001, often works.",
        _all_reached(default + best) and times.high <= FACTOR,
        f"its steps over those of its best rate: {text}.",
    )


def _less_tuning(tunings):
    """Judges whether Adam's range of good rates is wider than the fixed-step optimizers'."""
    widths = {name: decades(tuning) for name, tuning in tunings.items()}
    return Claim(
        "AdamOptimizer needs less tuning of the learning rate.",
        all(widths["adam"] > widths[name] + STEP for name in FIXED_STEP),
        f"the rates that take at most {FACTOR} times the fewest steps span, in decades: "
        + "; ".join(f"{name} {width:.1f}" for name, width in widths.items())
        + f"; two rates of the grid lie up to {STEP} apart.",
    )


def _all_reached(runs):
    """Returns whether every run reached the target."""
    return all(run["end"] == "reached" for run in runs)


def _names(runs):
    """Returns the names of the optimizers, each once."""
    return list(dict.fromkeys(run["optimizer"] for run in runs if run["group"] == BEST))


def _at_best(runs, one, other, comparisons=1):
    """Compares two optimizers, each at its best rate; see `_compare`."""
    return _compare(select(runs, BEST, one), select(runs, BEST, other), comparisons)


def _compare(ones, others, comparisons=1):
    """Returns the `Ratio` of the steps of `ones` over the steps of `others`, and its text."""
    times = ratio(counted(ones), counted(others), comparisons)
    missed = [not _all_reached(runs) for runs in (ones, others)]
    bound = {(True, False): "at least ", (False, True): "at most "}.get(tuple(missed), "")
    notes = [
        f"{runs[0]['optimizer']} reached the loss in {reached(runs)} runs"
        for runs, has_missed in zip((ones, others), missed, strict=True)
        if has_missed
    ]
    return times, bound + times.text() + "".join(f", {note}" for note in notes)
