"""Peer logic: who answers which message; messages come in, actions go out, no sockets."""
