"""`python -m sheetcnn` is the command line."""

from sheetcnn.cli import main

main(prog_name="sheetcnn")
