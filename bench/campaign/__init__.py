"""A fault campaign: rollouts in a simulated world in which everything can fail, and an oracle that knows what really ran.

python -m bench.campaign --rollouts 100000 --seed 1
"""
