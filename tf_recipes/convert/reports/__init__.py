"""Shows a conversion on a terminal and as a page."""
