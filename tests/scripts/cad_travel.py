#!/usr/bin/env python3
"""How far off estimates of travel times are on a dispatch file of San Francisco, straight from its CSV: what `vnr travel test` must say, but for rounding.

    cad_travel.py FILE.csv

Needs only Python's own library, and shares nothing with the register: distances by the haversine formula, floating-point numbers, and the
rules of learning written down here a second time (docs/RESPONSE_PLANS.md says them in words).

Prints JSON: drives (units on calls with both times), teaching, homes, home_unknown, and for all and for each kind how many drives were estimated and
by how many seconds the straight line and the learned estimate are off on the average.
"""

import json
import math
import sys

import cad_counts

KINDS = {
    "AIRPORT": "support", "CHIEF": "command", "ENGINE": "fire_engine", "INVESTIGATION": "investigation", "MEDIC": "ambulance", "PRIVATE": "ambulance",
    "RESCUE CAPTAIN": "command", "RESCUE SQUAD": "rescue", "SUPPORT": "support", "TRUCK": "ladder",
}
PRIORITIES = {"E": "P0", "D": "P1", "C": "P1", "3": "P1", "B": "P2", "2": "P2", "A": "P3", "I": "P3", "1": "P3"}
KMH = {"ambulance": 70, "command": 65, "investigation": 65, "fire_engine": 60, "rescue": 60, "support": 55, "ladder": 50}
ENDS = [250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 12000, 20000]
MIDDLES = [(begin + end) / 2 for begin, end in zip([0] + ENDS, ENDS)]
PRIOR = 20


def metres(one, other):
    (north, east), (north2, east2) = (map(math.radians, point) for point in (one, other))
    half = math.sin((north2 - north) / 2) ** 2 + math.cos(north) * math.cos(north2) * math.sin((east2 - east) / 2) ** 2
    return 2 * 6_371_000 * math.asin(math.sqrt(half))


def straight(kind, way):
    return way * 1.35 * 3.6 / KMH[kind]


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2]


def drives_of(path):
    """Each unit's way to a call: (when it set out, seconds, where to, unit, kind, priority)."""
    _, rows, times = cad_counts.read(path)
    calls = {}
    for row in rows:
        calls.setdefault(row["Call Number"], []).append(row)
    found = []
    for row, moments in zip(rows, times):
        if "Response DtTm" not in moments or "On Scene DtTm" not in moments or "Dispatch DtTm" not in moments:
            continue
        began, there = moments["Response DtTm"][0], moments["On Scene DtTm"][0]
        seconds = int((there - began).total_seconds())
        if not 1 <= seconds <= 7200:
            continue
        first = min(calls[row["Call Number"]], key=lambda row: [cad_counts.by_size(row[name].strip()) for name in cad_counts.SFFD["order"]])
        priority = next((PRIORITIES[first[name].strip()] for name in ("Final Priority", "Priority", "Original Priority") if first[name].strip()), None)
        north, east = first["Location"].strip("() ").split(",")
        found.append((began, seconds, (float(north), float(east)), row["Unit ID"].strip(), KINDS[row["Unit Type"].strip()], priority))
    return sorted(found)


def homes_of(drives):
    reached = {}
    for _, seconds, to, unit, _, _ in drives:
        reached.setdefault(unit, []).append((seconds, to))
    homes = {}
    for unit, places in reached.items():
        if len(places) >= 20:
            close = [to for _, to in sorted(places)[: max(5, len(places) // 10)]]
            homes[unit] = (lower_median([north for north, _ in close]), lower_median([east for _, east in close]))
    return homes


def table(known, bands):
    """Seconds for each band: medians drawn to what is known, and never falling."""
    pools = []
    for before, seconds in zip(known, bands):
        count = len(seconds)
        value = (lower_median(seconds) * count + before * PRIOR) / (count + PRIOR) if seconds else before
        pools.append([value, count + PRIOR, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, weight, of), (other, weight2, of2) = pools[-2:]
            pools[-2:] = [[(one * weight + other * weight2) / (weight + weight2), weight + weight2, of + of2]]
    return [value for value, _, of in pools for _ in range(of)]


def learned(drives, homes):
    kinds, priorities = {}, {}
    for _, seconds, to, unit, kind, priority in drives:
        way = metres(homes[unit], to) if unit in homes else math.inf
        band = next((place for place, end in enumerate(ENDS) if way < end), None)
        if band is None:
            continue
        kinds.setdefault(kind, [[] for _ in ENDS])[band].append(seconds)
        priorities.setdefault((kind, priority), [[] for _ in ENDS])[band].append(seconds)
    tables = {kind: table([straight(kind, middle) for middle in MIDDLES], bands) for kind, bands in kinds.items()}
    for (kind, priority), bands in priorities.items():
        tables[kind, priority] = table(tables[kind], bands)
    return tables


def estimate(tables, kind, priority, way):
    times = tables.get((kind, priority)) or tables.get(kind)
    if times is None:
        return straight(kind, way)
    if way <= MIDDLES[0]:
        return times[0]
    for (near, sooner), (far, later) in zip(zip(MIDDLES, times), zip(MIDDLES[1:], times[1:])):
        if way <= far:
            return sooner + (later - sooner) * (way - near) / (far - near)
    return times[-1] + straight(kind, way - MIDDLES[-1])


def main(path):
    drives = drives_of(path)
    split = len(drives) * 7 // 10
    homes = homes_of(drives[:split])
    tables = learned(drives[:split], homes)
    off, unknown = {}, 0
    for _, seconds, to, unit, kind, priority in drives[split:]:
        if unit not in homes:
            unknown += 1
            continue
        way = metres(homes[unit], to)
        errors = (abs(straight(kind, way) - seconds), abs(estimate(tables, kind, priority, way) - seconds))
        off.setdefault(kind, []).append(errors)
        off.setdefault("all", []).append(errors)
    mean = lambda errors, which: sum(error[which] for error in errors) / len(errors)
    told = lambda errors: {"drives": len(errors), "straight_line": mean(errors, 0), "learned": mean(errors, 1)}
    print(json.dumps({
        "drives": len(drives), "teaching": split, "homes": len(homes), "home_unknown": unknown,
        "all": told(off.pop("all")), "kinds": {kind: told(errors) for kind, errors in sorted(off.items())},
    }, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
