"""Writes the check's results as one HTML file, which needs no network and no other file.

`page` fills the templates `page.html` and `section.html`, and adds `style.css` and `sort.js`.
`sections` selects the content, `words` writes the sentences, `figures` draws. Texts in the results
may come from foreign traces, so the page shows every text through `safe.shown` and the template's
escaping.
"""

from tf_recipes.parity.reports.html.page import render, write

__all__ = ["render", "write"]
