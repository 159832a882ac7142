"""What may be in a network, and what is refused before an inference engine sees a byte."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from robot_agent import inspection
from robot_agent.inspection import inspect_network
from robot_agent.rehearsal import random_policy
from shared.errors import BundleError

GOOD = random_policy(1, hidden=(8,))


def test_a_plain_network_passes():
    inspect_network(GOOD)


def changed(change):
    model = onnx.ModelProto.FromString(GOOD)
    change(model)
    return model.SerializeToString()


def loop(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["obs"], ["x"], body=body))


def hidden_loop(model):
    model.graph.node[0].attribute.append(helper.make_attribute("body", helper.make_graph([], "b", [], [])))


def function(model):
    model.functions.append(helper.make_function("", "f", [], [], [], [helper.make_opsetid("", 17)]))


def external(model):
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def tensor(array):
    def change(model):
        model.graph.initializer.append(numpy_helper.from_array(array, "more"))

    return change


def huge(model):
    model.graph.initializer.append(
        onnx.TensorProto(name="huge", data_type=TensorProto.FLOAT, dims=[2**20, 2**20])
    )


def engine_settings(model):
    model.metadata_props.add(key="ort_config", value="{}")


def renamed(model):
    model.graph.output[0].name = "logits"


def wider(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 513


def another_input(model):
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["n", 4]))


def operator(name, domain=""):
    return lambda model: model.graph.node.append(helper.make_node(name, ["obs"], ["x"], domain=domain))


def text_attribute(model):
    model.graph.node[0].attribute.append(helper.make_attribute("mode", "text"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (loop, "the operator :Loop"),
        (hidden_loop, "'body' of Gemm is not a number"),
        (text_attribute, "'mode' of Gemm is not a number"),
        (operator("If"), "the operator :If"),
        (operator("Expand"), "the operator :Expand"),
        (operator("Tanh", "com.microsoft"), "the operator com.microsoft:Tanh"),
        (function, "functions of its own"),
        (external, "in another file"),
        (tensor(np.array(["text"], object)), "of type 8"),
        (tensor(np.zeros(3, np.float64)), "of type 11"),
        (tensor(np.array([np.nan], np.float32)), "not finite"),
        (tensor(np.zeros(inspection.MAX_ELEMENTS, np.float32)), "at most 4194304"),
        (huge, "with 0 bytes of data"),
        (engine_settings, "settings for the inference engine"),
        (renamed, "the outputs"),
        (wider, "an input of shape"),
        (another_input, "the inputs"),
        (lambda model: model.training_info.add(), "a training part"),
        (lambda model: model.graph.sparse_initializer.add(), "sparse tensors"),
        (lambda model: model.graph.quantization_annotation.add(), "quantisation"),
        (lambda model: model.graph.node.extend([model.graph.node[0]] * 64), "operators; at most 64"),
        (lambda model: model.graph.ClearField("node"), "0 operators"),
        (lambda model: model.opset_import.add(domain="com.example", version=1), "operators from"),
        (lambda model: model.ClearField("opset_import"), "operators from"),
        (lambda model: setattr(model.opset_import[0], "version", 99), "opset 99"),
        (lambda model: setattr(model, "ir_version", 99), "format 99"),
    ],
)
def test_what_is_refused(change, reason):
    with pytest.raises(BundleError, match=reason):
        inspect_network(changed(change))


@pytest.mark.parametrize("data", [b"", b"no network", GOOD[:-3], GOOD + b"\xfa\x3e\x04more", b"\x08" * 1000])
def test_bytes_that_are_none(data):
    with pytest.raises(BundleError):
        inspect_network(data)
