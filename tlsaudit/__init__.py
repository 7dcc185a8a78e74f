"""tlsaudit audits TLS and mutual-TLS endpoints."""

__version__ = "0.1.0"
