"""Extends the site beyond plain Markdown, by hooks of ProperDocs: see `properdocs.yml`.

A code host shows the pages without these hooks, so they change only the looks: two columns,
equations, and the pages with the docstrings.
"""

import re
import sys
from pathlib import Path

import latex2mathml.converter

# ProperDocs loads a hook as a file, without its package.
sys.path.insert(0, str(Path(__file__).parents[2]))
from lab.documentation import pages, public_names

# A table whose cells are code blocks: on a phone it would be wider than the page.
_TABLE = re.compile(
    r"<table>\n<tr><th>[^\n]*</th></tr>\n<tr><td>\n(.*?)\n</td><td>\n(.*?)\n</td></tr>\n</table>",
    re.DOTALL,
)


def on_config(config, **_):
    """Sets functions of Markdown's extensions, and adds the API's pages to the navigation."""
    config.mdx_configs["toc"]["slugify"] = pages.slugify
    for fence in config.mdx_configs["pymdownx.superfences"]["custom_fences"]:
        fence["format"] = math
    modules = public_names.by_module()
    for entry in config.nav:
        if entry == {"API": "api.md"}:
            entry["API"] = ["api.md", *({name: f"api/{name}.md"} for name in modules)]
    return config


def on_files(files, config, **_):
    """Adds a page of the API reference for each module with public names."""
    from properdocs.structure.files import File

    for module, names in public_names.by_module().items():
        entries = "\n".join(f"::: tf_recipes.{module}.{name}\n" for name in names)
        content = f"# tf_recipes.{module}\n\n{entries}"
        files.append(File.generated(config, f"api/{module}.md", content=content))
    return files


def on_page_markdown(markdown, page, **_):
    """Puts two programs side by side on a wide screen, and one below the other on a narrow screen.

    A page with wide content has no table of contents, so that the content gets its column.
    """
    markdown, count = _TABLE.subn(
        r'<div class="side-by-side" markdown>\n<div markdown>\n\1\n</div>\n'
        r"<div markdown>\n\2\n</div>\n</div>",
        markdown,
    )
    if count or "<!-- generated defaults" in markdown:
        page.meta["hide"] = ["toc"]  # the content needs its column
    return markdown


def on_page_content(html, **_):
    """Allows a line break after a dot, an underscore or a bracket of a name in a table."""
    return re.sub(r"<td[ >].*?</td>", _breakable, html, flags=re.DOTALL)


def _breakable(cell):
    """Returns a table's cell with the possible line breaks; `cell` is a match."""
    return re.sub(
        r"(?<=<code>)[^<]+",
        lambda code: re.sub(r"([._(])(?=\w)", r"\1<wbr>", code[0]),
        cell[0],
    )


def math(source, language, css_class, options, md, **_):
    """Converts a block of LaTeX to MathML, which browsers draw without scripts."""
    drawn = latex2mathml.converter.convert(source.strip(), display="block")
    return f'<div class="{css_class}" tabindex="0">{drawn}</div>'
