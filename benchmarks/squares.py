"""A builder whose items cost nothing: its cost is the host's."""

from attrs import frozen

from tablehost import Build, Run, hookimpl


@frozen
class Options:
    """Square numbers."""

    count: int = 1000
    """How many."""


@frozen
class Square:
    """One row."""

    number: int
    square: float


def square(number: int, settings: None) -> Square:
    """Square a number."""
    del settings
    return Square(number, float(number * number))


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Square the numbers, and write them in batches."""
    import pyarrow as pa

    rows = run.map(square, range(options.count), key="{:09d}".format)
    schema = pa.schema([("number", pa.int64()), ("square", pa.float64())])

    def batches():
        block = []
        for row in rows:
            block.append(row)
            if len(block) == 4096:
                yield _batch(block, schema)
                block = []
        yield _batch(block, schema)

    return Build(batches(), schema=schema)


def _batch(rows, schema):
    import pyarrow as pa

    numbers, squares = [row.number for row in rows], [row.square for row in rows]
    return pa.record_batch([numbers, squares], schema=schema)
