"""Handouts: what a network computes, worked on paper. Every number comes from the NumPy engine."""
