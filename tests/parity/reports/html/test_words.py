import json
import types

import numpy as np
import pytest

from tf_recipes.parity import judge, verdict
from tf_recipes.parity.comparison import Comparison, Drift
from tf_recipes.parity.random_draws import DistributionCheck
from tf_recipes.parity.reports import document, html
from tf_recipes.parity.reports.html import words
from tf_recipes.recipe import Recipe


def headline(made):
    return document.exit_status(made), words.headline(made)


def test_the_headline_of_a_check_that_passed(make):
    assert headline(make.document()) == (
        0,
        "Passed: every exact port does what TensorFlow 1 did",
    )


def test_the_headline_of_a_check_that_failed(make):
    one = make.document([make.away("a", "exact"), make.row("b")], status=1)
    assert headline(one) == (1, "Failed: 1 of 2 exact ports left the band of TensorFlow 1")
    only = make.document([make.away("a", "exact")], status=1)
    assert headline(only) == (1, "Failed: 1 of 1 exact port left the band of TensorFlow 1")
    drawn = make.document(status=1, distributions=[make.drawn(passed=False)])
    assert headline(drawn) == (1, "Failed: random draws do not have TensorFlow 1's distribution")
    none = make.document([make.away()], status=1)
    assert headline(none) == (1, "Nothing is proven: no exact port was judged")


def test_the_headline_of_what_could_not_be_judged(make):
    some = make.document([make.row(), make.away(), make.error()], status=2)
    assert headline(some) == (2, "Could not be judged: 1 of 2 traces")
    assert headline(make.document([], status=2)) == (2, "Nothing was judged")


def test_a_textbook_port_that_keras_refuses_was_judged(make):
    rows = [make.row(), make.error("adam", "textbook", "no")]
    assert headline(make.document(rows))[0] == 0
    assert not any(map(document.is_unjudged, rows))


def results():
    """Returns lists of results, one of each kind that has an exit status of its own."""

    def compared(port, drift):
        drifts = (Drift(1, "a", drift, 1e-7), Drift(1, "logits", drift, 1e-7))
        return Comparison("adam", port, drifts, np.ones(1))

    trace = types.SimpleNamespace(
        recipe=Recipe("adam"), provenance={}, losses=np.ones(1), source="adam.npz"
    )
    right, wrong = compared("exact", 1e-7), compared("exact", 1.0)
    textbook = compared("textbook", 1.0)
    judged = {
        "match": judge.Result("adam", trace, (right, textbook)),
        "differs": judge.Result("adam", trace, (wrong, textbook)),
        "refused": judge.Result("adam", trace, (right,), failed={"textbook": "no"}),
        "textbook only": judge.Result("adam", trace, (textbook,)),
        "error": judge.Result("adam", error="adam: torn"),
    }
    return [[], *([each] for each in judged.values()), [judged["match"], judged["error"]]]


DRAWS = [DistributionCheck("he", "exact", {"truncation": each}, 1.0) for each in (0.0, np.inf)]


@pytest.mark.parametrize("drawn", [[], DRAWS[:1], DRAWS], ids=["no draws", "match", "differ"])
@pytest.mark.parametrize("judged", results(), ids=lambda judged: str(len(judged)))
def test_command_json_and_page_have_one_exit_status(judged, drawn):
    status = judge.exit_status(judged, drawn)
    built = json.loads(json.dumps(document.build(judged, drawn)))
    assert built["exit_status"] == document.exit_status(built) == status
    assert built["passed"] is (status == 0)
    beginning = words.headline(built).split()[0].rstrip(":")
    assert beginning in {0: ["Passed"], 1: ["Failed", "Nothing"], 2: ["Could", "Nothing"]}[status]
    page = html.render(built)
    assert f"Exit status <b>{status}</b>: {verdict.STATUSES[status]}." in page


@pytest.mark.parametrize("drawn", [[], DRAWS[:1], DRAWS], ids=["no draws", "match", "differ"])
@pytest.mark.parametrize("judged", results(), ids=lambda judged: str(len(judged)))
def test_results_written_before_the_key_existed_have_the_same_status(judged, drawn):
    built = document.build(judged, drawn)
    page = html.render(built)
    del built["exit_status"]
    assert document.exit_status(built) == judge.exit_status(judged, drawn)
    assert html.render(built) == page


def test_the_page_shows_the_status_that_was_written(make):
    assert headline(make.document(status=2))[0] == 2  # although every row matches


def test_the_story_of_a_port_that_matches(make):
    assert words.story(make.row()) == (
        "Never leaves TF1's band. Its worst ratio is 0.5, at step 4 in hidden1/weights; "
        "its largest drift is 2.5e-05 %."
    )


def test_the_story_of_a_port_that_differs(make):
    assert words.story(make.away()) == (
        "First leaves TF1's band by step 1, in outputs/biases: drift 0.01 %, 200 times TF1's own. "
        "Its worst ratio is 2e+04, at step 4 in hidden1/weights; its largest drift is 1 %."
    )


def test_the_story_of_a_port_that_went_beyond_numbers(make):
    row = make.away(ratio=None, drift=None, losses=[2.3, None, None, None])
    assert words.story(row) == (
        "First leaves TF1's band by step 1, in outputs/biases: drift not finite, a ratio that is "
        "not finite. Its loss is NaN or infinite by step 2. Its worst ratio is not finite, at step "
        "4 in hidden1/weights; its largest drift is not finite."
    )


def test_the_story_of_a_loss_alone_that_is_no_number(make):
    row = make.row(losses=[2.3, 2.2, 2.1, None], passed=False)
    assert words.story(row).startswith(
        "Never leaves TF1's band. Its loss is NaN or infinite by step 4. Its worst ratio is 0.5"
    )
    assert words.verdict(row) == "differs"


def test_the_story_of_a_port_that_keras_refuses(make):
    row = make.error("adam", "textbook", "momentum > 1")
    assert words.story(row) == "Keras refuses what TF1 took: momentum > 1"
    assert words.verdict(row) == "refused"


def test_the_losses_in_words(make):
    rows = {"exact": make.row(), "textbook": make.away(losses=[2.3, None, None, None])}
    assert words.losses(make.trace(), rows) == (
        "Training loss over 4 steps. TF 1.15: 2.3 at first, 2 at the end. "
        "Keras 3, exact: 2.4 at first, 2.1 at the end. "
        "Keras 3, textbook: 2.3 at first, not finite at the end."
    )


def test_the_drifts_in_words(make):
    rows = {"exact": make.row(), "textbook": make.away()}
    assert words.drifts(make.trace(), rows, 10.0) == (
        "Largest relative drift of a variable over the steps, on a logarithmic axis. "
        "TF 1.15 started one ulp away: 4e-07 at step 1, 5e-07 at step 4. "
        "The band ends at 10 times that drift. "
        "Keras 3, exact: 1e-07 at step 1, 2.5e-07 at step 4; never leaves the band. "
        "Keras 3, textbook: 0.0001 at step 1, 0.01 at step 4; leaves the band by step 1."
    )


def test_what_was_not_recorded_on_tf_1_15_is_not_called_so(make):
    live = make.trace(provenance={"tensorflow": "2.21.0"})
    assert headline(make.document(traces=[live])) == (
        0,
        "Passed: every exact port does what TF1's graph in TensorFlow 2.21.0 did",
    )
    failed = make.document([make.away("adam", "exact")], status=1, traces=[live])
    assert words.headline(failed).endswith("left the band of TF1's graph in TensorFlow 2.21.0")
    both = make.document([make.row(), make.row("b")], traces=[live, make.trace("b")])
    assert words.headline(both).endswith("does what TF1's graph in different TensorFlows did")
    rows = {"exact": make.row()}
    assert "TF1's graph in TensorFlow 2.21.0: 2.3 at first" in words.losses(live, rows)
    said = words.drifts(live, rows, 10.0)
    assert "TF1's graph in TensorFlow 2.21.0 started one ulp away: 4e-07" in said
    assert "1.15" not in said


def test_with_the_textbook_port_alone_a_trace_may_be_unjudged_too(make):
    row = {**make.error(port="textbook"), "command": None}
    made = make.document([row], status=2)
    assert headline(made) == (2, "Could not be judged: 1 of 1 trace")


def test_a_single_step_is_said_once(make):
    point = {"step": 1, "drift": None, "sensitivity": 4e-7}
    said = words.drifts(make.trace(), {"exact": make.row(curve=[point])}, 10.0)
    assert said.endswith("Keras 3, exact: not finite at step 1; never leaves the band.")
    assert "Training loss over 1 step. " in words.losses(make.trace(losses=[2.0]), {})


def test_the_statistics_in_words():
    errors = {"standard deviation": 1.9561, "truncation": None}
    assert words.deviations(errors) == "standard deviation 1.96; truncation not TF1's"
