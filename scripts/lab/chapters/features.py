"""A net's features under an SVM and a logistic regression, beside the net itself and the pixels."""

from lab.chapters import classifiers, drawing, nets
from lab.chapters.classifiers import HEADS, LR, SVM
from lab.chapters.findings import Claim, Findings
from lab.chapters.intervals import difference, estimate
from tf_recipes._support import validation
from tf_recipes.recipe import Recipe
from tf_recipes.training.splits import split

MARGIN = 0.005  # of accuracy: as good as the net means no more than this below it
PIXELS, SOFTMAX = "pixels", "softmax"


def measure(data, say, hidden=(300, 100), costs=(0.01, 0.1, 1.0), epochs=20, seeds=5):
    """Trains a net from each seed, and classifiers on what its hidden layers give out.

    Args:
        data: a `mnist.Mnist`.
        say: called with a line for each seed.
        hidden: units of the hidden layers, two or more.
        costs: the values of C that the validation images choose from.
        epochs: int, of the net.
        seeds: int, starts of the net.

    Returns:
        `Findings`. What is trained on the pixels does not depend on the seed, and is there once.

    Raises:
        ValueError: for hidden layers or values of C that cannot be.
    """
    for cost in costs:
        validation.number("C", cost, 0, open_low=True)
    recipe = _recipe(hidden)
    restarts = nets.Restarts(lambda seed: nets.build(recipe, seed))
    parts = split(data, "float32")
    pixels = {"seed": None, "features": PIXELS}
    runs = [{**pixels, **run} for run in classifiers.searched(parts, costs)]
    for seed in range(seeds):
        mine = _seed(restarts(seed), seed, len(hidden), parts, costs, epochs)
        say(f"seed {seed}: " + ", ".join(map(_text, mine)))
        runs += mine
    settings = {"hidden": list(hidden), "C": list(costs), "epochs": epochs, "seeds": seeds}
    settings |= {"margin": MARGIN, "images_to_choose_C": classifiers.SEARCHED}
    return Findings(settings, runs, _summary(runs), _claims(runs, len(hidden)))


def draw(findings):
    """`{"features": Figure}`: accuracy, and its distance from the net's own, with error bars."""
    runs, seeds = findings.runs, findings.settings["seeds"]
    title = f"Mean and 95 % interval of {seeds} seeds"
    view, (whole, near) = drawing.new(2, title=title, size=(5.8, 4.4))
    own = estimate(_own(runs))
    low, high = 100 * (own.mean - own.half), 100 * (own.mean + own.half)
    whole.axhspan(low, high, color="#CCCCCC", label=f"the net itself ({SOFTMAX})")
    near.axhspan(-100 * MARGIN, 100 * MARGIN, color="#CCCCCC", label=f"within {MARGIN:.1%}")
    kinds = list(dict.fromkeys(run["features"] for run in runs))
    _points(whole, runs, kinds, [0.0] * seeds)
    _points(near, runs, [kind for kind in kinds if kind.startswith("hidden")], _own(runs))
    drawing.label(whole, "what is classified", "test accuracy (%)")
    drawing.label(near, "what is classified", "test accuracy above the net's own (% points)")
    return {"features": view}


def _recipe(hidden):
    if len(hidden) < 2:
        validation.fail(
            "`hidden` must be two hidden layers or more, to compare the first with the last.",
            f"hidden={list(hidden)!r}",
            "Write 300,100, say.",
        )
    momentum = {"name": "momentum", "learning_rate": 0.01}
    return Recipe("features", hidden=tuple(hidden), optimizer=momentum)


def _seed(net, seed, depth, parts, costs, epochs):
    """All runs of one start."""
    train, _, test = parts
    last, untrained = _hidden(depth), f"untrained {_hidden(depth)}"
    found = {untrained: classifiers.searched(parts, costs, net, _layer(depth))}
    nets.fit(net, *train, epochs, seed, batch_size=50)
    for k in range(1, depth + 1):
        found[_hidden(k)] = classifiers.searched(parts, costs, net, _layer(k))
    chosen = {run["classifier"]: run["C"] for run in found[last]}
    own = {"classifier": SOFTMAX, "library": "Keras", "C": None}
    own["test_accuracy"] = nets.accuracy(net, *test)
    found[last] += [own, *classifiers.heads(parts, net, _layer(depth), chosen, seed)]
    return [{"seed": seed, "features": name, **run} for name in found for run in found[name]]


def _hidden(k):
    return f"hidden{k}"


def _layer(k):
    return f"hidden{k}_activation"


def _of(runs, features, classifier, key="test_accuracy"):
    wanted = (features, classifier)
    return [run[key] for run in runs if (run["features"], run["classifier"]) == wanted]


def _own(runs):
    """The net's own accuracies, one for each seed."""
    return [run["test_accuracy"] for run in runs if run["classifier"] == SOFTMAX]


def _summary(runs):
    rows = {}
    for run in runs:
        place = (run["features"], run["classifier"])
        found, costs = _of(runs, *place), set(_of(runs, *place, "C")) - {None}
        rows[place] = {
            **{key: run[key] for key in ("features", "classifier", "library")},
            "C": ", ".join(f"{cost:g}" for cost in sorted(costs)),
            "test_accuracy": _mean(found),
            "above_the_net": "" if place[1] == SOFTMAX else _gain(difference(found, _own(runs))),
        }
    return list(rows.values())


def _claims(runs, depth):
    last, first = _hidden(depth), _hidden(1)
    own, both = _own(runs), (SVM, LR)
    gains = _above(
        {
            f"{kind} above {kind} on {place}": (_of(runs, last, kind), _of(runs, place, kind))
            for kind in both
            for place in (PIXELS, f"untrained {last}")
        }
    )
    instead = _above({kind: (_of(runs, last, kind), own) for kind in both})
    heads = _above({loss: (_of(runs, last, loss), own) for loss in HEADS})
    rises = _above({kind: (_of(runs, last, kind), _of(runs, first, kind)) for kind in both})
    return [
        Claim(
            "the features that a DNN extracts can be handed to an SVM or an LR.",
            all(gain.above_zero for gain in gains.values()),
            f"test accuracy on {last}: {_list(gains)}.",
        ),
        Claim(
            f"they can do the classification, at most {MARGIN:.1%} below the net itself.",
            all(_as_good(gain) for gain in instead.values()),
            f"test accuracy on {last} above the net's own: {_list(instead)}.",
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
    # Where all must hold, each interval keeps its own level: the verdict is as rare as the rarest.
    return {name: difference(*pair) for name, pair in pairs.items()}


def _as_good(gain):
    return gain.mean - gain.half > -MARGIN


def _list(gains):
    return "; ".join(f"{name} {_gain(gain)}" for name, gain in gains.items())


def _gain(gain):
    return gain.text("{:+.2%}")


def _mean(values):
    return estimate(values).text("{:.2%}") if len(values) > 1 else f"{values[0]:.2%}"


def _text(run):
    return f"{run['classifier']} on {run['features']} {run['test_accuracy']:.2%}"


def _points(axes, runs, kinds, base):
    """Each classifier's mean and interval on each kind of features, above `base`."""
    names = {SVM: "SVM (scikit-learn)", LR: "LR (scikit-learn)"}
    names |= {loss: f"{loss} (Keras)" for loss in HEADS}
    for place, (classifier, name) in enumerate(names.items()):
        found = {}
        for x, kind in enumerate(kinds):
            there = [each for each in names if _of(runs, kind, each)]
            if classifier in there:
                beside = 0.12 * (there.index(classifier) - (len(there) - 1) / 2)
                found[x + beside] = difference(_of(runs, kind, classifier), base)
        means = [100 * each.mean for each in found.values()]
        halves = [100 * each.half for each in found.values()]
        style = {"color": drawing.COLOURS[place], "marker": drawing.MARKERS[place], "capsize": 3}
        axes.errorbar(list(found), means, yerr=halves, label=name, linestyle="none", **style)
    axes.set_xticks(range(len(kinds)), kinds)
