"""What the scripts measure of the document's chapters: one module, one script, one claim or more.

Each module has `measure`, which trains and returns `Findings`, and `draw`, which makes figures.
"""
