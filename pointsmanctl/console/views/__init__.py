"""View models: pure functions from what was read to what a template shows."""
