"""`pointsman doctor`: one module for each link of the chain from GitHub to the hosts and back."""
