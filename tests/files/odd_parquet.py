"""Writes parquet files into the folder in argv[1] that are read wrongly by somebody, damaged, or odd."""

import decimal
import pathlib
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(sys.argv[1])
D = decimal.Decimal


def write(name, arrays, names=None, **options):
    names = names or ["id", "value"][2 - len(arrays) :]
    pq.write_table(pa.table(arrays, names=names), folder / f"{name}.parquet", **options)


def times(of, values):
    return pa.array(values, pa.int64()).view(of)


number = pa.array([1, 2, 3])
write("dec40", [pa.array([None, D("1.50")], pa.decimal256(40, 2))])
write("dec60", [pa.array([[{"x": D("1.25")}]], pa.list_(pa.struct([("x", pa.decimal256(60, 2))])))])
write("same_name", [number, number], ["amount", "AMOUNT"])
write("same_umlaut", [number, number], ["ÄRA", "ära"])
write("same_field", [pa.array([{"a": 1, "A": 2}], pa.struct([("a", pa.int32()), ("A", pa.int32())]))])
write("time_nanos", [times(pa.time64("ns"), [0, 86_399_000_000_001])])
write("time_range", [times(pa.time64("us"), [0, 86_400_000_001])])
write("time_end", [times(pa.time64("us"), [0, 86_400_000_000])], write_time_adjusted_to_utc=True)
write("zoned_nanos", [times(pa.timestamp("ns", "UTC"), [1000] * 9000 + [1001])])
write("millis_range", [times(pa.timestamp("ms"), [10**17])])
write("micros_range", [times(pa.timestamp("us"), [-(2**63) + 5])])
write("nanos_range", [times(pa.timestamp("ns"), [-(2**63) + 5])])
write("date_range", [pa.array([-(2**31)], pa.int32()).view(pa.date32())])
write("int96_nanos", [pa.array([[], [None, 1001]], pa.list_(pa.timestamp("ns")))], use_deprecated_int96_timestamps=True)
write("int96_range", [times(pa.timestamp("s"), [10**13])], use_deprecated_int96_timestamps=True)
write("bad_json", [number, pa.array(["{}", None, "no json"], pa.json_())])
write("split_int", [number], use_dictionary=False, column_encoding={"value": "BYTE_STREAM_SPLIT"})
write("no_columns", [], [])

whole = (folder / "dec40.parquet").read_bytes()
(folder / "cut_off.parquet").write_bytes(whole[:-50])
(folder / "no_middle.parquet").write_bytes(whole[:20] + whole[-20:])
(folder / "encrypted.parquet").write_bytes(b"PARE" + whole[4:-4] + b"PARE")
(folder / "text.parquet").write_text("id,value\n1,2\n3,4\n")
(folder / "nothing.parquet").write_bytes(b"")

# The largest value in the footer is lowered: the engine would skip the row group that has it.
largest, lower = (value.to_bytes(8, "little") for value in (0x1122334455667788, 5))
write("statistics", [pa.array([1, 0x1122334455667788])], use_dictionary=False)
lying = (folder / "statistics.parquet").read_bytes()
footer = len(lying) - 8 - int.from_bytes(lying[-8:-4], "little")
(folder / "statistics.parquet").write_bytes(lying[:footer] + lying[footer:].replace(largest, lower))

# One flipped bit in each of some pages, which have a checksum.
c = random.Random(1)
originals = folder / "originals"
originals.mkdir()
for name, array, encoding in [
    ("plain", pa.array(range(3000)), "PLAIN"),
    ("delta", pa.array(range(0, 9000, 3)), "DELTA_BINARY_PACKED"),
    ("text", pa.array([f"text {n % 70}" for n in range(3000)]), "PLAIN"),
    ("delta_text", pa.array([f"text {n}" for n in range(3000)]), "DELTA_BYTE_ARRAY"),
    ("delta_length", pa.array([f"text {n}" for n in range(3000)]), "DELTA_LENGTH_BYTE_ARRAY"),
    ("split", pa.array([n / 7 for n in range(3000)]), "BYTE_STREAM_SPLIT"),
    ("bits", pa.array([n % 3 == 0 for n in range(3000)]), "RLE"),
    ("dictionary", pa.array([f"text {n % 70}" for n in range(3000)]), None),
]:
    for codec in ("none", "zstd"):
        encodings = {"use_dictionary": encoding is None, "column_encoding": {"value": encoding} if encoding else None}
        write("page", [array], compression=codec, write_page_checksum=True, data_page_size=4096, **encodings)
        good = (folder / "page.parquet").read_bytes()
        footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
        for number in range(6):
            bad = bytearray(good)
            bad[c.randrange(4, footer)] ^= 1 << c.randrange(8)
            (folder / f"page_{name}_{codec}_{number}.parquet").write_bytes(bad)
            (originals / f"page_{name}_{codec}_{number}.parquet").write_bytes(good)
(folder / "page.parquet").unlink()
