"""Evaluates routes on a push or a pull request: one decision for each route, with its reason."""
