"""The `course` command."""

import typer

app = typer.Typer(help="Build, check and grade the course.", no_args_is_help=True)


@app.callback()
def course():
    """Build, check and grade the course."""


def main():
    """Run the command line."""
    app()
