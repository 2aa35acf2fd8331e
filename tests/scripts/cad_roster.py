#!/usr/bin/env python3
"""Units in a dispatch file, straight from its CSV: the times of each on each call, and the roster as at some moments.

    cad_roster.py FILE.csv [MOMENTS [SEED]]

Reads the files that cad_counts.py reads, with nothing of the importer. Needs only Python's own library.

Prints JSON:
    parts      for each call and unit ("SFFD/E32") its times: attached, enRoute, onScene, transporting, atDestination, cleared. A unit of which
               nobody says that it was free was so when it was sent to another call, if it ever was: then `diverted` is true
    moments    for each of so many moments between the first call and the last end, half of them to the second of something that happened, and then
               when units were sent again before they were free, of as many of these as there are moments: each unit that was sent by then with its status, since when, and the call that it was on

The rule for units that are sent again before they were free (double dispatches): a unit is on the call that it was sent to last, by time; of one moment,
the later call. When it is free of that one it is free, and when it is free of an earlier one, that says nothing any more.
"""

import json
import random
import sys
from datetime import timedelta, timezone

import cad_counts

CLOCKS = {"EN_ROUTE": "enRoute", "ON_SCENE": "onScene", "TRANSPORTING": "transporting", "AT_DESTINATION": "atDestination"}


def told(moment):
    return None if moment is None else moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def name_of(shape, unit):
    return "/".join(([shape["institution"]] if shape["institution"] else []) + list(unit))


def times_of(shape, parts):
    """The times of each unit on each call, and whether it was taken away for another."""
    later = {}
    found = {}
    # Backwards, so that it is known where a unit went next: as the file is taken in, not by time.
    for call, unit, known, end in reversed(parts):
        sent = known[shape["sent"]]
        clocks = {clock: None for clock in CLOCKS.values()}
        clocks.update({CLOCKS[status]: told(known.get(column)) for column, status in shape["reports"]})
        diverted = end is None and unit in later
        clocks.update(attached=told(sent), cleared=told(later[unit] if diverted else end))
        found.setdefault(call, {})[name_of(shape, unit)] = {"clocks": clocks, "diverted": diverted}
        later[unit] = sent
    return found


def events_of(shape, parts):
    """What happened to each unit, in order of time: (moment, order, what, part)."""
    of_unit = {}
    for place, (call, unit, known, end) in enumerate(parts):
        events = of_unit.setdefault(unit, [])
        sent = known[shape["sent"]]
        events.append((sent, (place, 0), "ASSIGNED", place, call))
        for step, (column, status) in enumerate(shape["reports"], 1):
            if column in known:
                events.append((known[column], (place, step), status, place, call))
        if end is not None:
            events.append((max(end, sent), (place, 9), "AVAILABLE", place, call))
    for events in of_unit.values():
        events.sort(key=lambda event: event[:2])
    return of_unit


def roster(shape, of_unit, at):
    """What each unit does at a moment: by playing through what happened up to it."""
    there = {}
    for unit, events in of_unit.items():
        status = since = card = on = None
        for moment, _, what, place, call in events:
            if moment > at:
                break
            if what == "ASSIGNED":
                status, since, card, on = what, moment, call, place
            elif what == "AVAILABLE" and on != place:
                continue
            else:
                card = None if what == "AVAILABLE" else card
                status, since = (status, since) if status == what else (what, moment)
        if status is not None:
            there[name_of(shape, unit)] = {"status": status, "since": told(since), "call": card}
    return there


def main(path, moments=10, seed=112):
    shape, rows, times = cad_counts.read(path)
    parts = cad_counts.parts(shape, rows, times)
    of_unit = events_of(shape, parts)
    happened = sorted(event[0] for events in of_unit.values() for event in events)
    dice = random.Random(int(seed))
    chosen = []
    for number in range(int(moments)):
        between = happened[0] + (happened[-1] - happened[0]) * dice.random()
        chosen.append(dice.choice(happened) if number % 2 else between.replace(microsecond=0))
    doubles = [at for *_, at in cad_counts.double_dispatches(shape, parts)]
    for at in dice.sample(doubles, min(len(doubles), int(moments))):
        chosen.append(at + timedelta(seconds=dice.choice([0, 30, 600, 1800])))
    print(json.dumps({
        "parts": times_of(shape, parts),
        "moments": [{"at": told(at), "units": roster(shape, of_unit, at)} for at in chosen],
    }, ensure_ascii=False))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
