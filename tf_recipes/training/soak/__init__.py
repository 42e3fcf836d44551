"""Contains the test that kills training at random moments and compares the bits."""
