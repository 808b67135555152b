"""Whole pipelines on this machine, and the command that runs them."""
