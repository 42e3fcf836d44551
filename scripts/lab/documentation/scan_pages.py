"""Writes the generated parts of the scanner's pages: the codes, and an example."""

import os
import tempfile
from pathlib import Path

from tf_recipes.scan import rewrite_registry, rule_registry, scanner
from tf_recipes.scan.outputs import finding_text
from tf_recipes.scan.terms.findings import SEVERITIES
from tf_recipes.scan.terms.rewrite import EITHER

EXAMPLE = """\
from tensorflow.contrib import slim
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 784])
hidden = slim.fully_connected(x, 300)
hidden = tf.nn.dropout(hidden, 0.8)
loss = tf.reduce_mean(hidden, reduction_indices=[1])
rate = tf.train.exponential_decay(0.1, tf.train.get_global_step(), 1000, 0.5)
step = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss)
"""


def example():
    """Returns the program of the page, and what a scan says of it, as two blocks."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train.py").write_text(EXAMPLE)
        report = scanner.scan([folder], workers=1)
    text = finding_text.text(report).replace(f"{folder}{os.sep}", "")
    return f"```text\n{EXAMPLE}```\n\n```text\n$ tf-recipes scan train.py\n{text}\n```"


def codes():
    """Returns a table of all codes, then what each rule finds."""
    rules = rule_registry.all_rules().values()
    lines = ["| code | name | severity | what is found |", "|---|---|---|---|"]
    for rule in rules:
        anchor = f"{rule.code}-{rule.name}".lower()
        lines.append(
            f"| [{rule.code}](#{anchor}) | `{rule.name}` | {rule.severity} | {rule.summary} |"
        )
    return "\n".join([*lines, *map(_section, rules)])


def rewrites():
    """Returns the table of what `--fix` rewrites, then an example before and after."""
    found = rewrite_registry.all_rewrites()
    lines = ["| rewrite | where | what |", "|---|---|---|"]
    for each in found.values():
        where = "anywhere" if each.idiom == EITHER else "whole functions"
        lines.append(f"| `{each.name}` | {where} | {each.summary} |")
    example = found["layers"]
    blocks = [f"```text\n{text.rstrip()}\n```" for text in (example.before, example.after)]
    return "\n".join([*lines, "", blocks[0], "", "becomes", "", blocks[1]])


def _section(rule):
    """Returns the section of a rule: its pair of programs, and the page."""
    title = rule.page.rpartition("/")[2].partition(".")[0]
    return f"""
## {rule.code} {rule.name}

{rule.summary} Severity: {rule.severity}. Read on: [{title}]({rule.page}).

A finding:

```text
{rule.before.rstrip()}
```

No finding:

```text
{rule.after.rstrip()}
```"""


def severities():
    """Returns the table of the severities."""
    rows = (f"| {name} | {meaning} |" for name, meaning in SEVERITIES.items())
    return "\n".join(["| severity | meaning |", "|---|---|", *rows])
