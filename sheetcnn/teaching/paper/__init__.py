"""Printable pages: what stands on them as data (`blocks`), and three ways to write them down."""
