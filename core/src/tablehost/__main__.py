"""`python -m tablehost`."""

from tablehost.cli import main

if __name__ == "__main__":
    main()
