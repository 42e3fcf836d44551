import pytest

from tf_recipes.distribution import sizes


@pytest.mark.parametrize("count, size, advice", [(2, 49, 48), (4, 50, 48), (8, 3, 8)])
def test_a_batch_that_cannot_be_shared_out_names_both(fails, count, size, advice):
    with fails("multiple", f"batch_size={size}, replicas={count}", f"--batch_size={advice}"):
        sizes.check_batch_size(size, count)
    sizes.check_batch_size(advice, count)


def test_one_replica_takes_any_batch():
    sizes.check_batch_size(49, 1)
