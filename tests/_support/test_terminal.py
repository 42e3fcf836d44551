import io

import pytest

from tf_recipes._support.terminal import Terminal


class Gone(io.StringIO):
    """Behaves like a pipe whose reader has closed it."""

    def write(self, text):
        raise BrokenPipeError


def test_no_line_is_folded_in_a_file():
    file = io.StringIO()
    Terminal(file=file).print("x" * 150)
    assert file.getvalue() == "x" * 150 + "\n"


def test_a_width_that_is_asked_for_is_kept():
    file = io.StringIO()
    Terminal(file=file, width=100).print("x" * 150)
    assert file.getvalue() == "x" * 100 + "\n" + "x" * 50 + "\n"


def test_a_reader_that_has_gone_is_an_error_and_not_exit_status_1():
    with pytest.raises(BrokenPipeError):
        Terminal(file=Gone()).print("text")
