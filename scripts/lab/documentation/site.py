"""Extends the site beyond plain Markdown, by hooks of ProperDocs: see `properdocs.yml`.

A code host shows the pages without these hooks, so they change only the looks and the search: two
columns, equations, tables on a phone, TF1's names as results, and the pages with the docstrings.
"""

import collections
import json
import re
import sys
from pathlib import Path

import latex2mathml.converter

# ProperDocs loads a hook as a file, without its package.
sys.path.insert(0, str(Path(__file__).parents[2]))
from lab.documentation import pages, public_names
from tf_recipes.knowledge import names

# A table whose cells are code blocks: on a phone it would be wider than the page.
_TABLE = re.compile(
    r"<table>\n<tr><th>[^\n]*</th></tr>\n<tr><td>\n(.*?)\n</td><td>\n(.*?)\n</td></tr>\n</table>",
    re.DOTALL,
)


_NAME = re.compile(r"<tr>\n<td><code>(tf\.[\w.]+)</code></td>\n.*?</tr>\n", re.DOTALL)
_TABLES = re.compile(r"<table>.*?</table>", re.DOTALL)


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

    for module, public in public_names.by_module().items():
        entries = "\n".join(f"::: tf_recipes.{module}.{name}\n" for name in public)
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


def on_page_content(html, page, **_):
    """Prepares the tables for narrow windows, and folds the index of names.

    Each cell gets the text of its column's heading, which `site.css` shows where the columns do not
    fit beside one another. In a cell, a name may break after a dot, an underscore or a bracket.
    """
    if page.file.src_uri == "names.md":
        html = folded(html)
    html = _TABLES.sub(lambda table: _labelled(table[0]), html)
    return re.sub(r"<td[ >].*?</td>", _breakable, html, flags=re.DOTALL)


def folded(html):
    """Replaces the table of all names by one table for each namespace, which a click opens.

    A row gets the id `anchor(name)`, so that a link leads to it, unless an earlier row has that id.
    """
    before, heading, html = html.partition('id="names"')
    rows, ids = collections.defaultdict(list), set()
    for row in _NAME.finditer(html):
        id, text = anchor(row[1]), row[0]
        if id not in ids:  # `tf.Print` and `tf.print` share one
            ids.add(id)
            text = text.replace("<td>", f'<td id="{id}">', 1)
        rows[row[1].rpartition(".")[0]].append(text)
    start = html.index("<table>")
    head = html[start : html.index("<tbody>", start)]
    end = html.index("</table>", start) + len("</table>")
    tables = [
        f'<details id="{anchor(namespace, "names")}"><summary><code>{namespace}</code> '
        f"({len(each)} {'names' if len(each) > 1 else 'name'})</summary>\n"
        f"{head}<tbody>\n{''.join(each)}</tbody>\n</table>\n</details>"
        for namespace, each in sorted(rows.items())
    ]
    return before + heading + html[:start] + "\n".join(tables) + html[end:]


def anchor(name, kind="name"):
    """Returns the id of a name's row, or of a namespace's group: `names-tf-train`.

    `tf.train.Saver` is a name and the namespace of its methods.
    """
    return f"{kind}-{name}".lower().replace(".", "-")


def _labelled(table):
    """Returns a table whose cells name their column, from three columns on."""
    headings = [re.sub(r"<.*?>", "", text) for text in re.findall(r"<th[^>]*>(.*?)</th>", table)]
    if len(headings) < 3:
        return table

    def row(match):
        texts = iter(headings)
        return re.sub(r"<td", lambda _: f'<td data-label="{next(texts, "")}"', match[0])

    return re.sub(
        r"<tr>.*?</tr>", row, table.replace("<table>", '<table data-cards="">'), flags=re.DOTALL
    )


def on_post_build(config, **_):
    """Makes each TF1 name a word by which the search finds its group of names and its recipe."""
    path = Path(config.site_dir, "search", "search_index.json")
    index = json.loads(path.read_text())
    groups, tags = collections.defaultdict(dict), collections.defaultdict(list)
    for name, row in names.rows().items():
        groups[name.rpartition(".")[0]][name] = re.sub("[`*]", "", row.replacement)
        tags[row.page.partition("#")[0].replace(".md", ".html")].append(name)
    for entry in index["docs"]:
        if entry["location"] == "names.html#names":
            entry["text"] = ""  # the groups have it
        if entry["location"].startswith("recipes/") and entry["location"] in tags:
            entry["tags"] = tags[entry["location"]]  # the theme ranks them above all texts
    for namespace, rows in groups.items():
        text = "; ".join(f"{name}: {replacement}" for name, replacement in rows.items())
        entry = {
            "location": f"names.html#{anchor(namespace, 'names')}",
            "title": namespace,
            "text": text,
            "tags": list(rows),
        }
        index["docs"].append(entry)
    path.write_text(json.dumps(index, separators=(",", ":")))


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
