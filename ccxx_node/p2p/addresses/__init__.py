"""Where other nodes are: endpoints, the address book, bans, and the way through a proxy."""
