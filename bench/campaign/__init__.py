"""A fault campaign: rollouts in a simulated world where everything can fail. An oracle knows what really ran.

python -m bench.campaign --rollouts 100000 --seed 1
"""
