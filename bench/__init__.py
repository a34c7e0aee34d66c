"""What is measured, never asserted: ratios in one run, since machines are noisy."""
