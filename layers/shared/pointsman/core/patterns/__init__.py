"""Filter patterns: what they mean, and how they are matched in linear time and against many names."""
