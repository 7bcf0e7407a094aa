"""The tables of the results."""
from statistics import median

from benchmark.processes import Sample

COLUMNS = ("wall", "CPU", "peak RSS")
UNITS = ("wall ms", "CPU ms", "peak RSS MiB")


def table(samples: dict[str, list[Sample]]) -> str:
    """The ratios of the first contestant to every other one, then the values themselves."""
    first, *others = samples
    rows: list[tuple[str, ...]] = [("ratio", *COLUMNS)]
    for name in others:
        columns = zip(*([a / b for a, b in zip(*pair)] for pair in zip(samples[first], samples[name])))
        rows.append((f"{first}/{name}", *(spread(list(column), 2) for column in columns)))
    rows.append(("median", *UNITS))
    rows += [(name, *(spread(list(column), 1) for column in zip(*values))) for name, values in samples.items()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def spread(values: list[float], digits: int) -> str:
    """The median, minimum and maximum."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"
