"""Fills the templates of a page, so that every value in them is visible, short and escaped."""

import base64
import functools
import hashlib
from importlib import resources

import jinja2

from tf_recipes.parity.reports.html import safe


@functools.cache
def template(name: str, *packages: str) -> jinja2.Template:
    """Returns a template, which may import others.

    `finalize` and `autoescape` apply `safe.shown` and the escaping to every value that a template
    prints, so that no place in a template can forget them.

    Args:
        name: the file of the template.
        packages: the packages whose folders are searched for it and for what it imports; the
            folder of this file is searched last.
    """

    def load(wanted: str) -> str | None:
        folders = [resources.files(each) for each in (*packages, __package__)]
        found = (folder / wanted for folder in folders if (folder / wanted).is_file())
        path = next(found, None)
        return None if path is None else path.read_text(encoding="utf-8")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(load),
        autoescape=True,
        finalize=safe.shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def own(name: str, package: str = __package__) -> str:
    """Returns the text of a file in a package's folder, such as a style."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Returns the SHA-256 of an inline style or script, as a content security policy names it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
