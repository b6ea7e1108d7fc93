"""Makes the fonts beside this file.

Needs: pip install fonttools brotli; npm install @fontsource-variable/inter@5.3.0 (Inter, SIL Open Font License).
Usage: build.py node_modules/@fontsource-variable/inter/files OUT

Inter is cut to the weights 400 to 640 and to what the design uses (kerning, marks, tabular figures). English text needs
`inter-core` alone, so that the page with everything it loads stays under 30 KB; the rest is fetched only where a text has
such characters (`unicode-range`). `marks` holds the five state marks, drawn here, so that they look alike everywhere and
stay text.
"""
import io
import math
import os
import sys
from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

CORE = ("U+0020-007E,U+00A0,U+00A9,U+00AB,U+00B7,U+00BB,U+00D7,U+2013,U+2014,U+2018,U+2019,U+201C,U+201D,U+2022,U+2026,U+2212")
LATIN = "U+00A1-00A8,U+00AA,U+00AC,U+00AE-00B6,U+00B8-00BA,U+00BC-00D6,U+00D8-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+201A,U+201E,U+2032-2033,U+2039-203A,U+20AC,U+2122,U+2191,U+2193"
LATIN_EXT = "U+0100-0130,U+0132-0151,U+0154-017F,U+018F,U+01CD-01DC,U+01E6-01E7,U+01F0-01F5,U+01FA-021B,U+0259,U+0300-0309,U+1E80-1E85,U+1E9E,U+20A0-20AB,U+20AD-20BF"
CUTS = {
    "core": ("latin", CORE, ["kern", "tnum"]),
    "latin": ("latin", LATIN, ["kern", "ccmp", "locl", "mark"]),
    "latin-ext": ("latin-ext", LATIN_EXT, ["kern", "ccmp", "locl", "mark", "mkmk"]),
    "greek": ("greek", "U+0370-03FF", ["kern"]),
    "cyrillic": ("cyrillic", "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116", ["kern", "ccmp", "mark", "mkmk"]),
}


def digits_alone(font):
    """Tabular forms for digits alone: a tabular hyphen or blank would tear words in tables apart."""
    digits = "zero one two three four five six seven eight nine".split()
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag != "tnum":
            continue
        for index in record.Feature.LookupListIndex:
            for subtable in table.LookupList.Lookup[index].SubTable:
                mapping = getattr(subtable, "ExtSubTable", subtable).mapping
                for glyph in [g for g in mapping if g not in digits]:
                    del mapping[glyph]


def cut(source, unicodes, features, out):
    font = TTFont(source)
    if "tnum" in features:
        digits_alone(font)
    options = subset.Options()
    options.layout_features = features
    options.hinting = False
    options.name_IDs = [0, 1, 2, 3, 4, 6, 13, 14] if "core" in out else [1, 2, 4]
    options.glyph_names = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(unicodes))
    subsetter.subset(font)
    font.flavor = None
    buffer = io.BytesIO()
    font.save(buffer)
    buffer.seek(0)
    font = instancer.instantiateVariableFont(TTFont(buffer), {"wght": (400, 400, 640)})
    font.flavor = "woff2"
    font.save(out)


UPM, ADVANCE, MIDDLE_Y, RADIUS, RING = 1000, 880, 363, 370, 92
MIDDLE_X = ADVANCE / 2


def arc(pen, radius, start, end):
    steps = max(1, round(abs(end - start) / (math.pi / 4)))
    step = (end - start) / steps
    at = lambda angle, r: (round(MIDDLE_X + r * math.cos(angle)), round(MIDDLE_Y + r * math.sin(angle)))
    pen.moveTo(at(start, radius))
    for i in range(steps):
        angle = start + step * i
        pen.qCurveTo(at(angle + step / 2, radius / math.cos(step / 2)), at(angle + step, radius))
    pen.closePath()


def polygon(pen, points):
    pen.moveTo(tuple(map(round, points[0])))
    for point in points[1:]:
        pen.lineTo(tuple(map(round, point)))
    pen.closePath()


def ring(pen):
    arc(pen, RADIUS, math.pi / 2, -3 * math.pi / 2)
    arc(pen, RADIUS - RING, math.pi / 2, 5 * math.pi / 2)


def marks(out):
    glyphs = {}

    def glyph(name, *draw):
        pen = TTGlyphPen(None)
        for step in draw:
            step(pen)
        glyphs[name] = pen.glyph()

    half = RADIUS - RING / 2
    diamond = lambda h: [(MIDDLE_X, MIDDLE_Y + h), (MIDDLE_X + h, MIDDLE_Y), (MIDDLE_X, MIDDLE_Y - h), (MIDDLE_X - h, MIDDLE_Y)]
    glyph(".notdef")
    glyph("disc", lambda p: arc(p, RADIUS, math.pi / 2, -3 * math.pi / 2))
    glyph("left", ring, lambda p: arc(p, half, -math.pi / 2, -3 * math.pi / 2))
    glyph("right", ring, lambda p: arc(p, half, math.pi / 2, -math.pi / 2))
    glyph("square", lambda p: polygon(p, [(MIDDLE_X - 335, MIDDLE_Y - 335), (MIDDLE_X - 335, MIDDLE_Y + 335), (MIDDLE_X + 335, MIDDLE_Y + 335), (MIDDLE_X + 335, MIDDLE_Y - 335)]))
    inner = diamond(430 - RING * 1.42)
    glyph("diamond", lambda p: polygon(p, diamond(430)), lambda p: polygon(p, [inner[0]] + inner[:0:-1]))
    builder = FontBuilder(UPM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({0x25CF: "disc", 0x25D0: "left", 0x25D1: "right", 0x25A0: "square", 0x25C7: "diamond"})
    builder.setupGlyf(glyphs)
    for name in glyphs:
        builder.font["glyf"][name].recalcBounds(builder.font["glyf"])
    builder.setupHorizontalMetrics({n: (ADVANCE, getattr(builder.font["glyf"][n], "xMin", 0)) for n in glyphs})
    builder.setupHorizontalHeader(ascent=969, descent=-242)
    builder.setupNameTable({"familyName": "Amends Marks", "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=969, sTypoDescender=-242, usWinAscent=969, usWinDescent=242)
    builder.setupPost(keepGlyphNames=False)
    builder.font.flavor = "woff2"
    builder.save(out)


if __name__ == "__main__":
    files, folder = sys.argv[1:3]
    for name, (source, unicodes, features) in CUTS.items():
        cut(f"{files}/inter-{source}-wght-normal.woff2", unicodes, features, f"{folder}/inter-{name}.woff2")
    marks(f"{folder}/marks.woff2")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".woff2"):
            print(name, os.path.getsize(f"{folder}/{name}"))
