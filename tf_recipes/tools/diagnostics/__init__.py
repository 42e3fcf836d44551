"""Monitors the gradients and the units of a net while it trains."""
