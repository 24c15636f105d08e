"""A WhatsApp server on loopback for the real library, with simulated phones: for trying and for testing."""
