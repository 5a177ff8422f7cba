"""Transactions that wait for a block: what is let in, kept in order, and thrown out."""
