import pytest

from tf_recipes.distribution import batch_shares


@pytest.mark.parametrize("count, size, nearest", [(2, 49, 48), (4, 50, 48), (8, 3, 8)])
def test_a_batch_without_equal_shares_is_refused_with_the_nearest_size(fails, count, size, nearest):
    with fails("multiple", f"batch_size={size}, replicas={count}", f"Pass batch_size={nearest}"):
        batch_shares.check_batch_size(size, count)
    batch_shares.check_batch_size(nearest, count)


def test_one_replica_takes_any_batch():
    batch_shares.check_batch_size(49, 1)
