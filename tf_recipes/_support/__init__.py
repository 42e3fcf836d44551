"""Holds what several rooms need: checks of arguments, files, versions, saved models."""
