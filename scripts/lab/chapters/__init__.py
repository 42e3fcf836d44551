"""Measures the chapter's claims: one module and one script for each topic.

The module of a topic has `measure`, which trains and returns `Findings`, and `draw`, which makes
figures of the findings.
"""
