import os

import pytest

from lab.scaling import measurement


def test_a_worker_that_fails_is_told_of(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {10**4})  # no such core
    with pytest.raises(OSError, match=r"(?s)A worker failed: .*sched_setaffinity"):
        measurement.run(2, [[4]], [4], repeats=1)
