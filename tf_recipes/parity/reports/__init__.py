"""Holds the reports of the migration check: terminal, JSON, figures, HTML."""
