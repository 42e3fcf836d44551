"""Lists the formats of a scan's result."""

from collections.abc import Callable, Mapping

from tf_recipes.scan.outputs import annotations, finding_json, finding_text, sarif, summary_page
from tf_recipes.scan.terms.findings import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": finding_text.text,
    "json": finding_json.text,
    "sarif": sarif.text,
    "github": annotations.text,
    "html": summary_page.text,
}
