"""Callbacks that say what becomes of a net's gradients and units while it trains."""
