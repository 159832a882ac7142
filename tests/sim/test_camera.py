"""Pictures show the robot where its joints say it is, and things where the task put them."""

import numpy as np
import pytest

from shared.control.motions import joints_of
from shared.control.vision import project
from shared.messages import SceneObject
from sim import camera
from sim.camera import NoPicture, Renderer, choose_gl

HOME = joints_of(np.zeros((1, 9)))[0]


@pytest.fixture(scope="module")
def renderer():
    try:
        made = Renderer(width=160, height=120)
    except NoPicture as error:
        pytest.skip(str(error))
    yield made
    made.close()


def ball(x, y, z):
    return SceneObject("red ball", (x, y, z), 0.08, 0.5, (0.0, 0.0))


def redness(picture):
    p = picture.astype(int)
    return (p[..., 0] > 3 * p[..., 1]) & (p[..., 0] > 100)


def test_the_eye_sees_the_ball_where_vision_projects_it(renderer):
    at = (0.55, 0.12, 0.15)
    width, height = 320, 180
    picture = renderer.render(HOME, [ball(*at)], camera="eye_camera", width=width, height=height)
    rows, columns = np.nonzero(redness(picture))
    u, v, _ = project(np.zeros((1, 3)), np.eye(3)[None], np.array([[at]]))
    assert 2 * (columns.mean() + 0.5) / width - 1 == pytest.approx(u[0, 0], abs=0.02)
    assert 2 * (rows.mean() + 0.5) / height - 1 == pytest.approx(v[0, 0], abs=0.03)


def test_objects_stay_until_others_come(renderer):
    with_ball = renderer.render(HOME, [ball(0.55, 0.0, 0.15)], camera="eye_camera")
    assert redness(with_ball).any()
    np.testing.assert_array_equal(renderer.render(HOME, camera="eye_camera"), with_ball)
    assert not redness(renderer.render(HOME, [], camera="eye_camera")).any()


def test_moving_the_head_moves_the_picture(renderer):
    turned = joints_of(np.array([[0, 0.2, 0.3, 0, 0, 0, 0, 0, 0.0]]))[0]
    for view in ("studio_close", "eye_camera"):
        here, there = (renderer.render(j, camera=view).astype(int) for j in (HOME, turned))
        assert np.abs(here - there).mean() > 0.3


def test_a_picture_does_not_depend_on_the_one_before(renderer):
    away = joints_of(np.array([[0, 0, -2.0, 0, 0, 0, -2.0, 0, 0.0]]))[0]
    here = renderer.render(HOME, [])
    renderer.render(away)
    again = renderer.render(HOME).astype(int)
    assert np.abs(again - here).mean() < 0.05


def test_unknown_things_are_left_out(renderer):
    odd = SceneObject("grand piano", (0.5, 0, 0.1), 1.0, 0.1, (0.0, 0.0))
    assert renderer.render(HOME, [odd]).shape == (120, 160, 3)


@pytest.mark.parametrize("wrong", [{"camera": "roof"}, {"width": 4000}, {"height": -1}])
def test_wrong_asks(renderer, wrong):
    with pytest.raises(ValueError, match=r"camera|pixels"):
        renderer.render(HOME, **wrong)


def test_wrong_joints(renderer):
    for joints in (np.zeros(4), np.full(9, np.nan)):
        with pytest.raises(ValueError, match="joints"):
            renderer.render(joints)


def test_no_gl_says_what_to_install(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(camera, "_egl_devices", lambda: 0)
    monkeypatch.setattr(camera.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(NoPicture, match="libegl1"):
        choose_gl()
    monkeypatch.setenv("MUJOCO_GL", "off")
    with pytest.raises(NoPicture, match="MUJOCO_GL"):
        choose_gl()


def test_osmesa_where_egl_has_no_device(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(camera, "_egl_devices", lambda: 0)
    monkeypatch.setattr(
        camera.ctypes.util, "find_library", lambda name: "lib.so" if name == "OSMesa" else None
    )
    assert choose_gl() == "osmesa"
