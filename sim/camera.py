"""Pictures of the robot from nothing but its measured joints: what the phone shows, and what the robot sees.

Rendering needs OpenGL but no screen: EGL where it finds a device, else Mesa's software renderer (OSMesa).
`MUJOCO_GL=egl` or `osmesa` overrides the choice.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.kinematics import forward
from shared.errors import CoachError
from shared.messages import SceneObject, TaskSpec
from shared.spaces import NUM_JOINTS
from sim.model import Poser
from sim.scene import CAMERAS, ROBOT_GROUP, SET_GROUP, build_set

F64 = NDArray[np.float64]
Picture = NDArray[np.uint8]

FAR_RAD = 0.3
"""The search for the head's pose starts from the last picture's only if no joint moved further: from a head
that was turned away it would end in a mirrored one."""
INSTALL = "install libegl1 and libgl1-mesa-dri (or libosmesa6)"


class NoPicture(CoachError):
    """This machine cannot render."""


def choose_gl() -> str:
    """`egl` or `osmesa`, whichever can render here without a screen.

    Raises:
        NoPicture: neither can, or `MUJOCO_GL` names something else.
    """
    wanted = os.environ.get("MUJOCO_GL", "").lower()
    if wanted in ("egl", "osmesa"):
        return wanted
    if wanted in ("disable", "disabled", "off", "false", "0"):
        raise NoPicture(f"rendering is switched off by MUJOCO_GL={wanted}")
    if _egl_devices() > 0:
        return "egl"
    if ctypes.util.find_library("OSMesa"):
        return "osmesa"
    raise NoPicture(f"no OpenGL to render with: {INSTALL}")


def _egl_devices() -> int:
    """How many devices EGL could render with."""
    name = ctypes.util.find_library("EGL")
    if name is None:
        return 0
    get = ctypes.CDLL(name).eglGetProcAddress
    get.restype = ctypes.c_void_p
    address = get(b"eglQueryDevicesEXT")
    if not address:
        return 0
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int))(
        address
    )
    count = ctypes.c_int(0)
    return count.value if query(0, None, ctypes.byref(count)) else 0


def open_gl(width: int, height: int) -> Any:
    """An OpenGL context for drawing without a screen.

    Raises:
        NoPicture: this machine cannot render.
    """
    gl = choose_gl()
    try:
        if gl == "egl":
            from mujoco.egl import GLContext
        else:
            from mujoco.osmesa import GLContext
        return GLContext(width, height)
    except (ImportError, AttributeError, RuntimeError) as error:
        raise NoPicture(f"cannot render with {gl} ({error}): {INSTALL}") from error


def free_gl(target: mujoco.MjrContext, gl: Any) -> None:
    """Give back what drawing took."""
    target.free()
    gl.free()


class Renderer:
    """Draws the robot and a task's objects. Use and close it on the thread that made it.

    Args:
        spec: the episode whose objects are shown; None for a bare table.
        width: of its pictures, unless `render` is told another [pixels]; at most 1280.
        height: likewise; at most 960.

    Raises:
        NoPicture: this machine has no OpenGL; the message says what to install.
    """

    def __init__(self, spec: TaskSpec | None = None, *, width: int = 640, height: int = 480) -> None:
        self._size = (width, height)
        self._set = build_set()
        self.model = self._set.model
        self.data = mujoco.MjData(self.model)
        self._poser = Poser(self.model)
        self._guess: tuple[F64, F64] | None = None
        self._last = np.zeros(NUM_JOINTS)
        buffer = self.model.vis.global_
        self._max = (int(buffer.offwidth), int(buffer.offheight))
        self._gl = open_gl(*self._max)
        self._gl.make_current()
        self._scene = mujoco.MjvScene(self.model, 2000)
        for flag in (
            mujoco.mjtRndFlag.mjRND_SHADOW,
            mujoco.mjtRndFlag.mjRND_REFLECTION,
            mujoco.mjtRndFlag.mjRND_SKYBOX,
        ):
            self._scene.flags[flag] = False
        self._target = mujoco.MjrContext(self.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._target)
        # Before the interpreter takes OpenGL's own modules down.
        self._free = weakref.finalize(self, free_gl, self._target, self._gl)
        self.show(spec.objects if spec is not None else ())

    def show(self, objects: Sequence[SceneObject]) -> None:
        """Change what stands on the table."""
        self._set.place(self.data, objects)

    def render(
        self,
        joints: NDArray[Any],
        objects: Sequence[SceneObject] | None = None,
        *,
        camera: str = "studio_close",
        width: int | None = None,
        height: int | None = None,
    ) -> Picture:
        """One picture.

        Args:
            joints: (9,) measured joints [rad], or (nq,) a full configuration of the robot.
            objects: what stands on the table from now on; None: what stood there before.
            camera: `studio_close` (the robot and its table) or `eye_camera` (what the robot sees).
            width: pixels, at most 1280.
            height: pixels, at most 960.

        Returns:
            (height, width, 3) uint8 RGB.

        Raises:
            ValueError: no such camera, a size too large, or joints of another shape.
        """
        width, height = width or self._size[0], height or self._size[1]
        if objects is not None:
            self.show(objects)
        if camera not in CAMERAS:
            raise ValueError(f"no camera {camera!r}; there are {', '.join(CAMERAS)}")
        if not (0 < width <= self._max[0] and 0 < height <= self._max[1]):
            raise ValueError(f"a picture of {width}x{height} pixels; at most {self._max[0]}x{self._max[1]}")
        self._pose(np.asarray(joints, np.float64))
        self._gl.make_current()
        option = mujoco.MjvOption()
        option.geomgroup[:] = 0
        option.geomgroup[SET_GROUP] = 1
        # The robot's own shells would fill its eye's view.
        option.geomgroup[ROBOT_GROUP] = camera != "eye_camera"
        option.sitegroup[:] = 0
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view.fixedcamid = self.model.camera(camera).id
        mujoco.mjv_updateScene(
            self.model, self.data, option, None, view, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        area = mujoco.MjrRect(0, 0, width, height)
        picture = np.empty((height, width, 3), np.uint8)
        mujoco.mjr_render(area, self._scene, self._target)
        mujoco.mjr_readPixels(picture, None, area, self._target)
        return np.ascontiguousarray(picture[::-1])

    def _pose(self, joints: F64) -> None:
        if joints.shape == (NUM_JOINTS,):
            if np.abs(joints - self._last).max() > FAR_RAD:
                self._guess = None
            self._last = joints
            self._guess = forward(joints[None], self._guess, iterations=8 if self._guess is None else 4)
            joints = self._poser.qpos(joints, self._guess[0][0], self._guess[1][0])
        if joints.shape != (self.model.nq,) or not np.isfinite(joints).all():
            self._guess = None
            raise ValueError(f"joints must be finite, of shape ({NUM_JOINTS},) or ({self.model.nq},)")
        self._set.pose(self.data, joints)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._free()

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
