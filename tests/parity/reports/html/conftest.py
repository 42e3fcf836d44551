"""Makes up results of the check, in the form that `document.build` returns."""

import json

import pytest

from tf_recipes.parity.reports import html

SPEC = {"name": "adam", "hidden": [10, 8], "dtype": "float32", "steps": 4}
EMPTY = ("worst_ratio", "worst_at", "drift", "sensitivity", "first_failure", "curve", "losses")


class Make:
    """Makes rows, traces and results from the values that a test is about."""

    def row(self, name="adam", port="exact", ratio=0.5, drift=2.5e-7, first=None, **changes):
        """Makes a row of a port that was judged; `first` is where the port first leaves TF1."""
        return {
            "name": name,
            "port": port,
            "passed": first is None,
            "worst_ratio": ratio,
            "worst_at": {"step": 4, "variable": "hidden1/weights"},
            "drift": drift,
            "sensitivity": 5e-7,
            "first_failure": first,
            "curve": [
                {"step": 1, "drift": first["drift"] if first else 1e-7, "sensitivity": 4e-7},
                {"step": 4, "drift": drift, "sensitivity": 5e-7},
            ],
            "losses": [2.4, 2.3, 2.2, 2.1],  # other values than TF1's
            **changes,
        }

    def away(self, name="adam", port="textbook", ratio=2e4, drift=0.01, **changes):
        """Makes a row of a port that leaves TF1's band by step 1, and is worst at step 4."""
        first = {"step": 1, "variable": "outputs/biases"}
        first |= {"drift": drift and drift / 100, "ratio": ratio and ratio / 100}
        losses = {"losses": [2.3, 2.1, 1.9, 1.7]}
        return self.row(name, port, ratio, drift, first=first, **{**losses, **changes})

    def error(self, name="traces/torn.npz", port="exact", error="traces/torn.npz: torn"):
        """Makes a row without figures."""
        empty = dict.fromkeys(EMPTY)
        return {"name": name, "port": port, "passed": False, **empty, "error": error}

    def trace(self, name="adam", **changes):
        return {
            "name": name,
            "recipe": name,
            "source": f"{name}.npz",
            "why": "epsilon 1e-7, not 1e-8",
            "note": "",
            "command": f"python scripts/check_migration.py --recipe={name}",
            "provenance": {"tensorflow": "1.15.5", "neighbours": 1},
            "spec": SPEC,
            "losses": [2.3, 2.2, 2.1, 2.0],
            **changes,
        }

    def drawn(self, **changes):
        errors = {"standard deviation": 1.25, "truncation": 0.0}
        given = {"name": "he initialiser", "port": "exact", "passed": True, "ratio": 0.9994}
        return {**given, "standard_errors": errors, **changes}

    def document(self, rows=None, status=0, traces=None, distributions=(), **changes):
        """Makes results of these rows and exit status, with a trace for each judged name."""
        rows = [self.row(), self.away()] if rows is None else rows
        names = dict.fromkeys(row["name"] for row in rows if "error" not in row)
        return {
            "passed": status == 0,
            "exit_status": status,
            "summary": "1 of 1 exact ports match.",
            "command": "python scripts/check_migration.py",
            "limit": 10.0,
            "versions": {"keras": "3.15.1", "python": "3.11.7"},
            "results": rows,
            "traces": list(map(self.trace, names)) if traces is None else traces,
            "distributions": list(distributions),
            **changes,
        }


EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></script><script>alert(1)</script>",
    "'-alert(1)-'",
    "<svg onload=alert(1)>",
    "&lt;b&gt; &#60;script&#62;",
    "{{ 7 * 7 }}{% raw %}",
    "txt\u202egnp.exe",
    "\x00\x1b[31m\udc80",
    "ünïcode \U0001f600 $x^2$ \\oops",
    "x" * 9000,
    "",
)


@pytest.fixture
def make():
    return Make()


@pytest.fixture(scope="session")
def rendered():
    """`rendered(document)` returns `html.render(document)`, made once for the same results.

    Drawing the figures takes seconds. That the same results give the same bytes has its own test.
    """
    pages = {}

    def page(document):
        key = json.dumps(document)
        if key not in pages:
            pages[key] = html.render(document)
        return pages[key]

    return page


@pytest.fixture
def evil():
    return EVIL


@pytest.fixture
def evil_document(make):
    """Returns results in which every text of a trace, a path or an error is evil, in turn."""
    rows, traces = [], []
    for text in EVIL:
        first = {"step": 4, "variable": text, "drift": 0.01, "ratio": 2e4}
        at = {"step": 4, "variable": text}
        rows += [make.row(text, worst_at=at), make.row(text, "textbook", first=first)]
        rows.append(make.error(f"folder/{text}", error=f"{text}: torn"))
        kept = {"why": text, "note": text, "source": text, "command": text, "recipe": text}
        traces.append(
            make.trace(text, **kept, provenance={text: text}, spec={"name": text, text: [text]})
        )
    refused = make.row("refused"), make.error("refused", "textbook", EVIL[1])
    return make.document(
        [*rows, *refused],
        status=2,
        traces=[*traces, make.trace("refused", why=f"Keras refuses it: {EVIL[1]}")],
        distributions=[make.drawn(name=EVIL[0], standard_errors={EVIL[1]: None})],
        summary=EVIL[1],
        command=EVIL[0],
        versions={EVIL[0]: EVIL[1], **{text: text for text in EVIL}},
    )
