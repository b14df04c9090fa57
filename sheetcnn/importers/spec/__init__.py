"""The layer spec: a text file to a graph, and back."""
