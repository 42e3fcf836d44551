"""Compares an SVM and a logistic regression on a net's features with the net and the pixels."""

from lab.chapters import classifiers, drawing, nets
from lab.chapters.classifiers import HEADS, LR, SVM
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from lab.chapters.settings import check_features
from tf_recipes.recipe import Recipe
from tf_recipes.training.splits import split

MARGIN = 0.005  # "as good as the net" means an accuracy at most so much below the net's
PIXELS, SOFTMAX = "pixels", "softmax"


def measure(data, say, hidden=(300, 100), costs=(0.01, 0.1, 1.0), epochs=20, seeds=5):
    """Trains a net from each seed, and classifiers on the outputs of its hidden layers.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        hidden: units of the hidden layers, two layers or more.
        costs: the candidates for C; the validation accuracy decides.
        epochs: int, epochs of the net.
        seeds: int, number of seeds; the net is trained once from each seed.

    Returns:
        `Findings`. The classifiers on the pixels do not depend on the seed, and have one run each.

    Raises:
        ValueError: for hidden layers or values of C that break their rule.
    """
    check_features(hidden, costs)
    momentum = {"name": "momentum", "learning_rate": 0.01}
    recipe = Recipe("features", hidden=tuple(hidden), optimizer=momentum)
    restarts = nets.Restarts(lambda seed: nets.build(recipe, seed))
    parts = split(data, "float32")
    pixels = {"seed": None, "features": PIXELS}
    runs = [{**pixels, **run} for run in classifiers.searched(parts, costs)]
    for seed in range(seeds):
        seed_runs = _runs_of_seed(restarts(seed), seed, len(hidden), parts, costs, epochs)
        say(f"seed {seed}: " + ", ".join(map(_text, seed_runs)))
        runs += seed_runs
    settings = {"hidden": list(hidden), "C": list(costs), "epochs": epochs, "seeds": seeds}
    settings |= {"margin": MARGIN, "images_to_choose_C": classifiers.SEARCHED}
    return Findings(settings, runs, _summary(runs), _claims(runs, len(hidden)))


def draw(findings):
    """Draws `{"features": Figure}`: accuracy, and accuracy above the net's, with error bars."""
    runs, seeds = findings.runs, findings.settings["seeds"]
    title = f"Mean and 95 % interval of {seeds} seeds"
    view, (accuracies, gains) = drawing.new(2, title=title, size=(5.8, 4.4))
    own = estimate(_own(runs))
    low, high = 100 * (own.mean - own.half), 100 * (own.mean + own.half)
    accuracies.axhspan(low, high, color="#CCCCCC", label=f"the net itself ({SOFTMAX})")
    gains.axhspan(-100 * MARGIN, 100 * MARGIN, color="#CCCCCC", label=f"within {MARGIN:.1%}")
    kinds = list(dict.fromkeys(run["features"] for run in runs))
    _points(accuracies, runs, kinds, [0.0] * seeds)
    _points(gains, runs, [kind for kind in kinds if kind.startswith("hidden")], _own(runs))
    drawing.label(accuracies, "what is classified", "test accuracy (%)")
    drawing.label(gains, "what is classified", "test accuracy above the net's own (% points)")
    return {"features": view}


def _runs_of_seed(net, seed, depth, parts, costs, epochs):
    """Trains the net and all classifiers on its features, and returns the runs of the seed."""
    train, _, test = parts
    last, untrained = _hidden(depth), f"untrained {_hidden(depth)}"
    runs = {untrained: classifiers.searched(parts, costs, net, _layer(depth))}
    nets.fit(net, *train, epochs, seed, batch_size=50)
    for k in range(1, depth + 1):
        runs[_hidden(k)] = classifiers.searched(parts, costs, net, _layer(k))
    chosen = {run["classifier"]: run["C"] for run in runs[last]}
    own = {"classifier": SOFTMAX, "library": "Keras", "C": None}
    own["test_accuracy"] = nets.accuracy(net, *test)
    runs[last] += [own, *classifiers.heads(parts, net, _layer(depth), chosen, seed)]
    return [{"seed": seed, "features": name, **run} for name in runs for run in runs[name]]


def _hidden(k):
    """Returns the name of the features of hidden layer `k`."""
    return f"hidden{k}"


def _layer(k):
    """Returns the name of the Keras layer whose outputs are the features of hidden layer `k`."""
    return f"hidden{k}_activation"


def _values(runs, features, classifier, key="test_accuracy"):
    """Returns the figure `key` of a classifier on some features, in the order of the seeds."""
    wanted = (features, classifier)
    return [run[key] for run in runs if (run["features"], run["classifier"]) == wanted]


def _own(runs):
    """Returns the accuracies of the net itself, one for each seed."""
    return [run["test_accuracy"] for run in runs if run["classifier"] == SOFTMAX]


def _summary(runs):
    """Returns a row for each classifier on each kind of features."""
    rows = {}
    for run in runs:
        place = (run["features"], run["classifier"])
        accuracies, costs = _values(runs, *place), set(_values(runs, *place, "C")) - {None}
        gain = "" if place[1] == SOFTMAX else _gain(difference(accuracies, _own(runs)))
        rows[place] = {
            **{key: run[key] for key in ("features", "classifier", "library")},
            "C": ", ".join(f"{cost:g}" for cost in sorted(costs)),
            "test_accuracy": _mean(accuracies),
            "above_the_net": gain,
        }
    return list(rows.values())


def _claims(runs, depth):
    """Judges the chapter's claims about a net's features."""
    last, first = _hidden(depth), _hidden(1)
    own, both = _own(runs), (SVM, LR)
    gains = _above(
        {
            f"{kind} above {kind} on {place}": (
                _values(runs, last, kind),
                _values(runs, place, kind),
            )
            for kind in both
            for place in (PIXELS, f"untrained {last}")
        }
    )
    on_features = _above({kind: (_values(runs, last, kind), own) for kind in both})
    heads = _above({loss: (_values(runs, last, loss), own) for loss in HEADS})
    rises = _above({kind: (_values(runs, last, kind), _values(runs, first, kind)) for kind in both})
    return [
        Claim(
            "the features that a DNN extracts can be handed to an SVM or an LR.",
            all(gain.above_zero for gain in gains.values()),
            f"test accuracy on {last}: {_list(gains)}.",
        ),
        Claim(
            f"they can do the classification, at most {MARGIN:.1%} below the net itself.",
            all(_as_good(gain) for gain in on_features.values()),
            f"test accuracy on {last} above the net's own: {_list(on_features)}.",
        ),
        Claim(
            "the SVM's hinge loss or the LR's log loss will do as the loss function, at most "
            f"{MARGIN:.1%} below the net itself.",
            all(_as_good(gain) for gain in heads.values()),
            f"test accuracy of a Keras head with it above the net's own: {_list(heads)}.",
        ),
        Claim(
            "the highest hidden layer's features are nearer to the target than the lowest's.",
            all(rise.above_zero for rise in rises.values()),
            f"test accuracy on {last} above that on {first}: {_list(rises)}.",
        ),
    ]


def _above(pairs):
    """Returns the `Estimate` of the difference of each pair."""
    # Where a claim needs every difference, the intervals are not widened for several comparisons.
    return {name: difference(*pair) for name, pair in pairs.items()}


def _as_good(gain):
    """Returns whether the whole interval is above `-MARGIN`."""
    return gain.mean - gain.half > -MARGIN


def _list(gains):
    """Returns all gains with their names, as text."""
    return "; ".join(f"{name} {_gain(gain)}" for name, gain in gains.items())


def _gain(gain):
    """Returns a gain with its sign, as text."""
    return gain.text("{:+.2%}")


def _mean(values):
    """Returns the mean with its interval as text; without interval for a single value."""
    return estimate(values).text("{:.2%}") if len(values) > 1 else f"{values[0]:.2%}"


def _text(run):
    """Returns a run's classifier, features and accuracy, for the line on progress."""
    return f"{run['classifier']} on {run['features']} {run['test_accuracy']:.2%}"


def _points(axes, runs, kinds, base):
    """Draws each classifier's mean and interval on each kind of features, less `base`."""
    names = {SVM: "SVM (scikit-learn)", LR: "LR (scikit-learn)"}
    names |= {loss: f"{loss} (Keras)" for loss in HEADS}
    for place, (classifier, name) in enumerate(names.items()):
        estimates = {}  # x -> Estimate
        for x, kind in enumerate(kinds):
            trained = [each for each in names if _values(runs, kind, each)]
            if classifier in trained:
                offset = 0.12 * (trained.index(classifier) - (len(trained) - 1) / 2)
                estimates[x + offset] = difference(_values(runs, kind, classifier), base)
        means = [100 * each.mean for each in estimates.values()]
        halves = [100 * each.half for each in estimates.values()]
        style = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place], "capsize": 3}
        axes.errorbar(list(estimates), means, yerr=halves, label=name, linestyle="none", **style)
    axes.set_xticks(range(len(kinds)), kinds)
