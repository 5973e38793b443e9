"""python -m portal: the same as connectica-portal."""

from portal.cli.console import main

if __name__ == "__main__":
    main()
