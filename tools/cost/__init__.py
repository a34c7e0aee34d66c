"""Computes docs/cost.md from the templates, the counts of a rollout and AWS's list prices."""
