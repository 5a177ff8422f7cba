"""A holder's wallet: keeps certificates and transfers them."""
