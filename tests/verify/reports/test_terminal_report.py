import io
import re

import pytest
from rich.console import Console

from tf_recipes.verify.reports import terminal_report


@pytest.fixture
def printed():
    """`printed(results, width)` returns what `print_report` prints."""

    def show(results, width=140):
        console = Console(file=io.StringIO(), width=width)
        terminal_report.print_report(results, console)
        return console.file.getvalue()

    return show


def row(text, word):
    """Returns the cells of the one row of a table that has a word."""
    (line,) = (line for line in text.splitlines() if line.startswith("│") and word in line)
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_the_last_lines_have_the_verdict_and_what_to_change(printed, make):
    text = printed(make.differs())
    assert [line.rstrip() for line in text.splitlines()[-11:]] == [
        "",
        "DIFFERS: The port leaves TF1.",
        "port.py:build leaves TF1 in 1 of 4 variables.",
        "First failure: bn/moving_variance leaves TF1 by step 5.",
        "",
        "What to change",
        "1. replace keras.layers.BatchNormalization(…) by tf_recipes.BatchNormalization(…): "
        "worst ratio 9.1e+05 → 0.8",
        "   port.py, line 12, layer batch_normalization; docs/recipes/batch_norm.md",
        "      tf_recipes.BatchNormalization(",
        "          momentum=0.99,",
        "      )",
    ]


def test_the_first_line_says_what_was_compared(printed, make):
    assert printed(make.match()).splitlines()[0] == (
        "port.py:build against run/model.ckpt on TensorFlow 2.21.0: 10 training steps of 8 rows, "
        "seed 0; TF1's own drift from 8 starts one ulp away."
    )


def test_a_row_for_each_variable_slot_and_the_losses(printed, make):
    text = printed(make.differs())
    assert row(text, "losses") == ["losses", "loss", "1", "-", "10", "-", "match"]
    assert row(text, "Momentum") == [
        "dense/kernel/Momentum",
        "SGD/dense_kernel_momentum",
        "2.5",
        "2.5e-05 %",
        "10",
        "-",
        "match",
    ]
    assert row(text, "bn/") == [
        "bn/moving_variance",
        "batch_normalization/moving_variance",
        "not finite",
        "not finite",
        "10",
        "5",
        "DIFFERS",
    ]
    assert row(text, "judged by")[1] == "dense/bias; judged by the outputs"


def test_the_layers_and_the_outputs_before_and_after_training(printed, make):
    text = printed(make.match())
    assert row(text, "dense (Dense)") == [
        "dense (Dense)",
        "dense/Relu:0",
        "0.5",
        "5e-06 %",
        "match",
    ]
    assert row(text, "relu (Dense)") == ["relu (Dense)", "", "-", "-", "-"]
    before, after = text.split("Outputs after training")
    assert row(before, "logits:0") == ["dense_1", "logits:0", "0.5", "5e-06 %", "match"]
    assert row(after, "logits:0") == ["dense_1", "logits:0", "1.25", "1.2e-05 %", "match"]
    only = printed(make.forward_only())
    assert row(only, "pool (Dense)") == ["pool (Dense)", "dense/Relu:0", "3e+06", "30 %", "DIFFERS"]
    assert "Training\n" not in only
    assert "\nNo training step was run, because the forward pass differs already.\n" in only


def test_what_has_no_counterpart_or_was_not_compared_is_listed(printed, make):
    text = printed(make.differs())
    assert "TF1 variables without a counterpart\n  old/weights (2, 2)\n" in text
    assert "Keras variables without a counterpart\n  new/bias ()\n" in text
    assert "What a map may hold for these\n  old/weights -> transpose:new/bias\n" in text
    assert "Not compared\n  global_step: Keras counts steps elsewhere.\n" in text
    many = [{"name": f"v{k}", "shape": [2]} for k in range(50)]
    text = printed(make.differs(unmatched={"tf1": many, "keras": [], "offers": []}))
    assert "  v39 (2,)\n  and 10 more\n" in text


def test_without_a_reason_that_is_said(printed, make):
    said = "None of the known differences that were tried removes this drift."
    assert said in printed(make.differs(reasons=[]))
    assert said not in printed(make.match())


def test_what_was_not_judged_has_its_error(printed, make):
    assert printed(make.refused()) == (
        "\nnot judged: The port could not be judged.\n"
        "The checkpoint needs a .meta. Received: none. Save it.\n"
    )


def test_of_many_rows_those_that_differ_are_shown(printed, make):
    made = make.differs()
    more = [make.variable(f"v{k}/kernel", (1, 2, 3 + k / 100)) for k in range(80)]
    made["training"]["variables"] = more + made["training"]["variables"]
    text = printed(made)
    assert row(text, "bn/")[-1] == "DIFFERS"
    assert "v79/kernel" in text and "v10/kernel" not in text
    assert "45 more rows have no room here; 0 of them differ." in text


@pytest.mark.parametrize("width", [60, 80])
def test_in_a_narrow_terminal_nothing_is_cut_off(printed, make, width):
    text = printed(make.differs(), width)
    start, end = text.index("Training\n"), text.index("TF1 variables without")
    assert max(map(len, text[start:end].splitlines())) <= width
    # a line of prose is folded by the terminal alone, so that a copied one is whole
    reason = next(line for line in text.splitlines() if line.startswith("1. replace"))
    assert len(reason) > width and reason.endswith("9.1e+05 → 0.8")
    assert "…" not in text.replace("(…)", "")
    squeezed = re.sub(r"\s+", "", text)
    for word in ("TF1'svariable,", "9.1e+05", "DIFFERS", "dense/bias", "logits:0"):
        assert word in squeezed, word


def test_somebody_elses_text_is_only_ever_text(printed, evil_results, evil):
    for width in (80, 400):
        text = printed(evil_results, width)
        assert not re.search("[\u202e\u2066\x00\x1b\udc80]", text)
    for each in evil[:7]:
        assert each in text
    assert r"txt\u202egnp.exe\u2066" in text
    assert r"two\nlines `code" in text


def test_results_that_are_not_whole_are_refused(printed, make, fails):
    made = make.match()
    del made["map"]
    with fails("must have the key `map`"):
        printed(made)
