import os
import signal
import threading

import pytest

from tf_recipes.fast_fit.held_interrupt import HeldInterrupt


def test_ctrl_c_waits_for_the_end_of_the_block():
    held, seen = HeldInterrupt(), []
    before = signal.getsignal(signal.SIGINT)
    with held.holding():
        os.kill(os.getpid(), signal.SIGINT)
        seen.append("the rest of the block")
    assert seen and signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        held.give_out()
    held.give_out()  # once only


def test_another_thread_holds_nothing():
    held = HeldInterrupt()

    def run():
        with held.holding():
            found.append(signal.getsignal(signal.SIGINT))

    found = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGINT)]
