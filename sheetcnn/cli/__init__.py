"""The command line: one file per command, each one call of the library."""
