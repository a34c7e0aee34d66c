"""For `pointsman routes explain`: the change in question, and what would run."""
