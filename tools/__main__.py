"""`python -m tools`: the command line, also from a virtual environment that was moved."""

from tools.cli import main

main()
