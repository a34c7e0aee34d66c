"""A fuzz of all four functions' handlers: real samples, changed in every way that JSON can be, against what must hold.

python -m bench.fuzz --cases 20000 --seed 1
"""
