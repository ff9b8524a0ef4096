"""What networks store that train with coarse weights: figure and table."""
