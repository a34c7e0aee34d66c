"""Brings the control stack and the worker stacks to the state of this version. Used on AWS and on the local cloud."""
