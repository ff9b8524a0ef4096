"""What is stored under other conditions of the memorization task: figure and table."""
