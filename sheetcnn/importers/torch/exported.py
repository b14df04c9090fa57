"""A module in memory, through `torch.export`, as a `TorchProgram`.

The export runs the module once on a tensor without values, records the ATen operators that it calls,
and lists its parameters and buffers by their names in the module.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from sheetcnn.errors import SpecError, UnsupportedError
from sheetcnn.importers.graph_builder import import_optional
from sheetcnn.importers.torch.program import GETITEM, AtenCall, Constant, Dtype, TorchProgram, ValueName


def export(module: Any, example: Any) -> TorchProgram:
    """Trace a module in eval mode; its own mode is restored afterwards.

    Args:
        module: a `torch.nn.Module`.
        example: a tensor or array `(1, C, H, W)` or `(C, H, W)`; its values do not matter.

    Raises:
        SpecError: torch is not installed, or these are no module and no tensor.
        UnsupportedError: `torch.export` cannot trace the module.
    """
    torch = import_optional("torch", "torch")
    if not isinstance(module, torch.nn.Module):
        raise SpecError(f"from_torch takes a torch.nn.Module, not {type(module).__name__}")
    shapes = _examples(torch, module, example)
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # torch.export warns about its own workings
            return _program(_trace(torch, module, shapes))
    finally:
        for part, mode in modes.items():
            part.training = mode


def _examples(torch: Any, module: Any, example: Any) -> list[Any]:
    """The example with its batch axis; three axes are `(C, H, W)`, or else `(1, C, L)`."""
    try:
        x = example if isinstance(example, torch.Tensor) else torch.as_tensor(np.asarray(example))
    except (TypeError, ValueError, RuntimeError) as error:
        raise SpecError(f"example_input: {error}; give a tensor of shape (1, C, H, W)") from None
    if not 2 <= x.dim() <= 4 or not x.numel():
        raise SpecError(f"example_input has shape {tuple(x.shape)}; give a tensor of shape (1, C, H, W)")
    floats = [p for p in module.parameters() if p.is_floating_point()]
    like = floats[0] if floats else torch.zeros(1)
    x = x.detach().to(device=like.device, dtype=like.dtype)
    if x.dim() == 3:
        return [x[None], x[:1]]
    return [x[:1]]


def _trace(torch: Any, module: Any, examples: Iterable[Any]) -> Any:
    first: Exception | None = None
    for x in examples:
        try:
            return torch.export.export(module, (x,))
        except Exception as error:  # noqa: PERF203 - whatever the module's own code raises
            first = first or error
    reason = next((line.strip() for line in str(first).splitlines() if line.strip()), "")
    raise UnsupportedError(
        f"{type(module).__name__}: torch.export cannot trace it ({type(first).__name__}: {reason}); "
        "check the shape of example_input, and that the module does not branch on values"
    ) from first


def _program(exported: Any) -> TorchProgram:
    """The same program as plain data."""
    signature = exported.graph_signature
    constants = {
        spec.arg.name: Constant(spec.target, _array(exported, spec.target))
        for spec in signature.input_specs
        if spec.target is not None and spec.kind.name in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR")
    }
    inputs = tuple(s.arg.name for s in signature.input_specs if s.kind.name == "USER_INPUT")
    returned = tuple(
        ValueName(spec.arg.name) if hasattr(spec.arg, "name") and not hasattr(spec.arg, "value") else spec.arg
        for spec in signature.output_specs
        if spec.kind.name == "USER_OUTPUT"
    )
    calls, dims = [], {}
    for node in exported.graph.nodes:
        shape = getattr(node.meta.get("val"), "shape", None)
        if shape is not None:
            dims[node.name] = tuple(int(d) for d in shape)
        if node.op == "call_function":
            calls.append(_call(node))
    return TorchProgram(inputs, constants, tuple(calls), returned, dims)


def _array(exported: Any, target: str) -> Any:
    tensors = exported.state_dict if target in exported.state_dict else exported.constants
    tensor = tensors[target].detach()
    if tensor.dtype.itemsize == 2:  # NumPy has no bfloat16
        tensor = tensor.float()
    return tensor.numpy(force=True)


def _call(node: Any) -> AtenCall:
    stack = list((node.meta.get("nn_module_stack") or {"": ("", "")}).items())
    visit, entry = stack[-1]
    target = GETITEM if node.target is operator.getitem else str(node.target)
    args = tuple(_argument(arg) for arg in node.args)
    kwargs = {key: _argument(arg) for key, arg in node.kwargs.items()}
    return AtenCall(target, args, kwargs, (node.name,), False, entry[0], visit, node.name)


def _argument(arg: Any) -> object:
    if isinstance(arg, list | tuple):
        return [_argument(item) for item in arg]
    if hasattr(arg, "op") and hasattr(arg, "users"):  # another node
        return ValueName(arg.name)
    if hasattr(arg, "is_floating_point") and hasattr(arg, "itemsize"):
        return Dtype(bool(arg.is_floating_point))
    return arg
