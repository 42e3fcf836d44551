"""What the pages of docs/ hold that is generated, and what holds them to the code."""
