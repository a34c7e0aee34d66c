"""`pointsman console`: a local web page over the trail and the rollouts. It only reads."""
