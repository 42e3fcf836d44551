import numpy as np
import pytest


def names(arrays, recipe):
    return arrays[f"{recipe}/names"].tolist()


def variables(arrays, recipe):
    prefix = f"{recipe}/variables/"
    return {key[len(prefix) :]: v for key, v in arrays.items() if key.startswith(prefix)}


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(labels)), labels].mean()


PLAIN = [f"{s}/{v}" for s in ("hidden1", "hidden2", "outputs") for v in ("biases", "weights")]
SCALED = [f"BatchNorm/{v}" for v in ("beta", "gamma", "moving_mean", "moving_variance")]


@pytest.mark.parametrize(
    ("recipe", "expected", "trainable"),
    [
        ("plain", PLAIN, 6),
        ("max_norm", PLAIN, 6),
        ("dropout", PLAIN, 6),
        ("float64", [name for name in PLAIN if "hidden2" not in name], 4),
        (
            "batch_norm",
            [f"{s}/{v}" for s in ("hidden1", "outputs") for v in (*SCALED, "weights")],
            6,
        ),
        (
            "batch_norm_bare",
            [f"{s}/{v}" for s in ("hidden1", "outputs") for v in (*SCALED[2:], "weights")],
            2,
        ),
    ],
)
def test_two_towers_share_one_set_of_variables(ran, recipe, expected, trainable):
    assert names(ran("models"), recipe) == expected
    assert ran("models")[f"{recipe}/trainable"] == trainable


@pytest.mark.parametrize(("recipe", "dtype"), [("plain", "float32"), ("float64", "float64")])
def test_the_evaluation_tower_and_the_loss_in_numpy(ran, recipe, dtype):
    arrays = ran("models")
    given = variables(arrays, recipe)
    outputs = np.float64(arrays["images"]) / 255
    for scope in ["hidden1", "hidden2"][: len(given) // 2 - 1]:
        outputs = np.maximum(outputs @ given[f"{scope}/weights"] + given[f"{scope}/biases"], 0)
    logits = outputs @ given["outputs/weights"] + given["outputs/biases"]
    assert arrays[f"{recipe}/logits"].dtype == dtype
    np.testing.assert_allclose(arrays[f"{recipe}/logits"], logits, rtol=1e-5, atol=1e-6)
    loss = cross_entropy(logits, arrays["labels"])
    np.testing.assert_allclose(arrays[f"{recipe}/loss"], loss, rtol=1e-6)


@pytest.mark.parametrize(("recipe", "variables"), [("plain", 6), ("max_norm", 6), ("float64", 4)])
def test_no_variable_is_updated_before_the_loss_is_read(ran, recipe, variables):
    assert ran("models")[f"{recipe}/loss_first"].tolist() == [True] * variables


def test_max_norm_takes_the_regularizers_place_in_hidden_layers_only(ran):
    arrays = ran("models")
    assert arrays["max_norm/clips"] == 2
    assert arrays["plain/clips"] == 0
    loss = cross_entropy(np.float64(arrays["max_norm/logits"]), arrays["labels"])
    outputs = np.float64(arrays["max_norm/variables/outputs/weights"])
    l2 = 0.1 * (outputs**2).sum() / 2
    np.testing.assert_allclose(arrays["max_norm/loss"], loss + l2, rtol=1e-6)


def test_masks_are_named_after_what_they_drop(ran):
    assert ran("models")["dropout/masks"].tolist() == ["X", "hidden1", "hidden2"]
    assert ran("models")["plain/masks"].tolist() == []


def test_batch_norm_in_float64_is_refused(ran, fails):
    with fails("float32 only", "dtype='float64' with batch_norm"):
        raise ValueError(str(ran("models")["refusal"]))
