"""Trains in one process, with the interface of `job.Job`."""

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras


class SingleProcess:
    """Stands in for a `job.Job` where one process trains without a strategy."""

    strategy: Any = None
    is_chief = True
    replicas = 1

    def __enter__(self) -> "SingleProcess":
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def scope(self) -> contextlib.AbstractContextManager[Any]:
        """Returns a context without effect, since a model needs no strategy here."""
        return contextlib.nullcontext()

    def loop(self, model: "keras.Model", kind: str) -> Any:
        """Returns the model's own loop of `kind` "train" or "test"."""
        return model.loop(kind)

    def from_chief(self, content: bytes) -> bytes:
        """Returns `content`, since this process is the chief."""
        return content

    def largest(self, value: int) -> int:
        """Returns `value`, since there is no other worker."""
        return value

    def agree(self, terms: dict[str, Any]) -> None:
        """Does nothing, since there is no other worker."""
