"""Names of builders and options, as they are typed."""


def normalized(name: str) -> str:
    """Return a name with underscores: `extract-k150k` and `extract_k150k` are one."""
    return name.replace("-", "_")


def flag_of(option: str) -> str:
    """Return the command line's name of an option, `--clips-dir`."""
    return "--" + option.replace("_", "-")
