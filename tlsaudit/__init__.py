"""tlsaudit audits TLS and mutual-TLS endpoints."""
