"""`sheetcnn schema`."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of a layer spec.

    Editors use it for completion and validation.
    """
    import sheetcnn

    click.echo(json.dumps(sheetcnn.schema(), indent=2))
