import io

from lab.benchmark import goals, report
from lab.benchmark.growth import Series
from lab.benchmark.measure import Timing
from tf_recipes._support.terminal import Terminal

MEBI = 2**20


def rows(table):
    """Returns the printed cells of each row."""
    file = io.StringIO()
    Terminal(file=file).print(table)
    lines = [line for line in file.getvalue().splitlines() if line.strip()]
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines[2:]]


def test_speed():
    memory = {"imported": 200 * MEBI, "peak": 500 * MEBI}
    timings = {
        "tf_recipes": Timing("tf_recipes", 1000, [0.5, 0.4, 0.25], 2.5, memory),
        "keras": Timing("keras", 1000, [1.0, 1.0, 2.0], 3.0, {"imported": None, "peak": None}),
        "matmul": Timing("matmul", 1000, [0.1], 1.0, memory, note="XLA"),
        "tf1": Timing("tf1", 0, failed="no Python 3.7"),
    }
    ours, keras, matmul, tf1 = rows(report.speed(timings))
    assert ours[:6] == ["tf_recipes, fit", "2,500", "2,000", "4,000", "1,000", "1.00 x"]
    assert ours[6:] == ["2.50", "500", "300"]
    assert keras[:6] == ["Keras defaults, fit", "1,000", "500", "1,000", "250", "2.50 x"]
    assert keras[7:] == ["-", "-"]
    assert (matmul[0], matmul[5]) == ("matrix products alone (XLA)", "0.25 x")
    assert tf1[:2] == ["TF 1.15, session loop", "not measured"]


def test_growth():
    series = [
        Series("samples", "keras", "epoch", [1000, 2000], [[0.1], [0.2]]),
        Series("layers", "keras", "step", [1], [[0.001]]),
    ]
    samples, layers = rows(report.growth(series))
    assert samples[:4] == ["samples", "keras", "epoch", "1,000: 100, 2,000: 200"]
    assert samples[4:6] == ["1.00", "100 ms per 1,000 images"]
    assert layers[3:] == ["1: 1", "-", "-", "-"]


def test_startup():
    ours, _ = rows(report.startup({"tf_recipes": [6.0, 5.0, 7.0], "keras": [4.0, 4.0, 4.0]}))
    assert ours == ["tf_recipes, fit", "6.00", "5.00", "7.00", "1.00", "1.50 x"]


def test_goals():
    judged = [
        goals.Judged("speed over keras", "net", "at least 3", 2.95, 2.5, 3.5, False),
        goals.Judged("speed over tf1", "net", "at least 2.4", None, None, None, None),
        goals.Judged("speed over pytorch", "net", "at least 1.5", 2.0, 1.9, 2.1, True),
    ]
    assert rows(report.goals(judged)) == [
        ["speed over keras", "net", "at least 3", "2.95", "2.50 to 3.50", "no"],
        ["speed over tf1", "net", "at least 2.4", "not measured", "", "-"],
        ["speed over pytorch", "net", "at least 1.5", "2.00", "1.90 to 2.10", "yes"],
    ]
