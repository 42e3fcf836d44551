"""Training on several replicas or machines, step for step as on one."""
