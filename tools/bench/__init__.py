"""What an audit costs, beside other scanners at the same work: `make bench` writes reports/benchmark.md."""
