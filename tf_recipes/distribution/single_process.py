"""A job that one process does by itself, with the interface of `job.Job`."""

import contextlib


class Alone:
    """No strategy, and no other worker to agree with or to wait for."""

    strategy, is_chief, replicas = None, True, 1

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def scope(self):
        return contextlib.nullcontext()

    def loop(self, model, kind):
        return model.loop(kind)

    def from_chief(self, content):
        return content

    def any(self, value):
        return value

    def agree(self, terms):
        pass
