"""Shows a verdict in a terminal as one coloured word."""

from rich.text import Text

PASSED = Text("match", style="green")
FAILED = Text("DIFFERS", style="bold red")
UNJUDGED = Text("not judged", style="bold yellow")


def verdict(passed: bool) -> Text:
    """Returns a verdict as one coloured word."""
    return PASSED if passed else FAILED
