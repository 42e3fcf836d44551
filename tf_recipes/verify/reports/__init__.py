"""Shows the results of a verification: their schema, the terminal's tables and one HTML page."""
