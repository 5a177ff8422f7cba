"""What happens now: watched in the index and at the node, told to whoever listens."""
