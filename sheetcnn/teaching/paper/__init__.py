"""Printable pages: what stands on them as data (`document`), and three ways to write them down."""
