"""Measurements, without assertions: ratios within one run, because machines differ."""
