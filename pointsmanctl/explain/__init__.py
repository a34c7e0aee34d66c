"""What `pointsman routes explain` needs: the change that it is about, and what would run."""
