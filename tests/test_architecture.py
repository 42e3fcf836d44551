"""Who may import whom, and what has a twin and a test. Read from the source, nothing is run."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tf_recipes"
FILES = sorted(PACKAGE.rglob("*.py"))
RECIPES = {
    "activations",
    "augmentation",
    "batch_norm",
    "best_practice",
    "dense",
    "dropout",
    "gradient_clipping",
    "initializers",
    "max_norm",
    "optimizers",
    "regularization",
    "schedules",
    "transfer",
}
# What plugs into any Keras model and has no twin: TF1 had nothing of the kind built in.
TOOLS = {
    "diagnostics.gradients",
    "diagnostics.histograms",
    "diagnostics.layers",
    "diagnostics.monitor",
    "diagnostics.probe",
    "diagnostics.units",
    "dropout_layers",
    "features",
    "layer_names",
    "layer_sizes",
    "linear_heads",
    "monte_carlo",
    "range_curve",
    "range_test",
    "recompile",
    "saved_models",
    "sklearn_features",
}
UPWARD = {
    "catalog",
    "command_line",
    "experiments",
    "models",
    "originals",
    "parity",
    "ports",
    "training",
}
FAST_FIT = {"fast_fit.model"}  # what gives a model its `fit`: a building block, too


def name_of(path):
    """`tf_recipes/parity/trace.py` -> `tf_recipes.parity.trace`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path) for path in FILES}


def imports(source):
    """Every module that the code imports, and `module.name` of each `from module import name`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported(path):
    return set(imports(path.read_text()))


def own(path):
    """The modules of this package that a file imports, without `tf_recipes.` in front."""
    found = set()
    for name in imported(path):
        if name.startswith("tf_recipes"):
            module = name if name in MODULES else name.rpartition(".")[0]
            found.add(module.removeprefix("tf_recipes").lstrip("."))
    return found


def others(path):
    return {name.partition(".")[0] for name in imported(path)} - {"tf_recipes"}


def files(folder):
    return sorted((PACKAGE / folder).glob("*.py"))


def test_imports_are_found_in_all_their_forms():
    source = (
        "import a.b, c as d\nfrom e import f as g\ndef h():\n    from tf_recipes import ports\n"
    )
    assert list(imports(source)) == ["a.b", "c", "e.f", "tf_recipes.ports"]
    assert own(PACKAGE / "ports.py") >= {"activations", "batch_norm", "schedules"}
    assert others(PACKAGE / "ports.py") == {"collections", "dataclasses", "keras", "re"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_imports_private_parts(path):
    private = ("keras.src", "tensorflow.python", "tensorflow.core")
    assert not [name for name in imported(path) if name.startswith(private)]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipe_files_import_keras_and_one_another_alone(name):
    path = PACKAGE / f"{name}.py"
    allowed = {"keras", "numpy"} | ({"tensorflow"} if name == "gradient_clipping" else set())
    assert others(path) - set(sys.stdlib_module_names) <= allowed
    parts = {
        "optimizers": {"updates", "tf1_optimizer"},
        "gradient_clipping": FAST_FIT,
        "transfer": {"layer_names", "recompile", "saved_models"},
        # the numbers of these two depend on all rows of the global batch
        "batch_norm": {"distribution.replicas"},
        "dropout": {"distribution.replicas"},
    }.get(name, set())
    assert own(path) <= {"", "validation"} | RECIPES | parts
    assert not own(path) & UPWARD
    private = [each for each in imported(path) if each.rpartition(".")[2].startswith("_")]
    assert not private


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_tools_serve_any_keras_model(name):
    path = PACKAGE / f"{name.replace('.', '/')}.py"
    outside = {"absl", "keras", "matplotlib", "numpy", "sklearn", "tensorflow"}
    assert others(path) - set(sys.stdlib_module_names) <= outside
    assert own(path) <= {"", "diagnostics", "validation"} | RECIPES | TOOLS


def test_tensorflow_and_scikit_learn_are_kept_to_where_they_are_needed():
    """The others work on every backend, and without the extra."""
    needed = {"tensorflow": set(), "sklearn": set()}
    for name in sorted(RECIPES | TOOLS):
        for other in others(PACKAGE / f"{name.replace('.', '/')}.py") & set(needed):
            needed[other].add(name)
    assert needed["sklearn"] == {"sklearn_features"}
    assert needed["tensorflow"] == {
        "diagnostics.histograms",
        "diagnostics.probe",
        "gradient_clipping",
    }


@pytest.mark.parametrize("path", files("diagnostics"), ids=name_of)
def test_every_module_of_the_diagnostics_is_a_tool(path):
    assert path.stem == "__init__" or f"diagnostics.{path.stem}" in TOOLS


@pytest.mark.parametrize("path", files("experiments"), ids=name_of)
def test_experiments_import_neither_the_proof_nor_the_benchmark(path):
    found = own(path)
    assert not [each for each in found if each.startswith(("parity", "originals", "benchmark"))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_but_scripts_imports_experiments(path):
    inside = path.parent.name == "experiments"
    assert inside or not [each for each in own(path) if each.startswith("experiments")]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_but_scripts_imports_the_documentation(path):
    inside = path.is_relative_to(PACKAGE / "documentation")
    assert inside or not [each for each in own(path) if each.startswith("documentation")]


@pytest.mark.parametrize("path", sorted((PACKAGE / "documentation").rglob("*.py")), ids=name_of)
def test_the_documentation_is_made_from_results(path):
    """It may not measure anything by itself: neither train nor time."""
    above = ("training", "experiments", "benchmark", "originals", "models", "fast_fit")
    assert not [each for each in own(path) if each.startswith(above)]


@pytest.mark.parametrize("name", ["recipe", "validation"])
def test_what_both_sides_read_needs_the_standard_library_alone(name):
    path = PACKAGE / f"{name}.py"
    assert others(path) <= set(sys.stdlib_module_names)
    assert own(path) <= {"", "validation"}


def test_importing_the_package_imports_next_to_nothing():
    assert imported(PACKAGE / "__init__.py") == {"importlib", "sys"}


@pytest.mark.parametrize("name", ["models", "ports"])
def test_models_and_ports_import_recipe_files(name):
    allowed = {"", "ports", "recipe", "validation"} | RECIPES | FAST_FIT
    assert own(PACKAGE / f"{name}.py") <= allowed


@pytest.mark.parametrize("path", files("fast_fit"), ids=name_of)
def test_the_fast_fit_serves_any_keras_model(path):
    assert all(each in ("", "validation") or each.startswith("fast_fit") for each in own(path))


@pytest.mark.parametrize("path", files("originals"), ids=name_of)
def test_originals_share_no_code_with_the_port(path):
    allowed = {"tensorflow", "numpy"} | set(sys.stdlib_module_names)
    assert others(path) <= allowed
    assert all(each == "recipe" or each.startswith("originals") for each in own(path))


@pytest.mark.parametrize("path", files("parity"), ids=name_of)
def test_parity_reaches_the_originals_through_the_adapter(path):
    found = own(path)
    assert not [each for each in found if each.startswith("originals")]
    assert not [each for each in found if each.startswith("training")]


@pytest.mark.parametrize("path", [p for p in files("") if p.name != "__init__.py"], ids=name_of)
def test_nothing_but_scripts_and_parity_imports_parity(path):
    assert not [each for each in own(path) if each.startswith("parity")]


def test_scripts_import_the_package_and_no_script():
    scripts = sorted((ROOT / "scripts").glob("*.py"))
    names = {path.stem for path in scripts}
    for path in scripts:
        assert not others(path) & names, path.name


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_has_its_tf1_twin_and_its_test(name):
    assert (PACKAGE / f"{name}.py").exists()
    assert (PACKAGE / "originals" / f"{name}.py").exists()
    assert (ROOT / "tests" / f"test_{name}.py").exists()


def test_every_twin_has_its_recipe():
    twins = {path.stem for path in files("originals")} - {"__init__", "record", "distributions"}
    assert twins - {"models"} == RECIPES


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda p: p.stem)
def test_test_files_mirror_the_package(path):
    folder = path.relative_to(ROOT / "tests").parent
    stem = path.stem.removeprefix("test_")
    # parity/test_semantics.py is about the check as a whole: it breaks one semantic at a time
    # documentation/ has tests of what the pages say, besides those of its modules
    about_the_whole = {"architecture", "init", "readme", "semantics"}
    about_the_whole |= {"alternatives", "code", "names", "references"}
    mirrored = [PACKAGE / folder / f"{stem}.py", ROOT / folder / f"{stem}.py"]
    assert stem in about_the_whole or any(each.exists() for each in mirrored), mirrored
