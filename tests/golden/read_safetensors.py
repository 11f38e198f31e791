#!/usr/bin/env python3
"""Prints every tensor of a safetensors file as name|dtype|shape|bytes in hex, in the order of the data.

Written from the format's description alone, so that it shares no mistake with Alpha's reader.
"""
import json
import struct
import sys

ELEMENT_SIZES = {"F64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2}

with open(sys.argv[1], "rb") as file:
    (header_length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(header_length))
    data = file.read()

assert (8 + header_length) % 64 == 0, "data does not begin at a multiple of 64 bytes"
header.pop("__metadata__", None)
covered = 0
for name, info in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, end = info["data_offsets"]
    size = ELEMENT_SIZES[info["dtype"]]
    for n in info["shape"]:
        size *= n
    assert begin == covered and end - begin == size, name
    covered = end
    sys.stdout.buffer.write(f"{name}|{info['dtype']}|{info['shape']}|{data[begin:end].hex()}\n".encode())
assert covered == len(data), "bytes behind the last tensor"
