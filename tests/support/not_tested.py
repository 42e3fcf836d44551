"""Says in one line what a run of the tests left out, and which command adds it."""

import re

# What a skip's reason says -> (what was not tested, the command that adds it).
MISSING = {
    r"torch is not installed": ("PyTorch", "pip install 'tf_recipes[torch]'"),
    r"jax is not installed": ("JAX", "pip install 'tf_recipes[test]'"),
    r"pandas is not installed": ("pandas", "pip install 'tf_recipes[test]'"),
    r"scikit-learn is not installed": ("scikit-learn", "pip install 'tf_recipes[sklearn]'"),
    r"no Chromium": ("pages in a browser", "playwright install chromium"),
    r"no real TensorFlow 1\.15": ("TF 1.15", "python scripts/create_tf1_environment.py"),
    r"this processor": ("bits of the processor that recorded the traces", None),
}


def line(reasons):
    """Returns the line for the reasons of all skips, or None where nothing was skipped.

    >>> line(["torch is not installed; Keras can do without it", "torch is not installed"])
    "not tested: PyTorch (pip install 'tf_recipes[torch]')"
    >>> line(["no such luck"])
    'not tested: no such luck'
    >>> line([])
    """
    parts = {}
    for reason in sorted(set(reasons)):
        known = (text for pattern, text in MISSING.items() if re.search(pattern, reason))
        name, command = next(known, (reason, None))
        parts[name] = f"{name} ({command})" if command else name
    return f"not tested: {', '.join(parts.values())}" if parts else None


def report(terminal):
    """Writes the line at the end of a run.

    Args:
        terminal: pytest's terminal reporter.
    """
    skips = terminal.stats.get("skipped", [])
    texts = (skip.longrepr[2] for skip in skips if isinstance(skip.longrepr, tuple))
    if (text := line(text.removeprefix("Skipped: ") for text in texts)) is not None:
        terminal.write_line(text)
