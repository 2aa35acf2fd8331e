#!/usr/bin/env python3
"""Personal codes with what another program says of each: python-stdnum, of the version in personal-codes-requirements.txt.

    scripts/personal-codes.py 2000 > domain/src/values/personal-codes.csv

`make test-long` makes a million in the target folder and compares them (domain/tests/personal_codes.rs); VNR_PERSONAL_CODES names a file
that is taken instead.

A line is `code,verified`. The codes are drawn from a fixed seed: of both kinds, a third with a check digit that holds. The two programs
differ in one thing: stdnum takes every digit from 0 to 9 for a century (1800 to 2700), the register 0, 1 and 2, since nobody is born
later. Such codes are left out, and counted on the error stream.
"""

import random
import sys

from stdnum.exceptions import ValidationError
from stdnum.lv import pvn


def verified(code):
    try:
        pvn.validate(code)
    except ValidationError:
        return False
    return True


def draw(chance):
    if chance.random() < 0.4:
        head = "32" + "".join(chance.choice("0123456789") for _ in range(8))
    elif chance.random() < 0.8:
        day, month, year = chance.randint(1, 31), chance.randint(1, 12), chance.randint(0, 99)
        head = f"{day:02}{month:02}{year:02}{chance.randint(0, 9)}{chance.randint(0, 999):03}"
    else:
        head = chance.choice("0123") + "".join(chance.choice("0123456789") for _ in range(9))
    digit = pvn.calc_check_digit_pers(head) if chance.random() < 0.4 else chance.choice("0123456789")
    return head + digit


def main():
    chance, wanted, later = random.Random(112), int(sys.argv[1]), 0
    print("code,verified")
    while wanted:
        code = draw(chance)
        if not code.startswith("32") and code[6] not in "012":
            later += 1
            continue
        print(f"{code[:6]}-{code[6:]},{'true' if verified(code) else 'false'}")
        wanted -= 1
    print(f"{later} codes of centuries to come were left out", file=sys.stderr)


if __name__ == "__main__":
    main()
