import pytest

from lab.benchmark import registry


def test_the_contestants():
    assert list(registry.CONTESTANTS) == [
        "tf1",
        "compat_v1",
        "keras",
        "tf_recipes",
        "tf_recipes_kernels",
        "keras_jax",
        "tf_recipes_jax",
        "keras_torch",
        "keras_torch_resident",
        "keras_torch_compiled",
        "pytorch",
        "jax_step",
        "jax_scan",
        "matmul",
    ]


@pytest.mark.parametrize("name", ["keras", "tf_recipes", "compat_v1", "matmul"])
def test_each_has_its_factory(name):
    assert registry.factory(name).__name__ == registry.CONTESTANTS[name].factory
