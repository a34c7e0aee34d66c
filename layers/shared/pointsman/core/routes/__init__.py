"""routes.yaml: its model, its errors and its warnings."""
