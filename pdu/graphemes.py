"""What a reader takes for one character: extended grapheme clusters (Unicode Standard Annex 29, Unicode 18.0)."""

from __future__ import annotations

import re
from bisect import bisect_right
from unicodedata import category

# A letter for each class that the rules tell apart: r CR, n LF, c Control, e Extend, k Indic linker (Extend too),
# K Indic linker that only stands before its consonant, q Indic consonant, z ZWJ, j ZWNJ (Extend, but no part of a
# conjunct), s SpacingMark, p Prepend, L V T and A B (Hangul, LV and LVT), I regional indicator, P pictograph, o other.
_BY_CATEGORY = {"Mn": "e", "Me": "e", "Mc": "s", "Cc": "c", "Cf": "c", "Cs": "c", "Zl": "c", "Zp": "c"}

# Where the general category does not tell, or Python's table is older than the standard: code points from
# GraphemeBreakProperty.txt, emoji-data.txt and DerivedCoreProperties.txt.
_CODES = {
    "r": "D",
    "n": "A",
    "j": "200C",
    "z": "200D",
    "L": "1100-115F A960-A97C",
    "V": "1160-11A7 D7B0-D7C6 16D63 16D67-16D6A",
    "T": "11A8-11FF D7CB-D7FB",
    "I": "1F1E6-1F1FF",
    "K": "1CF5-1CF6 11A3A",
    # Extend beside the categories Mn and Me.
    "e": "5C8-5C9 897 9BE 9D7 B3E B53-B54 B57 BBE BD7 CC0 CC2 CC7-CC8 CCA-CCB CD5-CD6 D3E D57 DCF DDF ECE 1715 1734 "
    "1ACF-1AF0 1B35 1B3B 1B3D 1B43 1BAA 1BF2-1BF3 302E-302F A953 FF9E-FF9F 10D69-10D6D 10ECB-10ECF 10EF0-10EFF "
    "111C0 11235 11241 1133E 1134D 11357 113B8 113BB-113C0 113C2 113C5 113C7-113C9 113CE-113CF 113D2 113E1-113E2 "
    "114B0 114BD 115AF 116B6 11930 1193D 11B60 11B62-11B64 11B66 11DF0 11F00-11F01 11F36-11F3A 11F40-11F41 11F5A "
    "13440 13447-13455 1611E-16129 1612D-1612F 16FF0-16FF1 1D127-1D128 1D165-1D166 1D16D-1D172 1D250-1D252 "
    "1D25B-1D25C 1D25F 1D280-1D281 1E08F 1E4EC-1E4EF 1E5EE-1E5EF 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5 1F3FB-1F3FF "
    "E0020-E007F",
    # SpacingMark beside category Mc.
    "s": "CF3 E33 EB3 113B9-113BA 113CA 113CC-113CD 1171E 11B61 11B65 11B67 11F03 11F34-11F35 11F3E-11F3F 1612A-1612C",
    # Of category Mc, and yet a character of its own: vowel signs and tones of Burmese, Tai and Ahom.
    "o": "102B-102C 1038 1062-1064 1067-106D 1083 1087-108C 108F 109A-109C 1A61 1A63-1A64 AA7B AA7D 11720-11721",
    # Control beside the categories Cc, Cf, Cs, Zl and Zp: what is reserved to be ignored.
    "c": "2065 FFF0-FFF8 13439-1343F E0000 E0002-E001F E0080-E00FF E01F0-E0FFF",
    # Prepend.
    "p": "600-605 6DD 70F 890-891 8E2 D4E 110BD 110CD 111C2-111C3 113D1 1193F 11941 11A84-11A89 11D46 11F02",
    # Extended_Pictographic.
    "P": "A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 24C2 25AA-25AB 25B6 "
    "25C0 25FB-25FE 2600-2604 260E 2611 2614-2615 2618 261D 2620 2622-2623 2626 262A 262E-262F 2638-263A 2640 2642 "
    "2648-2653 265F-2660 2663 2665-2666 2668 267B 267E-267F 2692-2697 2699 269B-269C 26A0-26A1 26A7 26AA-26AB "
    "26B0-26B1 26BD-26BE 26C4-26C5 26C8 26CE-26CF 26D1 26D3-26D4 26E9-26EA 26F0-26F5 26F7-26FA 26FD 2702 2705 "
    "2708-270D 270F 2712 2714 2716 271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2764 2795-2797 "
    "27A1 27B0 27BF 2934-2935 2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F004 1F02C-1F02F 1F094-1F09F "
    "1F0AF-1F0B0 1F0C0 1F0CF-1F0D0 1F0F6-1F0FF 1F170-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AF-1F1E5 1F201-1F20F "
    "1F21A 1F22F 1F232-1F23A 1F23C-1F23F 1F249-1F25F 1F266-1F321 1F324-1F393 1F396-1F397 1F399-1F39B 1F39E-1F3F0 "
    "1F3F3-1F3F5 1F3F7-1F3FA 1F400-1F4FD 1F4FF-1F53D 1F549-1F54E 1F550-1F567 1F56F-1F570 1F573-1F57A 1F587 "
    "1F58A-1F58D 1F590 1F595-1F596 1F5A4-1F5A5 1F5A8 1F5B1-1F5B2 1F5BC 1F5C2-1F5C4 1F5D1-1F5D3 1F5DC-1F5DE 1F5E1 "
    "1F5E3 1F5E8 1F5EF 1F5F3 1F5FA-1F64F 1F680-1F6C5 1F6CB-1F6D2 1F6D5-1F6E5 1F6E9 1F6EB-1F6F0 1F6F3-1F6FF "
    "1F7DC-1F7F0 1F80C-1F80F 1F848-1F84F 1F85A-1F85F 1F888-1F88F 1F8AE-1F8AF 1F8BC-1F8BF 1F8C2-1F8CF 1F8D9-1F8FF "
    "1F90C-1F93A 1F93C-1F945 1F947-1F9FF 1FA58-1FA5F 1FA6E-1FAFF 1FC00-1FFFD",
    # Indic_Conjunct_Break=Linker, where that is Extend too.
    "k": "94D 9CD ACD B4D C4D D4D 1039 17D2 1A60 1B44 1BAB A9C0 AAF6 10A3F 11133 113D0 1193E 11A47 11A99 11F42",
    # Indic_Conjunct_Break=Consonant.
    "q": "915-939 958-95F 978-97F 995-9A8 9AA-9B0 9B2 9B6-9B9 9DC-9DD 9DF 9F0-9F1 A95-AA8 AAA-AB0 AB2-AB3 AB5-AB9 AF9 "
    "B15-B28 B2A-B30 B32-B33 B35-B39 B5C-B5D B5F B71 C15-C28 C2A-C39 C58-C5A D15-D3A 1000-102A 103F 1050-1055 "
    "105A-105D 1061 1065-1066 106E-1070 1075-1081 108E 1780-17B3 1A20-1A54 1B0B-1B0C 1B13-1B33 1B45-1B4C 1B83-1BA0 "
    "1BAE-1BAF 1BBB-1BBD A989-A98B A98F-A9B2 A9E0-A9E4 A9E7-A9EF A9FA-A9FE AA60-AA6F AA71-AA73 AA7A AA7E-AA7F "
    "AAE0-AAEA ABC0-ABDA 10A00 10A10-10A13 10A15-10A17 10A19-10A35 11103-11126 11144 11147 11380-11389 1138B 1138E "
    "11390-113B5 11900-11906 11909 1190C-11913 11915-11916 11918-1192F 11A00 11A0B-11A32 11A50 11A5C-11A83 11B0A "
    "11DF1 11F04-11F10 11F12-11F33",
}


def _ranges() -> list[tuple[int, int, str]]:
    found = []
    for letter, codes in _CODES.items():
        for run in codes.split():
            first, _, last = run.partition("-")
            found.append((int(first, 16), int(last or first, 16), letter))
    return sorted(found)


_RANGES = _ranges()
_MOST_KNOWN = 4096


class _Classes(dict[int, str]):
    """The class of a code point, worked out when first asked for: `str.translate` then turns text into classes."""

    def __missing__(self, code: int) -> str:
        first, last, letter = _RANGES[max(bisect_right(_RANGES, (code, 0x110000)) - 1, 0)]
        if not first <= code <= last:
            if 0xAC00 <= code <= 0xD7A3:  # Hangul syllables: every 28th has no final consonant
                letter = "B" if (code - 0xAC00) % 28 else "A"
            else:
                letter = _BY_CATEGORY.get(category(chr(code)), "o")
        if len(self) >= _MOST_KNOWN:  # no text grows this without end
            self.clear()
        self[code] = letter
        return letter


_CLASSES = _Classes()

# Table 1c of the annex over those letters, with the rules that each line stands for. Possessive repeats keep a run of
# marks without end from being read more than once.
_CLUSTER = re.compile(
    r"rn"  # GB3
    r"|[rnc]"  # GB4, GB5
    r"|p*"  # GB9b
    r"(?:L*(?:V+|AV*|B)T*|L+|T+"  # GB6 to GB8
    r"|II"  # GB12, GB13
    r"|P(?:[ekj]*+zP)*+"  # GB11
    r"|[kK][ekz]*+q?"  # GB9c
    r"|[^rnc])"
    r"(?:[ejzs]|k[ekz]*+q?)*+"  # GB9, GB9a, GB9c
)
# Between two such classes every text breaks, whatever stands around them.
_SURE = re.compile(r"[^p][orc]|[^pz]P|[^pkKez]q|[^pL][LAB]|[rnc][^n]")


def clusters(text: str) -> list[str]:
    """The extended grapheme clusters of `text`, in order: joined they are `text` again."""
    if _is_plain(text):
        return list(text)
    return [text[found.start() : found.end()] for found in _CLUSTER.finditer(text.translate(_CLASSES))]


def are_breaks(before: str, behind: str) -> bool:
    """Whether a cluster ends with each character of `before` and one begins with each of `behind`, whatever is around.

    True for the commonest characters alone: others may as well.
    """
    return not behind.translate(_CLASSES).strip("orc") and "p" not in before.translate(_CLASSES)  # as _SURE begins


def last_break(text: str, start: int, end: int) -> int:
    """The last place in `text`, at most `end`, where a cluster begins; `start` is known to be one, and the least.

    Looks no further back than it takes to be sure.
    """
    if end >= len(text):
        return len(text)
    before, behind = text[end - 1 : end], text[end]
    if before < "\u0300" and behind < "\u0300" and (behind != "\n" or before != "\r"):
        return end
    for size in (1, 16, end - start):  # most places are sure at once, or a few characters back
        low = max(end - size, start)
        # One more character than up to `end`: whether it belongs to what stands before.
        classes = text[low : end + 1].translate(_CLASSES)
        at = len(classes) - 1
        while at and not _SURE.match(classes, at - 1):
            at -= 1
        if at or low == start:
            break
    if low + at == end:
        return end
    for found in _CLUSTER.finditer(classes, at):
        if low + found.end() > end:
            return low + found.start()
    return end


def first_break(text: str, start: int) -> int:
    """Where the cluster ends that begins at `start`."""
    size = 64
    while True:
        found = _CLUSTER.match(text[start : start + size].translate(_CLASSES))
        end = start + (found.end() if found else 0)
        # The rules look at what stands before a place and at the one character behind it.
        if end < start + size or end == len(text):
            return end
        size *= 2


def _is_plain(text: str) -> bool:
    """Whether every character stands for itself: nothing below U+0300 joins another, but for CR LF."""
    return (text.isascii() or max(text) < "\u0300") and "\r\n" not in text
