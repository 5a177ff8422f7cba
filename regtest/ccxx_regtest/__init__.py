"""A whole local network in one command, and the story it tells."""
