"""Bundles, properly signed, around networks that no robot should follow: one family a function of a seed."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from robot_agent.inference import OnnxPolicy
from robot_agent.rehearsal import REHEARSAL_KEY, random_policy
from shared.bundle import Manifest, pack_bundle
from shared.control.pilot import OUTPUTS
from shared.spaces import NUM_PARAMS, NUM_TOOLS, OBS_DIM, normaliser, slot_range
from shared.tools import TOOL_INDEX, TOOLS

SHAPES = {"tool_logits": (4, 20), "param_mean": (4, 20, 4), "param_log_std": (20, 4), "value": (4,)}
PROGRESS = slot_range("episode_progress").start
MOVING = [i for i, tool in enumerate(TOOLS) if tool.params and not tool.gesture]


class Net:
    """A small network whose weights and graph can be changed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.model = onnx.ModelProto.FromString(random_policy(seed, hidden=(16,)))
        self.weights = {t.name: numpy_helper.to_array(t).copy() for t in self.model.graph.initializer}

    def bytes(self):
        tensors = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        del self.model.graph.initializer[:]
        self.model.graph.initializer.extend(tensors)
        return self.model.SerializeToString()

    def heads(self, tool):
        """Columns of the last layer: this tool's logit, and its parameters' means."""
        first = NUM_TOOLS + tool * NUM_PARAMS
        return tool, slice(first, first + NUM_PARAMS)

    def prefer(self, tool):
        self.weights["b1"][tool] = 50.0

    def unit(self, slot, gain, bias=0.0):
        """Make the first hidden unit tanh(gain * obs[slot] + bias)."""
        self.weights["w0"][:, 0] = 0.0
        self.weights["w0"][slot, 0] = gain
        self.weights["b0"][0] = bias


def any_weight(net, value):
    weights = net.weights[str(net.rng.choice(["w0", "w1", "b0", "b1"]))]
    weights.flat[net.rng.integers(weights.size)] = value
    return net


def nan_weight(net):
    return any_weight(net, np.nan)


def infinite_weight(net):
    return any_weight(net, net.rng.choice([-np.inf, np.inf]))


def huge_logits(net):
    net.weights["w1"][:, :NUM_TOOLS] *= 10.0 ** net.rng.uniform(5, 30)
    return net


def huge_value(net):
    net.weights["b1"][-1] = 10.0 ** net.rng.uniform(4, 38)
    return net


def deaf(net):
    net.weights["w1"][:] = 0.0
    return net


def wide(net):
    net.weights["log_std"][:] = net.rng.uniform(3, 100)
    return net


def renamed(net):
    output = net.model.graph.output[net.rng.integers(4)]
    node = next(n for n in net.model.graph.node if output.name in n.output)
    name = f"x{net.rng.integers(1000)}"
    list(node.output)
    node.output[list(node.output).index(output.name)] = name
    output.name = name
    return net


def another_shape(net):
    net.weights["shape"] = np.array([-1, NUM_PARAMS, NUM_TOOLS], np.int64)
    net.model.graph.output[1].type.tensor_type.shape.dim[1].dim_value = NUM_PARAMS
    net.model.graph.output[1].type.tensor_type.shape.dim[2].dim_value = NUM_TOOLS
    return net


def slow(net):
    """Forty multiplications by the same large matrix."""
    graph, size = net.model.graph, 1400
    net.weights["wide"] = np.full((OBS_DIM, size), 1e-3, np.float32)
    net.weights["big"] = np.full((size, size), 1e-4, np.float32)
    net.weights["narrow"] = np.zeros((size, OBS_DIM), np.float32)
    nodes, name = [helper.make_node("MatMul", ["obs", "wide"], ["s0"])], "s0"
    for k in range(40):
        nodes.append(helper.make_node("MatMul", [name, "big"], [f"s{k + 1}"]))
        name = f"s{k + 1}"
    nodes.append(helper.make_node("MatMul", [name, "narrow"], ["nothing"]))
    nodes.append(helper.make_node("Add", ["obs", "nothing"], ["seen"]))
    graph.node[0].input[0] = "seen"
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *rest])
    return net


def program(net):
    body = helper.make_graph([], "body", [], [])
    net.model.graph.node.append(helper.make_node("Loop", ["obs"], ["x"], body=body))
    return net


def other_file(net):
    tensor = TensorProto(name="more", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")
    data = onnx.ModelProto.FromString(net.bytes())
    data.graph.initializer.append(tensor)
    net.bytes = data.SerializeToString
    return net


def saturated(net):
    tool = int(net.rng.choice(MOVING))
    _, means = net.heads(tool)
    net.prefer(tool)
    net.weights["b1"][means] = net.rng.uniform(1.5, 90) * net.rng.choice([-1, 1])
    return net


def later_saturated(net):
    """Well-behaved before its first decision: no shadow run can see it."""
    tool = int(net.rng.choice(MOVING))
    _, means = net.heads(tool)
    net.prefer(tool)
    net.unit(PROGRESS, 400.0)
    net.weights["w1"][0, means] = net.rng.uniform(2, 90) * net.rng.choice([-1, 1])
    return net


def bang_bang(net):
    """Turns the head as hard as it may to the side where it is not."""
    name, slot = [
        ("turn_head", slot_range("head_rpy").start + 2),
        ("pitch_head", slot_range("head_rpy").start + 1),
        ("roll_head", slot_range("head_rpy").start),
    ][net.rng.integers(3)]
    tool = TOOL_INDEX[name]
    _, means = net.heads(tool)
    net.prefer(tool)
    net.unit(slot, 1e4)
    net.weights["w1"][:, means] = 0.0
    net.weights["w1"][0, means] = -net.rng.uniform(0.92, 1.0)
    net.weights["log_std"][:] = -6.0
    return net


def liar(net):
    net.lies = True
    return net


FAMILIES = (
    nan_weight, infinite_weight, huge_logits, huge_value, deaf, wide, renamed, another_shape, slow, program,
    other_file, saturated, later_saturated, bang_bang, liar,
)  # fmt: skip


def bad_policy(seed, version):
    """(name of the family, its bundle)."""
    family = FAMILIES[seed % len(FAMILIES)]
    net = family(Net(seed))
    data = net.bytes()
    offset, scale = normaliser()
    obs = (np.random.default_rng(seed).standard_normal((4, OBS_DIM)) * scale + offset).astype(np.float32)
    golden = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    try:
        answer = OnnxPolicy(data, version)(obs)
        found = {name: np.nan_to_num(getattr(answer, name)) for name in OUTPUTS}
        golden = {
            name: found[name] if found[name].shape == SHAPES[name] else golden[name] for name in OUTPUTS
        }
    except Exception:
        pass  # no engine takes it: any golden vectors will do
    if hasattr(net, "lies"):
        golden["value"] = golden["value"] + 1.0
    return family.__name__, pack_bundle(Manifest(version, 0, 1.7e9, {}, obs, golden), data, REHEARSAL_KEY)
