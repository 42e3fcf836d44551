import pytest

from tf_recipes.distribution import batch_shares


@pytest.mark.parametrize("count, size, advice", [(2, 49, 48), (4, 50, 48), (8, 3, 8)])
def test_a_batch_that_cannot_be_shared_out_names_both(fails, count, size, advice):
    with fails("multiple", f"batch_size={size}, replicas={count}", f"--batch_size={advice}"):
        batch_shares.check_batch_size(size, count)
    batch_shares.check_batch_size(advice, count)


def test_one_replica_takes_any_batch():
    batch_shares.check_batch_size(49, 1)
