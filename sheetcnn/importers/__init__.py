"""From files and objects to a graph with weights, and from image files to pixels."""
