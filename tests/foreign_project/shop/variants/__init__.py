"""The shop as other sites have it: each module changes a few settings."""
