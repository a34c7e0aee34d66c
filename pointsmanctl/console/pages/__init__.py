"""The pages, one module a subject: they read, and pass view models to a template."""
