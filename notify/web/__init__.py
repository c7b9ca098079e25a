"""What is reached over HTTP: the pages and the API."""
