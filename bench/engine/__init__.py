"""Measures the engine: calls to AWS, round trips that wait for each other, capacity units, decisions, memory, a day.

The adapters are the real ones. DynamoDB is the local cloud's emulator, called in this process; it has AWS's limits and
counts capacity as AWS does. `virtual_time.py` says how round trips are counted.
"""
