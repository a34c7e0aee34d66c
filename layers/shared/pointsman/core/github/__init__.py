"""GitHub's payloads, read at the edge, as subjects that routes judge."""
