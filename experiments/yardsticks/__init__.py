"""Machines whose capacity theory gives: what the instrument reads for them, and what training leaves on the table."""
