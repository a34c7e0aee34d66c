"""`pointsman init`: the few answers that nobody can guess, written to routes.yaml and pointsman.toml."""
