"""Run the command as ``python -m course``."""

from course.cli import main

main()
