"""Makes `runner/redaction/gitleaks_rules.py` out of the rules of gitleaks, which others maintain.

`gitleaks.toml` is a file of gitleaks, unchanged: `source.py` says of which version. `selection.py` says which rules are
left out, and why. `go_regex.py` writes a pattern as Python reads it.
"""
