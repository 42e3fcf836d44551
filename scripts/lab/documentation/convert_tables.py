"""Makes the tables of docs/convert.md from the patterns of the converter."""

from tf_recipes.convert.lifting import pattern
from tf_recipes.convert.refusals import KNOWN


def patterns():
    """Returns the table of what is recognised, a row a pattern."""
    lines = ["| pattern | the operations that give its result | what it becomes |", "|---|---|---|"]
    for each in pattern.all_patterns():
        ops = ", ".join(f"`{op}`" for op in each.ops)
        lines.append(f"| {each.name} | {ops} | `{_cell(each.keras)}` |")
    return "\n".join(lines)


def refused():
    """Returns the table of what has no counterpart, and what to do."""
    lines = ["| what | operations | why it is refused, and what to do |", "|---|---|---|"]
    for each in KNOWN:
        ops = ", ".join(f"`{op}`" for op in each.ops)
        lines.append(f"| {each.what} | {ops} | {_cell(each.why)} |")
    return "\n".join(lines)


def _cell(text):
    return text.replace("|", "\\|")
