"""What damage a file can take: by hand, by a spreadsheet, by a torn copy, by malice. Each case is drawn from its own seed."""

import gzip
import io
import json
import warnings
import zipfile
from collections.abc import Callable
from random import Random

NUMBERS = (
    *("1e400", "-1e400", "-0", "0", "NaN", "nan", "inf", "-inf", "Infinity", "1e-400", "1_000", "1,5", "1.2.3", "0x10", "+7", " 8 ", "1e5"),
    *(
        "\u0661\u0662",
        "\uff11\uff12",
        "9" * 400,
        "0." + "1" * 400,
        "-1",
        "--1",
        "1e",
        "null",
        "NA",
        "TRUE",
        "1E+2",
        ".5",
        "5.",
        "1d3",
        "٫5",
    ),
)
DATES = (
    *("0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "1899-12-31", "2200-01-01", "2020-02-30", "2020-1-2", "20200102"),
    *("2020-01-02 00:00", "2020-01-02T09:30Z", "01/02/2020", "-2020-01-02", "\u0662\u0660\u0662\u0660-01-02", "43832", "2020-01-02 ", ""),
)
WORDS = (
    *("../../x", "a/b", "..", "A\x00B", "=1+1", "+A", "-A", "@SUM(A1)", "\tA", "A" * 300, "A" * 40, "", " A", "A ", "CON", "A\u202eB"),
    *(
        "null",
        "true",
        "[]",
        "{}",
        '""',
        "'",
        '"',
        "\\",
        "\u00e9",
        "A\nB",
        "C:\\x",
        "~",
        "$HOME",
        "%s",
        "A\ud83d".encode(errors="replace").decode(),
    ),
)
TOKENS = tuple(word.encode() for word in (*NUMBERS, *DATES, *WORDS))
GLYPHS = (
    b"\x00",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\r",
    b"\xff\xfe",
    b"\xe9",
    b'"',
    b"'",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\x1a",
    b"{",
    b"]",
    b"\xc3",
    b"\x1f\x8b",
)
Damage = Callable[[Random, bytes], bytes]


def mutated(draw: Random, content: bytes, kind: str) -> bytes:
    """`content` with one to three damages; a packed file (`kind` gzip or zip) is damaged inside or outside."""
    if kind == "gzip":
        return _packed(draw, content, lambda plain: gzip.compress(plain, 1, mtime=0), gzip.decompress)
    if kind == "zip":
        return _zipped(draw, content)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        content = draw.choice(KINDS[kind])(draw, content)
    return content


def _packed(draw: Random, content: bytes, pack: Damage | Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]) -> bytes:
    if draw.random() < 0.4:
        return mutated(draw, content, "binary")
    again = pack(mutated(draw, unpack(content), "csv"))  # type: ignore[call-arg, arg-type]
    return again + again if draw.random() < 0.03 else again


def _zipped(draw: Random, content: bytes) -> bytes:
    if draw.random() < 0.4:
        return mutated(draw, content, "binary")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        name = packed.namelist()[0]
        plain = packed.read(name)
    plain = mutated(draw, plain, "csv")
    names = draw.choice(([name], [name], [name], ["../../x.csv"], ["/etc/x"], [name, name], [], [name, "b.csv"], ["x\x00y"], ["a/" * 50]))
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(
            out, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
        ) as made:
            for one in names:
                made.writestr(one, plain)
    done = bytearray(out.getvalue())
    if draw.random() < 0.15:  # says that it is encrypted
        for mark, place in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            at = done.find(mark)
            if at >= 0:
                done[at + place] |= 1
    return bytes(done)


def flip(draw: Random, content: bytes) -> bytes:
    """One bit of one byte, or the byte."""
    if not content:
        return content
    at = draw.randrange(len(content))
    byte = content[at] ^ (1 << draw.randrange(8)) if draw.random() < 0.5 else draw.randrange(256)
    return content[:at] + bytes((byte,)) + content[at + 1 :]


def cut(draw: Random, content: bytes) -> bytes:
    """The end, the beginning or the middle is gone."""
    a, b = sorted((draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)))
    return draw.choice((content[:b], content[a:], content[:a] + content[b:]))


def again(draw: Random, content: bytes) -> bytes:
    """A stretch stands there twice."""
    a, b = sorted((draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)))
    return content[:b] + content[a:]


def insert(draw: Random, content: bytes) -> bytes:
    """A byte that means something to somebody: NUL, BOM, CRLF, a quote, no UTF-8."""
    at = draw.choice((0, len(content), draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)))
    return content[:at] + draw.choice(GLYPHS) + content[at:]


def lines(draw: Random, content: bytes) -> bytes:
    """Lines are gone, twice, in another order, empty or very long."""
    rows = content.split(b"\n")
    k, j = draw.randrange(len(rows)), draw.randrange(len(rows))
    what = draw.randrange(6)
    if what == 0:
        del rows[k]
    elif what == 1:
        rows.insert(j, rows[k])
    elif what == 2:
        rows[k], rows[j] = rows[j], rows[k]
    elif what == 3:
        rows.insert(k, b"")
    elif what == 4:
        rows[k] = rows[k] * draw.choice((2, 5, 3000))
    else:
        rows[k:] = rows[k:][: draw.randrange(3)]
    return b"\n".join(rows)


def columns(draw: Random, content: bytes) -> bytes:
    """A column is gone, twice or elsewhere, in all lines or in one."""
    rows = [row.split(b",") for row in content.split(b"\n")]
    k, j, what = draw.randrange(max(1, len(rows[0]))), draw.randrange(max(1, len(rows[0]))), draw.randrange(3)
    chosen = rows if draw.random() < 0.6 else [draw.choice(rows)]
    for row in chosen:
        if max(k, j) < len(row):
            if what == 0:
                del row[k]
            elif what == 1:
                row.insert(j, row[k])
            else:
                row[k], row[j] = row[j], row[k]
    return b"\n".join(b",".join(row) for row in rows)


def cell(draw: Random, content: bytes) -> bytes:
    """A cell says something else, with or without quotes."""
    rows = content.split(b"\n")
    k = draw.randrange(len(rows))
    cells = rows[k].split(b",")
    at, word = draw.randrange(len(cells)), draw.choice(TOKENS)
    shape = draw.randrange(8)
    cells[at] = word if shape < 4 else (b'"%s"' % word, b'"%s' % cells[at], b'%s"%s' % (cells[at], word), b'"%s"5' % cells[at])[shape - 4]
    rows[k] = b",".join(cells)
    return b"\n".join(rows)


def delimiters(draw: Random, content: bytes) -> bytes:
    """Another separator, line end, decimal point or encoding throughout."""
    old, new = draw.choice(
        ((b",", b";"), (b",", b"\t"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b".", b","), (b"\n", b"\n\n"), (b"-", b"/"), (b",", b", "))
    )
    if draw.random() < 0.2:
        return content.decode("utf-8", "replace").encode(draw.choice(("utf-16", "utf-32-le", "utf-8-sig", "utf-7")))
    return content.replace(old, new)


def token(draw: Random, content: bytes) -> bytes:
    """A value of a JSON or TOML text, found by its neighbours, says something else."""
    places = [at for at, byte in enumerate(content) if byte in b":,[={"]
    if not places:
        return content + draw.choice(TOKENS)
    at = draw.choice(places) + 1
    end = min((k for k in (content.find(one, at) for one in (b",", b"}", b"]", b"\n")) if k >= 0), default=len(content))
    word = draw.choice(
        (draw.choice(TOKENS), json.dumps(draw.choice((*NUMBERS, *DATES, *WORDS))).encode(), b"null", b"-1", b"1e999", b"NaN", b"true")
    )
    return content[:at] + word + content[end:]


def nested(draw: Random, content: bytes) -> bytes:
    """Very deep nesting at the beginning, the end, or in place of a value."""
    depth = draw.choice((5, 200, 2_000, 100_000))
    left, right = draw.choice(((b"[", b"]"), (b'{"a":', b"}")))
    deep = left * depth + b"1" + (right * depth if draw.random() < 0.7 else b"")
    at = content.find(b":", draw.randrange(len(content) + 1)) + 1
    end = content.find(b",", at)
    return draw.choice((deep, content[:at] + deep + content[max(at, end) :]))


def members(draw: Random, content: bytes) -> bytes:
    """A field of a JSON object is gone, renamed, twice or of another type, at any depth."""
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return flip(draw, content)
    home = told
    for _ in range(draw.randrange(6)):
        inside = [one for one in (home.values() if isinstance(home, dict) else home) if isinstance(one, (dict, list)) and one]
        if not inside:
            break
        home = draw.choice(inside)
    if isinstance(home, dict) and home:
        name = draw.choice(list(home))
        value = draw.choice(
            (None, [], {}, 0, -1, 1e308, "", "x", True, [home[name]], str(home[name]), draw.choice(WORDS), draw.choice(DATES), float("nan"))
        )
        what = draw.randrange(4)
        if what == 0:
            del home[name]
        elif what == 1:
            home[draw.choice(WORDS)] = home.pop(name)
        else:
            home[name] = value
    elif isinstance(home, list) and home:
        k = draw.randrange(len(home))
        home[k : k + 1] = draw.choice(([], [None], [home[k]] * 2, ["x"], [[]], [1e308], [draw.choice(DATES)], [float("nan")], [-1]))
    return json.dumps(told).encode()


BINARY = (flip, flip, flip, cut, again, insert)
KINDS: dict[str, tuple[Damage, ...]] = {
    "binary": BINARY,
    "csv": (flip, cut, again, insert, lines, lines, columns, columns, cell, cell, cell, cell, delimiters),
    "json": (flip, cut, again, insert, token, token, token, members, members, members, nested),
    "toml": (flip, cut, again, insert, lines, token, token, token, nested),
}
