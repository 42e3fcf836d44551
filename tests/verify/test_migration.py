"""Faithful ports of the recorded programs match; ports with one mistake differ, with its name.

TensorFlow 1.15.5 wrote the checkpoints. That the graphs do here what they did there is shown by
`tests/graph/test_trajectory.py`.
"""

from pathlib import Path

import numpy as np
import pytest

NAMES = sorted(p.stem for p in (Path(__file__).parents[1] / "goldens/verify/programs").glob("*.py"))
# The mistakes that are verified here: each known difference, and as many more as take little time.
# `mistakes.py` has the others.
_CHOSEN = """
default_epsilon own_norms_for_global global_for_own_norms mean_for_sum value_not_clipped
norm_for_value sgd_under_decay staircase keras_batch_norm decay_of_contrib frozen_norms
keras_adamw reset_after reset_after_own_cell no_lengths rate_of_keras without_l1 sgd_float64
small_accumulator no_bias symmetric_padding smoothed_labels keep_prob_as_rate no_scaling
fused_batch_norm epsilon_of_torch axis_of_the_text linear no_nesterov other_margin slope_of_keras
valid_conv1d l2_of_keras_tied not_centered equal_weights rate_a_tenth clipped_before_l2
clipped_after_l2 no_logits
"""
CHOSEN = _CHOSEN.split()
# those whose reason is not found, and why
NOT_NAMED = {
    "reset_after_own_cell": "the cell is the port's own layer, which no substitution can change",
    "no_lengths": "no known difference: the mask of the padded words is missing",
    "other_margin": "no known difference: the loss is the port's own function",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_faithful_port_matches(name, verifying):
    from tf_recipes.verify.reports import document_schema

    report = verifying(name)
    document = report.document
    document_schema.check(document)
    assert report.passed and report.exit_status == 0 and report.first_failure is None, str(report)
    assert report.reasons == [] and "matches TF1 in prediction and in 4" in str(report)
    training = document["training"]
    ratios = [r for row in training["variables"] for r in row["ratio"]]
    assert training["losses"]["ratio"] and len(training["losses"]["tf1"]) == 4
    assert max([*ratios, *training["losses"]["ratio"]]) <= 10
    assert all(each["ratio"] <= 10 for each in document["forward"]["outputs"])
    assert document["unmatched"]["tf1"] == document["unmatched"]["keras"] == []


def test_the_chosen_mistakes_have_each_known_difference(mistakes):
    assert len(set(CHOSEN)) == len(CHOSEN) >= 36
    known = {each.reason for each in mistakes.values()}
    assert {mistakes[name].reason for name in CHOSEN} == known
    assert set(NOT_NAMED) <= set(CHOSEN)


@pytest.mark.parametrize("name", CHOSEN)
def test_a_port_with_one_mistake_differs_and_the_mistake_is_named(name, verifying, mistakes):
    from tf_recipes.verify.reports import document_schema

    mistake = mistakes[name]
    report = verifying(mistake.program, mistake.build)
    document_schema.check(report.document)
    assert not report.passed and report.exit_status == 1
    failure = report.first_failure
    assert failure["stage"] in ("map", "forward", "training")
    assert failure["stage"] == "map" or failure["ratio"] == "inf" or failure["ratio"] > 10
    assert repr(failure["name"]) in str(report)
    found = [reason["name"] for reason in report.reasons]
    if name in NOT_NAMED:
        assert found == []
        return
    assert set(found) & {mistake.reason, *mistake.also}, found
    assert report.reasons[-1]["ratio_after"] <= 10
    for reason in report.reasons:
        assert reason["code"] and Path(__file__).parents[2].joinpath(reason["page"]).is_file()
        if reason["layer"] is not None:  # the line of the port that makes it
            assert reason["file"] == f"{mistake.program}.py" and reason["line"] > 0


def test_a_second_mistake_is_looked_for_with_the_first_one_mended(verifying, mistakes):
    from tf_recipes.verify.reports import document_schema

    report = verifying("tied_autoencoder", mistakes["adamw_for_l2"].build)
    document_schema.check(report.document)
    first, second = report.reasons
    assert (first["name"], second["name"]) == ("decay_order", "optimizer")
    assert first["ratio_before"] > first["ratio_after"] == second["ratio_before"] > 10
    assert second["ratio_after"] <= 10 and second["layer"] == "optimizer"


def test_without_explain_nothing_is_searched(verifying, mistakes):
    report = verifying("max_norm", mistakes["axis_of_the_text"].build, explain=False)
    assert not report.passed and report.reasons == []


def test_a_compiled_model_and_a_saved_one_are_copied(verifying, mistakes, tmp_path):
    model = mistakes["rate_of_keras"].build()
    model.save(tmp_path / "port.keras")
    for given in (model, str(tmp_path / "port.keras")):
        report = verifying("estimator_net", given)
        assert [each["name"] for each in report.reasons] == ["learning_rate"]
        assert report.reasons[0]["code"] == "learning_rate=0.1"
        assert report.document["reasons"][0]["line"] is None


def test_assert_migrated_says_what_differs_and_why(verifying, mistakes):
    from tf_recipes.verify import assert_migrated

    settings = verifying.settings("max_norm")
    given = verifying.checkpoint("max_norm"), verifying.feeds("max_norm")
    assert_migrated(verifying.port("max_norm"), *given, **settings)
    with pytest.raises(
        AssertionError, match=r"The port differs: .*\n  bound .*MaxNorm\(1.0, axis=1"
    ):
        assert_migrated(mistakes["axis_of_the_text"].build, *given, **settings)


def test_a_map_of_names_is_taken_and_a_transpose_too(verifying):
    import keras

    def build():  # the kernel is TF1's transpose, in a layer of the port
        class Turned(keras.layers.Layer):
            def __init__(self, units, **kwargs):
                super().__init__(**kwargs)
                self.units = units

            def build(self, shape):
                self.kernel = self.add_weight(shape=(self.units, shape[-1]), name="turned")
                self.offset = self.add_weight(shape=(self.units,), name="offset")

            def call(self, x):
                return keras.ops.matmul(x, keras.ops.transpose(self.kernel)) + self.offset

        x = keras.Input((14,))
        hidden = keras.layers.Activation("softplus")(Turned(20, name="first")(x))
        model = keras.Model(x, Turned(4, name="last")(hidden))
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    without = verifying("weights_ema", build, explain=False)
    assert without.first_failure["stage"] == "map" or without.document["unmatched"]["offers"]
    found = {
        "hidden/kernel": "transpose:first/turned",
        "hidden/bias": "first/offset",
        "scores/kernel": "transpose:last/turned",
        "scores/bias": "last/offset",
    }
    report = verifying("weights_ema", build, variable_map=found, explain=False)
    assert report.document["forward"]["passed"]
    assert {(r["how"], r["transposed"]) for r in report.document["map"] if r["keras"]} == {
        ("given", True),
        ("given", False),
    }
    assert any("transpose:" in each for each in without.document["unmatched"]["offers"])


def test_kernels_of_one_shape_are_settled_by_values(verifying):
    import keras

    def build():  # the inputs of one shape are joined in another order than they are made in
        one, two = keras.Input((12,), name="right"), keras.Input((12,), name="left")
        inner = keras.layers.Dense(20, "tanh")
        code = keras.layers.Dense(6)
        difference = keras.layers.Subtract()([code(inner(two)), code(inner(one))])
        distance = keras.layers.Lambda(lambda d: keras.ops.sum(d * d, axis=1))(difference)
        model = keras.Model([one, two], distance)
        model.compile("sgd", "mse")
        return model

    report = verifying("shared_weights", build, explain=False)
    assert report.document["forward"]["passed"] and not report.passed
    assert report.first_failure["stage"] == "training"


def test_a_training_that_overflows_on_tf1s_side_is_refused(verifying, fails):
    feeds = verifying.feeds("weights_ema")
    with fails("TF1's own numbers must be finite.", "NaN or infinity in 'hidden/kernel'"):
        verifying("weights_ema", feeds={**feeds, "x": feeds["x"] * np.float32(1e18)})


def test_what_could_not_be_judged_is_no_pass():
    from tf_recipes.verify import Report
    from tf_recipes.verify.bench import judgement

    report = Report({"passed": False, "verdict": "not judged", "message": "Nothing"})
    assert (report.exit_status, report.passed, str(report)) == (2, False, "Nothing")
    # TF1 drifts from itself by 0.1 % after the second step: the steps before are judged
    assert judgement.judged_steps(np.array([1e-7, 1e-6, 2e-3, 1e-7])) == 2
    assert judgement.judged_steps(np.array([1e-2])) == 0
    nan = judgement.Judged("w", [0.0, float("nan")], [1e-7, 1e-7])
    assert (nan.passed, nan.first_failure, nan.worst) == (False, 1, np.inf)
