"""Defines what rules and reports speak of: findings, advice, calls and rules."""
