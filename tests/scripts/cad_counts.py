#!/usr/bin/env python3
"""Counts of a dispatch file, computed straight from its CSV: what the register must say after an import.

    cad_counts.py FILE.csv

Reads San Francisco files (both forms), Virginia Beach's and the project's own sample, by their header. Needs only Python's own
library, and shares nothing with the importer: time zones, translations and rules are written down here a second time.

Prints JSON:
    rows             rows of the file
    calls            distinct calls
    units            distinct units
    unit_rows        units on calls (a unit counts once for each call)
    units_on_scene   distinct units that were on scene at least once
    rows_on_scene    units on calls that were on scene
    completed        calls of which any unit became available
    calls_by_type    calls by the register's card type
    calls_by_source_type    calls by the source's own type
    response_calls   calls with a response time
    median_response_seconds  lower median over those calls of (earliest on scene of its units - received); calls without
                     anybody on scene, or with a negative time, are left out
    response, decision, dispatch    [counted, missing, negative, p50, p90, p95] in seconds; a percentile is the smallest value that so many of
                     100 don't exceed. Response: over calls, as above. Decision: over calls, from answered (received, where the file
                     doesn't say) to the dispatch of the call's first row. Dispatch: over units on calls, from dispatch to on the way
    double_dispatches    units sent to a call before they were free of the one that they had been sent to before it (or at the same moment,
                     then in the order of calls), or where the file doesn't say that they ever were
    ambiguous_rows   rows with a local time that happened twice (the earlier one is taken)
    missing_rows     rows with a local time that never happened (refused by the importer, yet counted above)
"""

import csv
import json
import sys
from collections import Counter
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

SFFD_TYPES = {
    "Administrative": "administrative",
    "Alarms": "alarm",
    "Assist Police": "assist-police",
    "Citizen Assist / Service Call": "citizen-assist",
    "Confined Space / Structure Collapse": "confined-space",
    "Electrical Hazard": "electrical-hazard",
    "Elevator / Escalator Rescue": "elevator-rescue",
    "Explosion": "explosion",
    "Extrication / Entrapped (Machinery, Vehicle)": "extrication",
    "Fuel Spill": "fuel-spill",
    "Gas Leak (Natural and LP Gases)": "gas-leak",
    "HazMat": "hazmat",
    "High Angle Rescue": "high-angle-rescue",
    "Industrial Accidents": "industrial-accident",
    "Medical Incident": "medical",
    "Odor (Strange / Unknown)": "odor",
    "Other": "other",
    "Outside Fire": "outside-fire",
    "Smoke Investigation (Outside)": "smoke-investigation",
    "Structure Fire": "structure-fire",
    "Suspicious Package": "suspicious-package",
    "Traffic Collision": "traffic-collision",
    "Vehicle Fire": "vehicle-fire",
    "Water Rescue": "water-rescue",
}

SFFD = {
    "delimiter": ",",
    "zone": "America/Los_Angeles",
    "formats": ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%y %H:%M"],
    "call": "Call Number",
    "unit": ["Unit ID"],
    "type": "Call Type",
    "types": SFFD_TYPES,
    "received": "Received DtTm",
    "scene": "On Scene DtTm",
    "free": "Available DtTm",
    "answered": None,
    "decided": "Dispatch DtTm",
    "sent": "Dispatch DtTm",
    "on_the_way": "Response DtTm",
    "order": ["Unit sequence in call dispatch", "Unit ID"],
    "institution": "SFFD",
    "reports": [("Response DtTm", "EN_ROUTE"), ("On Scene DtTm", "ON_SCENE"), ("Transport DtTm", "TRANSPORTING"), ("Hospital DtTm", "AT_DESTINATION")],
    "times": [
        "Received DtTm", "Entry DtTm", "Dispatch DtTm", "Response DtTm",
        "On Scene DtTm", "Transport DtTm", "Hospital DtTm", "Available DtTm",
    ],
}

SAMPLE = {
    "delimiter": ";",
    "zone": "Europe/Riga",
    "formats": ["%d.%m.%Y %H:%M:%S"],
    "call": "izsaukums",
    "unit": ["iestade", "ekipaza"],
    "type": "veids",
    "types": None,
    "received": "sanemts",
    "scene": "ieradies",
    "free": "brivs",
    "answered": "atbildets",
    "decided": "nosutits",
    "sent": "nosutits",
    "on_the_way": "izbraucis",
    "order": ["kartas_nr"],
    "institution": None,
    "reports": [("izbraucis", "EN_ROUTE"), ("ieradies", "ON_SCENE"), ("transporte", "TRANSPORTING"), ("galamerki", "AT_DESTINATION")],
    "services": ["vugd", "nmpd", "vp"],
    "times": [
        "sanemts", "atbildets", "kvalificets", "nosutits", "izbraucis", "ieradies", "transporte", "galamerki", "brivs",
    ],
}

# A row for each call, with the one squad that went; some calls nobody was sent to.
VIRGINIA_BEACH = {
    "delimiter": ",",
    "zone": "America/New_York",
    "formats": ["%m/%d/%y %H:%M"],
    "call": "EMSCallNumber",
    "unit": ["RescueSquad.Number"],
    "type": None,
    "types": {None: "medical"},
    "received": "CallDateandTime",
    "scene": "OnSceneDateandTime",
    "free": "CloseDateandTime",
    "answered": None,
    "decided": None,
    "sent": "DispatchDateandTime",
    "on_the_way": "EnrouteDateandTime",
    "order": [],
    "institution": "VBEMS",
    "reports": [("EnrouteDateandTime", "EN_ROUTE"), ("OnSceneDateandTime", "ON_SCENE")],
    "times": [
        "CallDateandTime", "EntryDateandTime", "DispatchDateandTime", "EnrouteDateandTime", "OnSceneDateandTime", "CloseDateandTime",
    ],
}


def shape_of(header):
    for shape in (SFFD, SAMPLE, VIRGINIA_BEACH):
        if shape["call"] in header.split(shape["delimiter"]):
            return shape
    sys.exit("cad_counts: neither a San Francisco file, nor Virginia Beach's, nor the project's sample")


def by_size(text):
    """Numbers by their size, other words after them."""
    return (0, float(text), "") if text.replace(".", "", 1).isdigit() else (1, 0.0, text)


def percentiles(seconds):
    """[counted, missing, negative, p50, p90, p95]; None is missing."""
    known = [second for second in seconds if second is not None]
    right = sorted(second for second in known if second >= 0)
    chosen = [right[-(-len(right) * of // 100) - 1] if right else None for of in (50, 90, 95)]
    return [len(right), len(seconds) - len(known), len(known) - len(right), *chosen]


def between(earlier, later):
    """Whole seconds, or None."""
    return None if earlier is None or later is None else int((later - earlier).total_seconds() // 1)


def read(path):
    """The shape of a file, its rows, and of each row what its times are."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        header = file.readline().strip()
        shape = shape_of(header)
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=shape["delimiter"]))
    clock = Clock(shape)
    times = [{name: clock.read(row[name]) for name in shape["times"] if row[name].strip()} for row in rows]
    return shape, rows, times


def parts(shape, rows, times):
    """Each unit's part in each call: [call, unit, {column: moment}, end], by call, then as the rows of a call are ordered. The end is the unit's own,
    or the last one of the call's, or None."""
    ends = {}
    for row, moments in zip(rows, times):
        end = moments.get(shape["free"], (None,))[0]
        if end is not None:
            call = row[shape["call"]].strip()
            ends[call] = max(ends.get(call, end), end)
    found = []
    for place, (row, moments) in enumerate(zip(rows, times)):
        unit = tuple(row[name].strip() for name in shape["unit"])
        if not all(unit) or shape["sent"] not in moments:
            continue
        call = row[shape["call"]].strip()
        known = {name: moment for name, (moment, _) in moments.items()}
        # Without an order of their own rows stand alone, as they come.
        order = (by_size(call), [by_size(row[name].strip()) for name in shape["order"]]) if shape["order"] else ()
        found.append((order, place, [call, unit, known, known.get(shape["free"], ends.get(call))]))
    found.sort(key=lambda part: part[:2])
    return [part for _, _, part in found]


def double_dispatches(shape, parts):
    """Of units sent again: (unit, call before, call, when) where they were not free of the one before."""
    of_unit = {}
    for place, (call, unit, known, end) in enumerate(parts):
        of_unit.setdefault(unit, []).append((known[shape["sent"]], place, call, end))
    found = []
    for unit, sent in of_unit.items():
        sent.sort(key=lambda part: part[:2])
        for (_, _, before, end), (at, _, call, _) in zip(sent, sent[1:]):
            if end is None or end > at:
                found.append((unit, before, call, at))
    return found


class Clock:
    """Reads local times; says what was uncertain about them."""

    def __init__(self, shape):
        self.zone = ZoneInfo(shape["zone"])
        self.formats = shape["formats"]

    def read(self, text):
        """The moment, and "ambiguous", "missing" or None."""
        for form in self.formats:
            try:
                local = datetime.strptime(text.strip(), form)
            except ValueError:
                continue
            # fold=0 is the earlier of two moments, and the offset before the clocks were put forward.
            earlier = local.replace(tzinfo=self.zone, fold=0)
            later = local.replace(tzinfo=self.zone, fold=1)
            moment = earlier.astimezone(timezone.utc)
            if earlier.utcoffset() == later.utcoffset():
                return moment, None
            exists = moment.astimezone(self.zone).replace(tzinfo=None) == local
            return moment, "ambiguous" if exists else "missing"
        raise ValueError(f"not a time: {text!r}")


def main(path):
    shape, rows, times = read(path)
    calls = {}
    units, units_on_scene, unit_rows, rows_on_scene = set(), set(), set(), set()
    ambiguous = missing = 0
    for row, moments in zip(rows, times):
        marks = [mark for _, mark in moments.values()]
        ambiguous += "ambiguous" in marks
        missing += "missing" in marks
        number = row[shape["call"]].strip()
        unit = tuple(row[name].strip() for name in shape["unit"])
        kind = row[shape["type"]].strip() if shape["type"] else None
        call = calls.setdefault(number, {"type": kind, "scene": [], "free": False, "rows": []})
        call["received"] = moments[shape["received"]][0]
        call["free"] = call["free"] or shape["free"] in moments
        call["rows"].append((row, moments))
        if not all(unit) or shape["sent"] not in moments:
            continue
        units.add(unit)
        unit_rows.add((number, unit))
        if shape["scene"] in moments:
            call["scene"].append(moments[shape["scene"]][0])
            units_on_scene.add(unit)
            rows_on_scene.add((number, unit))
    responses = [between(call["received"], min(call["scene"], default=None)) for call in calls.values()]
    right = sorted(seconds for seconds in responses if seconds is not None and seconds >= 0)
    source_types = Counter(call["type"] for call in calls.values())
    types = Counter()
    for source_type, count in source_types.items():
        types[shape["types"][source_type] if shape["types"] else source_type] += count
    sent = parts(shape, rows, times)
    print(json.dumps({
        "rows": len(rows),
        "calls": len(calls),
        "units": len(units),
        "unit_rows": len(unit_rows),
        "units_on_scene": len(units_on_scene),
        "rows_on_scene": len(rows_on_scene),
        "completed": sum(call["free"] for call in calls.values()),
        "calls_by_type": dict(sorted(types.items())),
        "calls_by_source_type": {str(kind): count for kind, count in sorted(source_types.items(), key=str)},
        "response_calls": len(right),
        "median_response_seconds": right[(len(right) - 1) // 2] if right else None,
        "response": percentiles(responses),
        "decision": percentiles([decision(shape, call["rows"]) for call in calls.values() if decided_by_one(shape, call["rows"])]),
        "dispatch": percentiles([between(known[shape["sent"]], known.get(shape["on_the_way"])) for _, _, known, _ in sent]),
        "double_dispatches": len(double_dispatches(shape, sent)),
        "ambiguous_rows": ambiguous,
        "missing_rows": missing,
    }, ensure_ascii=False, indent=2))


def first(shape, rows):
    """The first row of a call, in the order in which they count."""
    return min(rows, key=lambda row: [by_size(row[0][name].strip()) for name in shape["order"]])


def decided_by_one(shape, rows):
    """Whether one service at most goes to the call."""
    row, _ = first(shape, rows)
    return sum(row[name].strip() == "jā" for name in shape.get("services", [])) <= 1


def decision(shape, rows):
    """Seconds from the answer, or from the call, to the decision who goes."""
    _, moments = first(shape, rows)
    moment = lambda name: moments[name][0] if name in moments else None
    begun = moment(shape["answered"]) or moment(shape["received"])
    return between(begun, moment(shape["decided"]))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
