"""A map of the notes that opens them: drawn as SVG of our own, and the same as a list of links. No gradio in it.

The page's sanitiser takes away what SVG names with capitals (viewBox, markers), so none of it is used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from unicodedata import east_asian_width

from tutor.concept_map import ConceptMap, MapNode
from tutor.note_links import Link
from tutor.ui.note_view import Place

_BOX = (150, 54)
_GAP = (40, 12)
_LINE = 21.0
"""So wide is a line of a box, in small letters of the usual width."""
_MOST_LINES = 3
_MOST_COLUMNS = 4


def map_html(drawn: ConceptMap) -> str:
    """A map around a topic as a picture whose boxes are links, and as a list; the whole library as a list alone."""
    if not drawn.nodes:
        return f"<p>{escape(drawn.caption)}</p>"
    if not drawn.topic:
        return _library_list(drawn)
    return (
        f'<div class="map">{_svg(drawn)}</div><p class="legend">{escape(drawn.caption)}</p>{_around(drawn)}'
    )


# -- the picture ---------------------------------------------------------------------------------------------------


def _columns(drawn: ConceptMap) -> list[list[MapNode]]:
    """What is needed most deeply first, then step by step what needs it; each note once, its needs to its left."""
    needs: dict[str, list[str]] = defaultdict(list)
    for link in drawn.links:
        if link.kind == "needs":
            needs[link.source].append(link.target)
    depth: dict[str, int] = {}

    def deep(path: str, above: tuple[str, ...] = ()) -> int:
        if path not in depth:
            below = [deep(one, (*above, path)) for one in needs[path] if one not in (*above, path)]
            depth[path] = 1 + max(below, default=-1)
        return depth[path]

    joined = {path for link in drawn.links if link.kind == "needs" for path in (link.source, link.target)}
    columns: dict[int, list[MapNode]] = defaultdict(list)
    root = drawn.nodes[0].path
    for node in drawn.nodes:
        alone = node.path not in joined and node.path != root
        columns[deep(root) + 1 if alone else deep(node.path)].append(node)
    found = [columns[place] for place in sorted(columns)]
    first = len(found) - _MOST_COLUMNS + 1
    return found if first <= 1 else [[node for column in found[:first] for node in column], *found[first:]]


def _svg(drawn: ConceptMap) -> str:
    columns = _columns(drawn)
    tall = max(map(len, columns))
    width = len(columns) * (_BOX[0] + _GAP[0]) - _GAP[0] + 8
    height = tall * (_BOX[1] + _GAP[1]) - _GAP[1] + 8
    places: dict[str, tuple[float, float]] = {}
    for n, column in enumerate(columns):
        above = (tall - len(column)) * (_BOX[1] + _GAP[1]) / 2
        for row, node in enumerate(column):
            places[node.path] = (4 + n * (_BOX[0] + _GAP[0]), 4 + above + row * (_BOX[1] + _GAP[1]))
    lines = "".join(_arrow(link, places) for link in drawn.links)
    boxes = "".join(_box(node, places[node.path], node is drawn.nodes[0]) for node in drawn.nodes)
    return f'<svg width="{width}" height="{height:g}">{lines}{boxes}</svg>'


def _arrow(link: Link, places: dict[str, tuple[float, float]]) -> str:
    """From a note to what it needs, side to side, its tip drawn; dots between related ones."""
    (x1, y1), (x2, y2) = places[link.source], places[link.target]
    left, right = x1 > x2, x1 < x2
    begin = (x1 + (0 if left else _BOX[0] if right else _BOX[0] / 2), y1 + _BOX[1] / 2)
    end = (x2 + (_BOX[0] if left else 0 if right else _BOX[0] / 2), y2 + _BOX[1] / 2)
    middle = (begin[0] + end[0]) / 2
    path = f"M{begin[0]:g} {begin[1]:g}C{middle:g} {begin[1]:g} {middle:g} {end[1]:g} {end[0]:g} {end[1]:g}"
    back = 8 if left else -8
    tip = f'<path class="tip" d="M{end[0]:g} {end[1]:g}l{back} -4v8z"></path>' if link.kind == "needs" else ""
    return f'<path class="link {link.kind}" d="{path}"></path>{tip}'


def _box(node: MapNode, place: tuple[float, float], root: bool) -> str:
    x, y = place
    lines = _wrapped(node.title)
    first = y + _BOX[1] / 2 + 4 - 7.5 * (len(lines) - 1)
    words = "".join(
        f'<tspan x="{x + _BOX[0] / 2:g}" y="{first + 15 * n:g}">{escape(line)}</tspan>'
        for n, line in enumerate(lines)
    )
    return (
        f'<a href="{escape(Place(node.path).href)}" class="node{" root" if root else ""}">'
        f'<rect x="{x:g}" y="{y:g}" width="{_BOX[0]}" height="{_BOX[1]}" rx="8"></rect><text>{words}</text></a>'
    )


def _wrapped(title: str) -> list[str]:
    """A title in at most so many lines of a box; what does not fit is left out, and says so."""
    rest = " ".join(title.split())
    lines: list[str] = []
    while rest and len(lines) < _MOST_LINES:
        fits = max((n for n in range(1, len(rest) + 1) if _width(rest[:n]) <= _LINE), default=1)
        cut = fits if fits == len(rest) else max(rest.rfind(" ", 0, fits + 1), rest.rfind("-", 0, fits) + 1)
        cut = cut if cut > 0 else fits
        lines.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    if rest:
        last = lines[-1]
        while _width(last + "…") > _LINE:
            last = last[:-1]
        lines[-1] = last.rstrip() + "…"
    return lines


def _width(text: str) -> float:
    return sum(
        2.0 if east_asian_width(sign) in "WF" else 1.3 if sign.isupper() or sign in "mwMW" else 1.0
        for sign in text
    )


# -- as a list -----------------------------------------------------------------------------------------------------


def _around(drawn: ConceptMap) -> str:
    """What the root needs, what needs it, what is related, and what lies farther away."""
    root = drawn.nodes[0]
    kinds: dict[str, list[MapNode]] = defaultdict(list)
    nodes = {node.path: node for node in drawn.nodes}
    for link in drawn.links:
        if root.path not in (link.source, link.target):
            continue
        other = nodes[link.target if link.source == root.path else link.source]
        outward = link.source == root.path
        kinds["related" if link.kind == "related" else "needs" if outward else "needed"].append(other)
    near = {node.path for group in kinds.values() for node in group} | {root.path}
    kinds["farther"] = [node for node in drawn.nodes if node.path not in near]
    told = (
        ("needs", "Needs first"),
        ("needed", "Is needed by"),
        ("related", "Related"),
        ("farther", "A step farther"),
    )
    groups = "".join(_group(name, kinds[kind]) for kind, name in told if kinds.get(kind))
    return f'<div class="around">{groups}</div>'


def _library_list(drawn: ConceptMap) -> str:
    """The notes of the map by folder, each with what it needs."""
    needs: dict[str, list[MapNode]] = defaultdict(list)
    nodes = {node.path: node for node in drawn.nodes}
    for link in drawn.links:
        if link.kind == "needs":
            needs[link.source].append(nodes[link.target])
    groups = dict.fromkeys(node.group for node in drawn.nodes)
    told = "".join(
        f"<h3>{escape(group) or 'Notes'}</h3><ul>{''.join(_rows(drawn.nodes, group, needs))}</ul>"
        for group in groups
    )
    return f'<div class="around">{told}<p class="legend">{escape(drawn.caption)}</p></div>'


def _rows(nodes: Sequence[MapNode], group: str, needs: dict[str, list[MapNode]]) -> Iterator[str]:
    for node in nodes:
        if node.group == group:
            before = ", ".join(map(_link, needs.get(node.path, ())))
            yield f"<li>{_link(node)}{f' <small>needs {before}</small>' if before else ''}</li>"


def _group(name: str, nodes: Sequence[MapNode]) -> str:
    return f"<h3>{name}</h3><ul>{''.join(f'<li>{_link(node)}</li>' for node in nodes)}</ul>"


def _link(node: MapNode) -> str:
    return f'<a href="{escape(Place(node.path).href)}">{escape(node.title)}</a>'
