"""Dated tables: suites, groups, signature schemes, suffixes, primes, trust anchors. Each submodule stands alone."""
