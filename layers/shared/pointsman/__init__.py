"""Pointsman: a push becomes Ansible runs in the right regions and accounts, and every step is told and recorded."""
