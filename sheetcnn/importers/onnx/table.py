"""The table of ONNX operators that become layers, and why others cannot."""

from __future__ import annotations

from collections.abc import Mapping

from sheetcnn.importers.onnx import activations, arithmetic, norms, resample, shape_ops, windows
from sheetcnn.importers.onnx.node_context import OperatorRule

TABLE: Mapping[str, OperatorRule] = {
    **windows.TABLE,
    **norms.TABLE,
    **activations.TABLE,
    **arithmetic.TABLE,
    **shape_ops.TABLE,
    **resample.TABLE,
}
"""Every operator that the importer knows, by its name."""

_REASONS = {
    "a recurrent layer": "GRU LSTM RNN",
    "an attention layer": "Attention FlexAttention MultiHeadAttention RotaryEmbedding",
    "a loop or a branch of the program": "If Loop Scan SequenceMap",
    "a quantised operator": "ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv "
    "QLinearMatMul QuantizeLinear",
    "random numbers": "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
}
REASONS: Mapping[str, str] = {kind: why for why, kinds in _REASONS.items() for kind in kinds.split()}
"""What an operator is that can never become a layer."""
