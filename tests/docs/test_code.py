"""Tests that every code block of the documentation runs and prints its stated output."""

import ast
import gc
import re
import warnings

import keras
import pytest
import tensorflow as tf

from lab.documentation import pages, update
from tf_recipes.parity.tf1 import compat

CLONE = update.CLONE
PAGES = sorted((CLONE / "docs").rglob("*.md"))
BLOCKS = [block for page in PAGES for block in pages.blocks(page)]
TF1 = [block for block in BLOCKS if block.tf1]
# The blocks of a page that need the files of its first one: test_convert_example.py runs them.
TOGETHER = ("convert.md",)
KERAS = [
    block
    for block in BLOCKS
    if block.language == "python" and not block.tf1 and block.page.name not in TOGETHER
]
# The installed TensorFlow has these no more; the blocks run on real TensorFlow 1.15 alone.
GONE = ("tf.contrib.opt.", "tf.layers.")
COMMANDS = re.compile(r"python scripts/(\w+)\.py((?:[ \\\n]+--[^\s`]+)*)")
RECIPES = sorted(path.stem for path in (CLONE / "docs" / "recipes").glob("*.md"))


@pytest.fixture
def settings():
    """Restores the settings of the process that a page's code changes for the rest of a program."""
    found = tf.config.experimental.tensor_float_32_execution_enabled()
    yield
    tf.config.experimental.enable_tensor_float_32_execution(found)
    tf.config.optimizer.set_experimental_options({"dependency_optimization": True})  # the default


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("block", KERAS, ids=str)
def test_keras_code(block, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.utils.clear_session()
    gc.freeze()  # it searches what the block before left, and need not search what stays again
    exec(compile(block.code, str(block), "exec"), {"__name__": "page"})
    assert capsys.readouterr().out.splitlines() == block.prints


@pytest.mark.parametrize("block", TF1, ids=str)
def test_tf1_code_in_the_installed_tensorflow(block, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow warns of its own deprecated names
        if any(name in block.code for name in GONE):
            with pytest.raises(AttributeError, match=r"'opt'|`batch_normalization`"):
                compat.run(block.code, str(block))
            return
        compat.run(block.code, str(block))
    assert capsys.readouterr().out.splitlines() == block.prints


@pytest.fixture(scope="module")
def printed_by_tf1(run_on_tf1):
    """Runs the TF1 blocks on real TensorFlow 1.15, and returns `{block: output}`."""
    return run_on_tf1({str(block): block.code for block in TF1})


@pytest.mark.parametrize("block", TF1, ids=str)
def test_tf1_code_on_real_tf1(block, printed_by_tf1):
    assert printed_by_tf1[str(block)].splitlines() == block.prints


@pytest.mark.parametrize("name", RECIPES)
def test_both_sides_of_a_recipe_print_the_same(name):
    tf1, port, *others = pages.blocks(CLONE / "docs" / "recipes" / f"{name}.md")
    assert tf1.tf1 and port.title == "Keras 3"
    assert tf1.prints == port.prints != []
    textbook = [block.prints for block in others if block.title == "Keras 3, textbook"]
    assert textbook and all(textbook)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_has_a_language_that_is_tested_or_shown(page):
    fences = re.findall(r"^ *(```.*)$", page.read_text(), re.MULTILINE)
    found = pages.blocks(page)
    assert len(fences) == 2 * len(found), "a block that is not at the margin, or has no language"
    for block in found:
        assert block.language in {"python", "sh", "text", "math", "json", "toml", "ini", "yaml"}, (
            block
        )
        assert block.title in {"", "TensorFlow 1", "Keras 3", "Keras 3, textbook"}, block
        if block.language == "python":
            assert block.code.count("print(") == len(block.prints), f"{block}: prints unsaid"


def commands():
    """Returns `[(where, script, [flags])]` of every command in a page or a script's help."""
    for path in [
        CLONE / "README.md",
        CLONE / "README.zh.md",
        *PAGES,
        *sorted((CLONE / "scripts").glob("*.py")),
    ]:
        for script, arguments in COMMANDS.findall(path.read_text()):
            yield path.name, script, re.findall(r"--(?:no)?(\w+)", arguments)


# The files besides a script's own that define flags.
DEFINING = [
    *sorted((CLONE / "tf_recipes" / "cli").rglob("*.py")),
    CLONE / "scripts" / "lab" / "chapters" / "chapter_command.py",
]


@pytest.mark.parametrize(("where", "script", "flags"), list(commands()))
def test_every_command_names_a_script_and_flags_that_there_are(where, script, flags):
    source = (CLONE / "scripts" / f"{script}.py").read_text()
    shared = "".join(path.read_text() for path in DEFINING)
    for flag in flags:
        named = {f'"{flag}"', f'"no{flag}"'}
        assert any(each in source or each in shared for each in named), f"{where}: --{flag}"


def docstring(path):
    """Returns a script's docstring; that of a subcommand's script is the subcommand's."""
    if named := re.search(r'main\.run_script\("([\w-]+)"\)', path.read_text()):
        module = f"{named[1].replace('-', '_')}_command.py"
        text = (CLONE / "tf_recipes" / "cli" / module).read_text()
        text = text.replace(f"tf-recipes {named[1]}", f"python scripts/{path.name}")
    else:
        text = path.read_text()
    return ast.get_docstring(ast.parse(text), clean=False)


@pytest.mark.parametrize("path", sorted((CLONE / "scripts").glob("*.py")), ids=lambda p: p.stem)
def test_help_begins_with_an_example(path):
    """absl's help begins with the script's docstring: what the script does, then a command."""
    summary, empty, example = docstring(path).splitlines()[:3]
    assert summary.endswith(".") and not empty
    assert example.startswith(f"    python scripts/{path.name}")
