"""Routes x subject -> decisions, each with its reason."""
