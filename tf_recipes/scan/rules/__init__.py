"""Reserves the folder for scan rules: one TF1 idiom, one file."""
