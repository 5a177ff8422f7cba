"""Transactions between peers: asked for, taken in, and announced at moments of chance."""
