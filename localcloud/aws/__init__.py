"""AWS: the emulator, and what it lacks, a module for each service."""
