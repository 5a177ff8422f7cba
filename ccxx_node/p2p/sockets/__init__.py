"""Sockets: who is called and let in, bytes both ways, and whose turn it is."""
