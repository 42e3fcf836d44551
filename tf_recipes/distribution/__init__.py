"""Trains on several replicas or machines with the same steps as on one."""
