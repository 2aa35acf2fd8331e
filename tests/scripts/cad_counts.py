#!/usr/bin/env python3
"""Counts of a dispatch file, computed straight from its CSV: what the register must say after an import.

    cad_counts.py FILE.csv

Reads San Francisco files (both forms) and the project's own sample, by their header. Needs only Python's own library, and
shares nothing with the importer: time zones, translations and rules are written down here a second time.

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
    "times": [
        "sanemts", "atbildets", "kvalificets", "nosutits", "izbraucis", "ieradies", "transporte", "galamerki", "brivs",
    ],
}


def shape_of(header):
    for shape in (SFFD, SAMPLE):
        if shape["call"] in header.split(shape["delimiter"]):
            return shape
    sys.exit("cad_counts: neither a San Francisco file nor the project's sample")


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
    with open(path, newline="", encoding="utf-8-sig") as file:
        header = file.readline().strip()
        shape = shape_of(header)
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=shape["delimiter"]))
    clock = Clock(shape)
    calls = {}
    units, units_on_scene, unit_rows, rows_on_scene = set(), set(), set(), set()
    ambiguous = missing = 0
    for row in rows:
        moments = {name: clock.read(row[name]) for name in shape["times"] if row[name].strip()}
        marks = [mark for _, mark in moments.values()]
        ambiguous += "ambiguous" in marks
        missing += "missing" in marks
        number = row[shape["call"]].strip()
        unit = tuple(row[name].strip() for name in shape["unit"])
        call = calls.setdefault(number, {"type": row[shape["type"]].strip(), "scene": [], "free": False})
        call["received"] = moments[shape["received"]][0]
        call["free"] = call["free"] or shape["free"] in moments
        units.add(unit)
        unit_rows.add((number, unit))
        if shape["scene"] in moments:
            call["scene"].append(moments[shape["scene"]][0])
            units_on_scene.add(unit)
            rows_on_scene.add((number, unit))
    responses = sorted(
        seconds
        for call in calls.values()
        if call["scene"]
        for seconds in [int((min(call["scene"]) - call["received"]).total_seconds())]
        if seconds >= 0
    )
    source_types = Counter(call["type"] for call in calls.values())
    types = Counter()
    for source_type, count in source_types.items():
        types[shape["types"][source_type] if shape["types"] else source_type] += count
    print(json.dumps({
        "rows": len(rows),
        "calls": len(calls),
        "units": len(units),
        "unit_rows": len(unit_rows),
        "units_on_scene": len(units_on_scene),
        "rows_on_scene": len(rows_on_scene),
        "completed": sum(call["free"] for call in calls.values()),
        "calls_by_type": dict(sorted(types.items())),
        "calls_by_source_type": dict(sorted(source_types.items())),
        "response_calls": len(responses),
        "median_response_seconds": responses[(len(responses) - 1) // 2] if responses else None,
        "ambiguous_rows": ambiguous,
        "missing_rows": missing,
    }, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
