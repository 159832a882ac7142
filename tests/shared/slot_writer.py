"""Child process of test_slots: writes records, each one byte value repeated, until it is killed."""

import sys
from pathlib import Path

from shared.slots import Ring, Slot


def main(kind: str, path: Path, size: int, capacity: int) -> None:
    target = Slot(path, size, create=True) if kind == "slot" else Ring(path, size, capacity, create=True)
    put = target.write if isinstance(target, Slot) else target.push
    print("ready", flush=True)
    k = 0
    while True:
        put(bytes([k % 251]) * (1 + k * 7919 % size))
        k += 1


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
