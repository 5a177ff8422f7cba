"""The co-signer service: holds R and S, and signs what the protocol and its operator allow."""
