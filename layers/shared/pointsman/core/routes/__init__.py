"""The team's rules: what they may say, and what is wrong or doubtful in them."""
