"""What a graph was told, beside the numbers in the source of the programs."""

import pytest

from tf_recipes.graph.facts import Clipping, MaxNorm, Normalization


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("contrib_batch_norm", [0.1 * 0.5 ** (k / 3) for k in range(6)]),
        ("training_flag", [0.1, 0.1, 0.05, 0.05, 0.01, 0.01]),
        ("handwritten_mlp", [0.01 + 0.19 * (1 - k / 5) ** 2 for k in range(6)]),
        ("two_losses", [0.05 * 0.5 ** ((7 + k) // 4) for k in range(6)]),  # begins at step 7
        ("tf_data_net", [0.2 * 0.8 ** (k // 2) for k in range(6)]),
        ("shared_weights", [0.02 - 0.018 * k / 8 for k in range(6)]),
        ("estimator_net", [0.1] * 6),
        ("float64_net", [0.03 * 0.7 ** (k / 2) for k in range(6)]),
    ],
)
def test_the_learning_rate_of_each_step(name, rates, program):
    assert program(name).facts.rates == pytest.approx(rates, rel=3e-7)


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("tied_autoencoder", {"rate": 0.01, "beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}),
        ("clip_global_norm", {"rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 0.01}),
        ("slim_net", {"rate": 0.003, "decay": 0.9, "momentum": 0.0, "epsilon": 1e-10}),
        ("two_inputs", {"rate": 0.002, "decay": 0.9, "momentum": 0.5, "epsilon": 1e-10}),
        ("clip_value", {"rate": 0.02, "momentum": 0.9}),
        ("shared_weights", {"rate": 0.02, "momentum": 0.8}),
    ],
)
def test_the_numbers_of_the_optimizer(name, numbers, program):
    assert program(name).facts.numbers == pytest.approx(numbers, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "kind", "nesterov"),
    [
        ("training_flag", "Momentum", True),
        ("contrib_batch_norm", "Momentum", False),
        ("two_inputs", "CenteredRMSProp", False),
        ("slim_net", "RMSProp", False),
        ("handwritten_conv", "Adagrad", False),
        ("embedding_gru", "Adam", False),
        ("weights_ema", "GradientDescent", False),
    ],
)
def test_the_kind_of_the_update(name, kind, nesterov, program):
    update = program(name).facts.update
    assert (update.kind, update.nesterov) == (kind, nesterov)


def test_a_slot_with_one_value_says_what_it_began_with(program):
    assert program("handwritten_conv").facts.constant_slot("accumulator") == 0.5
    assert program("two_inputs").facts.constant_slot("ms") == 1.0  # TF1's mean square begins at 1
    # after 7 steps no value says it any more
    assert program("estimator_net").facts.constant_slot("accumulator") is None
    assert program("estimator_net").facts.constant_slot("momentum_slot") is None


@pytest.mark.parametrize(
    ("name", "clipping"),
    [
        ("clip_value", Clipping("value", 1.0)),
        ("clip_norm", Clipping("norm", pytest.approx(0.05))),
        ("clip_global_norm", Clipping("global_norm", pytest.approx(0.1))),
        ("embedding_rnn", Clipping("global_norm", 0.25)),
        ("max_norm", None),  # its clip is of the weights
        ("contrib_batch_norm", None),
    ],
)
def test_how_gradients_are_clipped(name, clipping, program):
    assert program(name).facts.clipping == clipping


@pytest.mark.parametrize(
    ("name", "penalties"),
    [
        ("handwritten_mlp", {w: {"l2": 0.02} for w in ("W1", "W2", "W3")}),
        ("tied_autoencoder", {f"autoencoder/weights{k}": {"l2": 0.01} for k in (1, 2)}),
        ("slim_net", {f"net/{n}/weights": {"l2": 0.02} for n in ("conv1", "fc1", "logits")}),
        ("estimator_net", {"hidden/kernel": {"l1": 0.003}}),
        ("contrib_batch_norm", {}),
    ],
)
def test_penalties_have_the_scales_of_contrib(name, penalties, program):
    found = program(name).facts.penalties
    assert found.keys() == penalties.keys()
    for variable, scales in penalties.items():
        assert found[variable] == pytest.approx(scales, rel=0.01), variable


@pytest.mark.parametrize(
    ("name", "scope", "told"),
    [
        ("contrib_batch_norm", "hidden1/BatchNorm", (0.001, 0.9, True)),
        ("training_flag", "conv2/BatchNorm", (0.01, 0.95, True)),
        ("layers_batch_norm", "norm1", (0.001, 0.9, False)),  # of two axes: not fused
    ],
)
def test_what_a_batch_norm_was_told(name, scope, told, program):
    one = program(name)
    variables = [v for v in one.structure.variables if v.rpartition("/")[0] == scope]
    epsilon, decay, fused = told
    found = one.facts.normalization(variables)
    assert found == Normalization(
        scope, pytest.approx(epsilon, rel=1e-6), pytest.approx(decay, abs=1e-5), fused
    )
    assert one.facts.normalization([*variables, "other/scope"]) is None


def test_max_norm_is_found_with_its_axes(program):
    assert program("max_norm").facts.max_norms() == {
        f"{layer}/weights": MaxNorm(1.0, (1,)) for layer in ("hidden1", "hidden2")
    }
    assert program("clip_norm").facts.max_norms() == {}  # it clips gradients


def test_decoupled_decay_is_the_share_that_a_step_takes_away(program):
    assert program("decoupled_decay").facts.weight_decay("body/kernel") == pytest.approx(0.001)
    assert program("tied_autoencoder").facts.weight_decay("autoencoder/weights1") is None


def test_reading_facts_leaves_the_variables_at_their_start(program):
    one = program("training_flag")
    one.session.assign(one.initial)
    assert one.facts.normalization(
        [v for v in one.structure.variables if v.startswith("conv1/BatchNorm/m")]
    ).decay == pytest.approx(0.95)
    for name, value in one.session.values().items():
        assert (value == one.initial[name]).all(), name
