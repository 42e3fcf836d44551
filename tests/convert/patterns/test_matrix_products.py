"""Tests the operation Einsum, which graphs of `tf.compat.v1` have and those of TF 1.15 do not."""

import pytest

from tf_recipes.convert import conversion

# equation -> the shape of the variable, and a part of the code
EQUATIONS = {
    "abc,cd->abd": ([3, 5], 'keras.layers.Dense(5, use_bias=False, name="w")(x)'),
    "abc,dc->abd": ([5, 3], 'keras.layers.Dense(5, use_bias=False, name="w")(x)'),
    "abc,bc->ac": ([2, 3], 'keras.ops.einsum("abc,bc->ac", x, w)'),
    "abc,cde->abde": ([3, 2, 2], 'keras.ops.einsum("abc,cde->abde", x, w)'),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_a_sum_of_products(equation, checkpoints):
    shape, code = EQUATIONS[equation]

    def net(v1):
        x = v1.placeholder("float32", [None, 2, 3], name="x")
        w = v1.get_variable("w", shape, use_resource=False)
        v1.identity(v1.einsum(equation, x, w), name="y")

    done = conversion.convert(checkpoints.save("einsum", net))
    assert done.passed and code in done.source


def test_a_sum_of_products_of_two_tensors(checkpoints):
    def net(v1):
        x = v1.placeholder("float32", [None, 2, 3], name="x")
        products = v1.einsum("abc,adc->abd", x, v1.nn.relu(x))
        v1.matmul(v1.reshape(products, [-1, 4]), v1.get_variable("w", [4, 1]), name="y")

    done = conversion.convert(checkpoints.save("einsum", net))
    assert done.passed and 'keras.ops.einsum("abc,adc->abd"' in done.source
