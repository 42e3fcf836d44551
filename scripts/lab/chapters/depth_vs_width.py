"""Compares deep narrow nets with shallow wide nets of equally many parameters."""

from lab.chapters import drawing, nets
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.settings import check_depth_vs_width
from tf_recipes.recipe import N_INPUTS, N_OUTPUTS, Recipe
from tf_recipes.tools.layer_sizes import width_for
from tf_recipes.training.splits import split


def measure(data, say, depths=(1, 2, 3, 5, 8), budget=100_000, epochs=5, seeds=5):
    """Trains a net of each depth, all of about `budget` parameters, from each seed.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        depths: numbers of hidden layers, at least two different numbers.
        budget: int, number of weights and biases of each net.
        epochs: int.
        seeds: int, number of seeds; each net is trained once from each seed.

    Returns:
        `Findings`.

    Raises:
        ValueError: for depths or a budget that break their rule.
    """
    check_depth_vs_width(depths, budget)
    train, held_out, test = split(data, "float32")
    recipes = {depth: _recipe(depth, budget) for depth in sorted(depths)}
    restarts = {depth: _restarts(recipe) for depth, recipe in recipes.items()}
    for depth in recipes:
        nets.fit(restarts[depth](0), *train, 1, 0, held_out, batch_size=50)  # compiles
    runs = []
    for seed in range(seeds):  # the nets take turns, so that a slow machine slows all nets alike
        for depth, recipe in recipes.items():
            model = restarts[depth](seed)
            history = nets.fit(model, *train, epochs, seed, held_out, batch_size=50)
            run = {"depth": depth, "width": recipe.hidden[0], "parameters": model.count_params()}
            accuracy = nets.accuracy(model, *test)
            runs.append({**run, "seed": seed, "test_accuracy": accuracy, **history})
        say(f"seed {seed}: " + ", ".join(_text(run) for run in runs[-len(recipes) :]))
    target = min(max(run["val_accuracy"]) for run in runs)
    for run in runs:
        run["seconds_to_target"] = _seconds_to(run, target)
    settings = {"depths": list(recipes), "budget": budget, "epochs": epochs, "seeds": seeds}
    settings["target_accuracy"] = target
    return Findings(settings, runs, _summary(runs), _claims(runs, target))


def draw(findings):
    """Draws `{"depth_vs_width": Figure}`: accuracy and time over the depth, with error bars."""
    target = findings.settings["target_accuracy"]
    epochs = findings.settings["epochs"]
    view, (accuracy, seconds) = drawing.new(2, title=_title(findings))
    _bars(accuracy, findings.runs, lambda run: 100 * run["test_accuracy"], None)
    drawing.label(accuracy, "hidden layers", f"test accuracy after {epochs} epochs (%)")
    _bars(seconds, findings.runs, lambda run: sum(run["seconds"]), f"{epochs} epochs")
    reached = f"until {target:.1%} of the validation images are right"
    _bars(seconds, findings.runs, lambda run: run["seconds_to_target"], reached)
    drawing.label(seconds, "hidden layers", "training time (s)")
    seconds.set_ylim(bottom=0)
    return {"depth_vs_width": view}


def _recipe(depth, budget):
    """Returns the recipe of a net of that depth with about `budget` parameters."""
    width = width_for(budget, depth, N_INPUTS, N_OUTPUTS)
    momentum = {"name": "momentum", "learning_rate": 0.01}
    return Recipe(f"depth_{depth}", hidden=(width,) * depth, optimizer=momentum)


def _restarts(recipe):
    """Returns the `nets.Restarts` of the recipe's net."""
    return nets.Restarts(lambda seed: nets.build(recipe, seed))


def _seconds_to(run, target):
    """Returns the training time until the first epoch with the target validation accuracy."""
    reached = next(k for k, value in enumerate(run["val_accuracy"]) if value >= target)
    return sum(run["seconds"][: reached + 1])


def _values(runs, depth, key):
    """Returns the figure `key` of the runs of one depth, in the order of the seeds."""
    return [run[key] for run in runs if run["depth"] == depth]


def _depths(runs):
    """Returns the depths of the runs, each once, rising."""
    return list(dict.fromkeys(run["depth"] for run in runs))


def _summary(runs):
    """Returns a row for each depth."""

    def text(values, pattern="{:.2f}"):
        return estimate(values).text(pattern)

    rows = []
    for depth in _depths(runs):
        first = next(run for run in runs if run["depth"] == depth)
        rows.append(
            {
                "hidden_layers": f"{depth} x {first['width']}",
                "parameters": first["parameters"],
                "test_accuracy": text(_values(runs, depth, "test_accuracy"), "{:.2%}"),
                "seconds": text([sum(each) for each in _values(runs, depth, "seconds")]),
                "seconds_to_target": text(_values(runs, depth, "seconds_to_target")),
            }
        )
    return rows


def _claims(runs, target):
    """Compares each deeper net with the shallowest net, seed by seed."""
    shallow, *deep = _depths(runs)

    def against_shallow(key):
        base = _values(runs, shallow, key)
        return {d: difference(_values(runs, d, key), base, len(deep)) for d in deep}

    gains, times = against_shallow("test_accuracy"), against_shallow("seconds_to_target")
    return [
        Claim(
            "more layers gain more than more units in a layer.",
            any(each.above_zero for each in gains.values()),
            f"test accuracy above that of {_layers(shallow)} with as many parameters: "
            + "; ".join(f"{_layers(d)} {gains[d].text('{:+.2%}')}" for d in deep)
            + ".",
        ),
        Claim(
            "deep nets train faster than shallow ones.",
            any(each.below_zero for each in times.values()),
            f"seconds more until {target:.1%} of the validation images are right, than "
            f"{_layers(shallow)} takes: "
            + "; ".join(f"{_layers(d)} {times[d].text('{:+.2f}')}" for d in deep)
            + ".",
        ),
    ]


def _layers(depth):
    """Returns a depth in words."""
    return f"{depth} hidden layer{'s' if depth > 1 else ''}"


def _text(run):
    """Returns the net of a run and its test accuracy, for the line on progress."""
    return f"{run['depth']} x {run['width']} {run['test_accuracy']:.2%}"


def _title(findings):
    """Returns the figure's title."""
    seeds, budget = findings.settings["seeds"], findings.settings["budget"]
    return f"About {budget:,} parameters each; mean and 95 % interval of {seeds} seeds"


def _bars(axes, runs, value, name):
    """Draws the mean and the interval of `value(run)` over the depth."""
    depths = _depths(runs)
    estimates = [estimate([value(run) for run in runs if run["depth"] == d]) for d in depths]
    means, halves = [each.mean for each in estimates], [each.half for each in estimates]
    place = len(axes.containers)
    style = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place], "capsize": 3}
    axes.errorbar(depths, means, yerr=halves, label=name, **style)
    axes.set_xticks(depths)
