"""The node's only door for other programs: call it, or follow its chain block by block."""
