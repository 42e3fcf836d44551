"""Reserves the room for the converter of TF1 checkpoints; nothing is here yet.

A pattern will be one file in `patterns/`.
"""
