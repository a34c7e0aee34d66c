"""A deployed stack: how to find and reach it, and what to read from it."""
