"""The command line: one thin file a command; nobody imports this package."""
