"""Tests the generated parts of the scanner's pages."""

from lab.documentation import scan_pages
from tf_recipes.scan import rule_registry


def test_every_code_has_a_row_and_a_section():
    page = scan_pages.codes()
    for code, rule in rule_registry.all_rules().items():
        anchor = f"{code}-{rule.name}".lower()
        assert f"| [{code}](#{anchor}) |" in page
        assert f"\n## {code} {rule.name}\n" in page


def test_the_example_shows_every_kind_of_finding():
    example = scan_pages.example()
    for words in ("[vanished]", "[changes numbers]", "TFR003", "^^^^", "write: "):
        assert words in example
    assert "/tmp" not in example
