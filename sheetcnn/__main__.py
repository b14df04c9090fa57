"""`python -m sheetcnn` is the command line."""

from sheetcnn.cli.main import main

main(prog_name="sheetcnn")
