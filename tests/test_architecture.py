"""Who may import whom, and what has a twin and a test. Read from the source, nothing is run.

What a file is follows from its folder: no test here lists recipes or tools.
"""

import ast
import collections
import functools
import graphlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE, SCRIPTS = ROOT / "tf_recipes", ROOT / "scripts"
LAB = SCRIPTS / "lab"
FILES = sorted(PACKAGE.rglob("*.py"))
LAB_FILES = sorted(LAB.rglob("*.py"))

# room -> the rooms that its files may import besides their own; "spine" is the root of the package
ROOMS = {
    "_support": set(),
    "fast_fit": {"_support"},
    "blocks": {"_support", "fast_fit"},
    "tools": {"_support", "blocks"},
    "spine": {"_support", "blocks", "fast_fit"},
    "originals": {"spine"},
    "distribution": {"_support", "fast_fit"},
    "training": {"_support", "distribution", "fast_fit", "spine"},
    "parity": {"_support", "blocks", "spine"},
    "graph": {"_support"},
    "verify": {"_support", "blocks", "graph", "parity", "spine"},
    "knowledge": set(),
    "scan": {"_support", "knowledge"},
    "convert": {"_support", "blocks", "graph", "parity", "spine", "verify"},
    "cli": {"_support", "convert", "distribution", "parity", "scan", "spine", "training", "verify"},
}
# what else a room's files may import, besides the standard library and NumPy
OUTSIDE = {
    "_support": {"jax", "keras", "rich", "tensorflow", "torch"},
    "fast_fit": {"keras", "tensorflow", "jax"},
    "blocks": {"jax", "keras", "tensorflow", "torch"},
    "tools": {"absl", "keras", "matplotlib", "sklearn", "tensorflow"},
    "spine": {"absl", "keras", "tensorflow_datasets"},
    "originals": {"tensorflow"},
    "distribution": {"keras", "tensorflow"},
    "training": {"h5py", "jax", "keras", "matplotlib", "rich", "tensorboard", "tensorflow"},
    "parity": {"jinja2", "keras", "markupsafe", "matplotlib", "rich", "tensorflow"},
    "graph": {"tensorflow"},
    "verify": {"jinja2", "keras", "markupsafe", "matplotlib", "rich", "tensorflow"},
    "knowledge": set(),
    "scan": {"libcst"},
    "convert": {"jinja2", "keras", "markupsafe", "rich", "tensorflow"},
    "cli": {"absl", "rich"},
}
LAB_ROOMS = {
    "chapters": {"_support", "blocks", "cli", "fast_fit", "spine", "tools", "training"},
    "benchmark": {"_support", "cli", "fast_fit", "parity", "scan", "spine"},
    "scaling": {"_support", "distribution", "fast_fit", "spine"},
    "documentation": {"_support", "convert", "knowledge", "parity", "scan", "spine", "verify"},
}
MOST_AT_THE_ROOT = 8  # modules beside __init__.py
PYTHON37 = {"recipe", "_support.validation"}  # what TensorFlow 1.15's interpreter reads, too


def name_of(path):
    """`tf_recipes/parity/trace.py` -> `tf_recipes.parity.trace`; `lab.…` below `scripts`."""
    base = SCRIPTS if path.is_relative_to(SCRIPTS) else ROOT
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path) for path in (*FILES, *LAB_FILES)}


def imports(parsed):
    """Every module that the code imports, and `module.name` of each `from module import name`."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def tree(path):
    """The parsed source of a file, which many tests read."""
    return ast.parse(path.read_text())


@functools.cache
def imported(path):
    return frozenset(imports(tree(path)))


@functools.cache
def modules(path):
    """The modules of this repository that a file imports, by their full names."""
    names = [name for name in imported(path) if name.split(".")[0] in ("tf_recipes", "lab")]
    return {name if name in MODULES else name.rpartition(".")[0] for name in names}


def own(path):
    """The modules of the package that a file imports, without `tf_recipes.` in front."""
    found = {name for name in modules(path) if name.startswith("tf_recipes.")}
    return {name.removeprefix("tf_recipes.") for name in found}


def others(path):
    """The packages that a file imports, but for this one, the standard library and NumPy."""
    names = {name.partition(".")[0] for name in imported(path)}
    return names - {"tf_recipes", "lab", "numpy"} - set(sys.stdlib_module_names)


def room(module):
    """The room of a module of the package: its first folder, or "spine"."""
    first, _, rest = module.removeprefix("tf_recipes.").partition(".")
    if first == "__main__":
        return "cli"
    return first if rest or (PACKAGE / first).is_dir() else "spine"


def files(folder):
    return sorted((PACKAGE / folder).glob("*.py"))


def stems(folder):
    """The names of a folder's public modules."""
    return {path.stem for path in files(folder) if not path.stem.startswith("_")}


def test_imports_are_found_in_all_their_forms():
    source = (
        "import a.b, c as d\nfrom e import f as g\ndef h():\n    from tf_recipes import ports\n"
    )
    assert list(imports(ast.parse(source))) == ["a.b", "c", "e.f", "tf_recipes.ports"]
    assert own(PACKAGE / "ports.py") >= {
        "blocks.activations",
        "blocks.batch_norm",
        "fast_fit.model",
    }
    assert others(PACKAGE / "ports.py") == {"keras"}
    assert room("tf_recipes.ports") == room("models") == "spine"
    assert room("parity.tf1.compat") == room("tf_recipes.parity") == "parity"


def test_every_folder_is_a_room():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders | {"spine"} == set(ROOMS) == set(OUTSIDE)
    assert {path.name for path in LAB.iterdir() if (path / "__init__.py").exists()} == {*LAB_ROOMS}


def test_the_root_holds_the_spine_alone():
    assert len(list(PACKAGE.glob("*.py"))) - 1 <= MOST_AT_THE_ROOT


@pytest.mark.parametrize("path", [p for p in FILES if p != PACKAGE / "__init__.py"], ids=name_of)
def test_a_room_imports_what_lies_below_it(path):
    here = room(name_of(path))
    assert {room(each) for each in own(path)} <= {here, *ROOMS[here]}
    assert others(path) <= OUTSIDE[here]
    assert not [name for name in modules(path) if name.startswith("lab")], "it is not installed"


@pytest.mark.parametrize("path", [p for p in LAB_FILES if p.parent != LAB], ids=name_of)
def test_what_is_not_installed_imports_what_its_room_may(path):
    here = path.relative_to(LAB).parts[0]
    assert {room(each) for each in own(path)} <= LAB_ROOMS[here]
    lab = {name.split(".")[1] for name in modules(path) if name.startswith("lab.")}
    assert lab <= {here}


@pytest.mark.parametrize(("base", "paths"), [(PACKAGE, FILES), (LAB, LAB_FILES)])
def test_no_folder_imports_one_that_imports_it(base, paths):
    """A circle between folders, however deep they lie and however late the import is."""
    folders = {name_of(path): path.parent for path in paths}
    graph = collections.defaultdict(set)
    for path in paths:
        if path.name in ("__init__.py", "__main__.py") and path.parent == base:
            continue
        for name in modules(path) & set(folders):
            if folders[name] != path.parent and name != name_of(base / "__init__.py"):
                graph[path.parent].add(folders[name])
    assert len(graph) > 1
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_file_imports_one_that_imports_it():
    graph = {name_of(path): modules(path) - {name_of(path)} for path in (*FILES, *LAB_FILES)}
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", [*FILES, *LAB_FILES], ids=name_of)
def test_nobody_imports_private_parts(path):
    private = ("keras.src", "tensorflow.python", "tensorflow.core")
    assert not [name for name in imported(path) if name.startswith(private)]
    of_modules = [
        name
        for name in imported(path)
        if name.startswith(("tf_recipes.", "lab."))
        and name.rpartition(".")[2].startswith("_")
        and name not in MODULES
    ]
    assert not of_modules, "a name with an underscore is its module's own"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_private_module_serves_its_own_folder(path):
    for name in modules(path):
        parent, _, stem = name.rpartition(".")
        if stem.startswith("_") and stem != "_support":
            assert name_of(path).rpartition(".")[0] == parent, name


def test_names_of_modules_mean_one_thing():
    """A name comes once, or names one subject: a block, its original, what contrib had of it."""
    subjects = stems("blocks") | {"models"}  # the Keras model, and the TF1 graph, of a recipe
    seen = collections.defaultdict(list)
    for path in (*FILES, *LAB_FILES):
        if path.stem not in ("__init__", "__main__"):
            seen[path.stem].append(name_of(path))
    twice = {stem: names for stem, names in seen.items() if len(names) > 1}
    # named after what they measure
    chapters = {path.stem for path in (LAB / "chapters").glob("*.py")}
    assert set(twice) - subjects - chapters == {"layers"}
    assert twice["layers"] == [
        "tf_recipes.parity.contrib.layers",  # of `tf.contrib.layers`
        "lab.documentation.defaults.layers",  # those and Keras' own, paired
    ]


def test_tensorflow_and_scikit_learn_are_kept_to_where_they_are_needed():
    """The other blocks and tools work on every backend, and without the extra."""
    needed = collections.defaultdict(set)
    for path in [*files("blocks"), *sorted((PACKAGE / "tools").rglob("*.py"))]:
        for other in others(path) & {"tensorflow", "sklearn"}:
            needed[other].add(name_of(path).removeprefix("tf_recipes."))
    assert needed["sklearn"] == {"tools.sklearn_features"}
    assert needed["tensorflow"] == {
        "blocks._sparse_gradients",  # in functions alone, which only TensorFlow's gradients reach
        "blocks._tf1_optimizer",  # in a method that Keras calls on TensorFlow alone
        "blocks.embedding",  # in a function: Keras reads negative ids as counted from the end
        "blocks.gradient_clipping",
        "tools.diagnostics.histograms",
        "tools.diagnostics.probe",
    }


@pytest.mark.parametrize("name", sorted(PYTHON37))
def test_what_both_sides_read_needs_the_standard_library_alone(name):
    path = PACKAGE / f"{name.replace('.', '/')}.py"
    assert not others(path)
    assert "numpy" not in {each.partition(".")[0] for each in imported(path)}
    assert own(path) <= PYTHON37 | {"_support"}


def test_importing_the_package_imports_next_to_nothing():
    assert imported(PACKAGE / "__init__.py") == {"importlib", "sys"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "originals").rglob("*.py")), ids=name_of)
def test_originals_share_no_code_with_the_port(path):
    assert all(each == "recipe" or each.startswith("originals") for each in own(path))


@pytest.mark.parametrize("path", sorted((PACKAGE / "parity").rglob("*.py")), ids=name_of)
def test_parity_reaches_the_originals_through_the_adapter(path):
    assert not [each for each in own(path) if each.startswith("originals")]


@pytest.mark.parametrize("path", [p for p in FILES if room(name_of(p)) != "cli"], ids=name_of)
def test_the_library_prints_no_tables_and_speaks_of_no_flags(path):
    """Errors of the library name arguments; only the command line knows that they were flags."""
    assert "parity.reports.terminal_table" not in own(path)
    texts = [
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    docstrings = {ast.get_docstring(node, clean=False) for node in _documented(path)}
    flags = [
        text
        for text in texts
        if text not in docstrings and text.lstrip("( ").startswith("--") is False and " --" in text
    ]
    assert not [text for text in flags if "scripts/" not in text and "tf-recipes " not in text]


def _documented(path):
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def test_scripts_import_the_package_and_no_script():
    scripts = sorted(SCRIPTS.glob("*.py"))
    names = {path.stem for path in scripts}
    for path in scripts:
        assert not others(path) & names, path.name


def test_every_block_has_its_original_and_every_original_its_block():
    assert stems("blocks") == stems("originals")


@pytest.mark.parametrize("name", sorted(stems("blocks")))
def test_every_block_has_its_test(name):
    assert (ROOT / "tests" / "blocks" / f"test_{name}.py").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: p.stem)
def test_test_files_mirror_what_they_test(path):
    """`tests/X/test_Y.py` tests `tf_recipes/X/Y.py`; below `tests/scripts`, `scripts/X/Y.py`."""
    folder = path.relative_to(ROOT / "tests").parent
    if folder.parts[:1] == ("docs",):
        return  # what the pages say
    stem = path.stem.removeprefix("test_")
    # parity/test_semantics.py is about the check as a whole: it breaks one semantic at a time
    about_the_whole = {"architecture", "docstrings", "init", "readme", "refusals", "saved_files"}
    # parity/test_altered_traces.py is, too: it alters one array of a trace at a time
    # parity/test_backends.py replays all traces by the program beside it
    about_the_whole |= {"altered_traces", "backends", "semantics", "types"}
    # fast_fit/test_every_class.py trains with every class of Keras by `fit`
    about_the_whole |= {"every_class"}
    # verify/test_recorded_programs.py is about the goldens on which the ports are verified
    about_the_whole |= {"recorded_programs"}
    # convert/test_patterns.py is about every pattern: it converts recorded graphs
    about_the_whole |= {"patterns"}
    # convert/test_usual_programs.py converts small programs through every stage
    # convert/training/test_trained_programs.py trains such programs
    about_the_whole |= {"usual_programs", "trained_programs"}
    # scan/test_rule_pairs.py runs a pair of programs for every rule
    about_the_whole |= {"rule_pairs"}
    base = ROOT if folder.parts[:1] == ("scripts",) else PACKAGE
    mirrored = [base / folder / f"{stem}.py", base / folder / f"_{stem}.py"]
    mirrored.append(path.with_name(f"{stem}.py"))  # what the tests share, in tests/support
    assert stem in about_the_whole or any(each.exists() for each in mirrored), mirrored
