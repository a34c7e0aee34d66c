"""Writes docs/reference/ from the code: commands, parameters, variables, events, settings."""
