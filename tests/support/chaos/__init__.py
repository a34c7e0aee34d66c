"""A world in which everything goes wrong at once, and the laws that hold in it all the same.

`routes` has what may be pushed, `faults` what fails, `world` what happens, and `oracle`, `wave_oracle` and
`quiet_laws` what must be true.
"""
