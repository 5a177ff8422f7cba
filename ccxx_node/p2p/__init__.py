"""Other nodes: messages, what is said to a peer, and the sockets it is said through."""
