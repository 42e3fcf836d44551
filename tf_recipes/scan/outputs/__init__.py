"""Writes the result of a scan: as text, JSON, SARIF, or annotations of a code host."""
