"""What each page shows: its question answered from the index, as facts."""
