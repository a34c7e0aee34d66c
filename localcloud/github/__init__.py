"""GitHub: real git repositories, signed webhook deliveries, and the part of the REST API that Pointsman calls."""
