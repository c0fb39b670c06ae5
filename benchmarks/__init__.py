"""What it costs, beside a peer in the same run. `python -m benchmarks` prints every table."""
