"""What modern recurrent cells store by the paper's protocol: rows with their class and state, figure and table."""
