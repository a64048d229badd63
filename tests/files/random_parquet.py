"""Writes parquet files with random types, values and options into a folder, or compares what the engine reads of them.

    random_parquet.py write FOLDER COUNT SEED
    random_parquet.py compare ORIGINALS PUBLISHED    prints one line for each difference
"""

import datetime
import decimal
import pathlib
import random
import sys
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

UTC = datetime.timezone.utc


def digits(choice, precision):
    length = choice.choice([1, 2, precision // 2 + 1, precision])
    return choice.randrange(10 ** min(length, precision)) * choice.choice([1, -1])


def amount(choice, precision, scale):
    with decimal.localcontext() as context:
        context.prec = 80
        return decimal.Decimal(digits(choice, precision)).scaleb(-scale)


def text(choice):
    return choice.choice(["", "a", "same", "Ž", "🦆", "\x00", '"', "NULL", "x" * 300, " ", "1", "1.50", "a\nb,c"]) + (
        choice.choice(["", "", str(choice.random())])
    )


def whole(bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return lambda c: c.choice([low, high, 0, 1, c.randrange(low, high + 1), c.randrange(min(high, 100))])


def instant(c, zone=None):
    first = datetime.datetime(1, 1, 2, tzinfo=zone)
    return first + datetime.timedelta(microseconds=c.randrange(315_500_000_000_000_000))


def recent(c, zone=None):
    """What nanoseconds can hold."""
    return datetime.datetime(1970, 1, 1, tzinfo=zone) + datetime.timedelta(microseconds=c.randrange(-(10**15), 10**15))


def leaf(c):
    """A type and what makes its values."""
    precision = c.randrange(1, 39)
    scale = c.randrange(precision + 1)
    bytes_of = lambda c: c.randbytes(c.choice([0, 1, 5, 100]))
    floats = [0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1.5, 1e300, 5e-324]
    singles = [0.0, -0.0, float("nan"), float("inf"), 0.5, -1024.0]
    second = lambda c: instant(c).replace(microsecond=0)
    milli = lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    day = lambda c: instant(c).date()
    clock = lambda c: instant(c).time()
    return c.choice(
        [(getattr(pa, f"{'' if s else 'u'}int{b}")(), whole(b, s)) for b in (8, 16, 32, 64) for s in (True, False)]
        + [
            (pa.float64(), lambda c: c.choice(floats + [c.gauss(0, 1e6)])),
            (pa.float32(), lambda c: c.choice(singles)),
            (pa.float16(), lambda c: c.choice(singles)),
            (pa.bool_(), lambda c: c.random() < 0.5),
            (pa.string(), text),
            (pa.large_string(), text),
            (pa.binary(), bytes_of),
            (pa.large_binary(), bytes_of),
            (pa.binary(7), lambda c: c.randbytes(7)),
            (pa.date32(), day),
            (pa.date64(), day),
            (pa.time32("s"), lambda c: clock(c).replace(microsecond=0)),
            (pa.time32("ms"), lambda c: milli(clock(c))),
            (pa.time64("us"), clock),
            (pa.time64("ns"), clock),
            (pa.timestamp("s"), second),
            (pa.timestamp("ms"), lambda c: milli(instant(c))),
            (pa.timestamp("us"), instant),
            (pa.timestamp("ns"), recent),
            (pa.timestamp("us", "UTC"), lambda c: instant(c, UTC)),
            (pa.timestamp("ms", "Europe/Prague"), lambda c: milli(recent(c, UTC))),
            (pa.timestamp("ns", "America/New_York"), lambda c: recent(c, UTC)),
            (pa.decimal128(precision, scale), lambda c: amount(c, precision, scale)),
            (pa.decimal256(precision, scale), lambda c: amount(c, precision, scale)),
            (pa.decimal32(min(precision, 9), 0), lambda c: amount(c, min(precision, 9), 0)),
            (pa.decimal64(min(precision, 18), 0), lambda c: amount(c, min(precision, 18), 0)),
            (pa.duration("us"), lambda c: datetime.timedelta(microseconds=c.randrange(-(10**12), 10**12))),
        ]
    )


def nullable(make, share):
    return lambda c: None if c.random() < share else make(c)


def column(c, depth=0):
    kind = c.random()
    share = c.choice([0, 0, 0.1, 0.7, 1])
    if depth > 2 or kind < 0.62:
        of, make = leaf(c)
        if depth == 0 and c.random() < 0.15 and of in (pa.string(), pa.int32(), pa.float64()):
            of = pa.dictionary(pa.int32(), of)
        return of, nullable(make, share)
    of, make = column(c, depth + 1)
    length = lambda c: c.choice([0, 1, 2, 5])
    if kind < 0.75:
        outer = c.choice([pa.list_, pa.large_list])(of)
        return outer, nullable(lambda c: [make(c) for _ in range(length(c))], share)
    if kind < 0.8:
        return pa.list_(of, 3), nullable(lambda c: [make(c) for _ in range(3)], share)
    if kind < 0.9:
        other, second = column(c, depth + 1)
        fields = c.choice([("a", "b"), ("a.b", 'q"x'), ("Größe", " "), ("list", "element")])
        outer = pa.struct([(fields[0], of), (fields[1], other)])
        return outer, nullable(lambda c: {fields[0]: make(c), fields[1]: second(c)}, share)
    outer = pa.map_(pa.string(), of)
    return outer, nullable(lambda c: [(str(n), make(c)) for n in range(length(c))], share)


NAMES = ["id", "Amount", "a.b", 'say "x"', "select", "ä ö", "x'y", "1st", "_", "a,b", "line\nbreak", "C0", "%s", "{}"]


def options(c, schema):
    chosen = {
        "compression": c.choice(["snappy", "gzip", "brotli", "zstd", "lz4", "none"]),
        "version": c.choice(["2.4", "2.6"]),
        "data_page_version": c.choice(["1.0", "2.0"]),
        "row_group_size": c.choice([1, 7, 50, 1000]),
        "data_page_size": c.choice([64, 1024, 1 << 20]),
        "write_statistics": c.random() < 0.8,
        "write_page_checksum": c.random() < 0.5,
        "write_page_index": c.random() < 0.3,
        "store_schema": c.random() < 0.7,
        "store_decimal_as_integer": c.random() < 0.5,
        "use_compliant_nested_type": c.random() < 0.8,
        "use_dictionary": c.random() < 0.5,
    }
    if not chosen["use_dictionary"]:
        encodings = {}
        for field in schema:
            if "." in field.name:
                continue
            if pa.types.is_integer(field.type) and field.type.bit_width >= 32:
                encodings[field.name] = c.choice(["PLAIN", "DELTA_BINARY_PACKED"])
            elif pa.types.is_floating(field.type) and field.type.bit_width >= 32:
                encodings[field.name] = c.choice(["PLAIN", "BYTE_STREAM_SPLIT"])
            elif field.type in (pa.string(), pa.binary()):
                encodings[field.name] = c.choice(["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
            elif pa.types.is_boolean(field.type):
                encodings[field.name] = c.choice(["PLAIN", "RLE"])
        chosen["column_encoding"] = encodings or None
    return chosen


def write(folder, count, seed):
    c = random.Random(seed)
    for number in range(count):
        names = c.sample(NAMES, c.randrange(1, 6))
        rows = c.choice([0, 1, 3, 60, 400])
        arrays = []
        for _ in names:
            if c.random() < 0.05:
                arrays.append(pa.array([uuid.UUID(int=c.getrandbits(128)).bytes for _ in range(rows)], pa.binary(16)).cast(pa.uuid()))
            elif c.random() < 0.03:
                arrays.append(pa.nulls(rows))
            else:
                of, make = column(c)
                arrays.append(pa.array([make(c) for _ in range(rows)], of))
        table = pa.table(arrays, names=names)
        pq.write_table(table, folder / f"t{number}.parquet", **options(c, table.schema))
        # pyarrow cannot read each of its own files again.
        with pa.ipc.new_file(folder / f"t{number}.arrow", table.schema) as file:
            file.write_table(table)


def write_int96(path, c):
    """Instants as Impala, Hive and old Spark write them."""
    column = pa.array([nullable(recent, 0.1)(c) for _ in range(500)], pa.timestamp("us"))
    nested = pa.array([[recent(c)] * c.randrange(3) for _ in range(500)], pa.list_(pa.timestamp("us")))
    pq.write_table(pa.table({"at": column, "list": nested}), path, use_deprecated_int96_timestamps=True)


def plain(of):
    """The type in which the engine gives the values."""
    if pa.types.is_dictionary(of):
        return plain(of.value_type)
    if pa.types.is_float16(of):
        return pa.float32()
    if pa.types.is_decimal(of):
        return pa.decimal128(of.precision, of.scale)
    if of == pa.large_string():
        return pa.string()
    if of == pa.large_binary() or pa.types.is_fixed_size_binary(of):
        return pa.binary()
    if pa.types.is_date(of):
        return pa.date32()
    if pa.types.is_time(of):
        return pa.time64("us")
    if pa.types.is_timestamp(of):
        return pa.timestamp("us", "UTC" if of.tz else None)
    if pa.types.is_duration(of):
        return pa.int64()
    if pa.types.is_null(of):
        return pa.int32()
    if pa.types.is_map(of):
        return pa.map_(plain(of.key_type), plain(of.item_type))
    if pa.types.is_struct(of):
        return pa.struct([(field.name, plain(field.type)) for field in of])
    if pa.types.is_list(of) or pa.types.is_large_list(of) or pa.types.is_fixed_size_list(of):
        return pa.list_(plain(of.value_type))
    return of


def values(array):
    if isinstance(array.type, pa.BaseExtensionType):
        return [value and str(value) for value in array.to_pylist()]
    # The cast of an instant in another zone to UTC keeps the instant.
    return [repr(value) for value in array.cast(plain(array.type)).to_pylist()]


def compare(originals, published):
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    compared = 0
    for original in sorted(originals.glob("*.parquet")):
        if not (published / original.name).exists():
            continue
        values_of = original.with_suffix(".arrow")
        expected = pa.ipc.open_file(values_of).read_all() if values_of.exists() else pq.ParquetFile(original).read()
        found = engine.execute("SELECT * FROM read_parquet(?)", [str(published / original.name)]).to_arrow_table()
        compared += 1
        if found.schema.names != expected.schema.names:
            print(original.name, "names", found.schema.names, expected.schema.names)
            continue
        for name, theirs, ours in zip(expected.schema.names, expected.columns, found.columns):
            theirs = theirs.combine_chunks()
            ours = ours.combine_chunks()
            is_uuid = isinstance(theirs.type, pa.BaseExtensionType)
            if values(theirs) != (ours.to_pylist() if is_uuid else values(ours)):
                print(original.name, repr(name), theirs.type, ours.type)
    print("compared", compared)


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        write_int96(pathlib.Path(sys.argv[2]) / "int96.parquet", random.Random(int(sys.argv[4])))
    else:
        compare(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
