"""Giving the node a transaction: read, explained, tried out, and only then sent."""
