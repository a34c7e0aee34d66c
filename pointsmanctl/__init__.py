"""pointsman: the operator's command."""
