#!/usr/bin/env python3
"""Makes one C++ source of the page's files, for alpha/server/page.h, and says how large they are.

  tools/embed_page.py FOLDER OUT.cpp    what `npm run build` has put into FOLDER
  tools/embed_page.py --none OUT.cpp    no page

The same files give the same source. Fails when they take more than 400 kB, as they are sent.
"""
import hashlib
import pathlib
import re
import sys
import zlib

MOST_BYTES = 400_000
CONTENT_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.svg': 'image/svg+xml',
    '.json': 'application/json',
    '.png': 'image/png',
    '.woff2': 'font/woff2',
}
HASHED = re.compile(r'/assets/.+-[\w-]{8,}\.\w+')  # as Vite names what it bundles
SOURCE = '''// Made by tools/embed_page.py.
#include <array>

#include "alpha/server/page.h"

#pragma GCC diagnostic ignored "-Woverlength-strings"

namespace alpha {{

namespace {{

constexpr std::array<PageFile, {count}> kFiles = {{{{{files}}}}};

}}  // namespace

std::span<const PageFile> page_files() noexcept {{
  return kFiles;
}}

}}  // namespace alpha
'''


def gzipped(content):
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # its header has no time
    return packer.compress(content) + packer.flush()


def literal(data):
    """A string literal: octal escapes, since those have at most three digits."""
    octal = ''.join(f'\\{byte:03o}' for byte in data)
    lines = [octal[i:i + 96] for i in range(0, len(octal), 96)]
    return '\n  '.join(f'"{line}"' for line in lines)


def entry(path, content_type, content, packed):
    etag = f'W/\\"{hashlib.sha256(content).hexdigest()[:16]}\\"'
    is_immutable = 'true' if HASHED.fullmatch(path) else 'false'
    return f'\n  {{"{path}", "{content_type}", "{etag}", {{{literal(packed)}, {len(packed)}}}, {is_immutable}}},'


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    if folder == '--none':
        pathlib.Path(out).write_text(SOURCE.format(count=0, files=''))
        return
    root = pathlib.Path(folder)
    entries, sizes = [], {}
    for file in sorted(file for file in root.rglob('*') if file.is_file()):
        path = '/' + file.relative_to(root).as_posix()
        if file.suffix not in CONTENT_TYPES:
            sys.exit(f"embed_page.py: '{path}' is of no known type: one of {', '.join(CONTENT_TYPES)}")
        if not re.fullmatch(r'[\w./-]+', path):
            sys.exit(f"embed_page.py: the name '{path}' has other characters than letters, digits and ._-")
        content = file.read_bytes()
        packed = gzipped(content)
        entries.append(entry('/' if path == '/index.html' else path, CONTENT_TYPES[file.suffix], content, packed))
        sizes[file.suffix[1:]] = sizes.get(file.suffix[1:], 0) + len(packed)
    total = sum(sizes.values())
    parts = ', '.join(f'{suffix} {size / 1000:.1f}' for suffix, size in sorted(sizes.items()))
    summary = f'{len(entries)} files, {total / 1000:.1f} kB as sent ({parts})'
    if not (root / 'index.html').is_file():
        sys.exit(f"embed_page.py: there is no index.html in '{folder}'")
    if total > MOST_BYTES:
        sys.exit(f'embed_page.py: the page has {summary}, expected at most {MOST_BYTES / 1000:.0f} kB')
    pathlib.Path(out).write_text(SOURCE.format(count=len(entries), files=''.join(entries) + '\n'))
    print(f'page: {summary}')


if __name__ == '__main__':
    main()
