"""Headers and blocks between peers: what is asked of whom, taken in, announced and served."""
