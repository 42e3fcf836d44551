"""Where the scripts print: a terminal, or a file in its place."""

from rich import console

WIDTH_OF_A_FILE = 180  # characters, so that no row of a table is folded


class Terminal(console.Console):
    """Rich's console, told two things.

    In a file no line is folded. And once nobody reads what is printed, `BrokenPipeError` is raised;
    Rich would exit with status 1, which the migration check has a meaning for.
    """

    def __init__(self, **options):
        super().__init__(**options)
        if not self.is_terminal and "width" not in options:
            self.width = WIDTH_OF_A_FILE

    def on_broken_pipe(self):
        raise BrokenPipeError
