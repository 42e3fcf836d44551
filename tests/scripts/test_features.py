import sys

import limits
import new_python

NAME = "features"
# Runs a script with the modules of a folder in place of those that are installed.
WITH_MODULES = """
import runpy, sys
folder, *sys.argv = sys.argv[1:]
sys.path[:1] = [sys.argv[0].rpartition("/")[0], folder]
for name in [name for name in sys.modules if name.partition(".")[0] == "sklearn"]:
    del sys.modules[name]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_missing_data_is_one_line_and_status_2(refuses):
    refuses(NAME, ["--data=tfds", "--data_dir=x"], "No MNIST in 'x'")


def test_without_scikit_learn_it_says_so(scripts_folder, tmp_path):
    absent = "raise ModuleNotFoundError(\"No module named 'sklearn'\", name='sklearn')"
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "sklearn.py").write_text(absent)
    done = new_python.run(
        [sys.executable, "-c", WITH_MODULES, tmp_path / "modules", scripts_folder / f"{NAME}.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=limits.PROCESS,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"{NAME}.py: error: ")
    assert "pip install 'tf_recipes[sklearn]'." in done.stderr
    assert done.stderr.count("\n") == 1
