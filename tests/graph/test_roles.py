"""What the variables of the recorded graphs are for."""

import pytest

from tf_recipes.graph.roles import BIAS, KERNEL


def test_weights_come_in_the_order_of_their_use_with_their_roles(program):
    found = program("handwritten_conv").roles.weights  # by hand, so that no name says anything
    assert [(v.name, v.role, v.kernel) for v in found] == [
        ("Variable", KERNEL, None),
        ("Variable_1", BIAS, "Variable"),
        ("Variable_2", KERNEL, None),
        ("Variable_3", BIAS, "Variable_2"),
        ("Variable_4", KERNEL, None),
        ("Variable_5", BIAS, "Variable_4"),
    ]
    assert all(v.trained and v.needed for v in found)


def test_averages_of_batch_norm_are_needed_and_not_trained(program):
    found = {v.name: v for v in program("training_flag").roles.weights}
    assert "global_step" not in found
    for scope in ("conv1/BatchNorm", "conv2/BatchNorm"):
        roles = {v.role: v.trained for v in found.values() if v.scope == scope}
        assert roles == {
            "gamma": True,
            "beta": True,
            "moving_mean": False,
            "moving_variance": False,
        }
        assert all(v.needed for v in found.values() if v.scope == scope)


@pytest.mark.parametrize(
    ("name", "slot", "owner"),
    [
        ("clip_value", "dnn/hidden1/weights/Momentum", ("dnn/hidden1/weights", "accumulator")),
        ("embedding_gru", "output/kernel/Adam_1", ("output/kernel", "v")),
        ("two_inputs", "price/bias/RMSProp_1", ("price/bias", "mg")),
        ("decoupled_decay", "body/kernel/AdamW", ("body/kernel", "m")),
        ("estimator_net", "hidden/kernel/Adagrad", ("hidden/kernel", "accumulator")),
    ],
)
def test_each_slot_has_an_owner_and_a_role(name, slot, owner, program):
    roles = program(name).roles
    assert roles.slots[slot] == owner
    assert not set(roles.slots) & {v.name for v in roles.weights}


def test_powers_of_beta_and_averages_of_weights_are_apart(program):
    assert program("embedding_gru").roles.optimizer_numbers == {"beta1_power", "beta2_power"}
    shadows = program("weights_ema").roles.shadows
    assert shadows == {
        f"{name}/ExponentialMovingAverage": name
        for name in ("hidden/kernel", "hidden/bias", "scores/kernel", "scores/bias")
    }
    weights = {v.name for v in program("weights_ema").roles.weights}
    assert weights == set(shadows.values())


def test_a_table_that_gather_reads_is_a_kernel(program):
    found = {v.name: v for v in program("embedding_gru").roles.weights}
    assert found["encoder/embedding"].role == KERNEL
    cell = "encoder/rnn/gru_cell"
    assert found[f"{cell}/gates/bias"].kernel == f"{cell}/gates/kernel"


def test_names_without_an_output_count_as_needed_when_trained(program):
    from tf_recipes.graph.roles import Roles

    one = program("layers_batch_norm")
    shapes = {name: value.shape for name, value in one.initial.items()}
    needed = {v.name: v.needed for v in Roles(one.session, shapes, None).weights}
    assert needed["dense1/kernel"] and not needed["norm1/moving_mean"]
