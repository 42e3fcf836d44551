"""Makes up results of a verification, in the form that `document_schema` describes."""

import copy

import pytest

TEXT = "replace `keras.layers.BatchNormalization(…)` by `tf_recipes.BatchNormalization(…)`"


class Make:
    """Makes results from the values that a test is about."""

    def variable(self, tf1="dense/kernel", ratio=(0.4, 0.6, 0.8), passed=True, **changes):
        drift = [r if isinstance(r, str) else r * 1e-7 for r in ratio]
        return {
            "tf1": tf1,
            "keras": "dense/kernel",
            "kind": "variable",
            "drift": drift,
            "sensitivity": [1e-7] * len(ratio),
            "ratio": list(ratio),
            "passed": passed,
            "note": None,
            **changes,
        }

    def layer(self, layer="dense", ratio=0.5, passed=True, **changes):
        return {
            "layer": layer,
            "class": "Dense",
            "tf1": "dense/Relu:0",
            "drift": ratio if not isinstance(ratio, float) else ratio * 1e-7,
            "ratio": ratio,
            "passed": passed,
            **changes,
        }

    def output(self, output="dense_1", ratio=0.5, passed=True, **changes):
        return {
            "output": output,
            "tf1": "logits:0",
            "drift": ratio if isinstance(ratio, str) else ratio * 1e-7,
            "sensitivity": 1e-7,
            "ratio": ratio,
            "passed": passed,
            **changes,
        }

    def reason(self, **changes):
        return {
            "name": "batch_norm_variance",
            "text": TEXT,
            "code": "tf_recipes.BatchNormalization(\n    momentum=0.99,\n)",
            "layer": "batch_normalization",
            "file": "port.py",
            "line": 12,
            "ratio_before": 9.1e5,
            "ratio_after": 0.8,
            "page": "docs/recipes/batch_norm.md",
            **changes,
        }

    def pair(self, tf1="dense/kernel", keras="dense/kernel", slots=(), **changes):
        return {
            "tf1": tf1,
            "keras": keras,
            "shape": [4, 3],
            "how": "name",
            "transposed": False,
            "slots": [{"tf1": a, "keras": b, "role": role} for a, b, role in slots],
            **changes,
        }

    def match(self, **changes):
        """Makes the results of a port that matches."""
        slot = ("dense/kernel/Momentum", "SGD/dense_kernel_momentum", "momentum")
        variables = [
            self.variable(),
            self.variable("dense/kernel/Momentum", (0.1, 0.0, 2.5), keras=slot[1], kind="slot"),
            self.variable("dense/bias", keras="dense/bias", note="judged by the outputs"),
        ]
        return {
            "format": "tf_recipes verify 1",
            "passed": True,
            "verdict": "match",
            "message": "port.py:build matches TF1 in 3 of 3 variables.",
            "reference": {
                "kind": "checkpoint",
                "path": "run/model.ckpt",
                "runs_on": "TensorFlow 2.21.0",
                "train_op": "train_op",
                "loss": "loss:0",
                "outputs": ["logits:0"],
                "inputs": ["x:0"],
                "labels": ["y:0"],
                "dtype": "float32",
            },
            "model": {"path": "port.py:build", "name": "port", "layers": 3, "parameters": 15},
            "settings": {"steps": 10, "batch_size": 8, "seed": 0, "starts": 8, "limit": 10.0},
            "map": [self.pair(slots=[slot]), self.pair("dense/bias", "dense/bias", shape=[3])],
            "unmatched": {"tf1": [], "keras": [], "offers": []},
            "forward": {
                "passed": True,
                "layers": [self.layer(), self.layer("relu", None, None, tf1=None, drift=None)],
                "outputs": [self.output()],
                "first_difference": None,
            },
            "training": {
                "passed": True,
                "steps": [1, 5, 10],
                "losses": {"tf1": [2.3, 2.2, 2.0], "keras": [2.3, 2.2, 2.0], "ratio": [0, 0.5, 1]},
                "variables": variables,
                "after": {"outputs": [self.output(ratio=1.25)]},
            },
            "first_failure": None,
            "reasons": [],
            "not_compared": [],
            **changes,
        }

    def differs(self, **changes):
        """Makes the results of a port that leaves TF1 at step 5."""
        made = copy.deepcopy(self.match())
        wrong = self.variable("bn/moving_variance", (2.0, 4e3, "inf"), False, kind="moving average")
        wrong["keras"] = "batch_normalization/moving_variance"
        made["training"]["variables"].append(wrong)
        made["training"]["passed"] = False
        first = {"stage": "training", "step": 5, "name": "bn/moving_variance", "drift": 4e-4}
        first |= {"ratio": 4e3, "text": "bn/moving_variance leaves TF1 by step 5."}
        return {
            **made,
            "passed": False,
            "verdict": "differs",
            "message": "port.py:build leaves TF1 in 1 of 4 variables.",
            "first_failure": first,
            "reasons": [self.reason()],
            "not_compared": [{"name": "global_step", "why": "Keras counts steps elsewhere."}],
            "unmatched": {
                "tf1": [{"name": "old/weights", "shape": [2, 2]}],
                "keras": [{"name": "new/bias", "shape": []}],
                "offers": ["old/weights -> transpose:new/bias"],
            },
            **changes,
        }

    def refused(self, **changes):
        """Makes the results of a comparison that was not made."""
        gone = dict.fromkeys(("reference", "model", "settings", "forward", "training"))
        message = "The checkpoint needs a .meta. Received: none. Save it."
        made = {**self.match(), **gone, "passed": False, "verdict": "not judged", "map": []}
        return {**made, "message": message, **changes}

    def forward_only(self, **changes):
        """Makes the results of a port whose forward pass differs, so that nothing was trained."""
        made = copy.deepcopy(self.differs())
        made["forward"] = {
            "passed": False,
            "layers": [self.layer(), self.layer("pool", 3e6, False), self.layer("out", 1e6, False)],
            "outputs": [self.output(ratio=1e6, passed=False)],
            "first_difference": "pool",
        }
        first = {"stage": "forward", "step": None, "name": "pool", "drift": 0.3, "ratio": 3e6}
        made["first_failure"] = {**first, "text": "The layer pool is the first that differs."}
        return {**made, "training": None, **changes}

    def unpaired(self, **changes):
        """Makes the results of a port with variables that have no counterpart."""
        made = self.differs(training=None, reasons=[])
        first = {
            "stage": "map",
            "step": None,
            "name": "old/weights",
            "drift": "inf",
            "ratio": "inf",
        }
        first["text"] = "'old/weights' has no counterpart on the other side"
        message = f"The port differs: {first['text']}."
        return {**made, "first_failure": first, "message": message, **changes}


# What a name, a path, a note or code may hold: each is shown as text.
EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><script>alert(1)</script>",
    "'-alert(1)-'",
    "&lt;b&gt; &#60;script&#62;",
    "{{ 7 * 7 }}{% raw %}",
    "[bold]x[/red][link=y]",
    "txt\u202egnp.exe\u2066",
    "\x00\x1b[31m\udc80",
    "two\nlines `code",
    "ünïcode \U0001f600 $x^2$ \\oops",
    "x" * 9000,
    "",
)


@pytest.fixture
def make():
    return Make()


@pytest.fixture
def evil():
    return EVIL


@pytest.fixture
def evil_results(make):
    """Returns results in which every text is evil, in turn."""
    made = make.differs()
    made["map"], made["training"]["variables"], made["reasons"] = [], [], []
    made["unmatched"] = {"tf1": [], "keras": [], "offers": list(EVIL)}
    made["forward"]["layers"], made["forward"]["outputs"], made["not_compared"] = [], [], []
    for text in EVIL:
        slot = (text, text, text)
        made["map"].append(make.pair(text, text, [slot]))
        wrong = make.variable(text, (1.0, 2e3, "nan"), False, keras=text, note=text)
        made["training"]["variables"].append(wrong)
        made["reasons"].append(
            make.reason(name=text, text=text, code=text, layer=text, file=text, page=text)
        )
        for side in ("tf1", "keras"):
            made["unmatched"][side].append({"name": text, "shape": [3]})
        made["forward"]["layers"].append(make.layer(text, 2e3, False, tf1=text, **{"class": text}))
        made["forward"]["outputs"].append(make.output(text, 2e3, False, tf1=text))
        made["not_compared"].append({"name": text, "why": text})
    made["forward"] |= {"passed": False, "first_difference": EVIL[0]}
    made["first_failure"] |= {"name": EVIL[1], "text": EVIL[0]}
    made["reference"] |= {"path": EVIL[1], "runs_on": EVIL[0], "train_op": EVIL[7], "loss": EVIL[8]}
    made["reference"] |= {"outputs": list(EVIL), "inputs": list(EVIL), "labels": list(EVIL)}
    made["reference"]["dtype"] = EVIL[1]
    made["model"] |= {"path": EVIL[2], "name": EVIL[1]}
    return {**made, "message": EVIL[0]}
