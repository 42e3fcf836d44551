"""Checks that replicas can take equal shares of a batch."""

from tf_recipes._support import validation


def check_batch_size(batch_size: int, count: int) -> None:
    """Checks that `count` replicas can take equal shares of a batch.

    Raises:
        ValueError: if `batch_size` is not a multiple of `count`.
    """
    if batch_size % count:
        multiple = max(1, round(batch_size / count)) * count
        validation.fail(
            "Every replica must take an equal share of the batch: `batch_size` must be a multiple"
            " of the number of replicas.",
            f"batch_size={batch_size}, replicas={count}",
            f"Pass batch_size={multiple}, or another number of replicas.",
        )
