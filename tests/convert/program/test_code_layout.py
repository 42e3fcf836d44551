import keyword
import random
import subprocess
import sys

import pytest

from tf_recipes.convert.program import code_layout


class Statements:
    """Makes statements of the kinds that the converter writes, of any length."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def name(self, longest=30):
        letters = "".join(
            self.random.choice("abcdefghij_") for _ in range(self.random.randint(1, longest))
        ).strip("_")
        return letters if letters and not keyword.iskeyword(letters) else "q"

    def value(self, depth=0):
        if depth < 2 and self.random.random() < 0.4:
            return self.nested(depth + 1)
        return self.random.choice(
            [str(self.random.randint(0, 1000)), f'"{self.name()}"', "None", self.name(), "0.25"]
        )

    def nested(self, depth):
        several = [self.value(depth) for _ in range(self.random.randint(0, 5))]
        inside = ", ".join(several)
        pairs = ", ".join(f'"{self.name(5)}": {each}' for each in several)
        return self.random.choice(
            [
                f"({inside},)" if len(several) == 1 else f"({inside})",
                f"[{inside}]",
                f"{{{pairs}}}",
                f"tf_recipes.{self.name(8)}({inside})",
            ]
        )

    def call(self, depth=0):
        given = [self.value(depth) for _ in range(self.random.randint(0, 3))]
        given += [f"{self.name(6)}={self.value(depth)}" for _ in range(self.random.randint(0, 3))]
        return f"({', '.join(given)})"

    def statement(self):
        start = f"{self.name()} = "
        return self.random.choice(
            [
                f"{start}keras.layers.{self.name(8)}{self.call()}{self.call(1)}",
                f"{start}keras.ops.{self.name(8)}{self.call()}",
                f"{start}{self.name()} {self.random.choice('+-*/<>@')} {self.name()}",
                f"{start}-{self.name()}[{self.random.randint(0, 9)}]",
                f"model.compile{self.call()}",
                f"return keras.Model{self.call()}",
            ]
        )


def test_statements_of_any_length_are_laid_out_as_ruff_does(tmp_path):
    pytest.importorskip("ruff")
    made = Statements(0)
    lines = []
    for k in range(800):
        lines.append(f"def build{k}():")
        lines += [f"    {line}" for line in code_layout.lines(made.statement(), 84)]
        lines += ["", ""]
    path = tmp_path / "code.py"
    path.write_text("\n".join(lines[:-2]) + "\n")
    command = ["ruff", "format", "--isolated", "--line-length=88", "--diff", str(path)]
    done = subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("statement", "lines"),
    [
        ("x = f(1, 2)", ["x = f(1, 2)"]),
        ("x = some.Layer(1, 2)(h)", ["x = some.Layer(1, 2)(", "    h", ")"]),
        ("x = some.Layer(name='a, b(')(h)", ["x = some.Layer(", "    name='a, b('", ")(h)"]),
        ("x = f([111111, 222222], 33333)", [
            "x = f(", "    [111111, 222222],", "    33333,", ")",
        ]),
        ("x = f((111111111111111111111,))", [
            "x = f(", "    (", "        111111111111111111111,", "    ),", ")",
        ]),
        ("x = first_one + another_one", ["x = (", "    first_one + another_one", ")"]),
    ],
)  # fmt: skip
def test_what_is_too_long_is_opened_from_the_outside_in(statement, lines):
    assert code_layout.lines(statement, 22) == lines
