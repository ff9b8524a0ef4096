"""What a user would do otherwise; each peer computes the same function, gradients and optimizer."""
