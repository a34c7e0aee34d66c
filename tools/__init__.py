"""Programs that write a part of the documentation."""
