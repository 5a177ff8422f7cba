"""Rows of the index to the facts that pages show: pure, no clock, no disk."""
