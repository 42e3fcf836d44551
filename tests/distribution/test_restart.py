import pathlib
import sys

from tf_recipes.distribution import restart

ROOT = pathlib.Path(__file__).parents[2]
AGAIN = """
import os, pathlib, socket, sys
from tf_recipes._support.quiet_tensorflow import quiet
from tf_recipes.distribution import restart
log = pathlib.Path(sys.argv[1])
log.write_text(log.read_text() + f"{os.getpid()} {sys.argv[2:]}\\n")
print("once")
if log.read_text().count("\\n") == 1:
    server = socket.create_server(("localhost", 0))
    os.set_inheritable(server.fileno(), True)
    log.with_name("open").write_text(str(server.fileno()))
    restart.keep_terminal()
    with quiet():
        restart.write_line("written")
        restart.start_again()
print("written again", file=sys.stderr)
number = int(log.with_name("open").read_text())
try:
    os.fstat(number)
except OSError:
    print("closed")
"""
WAIT = """
import sys, time
from tf_recipes.distribution import restart
with restart.time_limit(float(sys.argv[1]), "no\\nanswer."):
    time.sleep(float(sys.argv[2]))
print("went on")
time.sleep(0.5)
"""


def test_a_process_starts_again_in_its_place_with_nothing_open(start, ended, tmp_path):
    script, log = tmp_path / "again.py", tmp_path / "log"
    script.write_text(AGAIN)
    log.write_text("")
    ((status, out, error),) = ended([start(script, log, "--flag", "a b", PYTHONPATH=str(ROOT))])
    assert (status, out) == (0, "once\nonce\nclosed\n")
    assert error == "again.py: written\nwritten again\n"
    first, second = log.read_text().splitlines()
    assert first == second and first.endswith(" ['--flag', 'a b']")


def test_a_wait_beyond_the_limit_ends_with_one_line(start, ended):
    late, early = ended([start("-c", WAIT, 0.2, 60), start("-c", WAIT, 0.2, 0)])
    assert late == (2, "", "-c: error: no answer.\n")
    assert early == (0, "went on\n", "")


def test_a_line_begins_with_the_name_of_the_program(capfd, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["scripts/train.py"])
    restart.write_line("a\n  b")
    assert capfd.readouterr().err == "train.py: a b\n"
