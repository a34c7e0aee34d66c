"""The run image: its definition, its stacks, its build, and which image each worker stack gets."""
