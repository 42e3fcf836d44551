"""Proof that the ports do what TF1 did: traces, replay, comparison, report."""
