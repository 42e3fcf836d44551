"""Which batches can be shared out."""

from tf_recipes._support import validation


def check_batch_size(batch_size, count):
    """Refuses a batch that `count` replicas cannot share out equally."""
    if batch_size % count:
        validation.fail(
            "The batch must be shared out equally: its size must be a multiple of the replicas'"
            " number.",
            f"batch_size={batch_size}, replicas={count}",
            f"Take --batch_size={max(1, round(batch_size / count)) * count}, or other replicas.",
        )
