"""Shows the migration check's results: in the terminal, as JSON, as figures and as HTML."""
