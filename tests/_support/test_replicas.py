import threading

import numpy as np

from tf_recipes._support.replicas import Share, current, sharing


def test_replicas_own_successive_rows():
    drawn = np.arange(12).reshape(6, 2)
    shares = [Share(index, 3, None).own(drawn) for index in range(3)]
    np.testing.assert_array_equal(np.concatenate(shares), drawn)
    assert all(share.shape == (2, 2) for share in shares)


def test_a_share_holds_in_its_block_and_its_thread_alone():
    seen, share = [], Share(0, 2, None)
    with sharing(share):
        assert current() is share
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [None]
    assert current() is None
