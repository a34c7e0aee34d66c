"""Filter patterns: their meaning, and matching in linear time and on many names at once."""
