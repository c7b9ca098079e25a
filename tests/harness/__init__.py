"""Real services, servers and clients for the tests: nothing that can be started is faked."""
