"""A builder of a table of numbers that do not compress."""

from attrs import frozen

from tablehost import Build, Run, hookimpl

AT_ONCE = 65_536


@frozen
class Options:
    """Make rows of a name and eight random numbers."""

    rows: int
    """How many."""


@hookimpl
def build_table(options: Options, run: Run) -> Build:
    """Return the rows, piece by piece."""
    import numpy as np
    import pyarrow as pa

    columns = [("clip_name", pa.string()), *((f"feature{n}", pa.float64()) for n in range(8))]
    schema, chance = pa.schema(columns), np.random.default_rng(0)

    def batches():
        for start in range(0, options.rows, AT_ONCE):
            count = min(AT_ONCE, options.rows - start)
            names = [f"clip{number // 300:06d}" for number in range(start, start + count)]
            yield pa.record_batch([names, *(chance.random(count) for _ in range(8))], schema=schema)

    return Build(batches(), schema)
