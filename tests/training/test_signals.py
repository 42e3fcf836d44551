import os
import signal
import threading

from tf_recipes.training import signals


def test_a_signal_is_noted_and_raises_nothing():
    before = signal.getsignal(signal.SIGTERM)
    with signals.Stop() as stop:
        assert stop.status is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.status == 143  # as a shell has it
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_second_one_ends_at_once(monkeypatch):
    ends = []
    monkeypatch.setattr(os, "_exit", ends.append)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with signals.Stop():
        os.kill(os.getpid(), signal.SIGINT)
        assert ends == []
        os.kill(os.getpid(), signal.SIGINT)
    assert ends == [130]


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.Stop() as stop:
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.status is None
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_it_does_nothing():
    done = []

    def work():
        with signals.Stop() as stop:
            done.append(stop.status)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [None]
