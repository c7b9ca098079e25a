"""What is reached over HTTP: the pages, the API and the probes."""
