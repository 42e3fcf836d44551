"""The check's document as one HTML file that needs nothing else: no network, no other file.

`page` makes the file of `page.html`, `style.css` and `sort.js`; `sections` says what stands in it,
`words` how it is said, `figures` draws. Every text of the document is somebody else's: it meets the
page through `safe.shown` and the template's escaping alone.
"""

from tf_recipes.parity.reports.html.page import render, write

__all__ = ["render", "write"]
