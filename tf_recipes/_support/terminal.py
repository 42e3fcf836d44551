"""Prints to a terminal, or to a file in place of a terminal."""

from typing import Any, NoReturn

from rich import console

WIDTH_OF_A_FILE = 180  # characters, so that no row of a table is folded


class Terminal(console.Console):
    """Prints as Rich's console does, but folds no line in a file and raises `BrokenPipeError`.

    The error is raised when the reader of a pipe has closed it. Rich would exit with status 1
    then, which means something else in the migration check.

    Args:
        **options: the arguments of `rich.console.Console`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if not self.is_terminal and "width" not in options:
            self.width = WIDTH_OF_A_FILE

    def on_broken_pipe(self) -> NoReturn:
        """Raises `BrokenPipeError`."""
        raise BrokenPipeError
