"""Sums up a check in one sentence, for the terminal and the results' JSON."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tf_recipes.parity import comparison
from tf_recipes.parity.judge import Result
from tf_recipes.parity.reports.formatting import number

if TYPE_CHECKING:
    from tf_recipes.parity.random_draws import DistributionCheck


def summary(results: Sequence[Result], distributions: Iterable["DistributionCheck"]) -> str:
    """Returns the check's last line: how many exact ports match, and the worst ratio.

    Args:
        results: one for each trace.
        distributions: the checks of random draws.
    """
    compared = [result.port("exact") for result in results]
    exact = [each for each in compared if each is not None]
    matching = sum(each.passed for each in exact)
    text = f"{matching} of {len(exact)} exact ports match TF1 started one ulp away"
    if exact:
        worst = comparison.largest(each.worst.ratio for each in exact)
        text += f"; the worst ratio is {number(worst)}, the limit {comparison.LIMIT:g}"
    errors = sum(bool(result.error) for result in results)
    if errors:
        text += f"; {errors} could not be judged"
    drawn = [each for each in distributions if each.port == "exact"]
    if drawn:
        text += f"; {sum(each.passed for each in drawn)} of {len(drawn)} distributions match"
    return text + "."
