"""Demo endpoints on loopback, sound and flawed, shipped in the wheel: `endpoints.demo_endpoints()` starts them."""
