"""A fuzz of all six functions' handlers: real samples, with random changes to their JSON, checked against rules.

python -m bench.fuzz --cases 20000 --seed 1
"""
