"""The certificate protocol: what its messages say and what an observer may conclude from them."""
