"""What several test files share."""

import contextlib
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import limits
import new_python
import not_tested
import tf1_server
import xla_flags

os.environ.setdefault("XLA_FLAGS", xla_flags.QUICK)  # for this process and those that it starts

FORGET_KERAS = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] == "keras"]:
    del sys.modules[name]
"""
# the folders, and a file, whose tests take longest; what is quick fills the end
_DEAR = """
distribution/ scripts/ docs/ parity/ convert/ fast_fit/ verify/ tools/ training/ blocks/ support/
test_models.py
"""
DEAR = _DEAR.split()


def pytest_addoption(parser):
    parser.addoption(
        "--backend",
        action="append",
        help="Keras backend on which tests/parity/test_backends.py replays the traces.",
    )


def pytest_configure():
    gc.disable()  # until all modules are imported and all tests collected: they stay
    # A shell that starts the tests in the background makes them deaf to SIGINT, which they send.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """Begins with what takes longest, so that no worker has one of its files last."""
    here = Path(__file__).parent
    first = tuple(str(here / folder) for folder in DEAR)
    items.sort(key=lambda item: not str(item.path).startswith(first))


def pytest_collection_finish():
    # To trace a step makes a hundred thousand objects, which Python would search for cycles over
    # and over: 5 % of the time. The modules and the tests, millions of objects, stay to the end, so
    # that no search need look at them: that takes 0.4 s each time.
    gc.set_threshold(50_000, 10, 5)
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Collects and freezes what the tests of a file left, at its end.

    Models that end in a cycle hold their data pipelines, whose threads TensorFlow may take up to a
    minute to end: the longer the older they are. And whoever collects later, as each
    `keras.utils.clear_session` does, searches what one file made and no more.
    """
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.path != item.path:
            gc.collect()
            gc.freeze()


def pytest_terminal_summary(terminalreporter):
    not_tested.report(terminalreporter)


@pytest.fixture
def run_python():
    """Runs code in a process of its own and returns what it printed; `env` adds variables.

    The process has TensorFlow and Keras imported already. A test whose subject is the import of
    Keras passes `without_keras=True`: the code imports Keras itself, as in a new Python, and only
    TensorFlow is there. `new=True` starts a new Python, whose import of TensorFlow takes seconds.
    """

    def run(code, *arguments, new=False, without_keras=False, **env):
        code = f"{FORGET_KERAS if without_keras else ''}{code}"
        done = (subprocess if new else new_python).run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **env},
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture
def run_python_failing():
    """Runs code in a process of its own, as `run_python` does: `(status, stdout, stderr)`."""

    def run(code, *arguments, new=False):
        done = (subprocess if new else new_python).run(
            [sys.executable, "-c", code, *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture(scope="session")
def tf1_python(tmp_path_factory):
    """An interpreter with real TensorFlow 1.15: $TF1_PYTHON, else one made in the user's cache.

    Its processes are copies of one that has imported TensorFlow, see `support/tf1_server.py`.
    """
    from tf_recipes.parity.tf1 import environment, interpreter

    named = os.environ.get("TF1_PYTHON")
    python = Path(named or interpreter.python_of(interpreter.default_directory()))
    try:
        if not named and not python.exists():
            python = environment.create_environment()
        folder = tmp_path_factory.mktemp("tf1_server")
        server = tf1_server.Server(python, folder, interpreter.process_environment())
        if not server.version.startswith("1.15."):
            interpreter.check(python)  # it says what is wrong
    except interpreter.TF1Error as error:
        if named:
            raise
        pytest.skip(f"no real TensorFlow 1.15: {error}")
    yield server.python
    server.close()


@pytest.fixture(scope="session")
def run_on_tf1(tf1_python, tmp_path_factory):
    """`{name: code}` -> `{name: what it prints}` on real TensorFlow 1.15, all in one process."""
    from tf_recipes.parity.tf1 import interpreter

    def run(programs):
        done = subprocess.run(
            [tf1_python, "-W", "ignore", Path(__file__).with_name("run_tf1_code.py")],
            input=json.dumps(programs),
            cwd=tmp_path_factory.mktemp("tf1"),
            env=interpreter.process_environment(TF_CPP_MIN_LOG_LEVEL="3", TF2_BEHAVIOR="0"),
            capture_output=True,
            text=True,
            timeout=limits.PROCESS,
            check=True,
        )
        return json.loads(done.stdout)

    return run


@pytest.fixture
def script(tmp_path):
    """`script(name, body)`: an executable Bourne shell script; `$*` holds its arguments."""

    def make(name, body):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def policy():
    """Sets Keras' dtype policy for one test."""
    import keras  # not above: the process that hands out the tests reads this file, too

    before = keras.config.dtype_policy()
    yield keras.config.set_dtype_policy
    keras.config.set_dtype_policy(before)


@pytest.fixture
def digits():
    """64 made-up "images" float32 (64, 784) in [0, 1], and labels (64,)."""
    rng = np.random.default_rng(0)
    return rng.random((64, 784), np.float32), rng.integers(0, 10, 64)


@pytest.fixture
def fails():
    """`with fails(part, ...)`: a `ValueError` with the rule, what was received and a remedy."""
    return FailsWith


class FailsWith:
    """Checks the form that every error of this package has: rule, `Received: ...`, remedy."""

    def __init__(self, *parts):
        self.parts = parts

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        assert kind is not None, "nothing was raised"
        if not issubclass(kind, ValueError):
            return False
        rule, received, rest = str(error).partition(" Received: ")
        assert received and rule.endswith("."), f"no rule before what was received: {error}"
        assert rest.rstrip().endswith(".") and ". " in rest, f"no remedy: {error}"
        for part in self.parts:
            assert part in str(error), f"{part!r} is not in: {error}"
        return True


CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that asks nobody for anything by itself.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: $CHROMIUM, one on the path, else Playwright's own."""
    from playwright import sync_api

    named = os.environ.get("CHROMIUM")
    path = named or next(filter(None, map(shutil.which, CHROMIUM)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=path, args=QUIET)
        except sync_api.Error as error:
            if named:
                raise
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield running
        running.close()


@pytest.fixture
def opened(browser):
    """`with opened(url, width, scheme) as page`: a page that must end without a complaint."""

    def open_page(url, width=1280, scheme="light", server=None, **options):
        return _opened(browser, url, width, scheme, server, options)

    return open_page


@contextlib.contextmanager
def _opened(browser, url, width, scheme, server, options):
    """At the end: nothing on the console, no dialog, no request elsewhere, no sideways scroll.

    Args:
        url: what to open; a path becomes a `file:` address.
        width: of the window, in pixels.
        scheme: "light" or "dark".
        server: the beginning of the addresses that may be asked for, besides `file:` and `data:`.
        options: more of Playwright's `new_context`.
    """
    with _window(browser, width, scheme, server, **options) as visit, visit(url) as page:
        yield page


@pytest.fixture(scope="session")
def window(browser):
    """`with window(width) as visit`, then `with visit(url) as page`: the pages of one window.

    Each page must end without a complaint, as with `opened`; a page in a window that is open
    already costs a third of the time.
    """
    return lambda width=1280: _window(browser, width)


@contextlib.contextmanager
def _window(browser, width, scheme="light", server=None, **options):
    allowed = ("file:", "data:", "blob:", *filter(None, [server]))
    size = {"width": width, "height": 900}
    # What slides and fades is drawn frame by frame, by a processor.
    options = {"viewport": size, "color_scheme": scheme, "reduced_motion": "reduce", **options}
    complaints = []

    @contextlib.contextmanager
    def visit(url):
        complaints.clear()
        page.goto(url.as_uri() if isinstance(url, Path) else url)
        yield page
        _assert_no_sideways_scroll(page)
        assert complaints == []

    with browser.new_context(**options) as context:
        context.set_default_timeout(1000 * limits.EVENT)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda asked: (complaints.append("a dialog"), asked.dismiss()))
        context.on("request", lambda sent: _note(complaints, sent.url, allowed))
        context.on("requestfailed", lambda sent: complaints.append(f"failed: {sent.url}"))
        context.on("response", lambda got: got.ok or complaints.append(f"{got.status}: {got.url}"))
        yield visit


@pytest.fixture
def no_sideways_scroll():
    """`no_sideways_scroll(page)`: checks a window that was made wider or narrower in between.

    What slides out of the window at that moment takes a part of a second.
    """
    fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"

    def check(page):
        with contextlib.suppress(_timeout()):
            page.wait_for_function(fits, timeout=10_000)
        _assert_no_sideways_scroll(page)

    return check


def _timeout():
    from playwright import sync_api

    return sync_api.TimeoutError


def _assert_no_sideways_scroll(page):
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = page.evaluate(wide)
    assert scroll <= client, f"{scroll} pixels in a window of {client}: it scrolls sideways"


def _note(complaints, url, allowed):
    if not url.startswith(allowed):
        complaints.append(f"a request: {url}")


@pytest.fixture
def too_faint():
    """`too_faint(page)["faint"]`: texts and drawn lines with less contrast than WCAG asks for.

    `["texts"]` and `["lines"]` say how many were looked at.
    """
    script = Path(__file__).with_name("contrast.js").read_text()
    return lambda page: page.evaluate(f"({script})()")
