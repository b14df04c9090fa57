"""What a network is and computes: the graph, the layer kinds, the NumPy engine, the passes over a graph."""
