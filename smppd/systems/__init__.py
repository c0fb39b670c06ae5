"""The right side: one foreign system per file, and the forwarder that serves them all."""
