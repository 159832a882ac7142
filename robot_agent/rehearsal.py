"""A learner that learns nothing, and a policy that knows nothing: for tests and benches of the robot alone.

The learner speaks the real wire: ROUTER, CURVE, an allow-list, the same messages. The policy is a random
network of the usual size, in a bundle that passes every check.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray
from zmq.auth.thread import ThreadAuthenticator

from robot_agent.inference import OnnxPolicy
from shared.bundle import GOLDEN_ROWS, Manifest, pack_bundle
from shared.codec import MAX_MESSAGE, decode, encode
from shared.control.pilot import OUTPUTS
from shared.errors import MissingExtra
from shared.keys import ensure_keypair
from shared.messages import (
    Ack,
    Anomaly,
    Chunk,
    ChunkRequest,
    Hello,
    PolicyNotice,
    PolicyResult,
    RobotStatus,
    StopConfirm,
    TaskSpec,
    Transition,
    TransitionBatch,
    Welcome,
)
from shared.signing import KEY_BYTES, SigningKey
from shared.spaces import NUM_PARAMS, NUM_TOOLS, OBS_DIM, layout_hash

REHEARSAL_KEY = SigningKey(os.urandom(KEY_BYTES))
"""Signs the bundles below; another one in every process, so that no robot can be left trusting it."""
CHUNK = 64 * 1024
HEADS = NUM_TOOLS * (1 + NUM_PARAMS) + 1
"""A policy network's outputs: a logit a tool, the parameters of each, and a value."""


def random_policy(seed: int = 0, hidden: Sequence[int] = (256, 256), likes: int | None = None) -> bytes:
    """A random multi-layer perceptron as ONNX bytes, with a policy's input and outputs.

    Args:
        seed: of the weights.
        hidden: layer sizes.
        likes: a tool that it nearly always chooses.

    Raises:
        MissingExtra: onnx is not installed.
    """
    rng = np.random.default_rng(seed)
    sizes = (OBS_DIM, *hidden, HEADS)
    layers = [
        (rng.normal(0.0, 0.3 / width**0.5, (width, size)).astype(np.float32), np.zeros(size, np.float32))
        for width, size in pairwise(sizes)
    ]
    if likes is not None:
        layers[-1][1][likes] = 20.0
    return policy_of(layers)


def policy_of(layers: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> bytes:
    """A network of these layers, with tanh between them, as ONNX bytes with a policy's input and outputs.

    Args:
        layers: weights (inputs, outputs) and biases (outputs,), from OBS_DIM inputs to HEADS outputs.

    Raises:
        MissingExtra: onnx is not installed.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError as error:
        raise MissingExtra("learner", "onnx") from error
    nodes, name = [], "obs"
    constants: dict[str, NDArray[Any]] = {
        "split": np.array([NUM_TOOLS, NUM_TOOLS * NUM_PARAMS, 1], np.int64),
        "shape": np.array([-1, NUM_TOOLS, NUM_PARAMS], np.int64),
        "flat": np.array([-1], np.int64),
        "log_std": np.full((NUM_TOOLS, NUM_PARAMS), -1.0, np.float32),
    }
    for i, (w, b) in enumerate(layers):
        constants |= {f"w{i}": w, f"b{i}": b}
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [f"h{i}"]))
        nodes.append(helper.make_node("Tanh", [f"h{i}"], [f"t{i}"]))
        name = f"t{i}"
    nodes.pop()  # the heads are linear
    nodes += [
        helper.make_node("Split", [nodes[-1].output[0], "split"], ["tool_logits", "mean", "v"], axis=1),
        helper.make_node("Reshape", ["mean", "shape"], ["param_mean"]),
        helper.make_node("Identity", ["log_std"], ["param_log_std"]),
        helper.make_node("Reshape", ["v", "flat"], ["value"]),
    ]
    shapes: dict[str, list[Any]] = {
        "tool_logits": ["n", NUM_TOOLS],
        "param_mean": ["n", NUM_TOOLS, NUM_PARAMS],
        "param_log_std": [NUM_TOOLS, NUM_PARAMS],
        "value": ["n"],
    }
    graph = helper.make_graph(
        nodes,
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["n", OBS_DIM])],
        [helper.make_tensor_value_info(key, TensorProto.FLOAT, shape) for key, shape in shapes.items()],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def random_bundle(version: int, seed: int = 0, likes: int | None = None) -> bytes:
    """A bundle around `random_policy`; see `bundle_of`."""
    return bundle_of(random_policy(seed, likes=likes), version, seed)


def bundle_of(onnx: bytes, version: int, seed: int = 0) -> bytes:
    """A bundle around a network with true golden vectors, signed with `REHEARSAL_KEY`."""
    obs = np.random.default_rng(seed).normal(size=(GOLDEN_ROWS, OBS_DIM)).astype(np.float32)
    output = OnnxPolicy(onnx, version)(obs)
    golden = {name: getattr(output, name) for name in OUTPUTS}
    return pack_bundle(Manifest(version, 0, time.time(), {}, obs, golden), onnx, REHEARSAL_KEY)


class RehearsalLearner:
    """A learner's end of the wire in a thread.

    Args:
        secret_key_file: its key pair, made if absent.
        allowed: public keys (z85) that may connect; None lets everybody in.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        tasks: gives the next task when an episode has closed; None gives none.
        layout: what it says its layout is.
    """

    def __init__(
        self,
        secret_key_file: Path,
        *,
        allowed: Sequence[str] | None = None,
        port: int = 0,
        tasks: Callable[[], TaskSpec] | None = None,
        layout: str | None = None,
    ) -> None:
        self.public, secret = ensure_keypair(secret_key_file)
        self._allowed = None if allowed is None else {key.encode() for key in allowed}
        self._tasks, self._layout = tasks, layout or layout_hash()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._auth = ThreadAuthenticator(self._context)
        self._auth.start()
        self._auth.configure_curve_callback("*", credentials_provider=self)
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.CURVE_SERVER, 1)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
        self._socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.bind(f"tcp://127.0.0.1:{port or '*'}")
        self.port = int(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0").rsplit(":", 1)[1])
        self._outgoing: deque[bytes] = deque()
        self._robot: bytes | None = None
        self._welcomed = False
        self._bundles: dict[int, bytes] = {}
        self.acknowledge = True
        """Off: records are taken and forgotten, as by a learner that dies before its commit."""
        self.hellos: list[Hello] = []
        self.records: dict[tuple[int, int], Transition] = {}
        """By (boot_epoch, decision_seq)."""
        self.received = 0
        """Records received, copies included."""
        self.results: list[PolicyResult] = []
        self.confirms: list[StopConfirm] = []
        self.anomalies: list[Anomaly] = []
        self.status: RobotStatus | None = None
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="rehearsal", daemon=True)
        self._thread.start()

    def callback(self, _domain: str, key: bytes) -> bool:
        """pyzmq's credentials provider: whether this key may connect."""
        return self._allowed is None or key in self._allowed

    def send(self, message: Any) -> None:
        """Queue a message for the robot that said hello last."""
        self._outgoing.append(encode(message))

    def send_raw(self, frame: bytes) -> None:
        """Queue bytes that need not be a message."""
        self._outgoing.append(frame)

    @property
    def queued(self) -> int:
        """Messages that wait for the wire."""
        return len(self._outgoing)

    def publish(self, version: int, bundle: bytes, sha256: str | None = None) -> None:
        """Offer a bundle; `sha256` may be a wrong one."""
        self._bundles[version] = bundle
        self.send(PolicyNotice(version, len(bundle), sha256 or hashlib.sha256(bundle).hexdigest()))

    def wait(self, condition: Callable[[], Any], timeout_s: float = 10.0) -> bool:
        """Wait until `condition` holds; False if it does not in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.01)
        return bool(condition())

    def close(self) -> None:
        """End the thread and free the port."""
        self._ending = True
        self._thread.join()
        self._socket.close(linger=0)
        self._auth.stop()
        self._context.term()

    def _run(self) -> None:
        while not self._ending:
            if self._socket.poll(5):
                self._robot, payload = self._socket.recv_multipart()
                self._take(decode(payload))
            while self._outgoing and self._robot is not None and self._welcomed:
                self._socket.send_multipart([self._robot, self._outgoing.popleft()])

    def _answer(self, message: Any) -> None:
        self._socket.send_multipart([self._robot or b"", encode(message)])

    def _take(self, message: Any) -> None:
        match message:
            case Hello():
                self.hellos.append(message)
                same = message.layout_hash == self._layout
                reason = (
                    "" if same else f"layout {message.layout_hash}, here {self._layout}; update the robot"
                )
                self._answer(Welcome(same, reason))
                first, self._welcomed = not self._welcomed, same
                if first and same and self._tasks is not None:
                    self.send(self._tasks())
            case TransitionBatch(transitions=transitions):
                self._records(transitions)
            case ChunkRequest(version=version, offset=offset):
                self._answer(Chunk(version, offset, self._bundles[version][offset : offset + CHUNK]))
            case RobotStatus():
                self.status = message
            case PolicyResult():
                self.results.append(message)
            case StopConfirm():
                self.confirms.append(message)
            case Anomaly():
                self.anomalies.append(message)

    def _records(self, transitions: Sequence[Transition]) -> None:
        self.received += len(transitions)
        if not self.acknowledge:
            return
        for t in transitions:
            new = (t.boot_epoch, t.decision_seq) not in self.records
            self.records[t.boot_epoch, t.decision_seq] = t
            if new and t.end_reason == "closing" and self._tasks is not None:
                self.send(self._tasks())
        self._answer(Ack(tuple((t.boot_epoch, t.decision_seq) for t in transitions)))


def empty_task(episode_id: str, max_decisions: int = 5, seed: int = 0) -> TaskSpec:
    """A task with nothing to see and nothing to do."""
    embedding = np.zeros(384, np.float32)
    embedding[0] = 1.0
    return TaskSpec(
        episode_id=episode_id,
        task="rehearsal",
        instruction="move as you like",
        embedding=embedding,
        tool_match=np.zeros(NUM_TOOLS, np.float32),
        objects=(),
        start_head_rpy=(0.0, 0.05, 0.1),
        start_body_yaw=0.0,
        start_antennas=(0.1, -0.1),
        max_decisions=max_decisions,
        seed=seed,
    )
