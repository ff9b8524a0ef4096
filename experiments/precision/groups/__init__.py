"""What networks store of which one group of parameters is trained: figure and table."""
