"""Generates parts of the pages of docs/, and checks the pages against the code."""
