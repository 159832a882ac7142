"""The report's page shows every target, every name and frames; what a name says cannot break it."""

import numpy as np

from learner.vision.evaluate import Look, figures, targets
from learner.vision.matching import match
from learner.vision.page import picture, render
from shared.sight.detections import DETECTION
from sim.shots import NAMES
from sim.truths import MAX_TRUTHS, TRUTH


def look(dim):
    truth = np.zeros(MAX_TRUTHS, TRUTH)
    truth["name"] = -1
    truth[0] = (1, True, 0.0, 0.0, 0.05, (-0.1, -0.1, 0.1, 0.1))
    truth[1] = (2, True, 0.5, 0.0, 0.05, (0.4, -0.1, 0.6, 0.1))
    seen = np.array(
        [(1, 0.0, 0.0, 0.05, 0.9, (-0.1, -0.1, 0.1, 0.1)), (5, -0.5, 0, 0.1, 0.4, (-0.6, -0.1, -0.4, 0.1))],
        DETECTION,
    )
    frame = np.full((180, 320, 3), 90, np.uint8)
    return Look(frame, dim, 0.35, seen, truth[:2], match(seen, truth, 18))


def test_a_whole_report():
    looks = [look(False), look(True)]
    found = figures(looks, 18)
    quick = {"p50": 5.0, "p95": 6.0}
    spent = {f"{name}_{kind}": quick for name in ("frame", "camera_frame") for kind in ("ms", "cpu_ms")}
    spent |= {"memory_mb": 60.0, "file_mb": 1.0, "macs": 150_000_000, "cm4_estimate_ms": [50.0, 100.0]}
    document = {
        "made": {"at": "2026-01-01", "detector": "<x>", "sha256": "ab" * 32, "frames": {"test": 2}},
        "rules": {"near_in_sizes": 0.5, "near_least_of_width": 0.01, "threshold": 0.3, "names": list(NAMES)},
        "targets": targets(found, spent),
        "sets": {"test": found},
        "cost": spent,
    }
    page = render(document, {"test": looks})
    for told in ("recall in dim light", "missed", "✓ met", "pencil", "an estimate", "data:image/png;base64,"):
        assert told in page
    assert "<script" not in page


def test_a_picture_marks_what_was_found_missed_and_made_up():
    import io

    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(picture(look(False)))))
    assert pixels.shape == (360, 640, 3)
    for colour in ((0x35, 0xD0, 0x7F), (0xFF, 0x5A, 0x4D), (0xFF, 0xB0, 0x20)):
        assert (pixels == colour).all(axis=2).sum() > 50
