"""routes.yaml: read, checked and compiled."""
