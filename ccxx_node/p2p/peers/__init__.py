"""One peer as we know it, all of them together, and what is asked of the node they belong to."""
