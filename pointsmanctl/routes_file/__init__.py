"""Reads, checks and compiles routes.yaml."""
