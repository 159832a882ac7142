"""Labelled frames of the robot's eye: named things in rooms that look different every time.

A frame is drawn clean (`sim.sensor` makes a camera's frame of it) and comes with the truth about every named
thing in it; how much of a thing is hidden is counted in pixels. Everything follows from the seed; another
OpenGL may differ in a few pixels.
"""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass
from types import TracebackType

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import matrix_to_quat, quat_to_matrix, rpy_to_matrix
from shared.control.vision import camera_position
from sim.camera import free_gl, open_gl
from sim.looks import TEXTURE, Family, Look, Surface, draw_look
from sim.scene import AWAY, SET_GROUP, compile_set, set_spec
from sim.shots import CLUTTER, NAMES, TURN_DEG, Shot, draw_shot
from sim.tasks.base import SceneConfig
from sim.things import THINGS
from sim.truths import outline, truths

Image = NDArray[np.uint8]

WIDTH, HEIGHT = 320, 180
"""Of a frame [pixels]."""
UNSEEN_GROUP = 5
_WALLS = (
    ("wall_back", (-2.1, 0.0, 3.0), (1.0, 0.0, 0.0)),
    ("wall_front", (3.1, 0.0, 3.0), (-1.0, 0.0, 0.0)),
    ("wall_left", (0.0, 2.7, 3.0), (0.0, -1.0, 0.0)),
    ("wall_right", (0.0, -2.7, 3.0), (0.0, 1.0, 0.0)),
)
"""Planes before the set's walls, which are boxes and draw patterns out to streaks: name, place, direction."""


@dataclass(frozen=True)
class Labelled:
    """A clean frame with its truth."""

    picture: Image
    """(HEIGHT, WIDTH, 3) RGB."""
    truth: NDArray[np.void]
    """(MAX_TRUTHS,) of `TRUTH`."""


class Studio:
    """Draws frames of the eye. Use and close it on the thread that made it.

    Raises:
        NoPicture: this machine has no OpenGL; the message says what to install.
        MissingExtra: reachy-mini is not installed.
    """

    def __init__(self) -> None:
        spec = set_spec()
        spec.visual.global_.offwidth, spec.visual.global_.offheight = WIDTH, HEIGHT
        spec.visual.quality.offsamples = 4
        for name in ("look wall", "look floor", "look table"):
            texture = spec.add_texture(
                name=name,
                type=mujoco.mjtTexture.mjTEXTURE_2D,
                builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
                width=TEXTURE,
                height=TEXTURE,
            )
            material = spec.add_material(name=name, specular=0.1)
            material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
        for name, position, inwards in _WALLS:
            spec.worldbody.add_geom(
                name=f"look {name}",
                type=mujoco.mjtGeom.mjGEOM_PLANE,
                pos=position,
                zaxis=inwards,
                size=[7.0, 7.0, 1.0],
                material="look wall",
                group=UNSEEN_GROUP,
                contype=0,
                conaffinity=0,
            )
        for i in range(CLUTTER):
            body = spec.worldbody.add_body(name=f"piece {i}", mocap=True, pos=AWAY)
            body.add_geom(
                name=f"piece {i}",
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[0.01, 0.01, 0.01],
                group=SET_GROUP,
                contype=0,
                conaffinity=0,
            )
        self._set = compile_set(spec)
        self.model = self._set.model
        self._plain = _Plain(self.model)
        self.data = mujoco.MjData(self.model)
        self._points = [outline(self.model, name) for name in NAMES]
        self._geoms = [
            [self.model.geom(f"{thing.name} {i}").id for i in range(len(thing.parts))] for thing in THINGS
        ]
        self._rest = self.data.mocap_quat.copy()
        self._gl = open_gl(WIDTH, HEIGHT)
        self._gl.make_current()
        self._scene = mujoco.MjvScene(self.model, 1000)
        for flag in (
            mujoco.mjtRndFlag.mjRND_SHADOW,
            mujoco.mjtRndFlag.mjRND_REFLECTION,
            mujoco.mjtRndFlag.mjRND_SKYBOX,
        ):
            self._scene.flags[flag] = False
        self._target = mujoco.MjrContext(self.model, mujoco.mjtFontScale.mjFONTSCALE_50)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._target)
        self._free = weakref.finalize(self, free_gl, self._target, self._gl)

    def frame(self, rng: np.random.Generator, family: Family | None = "train") -> Labelled:
        """Draw a shot and a look, and take the picture; `family` None: the room as the simulator shows it,
        with the tasks' scenes, nothing turned and no clutter."""
        if family is None:
            return self.shoot(draw_shot(rng, SceneConfig(), clutter=0, turn_deg=0.0), None)
        shot = draw_shot(rng, turn_deg=TURN_DEG[family])
        return self.shoot(shot, draw_look(rng, family, len(NAMES)))

    def shoot(self, shot: Shot, look: Look | None) -> Labelled:
        """Take the picture of a shot; look None: the room as the simulator shows it."""
        picture = self.picture(shot, look)
        return Labelled(picture, truths(shot, self._points, self._seen(shot)))

    def picture(self, shot: Shot, look: Look | None = None) -> Image:
        """The picture alone, (HEIGHT, WIDTH, 3) RGB."""
        self._gl.make_current()
        self._plain.restore(self.model)
        if look is not None:
            self._dress(look)
        self._place(shot)
        return self._render()

    def _place(self, shot: Shot) -> None:
        self.data.mocap_pos[:] = AWAY
        self.data.mocap_quat[:] = self._rest
        for name, position, yaw in zip(shot.names, shot.positions, shot.yaws, strict=True):
            at = self._set.mocap[NAMES[name]]
            self.data.mocap_pos[at] = position
            turn = rpy_to_matrix(np.array([[0.0, 0.0, yaw]])) @ quat_to_matrix(self._rest[at][None])
            self.data.mocap_quat[at] = matrix_to_quat(turn)[0]
        for i, piece in enumerate(shot.pieces):
            body, geom = self.model.body(f"piece {i}"), self.model.geom(f"piece {i}").id
            at = int(body.mocapid[0])
            self.data.mocap_pos[at] = piece.position
            self.data.mocap_quat[at] = (math.cos(0.5 * piece.yaw), 0.0, 0.0, math.sin(0.5 * piece.yaw))
            self.model.geom_type[geom] = piece.shape
            self.model.geom_size[geom] = piece.size
            self.model.geom_rbound[geom] = 2.0 * sum(piece.size)
            self.model.geom_rgba[geom, :3] = piece.colour
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        camera = self.model.camera("eye_camera").id
        forward, left, up = shot.head.T
        self.data.cam_xpos[camera] = camera_position(shot.head_pos, shot.head)
        # A camera of MuJoCo looks along its -z, y up.
        self.data.cam_xmat[camera] = np.stack([-left, up, -forward], axis=1).ravel()

    def _dress(self, look: Look) -> None:
        model = self.model
        for name, surface in (("wall", look.wall), ("floor", look.floor), ("table", look.table)):
            if surface is not None:
                self._upload(f"look {name}", surface)
        for name, *_ in _WALLS:
            model.geom_group[model.geom(f"look {name}").id] = SET_GROUP
        model.geom_matid[model.geom("floor").id] = model.material("look floor").id
        if look.table is not None:
            model.geom_matid[model.geom("table_geom").id] = model.material("look table").id
        model.mat_rgba[model.material("plinth").id, :3] = look.plinth
        for thing, tint in zip(THINGS, look.tint, strict=True):
            for i in range(len(thing.parts)):
                geom = model.geom(f"{thing.name} {i}").id
                material = model.geom_matid[geom]
                rgba = model.mat_rgba[material] if material >= 0 else model.geom_rgba[geom]
                rgba[:3] = np.clip(rgba[:3] * tint, 0.0, 1.0)
                if material >= 0:
                    model.mat_specular[material] = look.specular
        model.vis.headlight.ambient[:] = look.ambient
        model.vis.headlight.diffuse[:] = look.headlight
        model.light_dir[:], model.light_diffuse[:] = (np.array(x) for x in zip(*look.lamps, strict=True))

    def _upload(self, name: str, surface: Surface) -> None:
        texture = self.model.texture(name).id
        start = int(self.model.tex_adr[texture])
        self.model.tex_data[start : start + surface.pattern.size] = surface.pattern.ravel()
        self.model.mat_texrepeat[self.model.material(name).id] = surface.repeat
        mujoco.mjr_uploadTexture(self.model, self._target, texture)

    def _render(self) -> Image:
        option = mujoco.MjvOption()
        option.geomgroup[:] = 0
        option.geomgroup[SET_GROUP] = 1
        option.sitegroup[:] = 0
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view.fixedcamid = self.model.camera("eye_camera").id
        mujoco.mjv_updateScene(
            self.model, self.data, option, None, view, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        return self._read()

    def _seen(self, shot: Shot) -> list[float]:
        """For each thing of the shot that was just drawn, the share of its pixels that nothing stands before;
        0 where it has no pixel in the frame."""
        scene = self._scene
        drawn = [scene.geoms[i] for i in range(scene.ngeom)]
        geoms = np.array([geom.objid for geom in drawn])
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = True
        scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = True
        together = np.bincount(_indices(self._read()), minlength=len(drawn) + 1)
        shares = []
        for geom in drawn:  # what has no index is not drawn
            geom.segid = -1
        for name in shot.names:
            own = np.flatnonzero(np.isin(geoms, self._geoms[name]))
            for i in own:
                drawn[i].segid = int(i)
            alone = int((_indices(self._read()) > 0).sum())
            for i in own:
                drawn[i].segid = -1
            shares.append(int(together[own + 1].sum()) / max(alone, 1))
        scene.flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = False
        scene.flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = False
        return shares

    def _read(self) -> Image:
        area = mujoco.MjrRect(0, 0, WIDTH, HEIGHT)
        picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
        mujoco.mjr_render(area, self._scene, self._target)
        mujoco.mjr_readPixels(picture, None, area, self._target)
        return np.ascontiguousarray(picture[::-1])

    def close(self) -> None:
        """Free the OpenGL context."""
        self._free()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _indices(picture: Image) -> NDArray[np.intp]:
    """(pixels,) 1 + the index of the scene's geom in each pixel of a picture in index colours; 0: none."""
    red, green, blue = picture.reshape(-1, 3).astype(np.intp).T
    return np.asarray(red + (green << 8) + (blue << 16))


class _Plain:
    """The room as it was compiled, to begin every look from."""

    FIELDS = (
        "geom_group",
        "geom_matid",
        "geom_rgba",
        "mat_rgba",
        "mat_specular",
        "mat_texrepeat",
        "light_dir",
        "light_diffuse",
    )

    def __init__(self, model: mujoco.MjModel) -> None:
        self._kept = {name: getattr(model, name).copy() for name in self.FIELDS}
        light = model.vis.headlight
        self._ambient, self._diffuse = light.ambient.copy(), light.diffuse.copy()

    def restore(self, model: mujoco.MjModel) -> None:
        for name, value in self._kept.items():
            getattr(model, name)[:] = value
        model.vis.headlight.ambient[:], model.vis.headlight.diffuse[:] = self._ambient, self._diffuse
