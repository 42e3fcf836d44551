"""Decides the exit status of a migration check.

`judge.exit_status` calls the rule here with the check's results; `reports.document` writes its
answer into the results' JSON. The command, the JSON and the report show that one answer.
"""

from collections.abc import Iterable

STATUSES = {
    0: "every exact port matches",
    1: "an exact port or a distribution does not match, or no exact port was judged",
    2: "something could not be judged",
}


def exit_status(all_judged: bool, exact_passed: Iterable[bool]) -> int:
    """Returns the exit status, a key of `STATUSES`.

    Args:
        all_judged: whether there was a trace, and every trace could be judged.
        exact_passed: one bool for each exact port of a trace and each distribution that an exact
            port draws: whether it matches. A check without any proves nothing: status 1.
    """
    if not all_judged:
        return 2
    passed = list(exact_passed)
    return 0 if passed and all(passed) else 1
